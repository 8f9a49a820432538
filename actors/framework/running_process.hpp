#pragma once
// What a service_instance actor knows of the call that it conducts, from its arrival to its stored end.

#include "actors/framework/card_reading.hpp"
#include "actors/framework/stranger.hpp"
#include "process/functions/life_cycle.hpp"

namespace tsms::actors {

struct running {
    begin_call begun;
    model::life_cycle_function what; ///< of the call
    steady_time deadline;            ///< to wait for the card
    process::wanted_version wanted;  ///< of the Version that the function asks for
    store::process_record record;
    store::process_rows read; ///< what the decision to begin rests on
    int reads = 0;
    model::service_instance instance;
    model::secure_component card;
    bool last_on_card = false;
    std::string reader, atr; ///< where the card is said to be; the row takes them when it has proven itself
    std::set<std::string> aids_of_others;
    std::set<std::string> aids_behind_proof; ///< of proven rows beside the card's own
    bool proven_rows_beside = false;
    std::vector<store::issuer_record> issuers;       ///< where the card's row rests on claims
    std::vector<model::service_instance> tombstones; ///< what lost instances left on the card
    std::optional<cards_seen> seen;                  ///< what the announced cards have said, if they were asked
    card_actor lease;
    std::shared_ptr<stranger_account> stranger; ///< who pays, if nobody has proven the card
    std::string leased_card;                    ///< id of its row
    std::optional<model::refusal>
        hindrance; ///< why the card cannot be used: the process begins and ends with it (AMB-131)
};

/// The end of a process that the store has not taken yet.
struct unstored_end {
    process::process_outcome outcome;
    end_process message;
    steady_time due;
    std::chrono::seconds pause;
};

} // namespace tsms::actors
