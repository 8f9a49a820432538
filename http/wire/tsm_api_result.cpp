#include "http/wire/result_json.hpp"
#include "http/wire/tsm_api.hpp"

#include <algorithm>
#include <array>

namespace tsms::wire {

using model::error_category;
using model::instance_state;
using model::operation;

json::object string_map(const std::map<std::string, std::string>& map) {
    json::object o;
    for (const auto& [key, value] : map)
        o.append(key, value);
    return o;
}

std::map<std::string, std::string> parse_string_map(const json::reader& r, std::string_view key) {
    const auto pairs = r.string_map(key);
    return {pairs.begin(), pairs.end()};
}

namespace {

constexpr std::array states{instance_state::unknown,     instance_state::not_deployed, instance_state::initialized,
                            instance_state::installed,   instance_state::personalized, instance_state::activated,
                            instance_state::operational, instance_state::suspended,    instance_state::in_error};
constexpr std::array operations{
    operation::no_operation,
    operation::service_deployment_installation,
    operation::service_deployment_personalization,
    operation::service_deployment_activation,
    operation::service_deployment_finalize,
    operation::service_update_installation,
    operation::service_update_personalization,
    operation::service_update_activation,
    operation::service_update_finalize,
    operation::service_suspension,
    operation::service_resumption,
    operation::service_termination,
};

/// The member of `known` with this number, else `otherwise`.
template <class Enum, std::size_t N>
Enum known_or(const std::array<Enum, N>& known, std::int64_t number, Enum otherwise) {
    const auto found = std::ranges::find(known, number, [](Enum e) { return static_cast<std::int64_t>(e); });
    return found == known.end() ? otherwise : *found;
}

json::value to_json(const model::technical_information& t) {
    return json::object{{"spParameters", string_map(t.sp_parameters)},
                        {"serviceId", t.service_id},
                        {"serviceVersionTag", t.service_version_tag},
                        {"flavorId", t.flavor_id},
                        {"flavorName", t.flavor_name},
                        {"profileId", t.profile_id}};
}

model::technical_information parse_technical(const json::reader& r) {
    return {parse_string_map(r, "spParameters"), r.string_or("serviceId", ""),  r.string_or("serviceVersionTag", ""),
            r.string_or("flavorId", ""),         r.string_or("flavorName", ""), r.string_or("profileId", "")};
}

std::optional<model::technical_information> parse_new_technical(const json::reader& r) {
    if (!r.has("newTechnicalInformation"))
        return std::nullopt;
    return parse_technical(r.object("newTechnicalInformation"));
}

json::value to_json(const model::service_instance_info& i) {
    return json::object{{"id", i.id},
                        {"state", static_cast<int>(i.state)},
                        {"technicalInformation", to_json(i.technical)},
                        {"lastOperation", static_cast<int>(i.last_operation)},
                        {"reader", i.reader}};
}

template <class T> json::value to_json_or_null(const std::optional<T>& v) {
    return v ? to_json(*v) : json::value();
}

instance_state parse_state(const json::reader& r, std::string_view key) {
    return known_or(states, r.integer(key), instance_state::unknown);
}

model::service_instance_info parse_instance(const json::reader& r) {
    return {r.string("id"), parse_state(r, "state"), parse_technical(r.object("technicalInformation")),
            parse_operation(r, "lastOperation"), r.string_or("reader", "")};
}

void put_execution(json::object& o, const model::execution& e) {
    o.append("executionStatus", static_cast<int>(e.status));
    o.append("executionMessage", e.message);
}

model::execution parse_execution(const json::reader& r) {
    const auto status = model::category_of(r.integer("executionStatus"));
    return {status.value_or(error_category::unspecified), r.string_or("executionMessage", "")};
}

json::value to_json(const model::process_info& p) {
    json::object o{{"processId", p.process_id}};
    put_execution(o, p.outcome);
    o.append("startDate", p.start_date);
    o.append("endDate", p.end_date);
    return o;
}

model::process_info parse_process(const json::reader& r) {
    return {r.string_or("processId", ""), parse_execution(r), r.string_or("startDate", ""), r.string_or("endDate", "")};
}

json::value to_json(const model::service_command_result& c) {
    json::array personalizations;
    for (const auto& p : c.personalization_results) {
        json::array pairs;
        for (const auto& pair : p.results)
            pairs.push_back(json::object{{"tag", pair.tag}, {"command", pair.command}, {"response", pair.response}});
        personalizations.push_back(
            json::object{{"applicationInstanceAid", p.application_instance_aid}, {"results", std::move(pairs)}});
    }
    return json::object{{"commandExecutionStatus", static_cast<int>(c.status)},
                        {"personalizationResults", std::move(personalizations)}};
}

model::service_command_result parse_command_result(const json::reader& r) {
    model::service_command_result c;
    const auto status = r.integer("commandExecutionStatus");
    if (status < 0 || status > static_cast<int>(model::command_status::not_executed))
        throw json::parse_error("'commandExecutionStatus' must be 0, 1 or 2");
    c.status = static_cast<model::command_status>(status);
    for (const auto& item : r.array_or_empty("personalizationResults")) {
        const json::reader p(json::root_object(item));
        model::personalization_result personalization{p.string("applicationInstanceAid"), {}};
        for (const auto& pair : p.array("results")) {
            const json::reader q(json::root_object(pair));
            personalization.results.push_back({q.string("tag"), q.string("command"), q.string("response")});
        }
        c.personalization_results.push_back(std::move(personalization));
    }
    return c;
}

struct result_writer {
    json::object operator()(const model::create_service_instance_result& r) const {
        json::object o{{"serviceInstance", to_json_or_null(r.service_instance)}};
        put_execution(o, r.outcome);
        return o;
    }
    json::object operator()(const model::get_service_instances_result& r) const {
        json::array instances;
        for (const auto& i : r.service_instances)
            instances.push_back(to_json(i));
        json::object o{{"serviceInstances", std::move(instances)}};
        put_execution(o, r.outcome);
        return o;
    }
    json::object operator()(const model::deploy_service_result& r) const {
        json::array commands;
        for (const auto& c : r.commands)
            commands.push_back(to_json(c));
        return {{"processInfo", to_json(r.process)},
                {"serviceInstanceState", static_cast<int>(r.state)},
                {"technicalInformation", to_json(r.technical)},
                {"serviceCommandResults", std::move(commands)},
                {"reader", r.reader}};
    }
    json::object operator()(const model::suspend_or_resume_result& r) const {
        return {{"processInfo", to_json(r.process)}};
    }
    json::object operator()(const model::terminate_service_result& r) const {
        return {{"processInfo", to_json(r.process)}};
    }
    json::object operator()(const model::service_deployment_available_result& r) const {
        json::object o{{"deploymentAvailable", r.deployment_available ? 1 : 0},
                       {"version", r.version},
                       {"newTechnicalInformation", to_json_or_null(r.new_technical)}};
        put_execution(o, r.outcome);
        return o;
    }
    json::object operator()(const model::service_update_available_result& r) const {
        json::object o{{"updateAvailable", r.update_available ? 1 : 0},
                       {"newVersion", r.new_version},
                       {"newTechnicalInformation", to_json_or_null(r.new_technical)}};
        put_execution(o, r.outcome);
        return o;
    }
};

template <class Result> Result parse(const json::reader& r);

template <> model::create_service_instance_result parse(const json::reader& r) {
    model::create_service_instance_result result;
    if (r.has("serviceInstance"))
        result.service_instance = parse_instance(r.object("serviceInstance"));
    result.outcome = parse_execution(r);
    return result;
}

template <> model::get_service_instances_result parse(const json::reader& r) {
    model::get_service_instances_result result;
    for (const auto& item : r.array("serviceInstances"))
        result.service_instances.push_back(parse_instance(json::root_object(item)));
    result.outcome = parse_execution(r);
    return result;
}

template <> model::deploy_service_result parse(const json::reader& r) {
    model::deploy_service_result result;
    result.process = parse_process(r.object("processInfo"));
    result.state = parse_state(r, "serviceInstanceState");
    result.technical = parse_technical(r.object("technicalInformation"));
    for (const auto& item : r.array("serviceCommandResults"))
        result.commands.push_back(parse_command_result(json::root_object(item)));
    result.reader = r.string_or("reader", "");
    return result;
}

template <> model::update_service_result parse(const json::reader& r) {
    return {parse<model::deploy_service_result>(r)};
}

template <> model::suspend_or_resume_result parse(const json::reader& r) {
    return {parse_process(r.object("processInfo"))};
}

template <> model::terminate_service_result parse(const json::reader& r) {
    return {parse_process(r.object("processInfo"))};
}

template <> model::service_deployment_available_result parse(const json::reader& r) {
    return {r.integer("deploymentAvailable") == 1, r.string_or("version", ""), parse_new_technical(r),
            parse_execution(r)};
}

template <> model::service_update_available_result parse(const json::reader& r) {
    return {r.integer("updateAvailable") == 1, r.string_or("newVersion", ""), parse_new_technical(r),
            parse_execution(r)};
}

template <class... Functions>
std::optional<model::tsm_api_result> parse_named(std::string_view name, const json::reader& r,
                                                 std::variant<Functions...>*) {
    std::optional<model::tsm_api_result> result;
    const auto try_one = [&]<class Function>(std::type_identity<Function>) {
        if (name == Function::name)
            result.emplace(parse<typename Function::result>(r));
    };
    (try_one(std::type_identity<Functions>()), ...);
    return result;
}

/// What the dialect does not have is unknown.
void keep_spoken(model::execution& outcome, model::dialect dialect) {
    outcome.status =
        model::category_of(dialect, static_cast<std::int64_t>(outcome.status)).value_or(error_category::unspecified);
}

} // namespace

operation parse_operation(const json::reader& r, std::string_view key) {
    return known_or(operations, r.integer(key), operation::no_operation);
}

json::value to_json(const model::tsm_api_result& result) {
    return std::visit(result_writer{}, result);
}

model::tsm_api_result parse_result(std::string_view name, const json::value& document, model::dialect dialect) {
    const json::reader r(json::root_object(document));
    auto result = parse_named(name, r, static_cast<model::tsm_api_function*>(nullptr));
    if (!result)
        throw json::parse_error("no function of the TSM-API has this name");
    std::visit(
        [&](auto& one) {
            if constexpr (requires { one.process; })
                keep_spoken(one.process.outcome, dialect);
            else
                keep_spoken(one.outcome, dialect);
        },
        *result);
    return *std::move(result);
}

} // namespace tsms::wire
