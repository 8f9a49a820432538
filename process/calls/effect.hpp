#pragma once
// The conducting of one call, from its arrival to its stored end, as a coroutine: a closed set of effects. Actors
// interpret it (actors/framework/call_interpreter.hpp), a test plays it and may break it off behind any effect.
//
//     call<void> conduct_something(call_request request) {
//         const auto rows = co_await load_instance{request.…};
//         …
//         co_await answer{result};
//     }

#include "base/log_event.hpp"
#include "model/process_result.hpp"
#include "process/calls/questions.hpp"
#include "process/effect.hpp"
#include "process/processes.hpp"

#include <stdexcept>

namespace tsms::calls {

/// What a conductor gets to do. Nothing in it is verified but `provider`.
struct call_request {
    model::tsm_api_function what;
    std::string caller_id;               ///< hash of the app's certificate (AMB-142)
    std::optional<std::string> provider; ///< that the app has proved to belong to; nothing: anonymous (AMB-236)
    std::vector<model::announced_card> cards;
    std::string session_id;                        ///< in which the phone will work
    model::session_proof proof = {};               ///< by what that is known again after a restart (DIV-108)
    model::dialect dialect = model::dialect::v1_0; ///< that app and SPOS are told the outcome in (DIV-119)
};

/// Somebody who could do it has not answered, or not in time. The only expected exception of these effects: the
/// outermost frame of a call tells the operator the cause and refuses the call (1, TSM not available).
struct unanswered : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What an app is told of a failure inside the TSM that is the operator's matter, and in his log.
inline constexpr const char* internal_problem = "an internal problem, please try again later";

/// The TSM stops. It is thrown inside the call, which tells its caller so; a process that has begun is left to the next
/// start (model::after_crash). No exception of std: who takes a bug for an outcome must not take this for a bug.
struct stopping {};

/// Carrying out an effect threw: a bug. What it was is thrown inside the call as a std::runtime_error,
/// where whatever the call has begun can be ended.
struct broke {
    std::string what;
};

struct done {};

/// Why a call without a proven card is refused for now (DIV-061).
struct come_again {
    int seconds = 0;
};
std::string text_of(const come_again& later); ///< what the app is told

// -- the app and its phone --

/// The call is answered with its session: from now on the phone works in it, and the result goes there.
struct admit {
    using result = done;
};
/// The result of the call. Before `admit` it is the answer to the call itself; a later one is without effect.
struct answer {
    using result = done;
    model::tsm_api_result outcome;
    std::optional<model::process_progress> completed = {}; ///< 100 %, of a process that succeeded (AMB-133)
    std::optional<come_again> later = {};                  ///< why it was refused, where waiting is all that helps
};

// -- the card --

struct lease {
    bool granted = false;
    bool caller_gone = false; ///< nobody waits for it any more
};
/// One process at a time has a card (AMB-228): waits until it is free, at most until then. A call has one lease at
/// most, and it ends with the call.
struct lease_card {
    using result = lease;
    std::string card; ///< id of its row
    std::string process_id;
    steady_time until;
};
struct return_card {
    using result = done;
};

/// An effect of a process that this call plays.
struct perform {
    using result = process::answer_variant;
    process::effect what;
};
/// What the process's effects need to know of it, from the first one to `process_over`.
struct process_begins {
    using result = done;
    model::process_record record;
    std::string issuer;        ///< name of the card's issuer; empty if none is known
    std::string service = {};  ///< id, for the sequence log
    std::string provider = {}; ///< of the service
};
struct process_over {
    using result = done;
};

// -- who pays for a card that nobody has proven (DIV-061) --

struct charged {
    std::optional<come_again> later; ///< nothing has been taken
};
/// For a process, and for its first order at the issuer where it will need one. Once in a call, however often it is
/// judged: repetitions are free.
struct charge_process {
    using result = charged;
    model::life_cycle_function what;
    model::secure_component card;
    model::service_instance instance;
};
struct close_account {
    using result = done;
    process::process_outcome outcome;
};
/// For a row that an enquiry leaves.
struct charge_trace {
    using result = charged;
    model::secure_component card;
};
struct permission {
    bool given = false;
};
/// May an SPOS be told that a creation failed (AMB-140)? Nothing proves who asked for it.
struct may_tell_of_failed_creation {
    using result = permission;
};

// -- results for the SPOS --

/// The body of a delivery.
struct encode_result {
    using result = std::string;
    model::process_result what;
};
/// A delivery that is stored may leave.
struct deliver {
    using result = done;
    model::outbox_entry entry;
};

// -- time, chance, the operator --

struct moment {
    steady_time steady;
    wall_time wall;
};
struct ask_time {
    using result = moment;
};
/// To the second.
struct pause_for {
    using result = done;
    std::chrono::seconds how_long;
};
struct new_id {
    using result = std::string; ///< UUID (RFC 4122)
};
struct tell_operator {
    using result = done;
    log_event event;
};

using effect_variant =
    std::variant<survey_service, find_target, check_target, load_instance, find_provider, find_kinds, find_cards,
                 find_answer, create_row, begin_process, end_process, enqueue_delivery, admit, answer, lease_card,
                 return_card, perform, process_begins, process_over, charge_process, close_account, charge_trace,
                 may_tell_of_failed_creation, encode_result, deliver, ask_time, pause_for, new_id, tell_operator>;
using answer_variant =
    std::variant<unanswered, stopping, broke, done, service_surveyed, target_found, target_checked, instance_loaded,
                 provider_found, kinds_found, cards_found, answer_found, row_created, process_begun, process_ended,
                 lease, process::answer_variant, charged, permission, moment, std::string>;

struct effect : effect_variant {
    using answer_type = answer_variant;
    using effect_variant::effect_variant;

    template <class E> static typename E::result take(answer_variant&& answer) {
        if (auto* u = std::get_if<unanswered>(&answer))
            throw std::move(*u);
        if (std::holds_alternative<stopping>(answer))
            throw stopping{};
        if (const auto* b = std::get_if<broke>(&answer))
            throw std::runtime_error(b->what);
        return std::get<typename E::result>(std::move(answer)); // another kind of answer is a bug of the interpreter
    }
};

template <class T> using call = gp::flow<effect, T>;

} // namespace tsms::calls
