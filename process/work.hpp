#pragma once
// What every life-cycle process works with: the rows that it will commit, its link to the card, and what it has found
// out so far.

#include "process/link.hpp"
#include "process/processes.hpp"

namespace tsms::process {

/// What a process has found out about its card, and what it may have done to it.
struct findings {
    bool start_announced = false; ///< whatever has come of that
    bool start_taken = false;     ///< the app has acknowledged it
    bool card_proven = false;     ///< there was a channel to the TSM's own domain: the card cryptogram was right
    bool proven = false;          ///< a procedure through our channel has ended with an authenticated listing
    bool intent_written = false;  ///< what the card holds is not known until such a listing tells
    bool service_changed = false; ///< a component of the Service has, or may have, changed (TR 3.2.2)
    std::vector<model::access_rule> new_rules; ///< of the Service, that only this process writes
    bool access_given = false;                 ///< they may have been written
    bool authentication_failed = false;        ///< EXTERNAL AUTHENTICATE was answered with failure: a strike
    bool domain_created = false;  ///< the issuer has, or may have, created the TSM's domain, in this process
    bool for_tombstone = false;   ///< what is written down now is not of the process's own Service
    bool tombstones_gone = false; ///< nothing of them is on the card any more
};

struct work {
    work(process_request r, model::operation o);

    process_request request;
    model::operation operation;     ///< TR 4.2.4.2
    bool shows_initialized = false; ///< the instance is INITIALIZED as long as the process runs (AMB-101)

    // -- what is stored: the rows as the next commit writes them
    model::service_instance instance;
    model::secure_component card;

    card_link link;
    findings found;
    std::string for_operator;                                ///< what only the operator may know, or needs to
    std::vector<model::personalization_result> personalized; ///< what scripts have sent, and were answered

    /// What shall be on the card when the process has ended; until an update has proven that, the instance's target is
    /// the former one.
    const model::deployment_target& wanted() const {
        return request.new_target ? *request.new_target : instance.target;
    }
    const model::card_parameters& parameters() const { return wanted().card; }
    void tell_operator(const std::string& text) { for_operator += (for_operator.empty() ? "" : "; ") + text; }
};

/// Plays the steps of a process, unless something hinders it from the first (AMB-131). Its start travels with its first
/// order, and if there was none it is announced at the end: each process has one. Returns what has ended it early.
process<std::optional<gp::card_failure>> run(work* w, process<void> steps);

/// The app has taken the start: by a report that answers an order of its own, where nothing could travel with it.
process<void> require_start(work* w);

/// Before the first command leaves that changes the Service: the card is in doubt and the operation is named, durable,
/// so that whoever comes after a crash looks before it changes anything.
process<void> write_intent(work* w, std::string what);

/// Sends a batch in as many orders as the profile's bounds ask for (one, as a rule), none behind one with a refusal,
/// and notes what may have changed. The first one of a process carries its start, if it changes nothing.
process<gp::batch_answer> send(work* w, gp::batch commands);

/// Refused before anything is loaded: what cannot fit. A card that does not tell its free memory is tried.
void check_memory(const work& w, const std::optional<gp::card_resources>& card);

/// Runs a card procedure inside a process: its batches go to the card of this work.
template <class T> process<T> on_card(work* w, gp::procedure<T> procedure) {
    const auto* effect = procedure.start();
    while (effect) {
        auto answer = co_await send(w, effect->commands);
        effect = procedure.answer(std::move(answer));
    }
    co_return procedure.result();
}

/// What the issuer shall do on the way, if anything.
struct issuer_need {
    bool create_domain = false;
    std::vector<model::access_rule> remove_rules;
    bool takes_access = false;   ///< rules of the process's own Service are among them
    bool create_if_gone = false; ///< the card's claim that the domain does not exist leads to the issuer
    std::vector<model::access_rule> add_rules;
    /// The Service's rules go into our own ARA-C, which a domain's first use has to have registered.
    bool has_client = false;

    bool any() const { return create_domain || !add_rules.empty() || !remove_rules.empty(); }
};

/// Where the way to the TSM's own domain has led. What is not `open` is a claim of the card: no state changes on it,
/// only the issuer acts (AMB-226).
enum class domain_access {
    open,
    gone,         ///< SELECT was refused
    keys_unknown, ///< the domain is there, and has none of the key sets in our row
};

/// Opens SCP03 to the TSM's own domain, up to and without EXTERNAL AUTHENTICATE. Where the domain does not exist yet,
/// does not know our keys, or access rules are to be written, the issuer works first, in the same orders (TR 3.3.1.1
/// steps 1 to 6).
process<domain_access> open_tsm_domain(work* w, issuer_need need);

/// Commands with extended length fields may go to this card: its profile says so, and it has refused none now.
inline bool takes_extended_length(const work& w) {
    return w.parameters().extended_length && !w.link.short_commands;
}

/// What the card must answer under R-MAC: its CPLC, unless it is known by its IIN and CIN (model::identity_of). Of a
/// row of before that is known by nothing, the keys are the proof.
bytes expected_cplc(const model::secure_component& card);

/// What the profile says of cards that send no sequence counter (DIV-079).
gp::missing_counter counter_of(const work& w);

/// Ends the process with 9 (TR 4.2.4.4) where there is no channel.
void require_open(const work& w, domain_access access);

/// A channel for further work where the former one has ended: behind the plain commands at the end of an order
/// (gp/procedures/changes.hpp). Everything is loaded by then, so free memory does not matter any more.
process<void> need_channel(work* w);

/// Asks the card who it is, if this process has not done so yet: an order for the issuer names the ISD's AID.
process<void> identify(work* w);

/// An issuer's session of its own, after the TSM's work is done: removal of access rules and of the TSM's domain.
process<void> let_issuer(work* w, model::issuer_order order);

/// An issuer that goes by what an order names would work on whichever of such cards is there (DIV-056). Throws
/// gp::card_failure.
void require_told_apart(const work& w);

/// Order for the issuer with everything but its purpose filled in. `purpose` distinguishes the orders of one process.
model::issuer_order issuer_order_of(const work& w, std::string_view purpose);

/// These rules in the TSM's own ARA-C, where the profile has one (AMB-213); nothing if there are none.
std::optional<gp::access_client> access_client_of(const model::card_parameters& card,
                                                  const std::vector<model::access_rule>& rules);

/// AIDs (hex) of what is ours on a card and nobody's Service: no application may have them, none is deleted as a
/// Service's.
std::set<std::string> own_aids(const work& w);

/// Value of the one exception type; the place where failures stop being exceptions is the process's own frame.
struct ending {
    model::error_category status = model::error_category::none;
    std::string details;
    std::optional<gp::phase> during; ///< the phase that has failed, where the card failed in one
    gp::card_failure::kind why = gp::card_failure::kind::refused;
    bool retry_can_help = false; ///< the same process started again may succeed, without anything else being changed
    std::string mender = {};     ///< who can do something about it, where the failure says so
};
ending ending_of(const gp::card_failure& failure);
std::optional<ending> ending_of(const std::optional<gp::card_failure>& failure);

/// Octets of an AID or other hexadecimal text of a committed row.
inline bytes octets(const std::string& text) {
    return hex(text);
}

} // namespace tsms::process
