#include "http/wire/tsm_api.hpp"

#include "base/bytes.hpp"
#include "http/wire/result_json.hpp"

#include <algorithm>
#include <array>

namespace tsms::wire {

namespace {

constexpr std::size_t most_components = 16;
constexpr std::size_t most_commands = 16; // of hostile requests; the TR's three are judged with the life cycle
constexpr std::size_t longest_name = 256;
constexpr std::size_t call_id_digits = 32; // 128 random bits

std::string bounded(const json::reader& r, std::string_view key) {
    auto text = r.string(key);
    if (text.empty() || text.size() > longest_name)
        throw json::parse_error("'" + std::string(key) + "' must have 1 to " + std::to_string(longest_name) +
                                " characters");
    return text;
}

const json::object& entry(const json::value& v, const char* list) {
    if (const auto* o = v.as_object())
        return *o;
    throw json::parse_error(std::string("'") + list + "' must hold objects only");
}

struct command_words {
    model::service_command what;
    std::string_view type;
    std::string_view data; ///< attribute of its map, empty if it has none
};
constexpr std::array<command_words, 3> commands_on_the_wire{{
    {model::service_command::install, "install", "installationData"},
    {model::service_command::personalize, "personalize", "personalizationData"},
    {model::service_command::activate, "activate", ""},
}};

json::value to_json(const model::command_request& command) {
    const auto& words = *std::ranges::find(commands_on_the_wire, command.what, &command_words::what);
    json::object o{{"type", words.type}};
    if (words.data.empty())
        o.append("suspensionControl", command.suspension_control);
    else if (!command.data.empty())
        o.append(std::string(words.data), string_map(command.data));
    return o;
}

model::command_request parse_command(const json::reader& r) {
    const auto type = r.string("type");
    const auto* words = std::ranges::find(commands_on_the_wire, type, &command_words::type);
    if (words == commands_on_the_wire.end())
        throw json::parse_error("'serviceCommands': unknown service command");
    model::command_request command;
    command.what = words->what;
    if (words->data.empty())
        command.suspension_control = r.boolean("suspensionControl");
    else
        command.data = parse_string_map(r, words->data);
    return command;
}

json::array to_json(const std::vector<model::command_request>& commands) {
    json::array list;
    for (const auto& command : commands)
        list.push_back(to_json(command));
    return list;
}

std::vector<model::command_request> parse_commands(const json::reader& r) {
    const auto& list = r.array("serviceCommands");
    if (list.size() > most_commands)
        throw json::parse_error("'serviceCommands' has too many entries");
    std::vector<model::command_request> commands;
    for (const auto& item : list)
        commands.push_back(parse_command({entry(item, "serviceCommands"), "serviceCommands."}));
    return commands;
}

struct parameters {
    json::object operator()(const model::create_service_instance& f) const {
        return {{"serviceId", f.service_id}, {"version", f.version}};
    }
    json::object operator()(const model::get_service_instances& f) const { return {{"serviceId", f.service_id}}; }
    json::object operator()(const model::deploy_service& f) const {
        return {{"serviceInstanceId", f.service_instance_id},
                {"serviceCommands", to_json(f.commands)},
                {"finalizeDeployment", f.finalize}};
    }
    json::object operator()(const model::update_service& f) const {
        return {{"serviceInstanceId", f.service_instance_id},
                {"newVersion", f.new_version},
                {"serviceCommands", to_json(f.commands)},
                {"finalizeDeployment", f.finalize}};
    }
    json::object operator()(const model::suspend_or_resume_service& f) const {
        return {{"serviceInstanceId", f.service_instance_id}, {"suspensionControl", f.suspension_control}};
    }
    json::object operator()(const model::terminate_service& f) const {
        return {{"serviceInstanceId", f.service_instance_id}};
    }
    json::object operator()(const model::check_service_deployment_available& f) const {
        return {{"serviceId", f.service_id}, {"version", f.version}};
    }
    json::object operator()(const model::check_service_update_available& f) const {
        return {{"serviceInstanceId", f.service_instance_id}, {"newVersion", f.new_version}};
    }
};

using parser = model::tsm_api_function (*)(const json::reader&);

struct function_row {
    std::string_view name;
    parser parse;
};
/// In the order of model::tsm_api_function.
constexpr std::array<function_row, std::variant_size_v<model::tsm_api_function>> functions{{
    {model::create_service_instance::name,
     [](const json::reader& r) -> model::tsm_api_function {
         return model::create_service_instance{bounded(r, "serviceId"), bounded(r, "version")};
     }},
    {model::get_service_instances::name,
     [](const json::reader& r) -> model::tsm_api_function {
         return model::get_service_instances{bounded(r, "serviceId")};
     }},
    {model::deploy_service::name,
     [](const json::reader& r) -> model::tsm_api_function {
         return model::deploy_service{bounded(r, "serviceInstanceId"), parse_commands(r),
                                      r.boolean("finalizeDeployment")};
     }},
    {model::update_service::name,
     [](const json::reader& r) -> model::tsm_api_function {
         return model::update_service{bounded(r, "serviceInstanceId"), bounded(r, "newVersion"), parse_commands(r),
                                      r.boolean("finalizeDeployment")};
     }},
    {model::suspend_or_resume_service::name,
     [](const json::reader& r) -> model::tsm_api_function {
         return model::suspend_or_resume_service{bounded(r, "serviceInstanceId"), r.boolean("suspensionControl")};
     }},
    {model::terminate_service::name,
     [](const json::reader& r) -> model::tsm_api_function {
         return model::terminate_service{bounded(r, "serviceInstanceId")};
     }},
    {model::check_service_deployment_available::name,
     [](const json::reader& r) -> model::tsm_api_function {
         return model::check_service_deployment_available{bounded(r, "serviceId"), bounded(r, "version")};
     }},
    {model::check_service_update_available::name,
     [](const json::reader& r) -> model::tsm_api_function {
         return model::check_service_update_available{bounded(r, "serviceInstanceId"), bounded(r, "newVersion")};
     }},
}};

const function_row* find_function(std::string_view name) {
    const auto* row = std::ranges::find(functions, name, &function_row::name);
    return row == functions.end() ? nullptr : row;
}

json::value to_json(const handset& phone) {
    json::array components;
    for (const auto& c : phone.components) {
        json::object o{{"reader", c.reader}, {"seType", c.se_type}};
        if (!c.se_id.empty())
            o.append("seId", c.se_id);
        if (!c.atr.empty())
            o.append("atr", c.atr);
        components.push_back(std::move(o));
    }
    return json::object{{"callerId", phone.caller_id}, {"secureComponents", std::move(components)}};
}

handset parse_handset(const json::reader& r) {
    handset phone;
    phone.caller_id = bounded(r, "callerId");
    const auto& list = r.array("secureComponents");
    if (list.size() > most_components)
        throw json::parse_error("'handset.secureComponents' has too many entries");
    for (const auto& item : list) {
        const json::reader c(entry(item, "handset.secureComponents"), "handset.secureComponents.");
        model::announced_card component{bounded(c, "reader"), bounded(c, "seType"),
                                        c.has("seId") ? bounded(c, "seId") : "", c.string_or("atr", "")};
        if (component.atr.size() > 2 * 33 || !from_hex(component.atr)) // ISO/IEC 7816-3 8.2.1
            throw json::parse_error("'handset.secureComponents.atr' must be an ATR in hexadecimal");
        if (std::ranges::find(phone.components, component.reader, &model::announced_card::reader) !=
            phone.components.end())
            throw json::parse_error("'handset.secureComponents': each reader at most once");
        phone.components.push_back(std::move(component));
    }
    return phone;
}

std::string parse_call_id(const json::reader& r) {
    if (!r.raw().find("callId"))
        return {};
    auto id = r.string("callId");
    if (!is_call_id(id))
        throw json::parse_error("'callId' must have 32 lower-case hexadecimal digits");
    return id;
}

std::vector<std::string> parse_former_call_ids(const json::reader& r) {
    std::vector<std::string> ids;
    if (!r.raw().find("formerCallIds"))
        return ids;
    const auto& list = r.array("formerCallIds");
    if (list.size() > most_former_calls)
        throw json::parse_error("'formerCallIds' has too many entries");
    for (const auto& item : list) {
        const auto* id = item.as_string();
        if (!id || !is_call_id(*id))
            throw json::parse_error("'formerCallIds': each must have 32 lower-case hexadecimal digits");
        ids.push_back(*id);
    }
    return ids;
}

} // namespace

std::string_view base_path(model::dialect dialect) {
    return dialect == model::dialect::v1_0 ? "/tsm-api/1.0/" : "/tsm-api/1.0.4/";
}

bool is_call_id(std::string_view text) {
    return text.size() == call_id_digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view function_name(const model::tsm_api_function& function) {
    return functions[function.index()].name;
}

bool is_function(std::string_view name) {
    return find_function(name) != nullptr;
}

json::value to_json(const tsm_api_call& call) {
    auto o = std::visit(parameters{}, call.function);
    o.append("handset", to_json(call.phone));
    if (call.first_report)
        o.append("firstReport", true);
    if (!call.call_id.empty())
        o.append("callId", call.call_id);
    if (!call.former_call_ids.empty())
        o.append("formerCallIds", json::array(call.former_call_ids.begin(), call.former_call_ids.end()));
    return o;
}

tsm_api_call parse_call(std::string_view name, const json::value& document) {
    const json::reader r(json::root_object(document));
    const auto* row = find_function(name);
    if (!row)
        throw json::parse_error("no function of the TSM-API has this name");
    auto function = row->parse(r);
    return {std::move(function), parse_handset(r.object("handset")), r.boolean_or("firstReport", false),
            parse_call_id(r), parse_former_call_ids(r)};
}

json::value to_json(const tsm_api_answer& answer) {
    if (const auto* session = std::get_if<session_opened>(&answer)) {
        json::object o{{"sessionId", session->session_id}, {"raEndpoint", session->ra_endpoint}};
        if (session->order)
            o.append("order", to_json(*session->order));
        return o;
    }
    return json::object{{"result", to_json(std::get<model::tsm_api_result>(answer))}};
}

tsm_api_answer parse_answer(std::string_view name, const json::value& document, model::dialect dialect) {
    const json::reader r(json::root_object(document));
    if (const auto* result = r.raw().find("result"))
        return parse_result(name, *result, dialect);
    session_opened session{bounded(r, "sessionId"), r.string("raEndpoint")};
    if (r.has("order"))
        session.order = parse_seram_order(json::value(r.object("order").raw()));
    return session;
}

namespace {

constexpr std::string_view start_type = "ProcessStart";
constexpr std::string_view progress_type = "ProcessProgress";
constexpr std::string_view result_type = "Result";

struct notification_writer {
    json::object operator()(const model::process_start& s) const {
        return {
            {"type", start_type}, {"processId", s.process_id}, {"callerId", s.caller_id}, {"startDate", s.start_date}};
    }
    json::object operator()(const model::process_progress& p) const {
        return {{"type", progress_type},
                {"processId", p.process_id},
                {"progress", p.progress},
                {"operation", static_cast<int>(p.what)}};
    }
    json::object operator()(const model::tsm_api_result& result) const {
        return {{"type", result_type}, {"result", wire::to_json(result)}};
    }
};

} // namespace

std::string notification_text(const notification& content) {
    return json::dump(std::visit(notification_writer{}, content));
}

std::optional<notification> parse_notification(std::string_view name, std::string_view text, model::dialect dialect) {
    const auto document = json::parse(text);
    const json::reader r(json::root_object(document));
    const auto type = r.string("type");
    if (type == start_type)
        return model::process_start{r.string("processId"), r.string_or("callerId", ""), r.string_or("startDate", "")};
    if (type == progress_type)
        return model::process_progress{r.string("processId"),
                                       static_cast<int>(std::clamp<std::int64_t>(r.integer("progress"), 0, 100)),
                                       parse_operation(r, "operation")};
    if (type == result_type)
        return parse_result(name, json::value(r.object("result").raw()), dialect);
    return std::nullopt;
}

} // namespace tsms::wire
