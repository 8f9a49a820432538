#pragma once
// A call that runs a process, while it is conducted: what life_cycle_call.cpp (its beginning) and process_play.cpp (the
// process and its end) have in common. Only for them.

#include "process/calls/life_cycle_call.hpp"
#include "process/calls/tell.hpp"
#include "process/functions/life_cycle.hpp"

namespace tsms::calls {

/// What is known of the call.
struct conducting {
    call_request request;
    life_cycle_terms terms;
    model::life_cycle_function what; ///< of the request
    std::string id;                  ///< of the instance

    model::service_instance instance;
    model::secure_component card;
    instance_loaded loaded;         ///< what else was read with them
    model::process_rows read;       ///< what the decision to begin rests on
    process::wanted_version wanted; ///< the Version that the function asks for

    model::process_record record;
    std::string leased;                      ///< id of the card's row; empty: no card is leased
    std::optional<cards_seen> seen;          ///< what the announced cards have said, if they were asked
    std::string reader, atr;                 ///< where the card is said to be; the row takes them when it is proven
    std::optional<model::refusal> hindrance; ///< why the card cannot be used: the process ends with it (AMB-131)
    bool begun = false;                      ///< there is a process
    std::string life;                        ///< of the server that has entered it again; empty: it was begun in this
};

call<void> tell(const conducting* c, severity level, std::string text);

/// What can be done without: a bug in it is the operator's matter.
template <class E> call<void> attempt(const conducting* c, E effect) {
    std::string bug;
    try {
        co_await std::move(effect);
        co_return;
    } catch (const std::exception& e) {
        bug = e.what();
    }
    co_await tell(c, severity::error, bug);
}

/// Plays the process that has begun; one that breaks has an outcome too.
call<process::process_outcome> run(conducting* c);
/// Stores what came of it, and tells it. Nothing but a stop keeps the end from the rows.
call<void> finish(conducting* c, process::process_outcome outcome);

} // namespace tsms::calls
