#pragma once
// A call for a secure component that nobody has proven: what it costs its address, its claimed identity, and all
// strangers together (DIV-061).

#include "actors/messages.hpp"
#include "actors/spawn.hpp"

#include <set>

namespace tsms::actors {

/// A row, or the message of a failed creation to the SPOS.
inline constexpr int cost_of_trace = 1;
/// The process with its result.
inline constexpr int cost_of_process = 1;
inline constexpr int cost_of_order = 1;
/// What else an order costs if the issuer's first look shows that there is no such card.
inline constexpr int fine_for_refuted_order = 10;

/// Who pays for a card that has proven nothing in this session.
payer payer_for(const std::string& address, const model::secure_component& card);

/// Takes what is caused, or says when to come again; then the operator's log has a line, not more than one a minute.
std::optional<come_again> charge(const environment& around, const payer& who, int traces);

/// May an SPOS be told that a creation failed (AMB-140)? Nothing proves who asked for it.
bool may_tell_of_failed_creation(const environment& around, const std::string& address);

/// The account of one process. One on a proven card pays nothing, unless its instance never came as far as the card:
/// then whoever names the card may have invented its answers. While its issuer's keys are on the card, that card alone
/// pays for it.
class stranger_account {
public:
    stranger_account() = default;
    stranger_account(std::shared_ptr<const environment> around, const std::string& address,
                     const model::secure_component& card, const model::service_instance& instance);

    /// Before it begins: for itself and, where it will need one, for its first order at the issuer. Once.
    std::optional<come_again> begin(const model::life_cycle_function& what);
    /// Before an order leaves for the issuer. The same order again, and every one behind an order in which the issuer
    /// has authenticated the card, costs nothing: nobody is kept from tidying up.
    std::optional<process::failed> order(const std::string& id);
    /// The issuer could not take the order: it is given back.
    void not_taken(const std::string& id);
    /// The issuer has answered the card's answers. `whole`: it has got all of them.
    void judged(const process::answer_variant& verdict, bool whole);
    /// The process has ended: is the card proven now?
    void end(const process::process_outcome& outcome);

private:
    std::shared_ptr<const environment> around_; ///< null: nothing is paid
    payer payer_;
    int paid_ = 0;
    int orders_ahead_ = 0;              ///< paid for, and not used
    std::set<std::string> paid_orders_; ///< ids
    bool judged_ = false;
    bool authenticated_ = false; ///< by the issuer, in this process
};

} // namespace tsms::actors
