#pragma once
// What goes in and out of the actors: plain values, no CAF, no wire format. The HTTP edge makes them from requests and
// turns the answers into responses.

#include "model/tsm_api.hpp"
#include "process/calls/effect.hpp"

#include <cstdint>
#include <variant>

namespace tsms::actors {

// -- what an app asks (TR 4.2.5)
// --------------------------------------------------------------------------------------------------

using model::announced_card;
using function = model::tsm_api_function;
using result = model::tsm_api_result;

/// What stands for the callId of a call; it is kept by nobody (DIV-107).
struct call_id {
    bytes hash;
    bytes digest;       ///< of everything that the call asks, keyed with the callId
    std::string secret; ///< of its session's cookie
};

struct call {
    function what;
    std::string caller_id; ///< hash of the app's certificate (AMB-142)
    std::optional<std::string>
        provider; ///< service provider that the app has proved to belong to; nothing: anonymous (AMB-236)
    std::vector<announced_card> cards;
    std::string address; ///< whose budget of sessions it takes from: an address or network, as the edge names it
    std::optional<call_id> id = {}; ///< nothing: its repetition is another call
    /// Hashes of the callIds of calls before it that its app has left (DIV-113).
    std::vector<bytes> former = {};
    model::dialect dialect = model::dialect::v1_0; ///< that it is answered in (DIV-119)
};

// -- what it gets (TR 4.2.5)
// --------------------------------------------------------------------------------------------------------

/// Answer to a call: its result where no card is needed or nothing may begin, else the session in which the phone
/// works; or that its address or its app has too many sessions that have not ended; or that strangers have caused too
/// much (DIV-061); or that it is not admitted yet and its repetition will learn more.
struct session_opened {
    std::string session_id;
    std::string secret; ///< of the session cookie
};
struct too_many_sessions {
    std::string whose;
};
using calls::come_again;
using calls::text_of;
struct not_yet {};
using call_answer = std::variant<result, session_opened, too_many_sessions, come_again, not_yet>;

// -- the phone's management session (GP SERAM 2.0)
// ----------------------------------------------------------------------------------

/// Whose session it is. The secret comes from the cookie.
struct session_key {
    std::string session_id;
    std::string secret;
};

struct start_session {};
struct stop_session {};
struct card_commands {
    std::vector<bytes> apdus;
};
/// The items of an order in their sequence. The result goes with the Stop order, which saves the phone an exchange.
using order_item =
    std::variant<start_session, model::process_start, model::process_progress, card_commands, result, stop_session>;

struct order {
    std::uint64_t number = 0;           ///< goes into the cookie; the report to this order brings it back
    int delay = 0;                      ///< milliseconds until the next report (hazard 6: always sent)
    std::optional<announced_card> card; ///< chosenSecureElement
    std::vector<order_item> items;
};
/// For a phone that cannot be told its next order now: it comes again with the number that it has.
inline order come_again_with(std::uint64_t number) {
    return {.number = number, .delay = 1000, .card = {}, .items = {}};
}

enum class agent_status { processed, polling, unavailable, unknown_failure, ungranted };

struct report {
    agent_status status = agent_status::polling;
    std::string error;                         ///< errorMsg, hostile
    std::vector<std::vector<bytes>> responses; ///< one list for each SE RAM command
};

/// A session that does not exist, a wrong secret, or an order number that was never given.
struct no_session {};
using order_answer = std::variant<order, no_session>;

/// Whether a session could be cancelled (AMB-148).
enum class cancel_answer {
    cancelled, ///< nothing that changes a card has left, and nothing will
    too_late,  ///< it goes on to its end, or has ended
    no_session,
};

struct not_ready {};
using result_answer = std::variant<result, not_ready, no_session>;

/// The load of the device role, for /health and /metrics.
struct load {
    std::size_t sessions = 0;
    std::size_t instances = 0;
    std::size_t cards = 0;
    std::uint64_t calls = 0;
    std::uint64_t orders = 0;
    std::size_t deliveries_waiting = 0;
    std::size_t deliveries_given_up = 0; ///< they stay until an operator decides (tsms outbox)
    bool store_works = false;
    std::size_t damaged_rows = 0; ///< found since the start; the log names them
    std::string superseded;       ///< another server has taken this one's name: who, and what helps
};

} // namespace tsms::actors
