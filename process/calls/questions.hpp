#pragma once
// What the conducting of a call asks of catalog and rows, and what it is answered (`result`). The actors that own them
// get these as messages.

#include "model/eligibility.hpp"
#include "model/records.hpp"
#include "model/tsm_api.hpp"

#include <set>

namespace tsms::calls {

// -- the catalog --

struct service_surveyed {
    std::optional<model::offered_service> service;
    std::vector<model::card_profile> profiles;
};
struct survey_service {
    using result = service_surveyed;
    std::string service_id;
};
struct target_found {
    std::optional<model::deployment_target> target;
};
struct find_target {
    using result = target_found;
    std::string service_id, version_tag, profile_id;
};
struct target_checked {
    bool version_exists = false;
    bool flavor_exists = false;
};
struct check_target {
    using result = target_checked;
    std::string service_id, version_tag, flavor_id;
};

// -- the rows --

struct instance_loaded {
    std::optional<model::service_instance> instance;
    model::secure_component card;
    bool last_on_card = true;                ///< no other instance is on the card
    std::set<std::string> aids_of_others;    ///< of load files and applications that other instances have on it
    std::set<std::string> aids_behind_proof; ///< the same of proven rows beside this one (DIV-059)
    bool proven_rows_beside = false;
    bool card_is_leased = false;                     ///< the store holds it for a process
    std::optional<std::chrono::seconds> runs_for;    ///< until its running process may be taken over
    std::vector<model::service_instance> tombstones; ///< of lost instances on this card (AMB-227)
    bool provider_has_apps = false;                  ///< must prove who they are (AMB-236)
    std::vector<model::issuer_record> issuers;       ///< where the card's row rests on claims
};
struct load_instance {
    using result = instance_loaded;
    std::string id;
};
struct provider_found {
    bool has_apps = false; ///< that must prove who they are: it has registered one, or wants it so
};
struct find_provider {
    using result = provider_found;
    std::string id;
};
struct kinds_found {
    std::vector<std::optional<model::domain_hint>> hints; ///< one for each card
};
/// The key sets that cards of this kind have: those of whichever were last seen in a reader of this name with this ATR.
struct find_kinds {
    using result = kinds_found;
    std::vector<model::announced_card> cards;
};
/// What is stored under the identity that a card claims.
struct known_card {
    std::vector<model::secure_component> proven;    ///< for a card that proves itself to be one of them (AMB-239)
    std::optional<model::secure_component> claimed; ///< for every other one
};
struct cards_found {
    std::vector<known_card> cards;                  ///< in the order of those seen
    std::vector<model::service_instance> instances; ///< of the service on these cards
    std::set<std::string> providers_with_apps;      ///< of these instances
    std::vector<model::issuer_record> issuers;
};
struct find_cards {
    using result = cards_found;
    std::vector<model::seen_card> cards;
    std::string service_id;
};

struct answer_found {
    std::optional<model::answered_call> answer;
};
/// How a call was answered before, in whatever life of the server (DIV-107).
struct find_answer {
    using result = answer_found;
    std::string call; ///< hash of its callId
};

// -- what is written: dropped when it comes too late, because who asked has been told that it failed --

struct row_created {
    model::creation outcome = model::creation::created;
};
struct create_row {
    using result = row_created;
    model::service_instance instance;
    model::secure_component card;
    std::optional<model::answered_call> answer = {}; ///< kept with the rows; nothing: the call cannot be repeated
    steady_time deadline = steady_time::max();
};
struct process_begun {
    model::beginning outcome = model::beginning::begun;
    bool caller_gone = false; ///< nobody waits for it any more: nothing has been written
};
struct begin_process {
    using result = process_begun;
    model::process_record process;
    model::process_rows read;  ///< what the decision to begin rests on
    model::process_rows shown; ///< from now on
    steady_time deadline = steady_time::max();
};
struct process_ended {
    std::optional<model::outbox_entry> delivery; ///< with its id
    std::optional<model::process_end> former;    ///< it had ended already, and like this: nothing was written
};
struct end_process {
    using result = process_ended;
    model::process_end end;
    model::service_instance instance;
    std::optional<model::secure_component> card; ///< nothing: the process has not touched it
    bool gone = false;
    std::optional<model::outbox_entry> delivery;
    steady_time deadline = steady_time::max();
};
struct enqueue_delivery {
    using result = process_ended;
    model::outbox_entry delivery;
    std::optional<model::answered_call> answer = {}; ///< kept with it; one that is kept already is not told again
    steady_time deadline = steady_time::max();
};

} // namespace tsms::calls
