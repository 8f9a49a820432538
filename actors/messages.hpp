#pragma once
// What goes in and out of the actors: plain values, no CAF, no wire format. The HTTP edge makes them from requests and
// turns the answers into responses.

#include "model/results.hpp"
#include "process/processes.hpp"

#include <cstdint>
#include <variant>

namespace tsms::actors {

// -- what an app asks (TR 4.2.5)
// --------------------------------------------------------------------------------------------------

struct check_deployment {
    std::string service_id;
    std::string version; ///< tag or pattern (AMB-136)
};
struct create_instance {
    std::string service_id;
    std::string version;
};
struct get_instances {
    std::string service_id;
};
struct deploy_service {
    std::string instance_id;
    std::vector<process::command_request> commands;
    bool finalize = false;
};
struct suspend_or_resume_service {
    std::string instance_id;
    bool suspend = false;
};
struct terminate_service {
    std::string instance_id;
};
using function = std::variant<check_deployment, create_instance, get_instances, deploy_service,
                              suspend_or_resume_service, terminate_service>;

/// A secure component as the handset announced it. Nothing here is verified.
struct announced_card {
    std::string reader;
    std::string se_type; ///< SERAM seType
    std::string se_id;   ///< empty where the handset does not know one
    std::string atr;     ///< hex, may be empty
};

struct call {
    function what;
    std::string caller_id; ///< hash of the app's certificate (AMB-142)
    std::optional<std::string>
        provider; ///< service provider that the app has proved to belong to; nothing: anonymous (AMB-236)
    std::vector<announced_card> cards;
    std::string address; ///< whose budget of sessions it takes from: an address or network, as the edge names it
};

// -- what it gets (TR 4.2.5)
// --------------------------------------------------------------------------------------------------------

using result = std::variant<model::create_service_instance_result, model::get_service_instances_result,
                            model::deploy_service_result, model::update_service_result, model::suspend_or_resume_result,
                            model::terminate_service_result, model::service_deployment_available_result,
                            model::service_update_available_result>;

/// The function's result with every mandatory attribute, for a call that ends before a process begins (AMB-130).
result refused(const function& what, const model::execution& why, const std::string& now);

/// An instance as apps see it (AMB-138).
model::service_instance_info view_of(const model::service_instance& instance);
/// `installed`: also the attributes that are empty before the installation.
model::technical_information technical_information(const model::deployment_target& target, bool installed);

/// Answer to a call: its result where no card is needed or nothing may begin, else the session in which the phone
/// works; or that its address or its app has too many sessions that have not ended; or that strangers have caused too
/// much (DIV-061).
struct session_opened {
    std::string session_id;
    std::string secret; ///< of the session cookie
};
struct too_many_sessions {
    std::string whose;
};
struct come_again {
    int seconds = 0;
};
std::string text_of(const come_again& later); ///< what the app is told
using call_answer = std::variant<result, session_opened, too_many_sessions, come_again>;

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

enum class agent_status { processed, polling, unavailable, unknown_failure, ungranted };

struct report {
    agent_status status = agent_status::polling;
    std::string error;                         ///< errorMsg, hostile
    std::vector<std::vector<bytes>> responses; ///< one list for each SE RAM command
};

/// A session that does not exist, a wrong secret, or an order number that was never given.
struct no_session {};
using order_answer = std::variant<order, no_session>;

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
};

} // namespace tsms::actors
