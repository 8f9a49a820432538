#pragma once
// What holds in every simulated world, whatever a test is about. A write-ahead that is missing heals itself, because
// the next process looks at the card: nobody would notice, until a crash comes at that very moment.

#include "process/effect.hpp"

#include <stdexcept>
#include <string>

namespace tsms::sim {

/// Not an end that a process may have: a bug.
class broken_invariant : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// No command that changes the card leaves before an intent or a commit of its process names it. Told by class and
/// instruction, which no secure channel hides, and not by what the code under test says of its own commands. Before the
/// app has taken the start of a process, nothing changes at all, and no issuer is asked; each process has one start.
class write_ahead {
public:
    /// The rows as committed, at any moment.
    struct rows {
        const model::service_instance& instance;
        const model::secure_component& card;
        bool has_tombstones;
    };

    void begin(bool started); ///< a process; its start was announced in a former life of the server
    /// In front of each effect. Throws broken_invariant.
    void watch(const process::effect& effect, const rows& committed);
    void hear(const process::answer_variant& answer); ///< what the effect was answered
    void end() const;                                 ///< the process is over

private:
    void expect_start(const char* what) const;
    void check_order(const process::exchange& order, const rows& committed) const;
    void check(const gp::card_command& command, const rows& committed) const;
    void check_issuers(const rows& committed) const;
    void check_new_keys(const rows& committed) const;
    void check_key_removal(const rows& committed) const;
    void check_script(const rows& committed) const;
    void check_service(std::uint8_t instruction, const rows& committed) const;

    bool announced_ = false;
    bool waits_ = false;   ///< for what the announcement is answered
    bool started_ = false; ///< the app has taken it
    std::vector<std::string> intents_;
    std::optional<model::key_set> encrypted_; ///< for the TSM's own domain, last
    std::optional<model::issuer_order> order_;
};

/// What a process may cost that nobody disturbs, on a card that is as its rows say: a retry or a question too many that
/// changes nothing would go unnoticed otherwise. Told in orders that the phone gets; Stop is none.
struct expected_traffic {
    bool creates_domain;   ///< the TSM's: its issuer does
    bool writes_rules;     ///< of the Service, or registers our ARA-C: the issuer does
    bool removes_rules;    ///< of the issuer
    bool last;             ///< the TSM's domain goes with the Service
    bool suspended;        ///< an update looks at what is locked
    bool renewal;          ///< of keys that the issuer still knows
    bool scripts = false;  ///< an application has one
    bool below = false;    ///< the applications are there, below the Service's domain
    bool unproven = false; ///< the keys of the Service's domain: a termination looks before it removes

    static expected_traffic of(const model::service_instance& instance, const model::secure_component& card, bool last);
    /// Throws broken_invariant.
    void check(model::operation what, std::size_t orders, std::size_t issuer_orders, std::size_t extra) const;
};

} // namespace tsms::sim
