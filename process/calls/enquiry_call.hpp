#pragma once
// The functions that look at the handset's cards and change nothing on them (TR 4.2.5.1, 4.2.5.2, 4.2.5.7, 4.2.5.8).
// Each is a coroutine in a file of its own, in process/calls/enquiries/; what they have in common is here.

#include "process/calls/card_reading.hpp"

namespace tsms::calls {

/// Conducts such a function from its arrival to its result.
call<void> conduct_enquiry(call_request request);

/// How one of them is conducted. A specialisation has this static member; what it refuses, it throws as `refused`:
///   call<typename Function::result> carry_out(Function what, call_request request);
/// A function without a specialisation does not compile.
template <class Function> struct enquire;

/// Ends the function with a refusal, wherever it is.
struct refused : std::exception {
    explicit refused(model::refusal w) : why(std::move(w)) {}
    const char* what() const noexcept override { return why.details.c_str(); }
    model::refusal why;
};
inline void refuse_if(std::optional<model::refusal> why) {
    if (why)
        throw refused(*std::move(why));
}

/// What is offered, as far as this caller may know of it: another provider's Service counts as absent (DIV-083).
call<service_surveyed> survey(std::optional<std::string> provider, std::string service_id);

inline const model::offered_service* service_in(const service_surveyed& surveyed) {
    return surveyed.service ? &*surveyed.service : nullptr;
}
model::refusal unknown_service(const std::string& service_id);

/// The announced cards, each with the row of the card that it has proven to be, else with the one of all that claim to
/// be it (AMB-239).
struct known_handset {
    std::vector<model::seen_card> cards;                      ///< in the order of the announced ones
    std::vector<std::optional<std::string>> proven;           ///< likewise: the id of the row
    std::vector<std::optional<model::secure_component>> rows; ///< likewise
    std::vector<model::service_instance> instances;           ///< of the Service, on these cards
    std::set<std::string> providers_with_apps;                ///< of these instances
    std::vector<model::issuer_record> issuers;

    /// Null: on none of them.
    const model::seen_card* card_of(const model::service_instance& instance) const;
};

/// What the announced cards say of themselves.
call<std::vector<model::seen_card>> read_handset(std::vector<model::announced_card> announced);

/// What the announced cards are. Everybody is asked for a proof, also whom nobody knows: the question tells nothing.
call<known_handset> look_at_handset(std::vector<model::announced_card> announced,
                                    std::vector<model::card_profile> profiles, std::string service_id);
/// The same after somebody has changed the rows. No card is asked again.
call<known_handset> look_up_again(known_handset handset, std::string service_id);

} // namespace tsms::calls
