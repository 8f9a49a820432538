#pragma once
// The TSM-API between SDK and backend (DESIGN 3 "Device", docs/tsm-api-wire.md): one JSON document for each function of
// TR 4.2.5, in both directions. Readers throw json::parse_error, whose text is fit for the sender.

#include "http/wire/seram.hpp"
#include "model/tsm_api.hpp"
#include "json/json.hpp"

namespace tsms::wire {

struct handset {
    std::string caller_id; ///< AMB-142: hash of the app's certificate, hex
    std::vector<model::announced_card> components;
    friend bool operator==(const handset&, const handset&) = default;
};

struct tsm_api_call {
    model::tsm_api_function function;
    handset phone;
    /// DIV-106: the SDK is the Local Agent already and takes the first order with the answer.
    bool first_report = false;
    /// DIV-107: 32 lower-case hexadecimal digits that whoever repeats the call sends again; may be empty.
    std::string call_id = {};
    /// DIV-113: callIds of calls before this one that the app has begun and has no result of.
    std::vector<std::string> former_call_ids = {};
};

/// Of the functions and sessions in this dialect: "/tsm-api/1.0/".
std::string_view base_path(model::dialect dialect);
inline constexpr std::size_t most_former_calls = 4;
/// 32 lower-case hexadecimal digits: 128 random bits.
bool is_call_id(std::string_view text);

std::string_view function_name(const model::tsm_api_function& function);
bool is_function(std::string_view name);

json::value to_json(const tsm_api_call& call);
/// `name` is the function's; is_function(name) holds. A list of commands that is null or has null or unknown entries is
/// refused here (AMB-106), their number and order are judged by model/life_cycle.hpp.
tsm_api_call parse_call(std::string_view name, const json::value& document);

/// The TR's result object.
json::value to_json(const model::tsm_api_result& result);
/// Unknown states become UNKNOWN (AMB-118), error categories that this dialect does not have UNSPECIFIED.
model::tsm_api_result parse_result(std::string_view name, const json::value& document,
                                   model::dialect dialect = model::dialect::v1_0);

/// The answer to a call that needs the card: where to be Local Agent.
struct session_opened {
    std::string session_id;
    std::string ra_endpoint; ///< of the SERAM endpoints: an absolute URL on the host of the call, or a path alone
    std::optional<seram_order> order = {}; ///< the first one, for a call that has been the first report too (DIV-106)
};
using tsm_api_answer = std::variant<model::tsm_api_result, session_opened>;

json::value to_json(const tsm_api_answer& answer);
tsm_api_answer parse_answer(std::string_view name, const json::value& document,
                            model::dialect dialect = model::dialect::v1_0);

/// Content of a SERAM deviceAppNotification. A result comes in the Stop order and saves its own exchange.
using notification = std::variant<model::process_start, model::process_progress, model::tsm_api_result>;

std::string notification_text(const notification& content);
/// Nothing where the type is not known: a newer backend. Throws for anything that is malformed.
std::optional<notification> parse_notification(std::string_view name, std::string_view text,
                                               model::dialect dialect = model::dialect::v1_0);

} // namespace tsms::wire
