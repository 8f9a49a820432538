// The TSM-API on the wire: what is written is read back, the TR's names are used, and what is no call is refused.

#include "http/wire/seram.hpp"
#include "http/wire/tsm_api.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;

namespace {

const std::string handset =
    R"("handset":{"callerId":"AB","secureComponents":[{"reader":"SIM1","seType":"uicc","atr":"3B00"}]})";

wire::tsm_api_call call(const std::string& name, const std::string& parameters) {
    return wire::parse_call(name, json::parse("{" + parameters + "," + handset + "}"));
}

std::string again(const std::string& name, const std::string& text) {
    return json::dump(wire::to_json(wire::parse_result(name, json::parse(text))));
}

const std::string technical = R"({"spParameters":{"a":"b"},"serviceId":"s","serviceVersionTag":"1.0.0","flavorId":"f",)"
                              R"("flavorName":"n","profileId":"p"})";
const std::string info = R"({"processId":"p","executionStatus":0,"executionMessage":"","startDate":"a","endDate":"b"})";

} // namespace

BOOST_AUTO_TEST_SUITE(tsm_api_wire)

BOOST_AUTO_TEST_CASE(calls_are_read_as_written) {
    const auto text = R"({"serviceInstanceId":"i","newVersion":"1.2.3","serviceCommands":[)"
                      R"({"type":"install","installationData":{"k":"v"}},{"type":"personalize"},)"
                      R"({"type":"activate","suspensionControl":true}],"finalizeDeployment":true,)" +
                      handset + "}";
    const auto read = wire::parse_call("updateService", json::parse(text));
    const auto& f = std::get<model::update_service>(read.function);
    BOOST_TEST(f.new_version == "1.2.3");
    BOOST_REQUIRE(f.commands.size() == 3u);
    BOOST_TEST(f.commands[0].data.at("k") == "v");
    BOOST_CHECK(f.commands[1].what == model::service_command::personalize);
    BOOST_TEST(f.commands[2].suspension_control);
    BOOST_TEST(read.phone.components[0].se_type == "uicc");
    BOOST_TEST(json::dump(wire::to_json(read)) == text);
    BOOST_TEST(!read.first_report);
    const auto asking = text.substr(0, text.size() - 1) + R"(,"firstReport":true})";
    const auto asks = wire::parse_call("updateService", json::parse(asking));
    BOOST_TEST(asks.first_report);
    BOOST_TEST(json::dump(wire::to_json(asks)) == asking);
    const auto known = text.substr(0, text.size() - 1) + R"(,"callId":"00112233445566778899aabbccddeeff"})";
    const auto knows = wire::parse_call("updateService", json::parse(known));
    BOOST_TEST(knows.call_id == "00112233445566778899aabbccddeeff");
    BOOST_TEST(json::dump(wire::to_json(knows)) == known);
    BOOST_TEST(knows.former_call_ids.empty());
    const auto before = text.substr(0, text.size() - 1) +
                        R"(,"formerCallIds":["00112233445566778899aabbccddeeff","ffeeddccbbaa99887766554433221100"]})";
    const auto anew = wire::parse_call("updateService", json::parse(before));
    BOOST_TEST(anew.former_call_ids.size() == 2u);
    BOOST_TEST(json::dump(wire::to_json(anew)) == before);

    const std::vector<model::tsm_api_function> all{model::create_service_instance{"s", "1.0.0"},
                                                   model::get_service_instances{"s"},
                                                   model::deploy_service{"i", {}, true},
                                                   model::update_service{"i", "1.0.1", {}, false},
                                                   model::suspend_or_resume_service{"i", true},
                                                   model::terminate_service{"i"},
                                                   model::check_service_deployment_available{"s", "x.x.x"},
                                                   model::check_service_update_available{"i", "1.x.x"}};
    BOOST_TEST(all.size() == std::variant_size_v<model::tsm_api_function>);
    for (const auto& function : all) {
        const auto name = wire::function_name(function);
        BOOST_TEST(wire::is_function(name));
        const auto document = wire::to_json(wire::tsm_api_call{function, read.phone});
        const auto once_more = wire::parse_call(name, document);
        BOOST_TEST(once_more.function.index() == function.index());
        BOOST_TEST(json::dump(wire::to_json(once_more)) == json::dump(document));
        // A refusal has the shape of the function's own result.
        const auto refusal = model::refusal_of(
            function, model::failed_execution(model::dialect::v1_0, model::error_category::invalid_request, "x"),
            "2026-01-01T00:00:00.000Z");
        BOOST_TEST(refusal.index() == function.index());
        BOOST_TEST(model::outcome_of(refusal).message == "Invalid request: x");
        BOOST_TEST(again(std::string(name), json::dump(wire::to_json(refusal))) == json::dump(wire::to_json(refusal)));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_call_is_refused) {
    const auto with_id = [](const std::string& id) {
        call("terminateService", R"("serviceInstanceId":"i","callId":)" + id);
    };
    const std::string digits = "0123456789abcdef0123456789abcdef";
    with_id('"' + digits + '"');
    for (const auto& bad : {std::string("null"), std::string("1"), std::string("true"), std::string(R"("")"),
                            '"' + digits + "0\"", '"' + digits.substr(1) + '"', '"' + digits.substr(1) + "g\"",
                            '"' + digits.substr(1) + "A\"", "[\"" + digits + "\"]"})
        BOOST_CHECK_THROW(with_id(bad), json::parse_error);
    const auto with_former = [](const std::string& ids) {
        call("terminateService", R"("serviceInstanceId":"i","formerCallIds":)" + ids);
    };
    const auto one = '"' + digits + '"', four = one + "," + one + "," + one + "," + one;
    with_former("[]");
    with_former("[" + four + "]");
    std::vector<std::string> none{"null", one, "{}", "[null]", "[1]", R"([""])"};
    for (const auto& entry : {"0123", "[]", "null", "1"})
        none.push_back("[" + one + "," + entry + "]");
    none.push_back("[" + four + "," + one + "]");
    none.push_back("[\"" + digits + "0\"]");
    none.push_back("[\"" + digits.substr(1) + "\"]");
    none.push_back("[\"" + digits.substr(1) + "A\"]");
    for (const auto& bad : none)
        BOOST_CHECK_THROW(with_former(bad), json::parse_error);
    const std::string instance = R"("serviceInstanceId":"i","finalizeDeployment":true,)";
    call("deployService", instance + R"("serviceCommands":[])");
    for (const std::string bad :
         {R"("serviceCommands":null)", R"("serviceCommands":[null])", R"("serviceCommands":["install"])",
          R"("serviceCommands":[{"type":"explode"}])", R"("serviceCommands":[{"type":"activate"}])",
          R"("serviceCommands":[{"type":"install","installationData":{"a":1}}])", R"("x":1)"})
        BOOST_CHECK_THROW(call("deployService", instance + bad), json::parse_error);
    BOOST_CHECK_THROW(call("terminateService", R"("serviceInstanceId":"")"), json::parse_error);
    BOOST_CHECK_THROW(call("terminateService", R"("serviceInstanceId":")" + std::string(300, 'x') + '"'),
                      json::parse_error);
    BOOST_CHECK_THROW(call("noSuchFunction", R"("a":1)"), json::parse_error);
    BOOST_CHECK_THROW(wire::parse_call("terminateService", json::parse(R"({"serviceInstanceId":"i"})")),
                      json::parse_error);
    for (const std::string bad : {R"({"reader":"a","seType":"eSE","atr":"3"})", R"({"reader":"a"})", R"(1)",
                                  R"({"reader":"a","seType":"eSE"},{"reader":"a","seType":"eSE"})"})
        BOOST_CHECK_THROW(
            wire::parse_call(
                "getServiceInstances",
                json::parse(R"({"serviceId":"s","handset":{"callerId":"A","secureComponents":[)" + bad + "]}}")),
            json::parse_error);
}

BOOST_AUTO_TEST_CASE(mandatory_parameters_are_demanded) { // TR 4.2.3, 4.2.5
    const std::pair<const char*, const char*> calls[] = {
        {"createServiceInstance", R"({"serviceId":"s","version":"1.0.0"})"},
        {"getServiceInstances", R"({"serviceId":"s"})"},
        {"deployService", R"({"serviceInstanceId":"i","serviceCommands":[],"finalizeDeployment":true})"},
        {"updateService",
         R"({"serviceInstanceId":"i","newVersion":"1.0.0","serviceCommands":[],"finalizeDeployment":true})"},
        {"suspendOrResumeService", R"({"serviceInstanceId":"i","suspensionControl":true})"},
        {"terminateService", R"({"serviceInstanceId":"i"})"},
        {"checkServiceDeploymentAvailable", R"({"serviceId":"s","version":"x.x.x"})"},
        {"checkServiceUpdateAvailable", R"({"serviceInstanceId":"i","newVersion":"x.x.x"})"},
    };
    BOOST_TEST(std::size(calls) == std::variant_size_v<model::tsm_api_function>);
    for (const auto& [name, parameters] : calls) {
        auto good = *json::parse(parameters).as_object();
        good.append("handset", *json::parse("{" + handset + "}").as_object()->find("handset"));
        wire::parse_call(name, good);
        for (const auto& [key, value] : good)
            BOOST_TEST_CONTEXT(name << " without " << key) {
                json::object missing;
                for (const auto& [other, kept] : good)
                    if (other != key)
                        missing.append(other, kept);
                auto null = good, empty = good;
                null.set(key, json::value());
                empty.set(key, "");
                for (const auto& bad : {missing, null, empty})
                    BOOST_CHECK_THROW(wire::parse_call(name, bad), json::parse_error);
            }
    }
    // Optional ones may be null or empty.
    for (const std::string data : {"", R"(,"installationData":null)", R"(,"installationData":{})"}) {
        const auto read = call("deployService", R"("serviceInstanceId":"i","finalizeDeployment":true,)"
                                                R"("serviceCommands":[{"type":"install")" +
                                                    data + "}]");
        BOOST_TEST(std::get<model::deploy_service>(read.function).commands.at(0).data.empty());
    }
}

BOOST_AUTO_TEST_CASE(results_have_the_names_of_the_norm) {
    const std::string instance =
        R"({"id":"i","state":21,"technicalInformation":)" + technical + R"(,"lastOperation":13,"reader":"r"})";
    const std::vector<std::pair<std::string, std::string>> results{
        {"createServiceInstance",
         R"({"serviceInstance":)" + instance + R"(,"executionStatus":0,"executionMessage":""})"},
        {"createServiceInstance",
         R"({"serviceInstance":null,"executionStatus":8,"executionMessage":"No eligible SC: x"})"},
        {"getServiceInstances",
         R"({"serviceInstances":[)" + instance + R"(],"executionStatus":0,"executionMessage":""})"},
        {"suspendOrResumeService", R"({"processInfo":)" + info + "}"},
        {"terminateService", R"({"processInfo":)" + info + "}"},
    };
    for (const auto& [name, text] : results)
        BOOST_TEST(again(name, text) == text);

    // AMB-118: a state of a newer backend is UNKNOWN.
    const auto newer = wire::parse_result(
        "getServiceInstances",
        json::parse(R"({"serviceInstances":[{"id":"i","state":77,"technicalInformation":{},)"
                    R"("lastOperation":99,"reader":"r"}],"executionStatus":55,"executionMessage":"m"})"));
    const auto& list = std::get<model::get_service_instances_result>(newer);
    BOOST_CHECK(list.service_instances[0].state == model::instance_state::unknown);
    BOOST_CHECK(list.outcome.status == model::error_category::unspecified);
    BOOST_CHECK_THROW(wire::parse_result("terminateService", json::parse("{}")), json::parse_error);
    BOOST_CHECK_THROW(wire::parse_result("terminateService", json::parse("[]")), json::parse_error);
}

BOOST_AUTO_TEST_CASE(results_of_deploy_and_update_have_the_names_of_the_norm) { // TR 4.2.3.10 to 4.2.3.12
    const auto text = R"({"processInfo":)" + info + R"(,"serviceInstanceState":12,"technicalInformation":)" +
                      technical +
                      R"(,"serviceCommandResults":[{"commandExecutionStatus":0,"personalizationResults":[)"
                      R"({"applicationInstanceAid":"A000","results":[{"tag":"t","command":"80","response":"9000"}]}]},)"
                      R"({"commandExecutionStatus":1,"personalizationResults":[]},)"
                      R"({"commandExecutionStatus":2,"personalizationResults":[]}],"reader":"r"})";
    for (const auto* name : {"deployService", "updateService"})
        BOOST_TEST(again(name, text) == text);
}

BOOST_AUTO_TEST_CASE(results_of_the_checks_have_the_names_of_the_norm) {
    const std::string good = R"(,"executionStatus":0,"executionMessage":""})";
    for (const auto& [name, available, version] :
         {std::tuple{"checkServiceDeploymentAvailable", "deploymentAvailable", "version"},
          {"checkServiceUpdateAvailable", "updateAvailable", "newVersion"}}) {
        const auto begin = std::string("{\"") + available + "\":", middle = std::string(",\"") + version + "\":";
        for (const auto& text : {begin + "1" + middle + R"("1.0.0","newTechnicalInformation":)" + technical + good,
                                 begin + "0" + middle + R"("","newTechnicalInformation":null)" + good,
                                 begin + "0" + middle + R"("","newTechnicalInformation":null,"executionStatus":4,)" +
                                     R"("executionMessage":"Invalid request: x"})"})
            BOOST_TEST(again(name, text) == text);
    }
}

BOOST_AUTO_TEST_CASE(states_and_operations_have_the_numbers_of_the_norm) { // TR 4.2.4.1, 4.2.4.2
    using enum model::instance_state;
    using enum model::operation;
    model::get_service_instances_result list;
    for (const auto state :
         {unknown, not_deployed, initialized, installed, personalized, activated, operational, suspended, in_error})
        list.service_instances.emplace_back().state = state;
    for (const auto what : {no_operation, service_deployment_installation, service_deployment_personalization,
                            service_deployment_activation, service_deployment_finalize, service_update_installation,
                            service_update_personalization, service_update_activation, service_update_finalize,
                            service_suspension, service_resumption, service_termination})
        list.service_instances.emplace_back().last_operation = what;
    std::vector<std::int64_t> states, operations;
    const auto document = wire::to_json(model::tsm_api_result(list));
    for (const auto& item : *json::root_object(document).find("serviceInstances")->as_array()) {
        const json::reader instance(json::root_object(item));
        states.push_back(instance.integer("state"));
        operations.push_back(instance.integer("lastOperation"));
    }
    states.resize(9);
    operations.erase(operations.begin(), operations.begin() + 9);
    BOOST_TEST(states == (std::vector<std::int64_t>{0, 1, 10, 11, 12, 14, 21, 22, 25}),
               boost::test_tools::per_element());
    BOOST_TEST(operations == (std::vector<std::int64_t>{0, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 40}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(notifications_have_the_names_of_the_norm) { // TR 4.2.3.7, 4.2.3.8
    BOOST_TEST(wire::notification_text(model::process_start{"p", "AB12", "2026-01-01T00:00:00.000Z"}) ==
               R"({"type":"ProcessStart","processId":"p","callerId":"AB12","startDate":"2026-01-01T00:00:00.000Z"})");
    BOOST_TEST(wire::notification_text(model::process_progress{"p", 40, model::operation::service_update_activation}) ==
               R"({"type":"ProcessProgress","processId":"p","progress":40,"operation":22})");
}

BOOST_AUTO_TEST_CASE(answers_and_notifications) {
    const auto opened =
        wire::parse_answer("deployService", json::parse(R"({"sessionId":"s","raEndpoint":"https://x/gp/seram"})"));
    BOOST_TEST(std::get<wire::session_opened>(opened).session_id == "s");
    BOOST_TEST(json::dump(wire::to_json(opened)) == R"({"sessionId":"s","raEndpoint":"https://x/gp/seram"})");
    const auto with_order = R"({"sessionId":"s","raEndpoint":"/gp","order":{"delay":0,)"
                            R"("ramCommands":[{"ramCommandType":"ramStartCommand"}]}})";
    const auto reporting = wire::parse_answer("deployService", json::parse(with_order));
    BOOST_TEST(std::get<wire::session_opened>(reporting).order.value().commands.size() == 1u);
    BOOST_TEST(json::dump(wire::to_json(reporting)) == with_order);
    BOOST_CHECK_THROW(
        wire::parse_answer("deployService", json::parse(R"({"sessionId":"s","raEndpoint":"/gp","order":1})")),
        json::parse_error);
    const model::tsm_api_result result = model::terminate_service_result{{"p", {}, "a", "b"}};
    const wire::tsm_api_answer at_once = result;
    const auto read = wire::parse_answer("terminateService", wire::to_json(at_once));
    BOOST_TEST(std::holds_alternative<model::tsm_api_result>(read));
    BOOST_CHECK_THROW(wire::parse_answer("terminateService", json::parse(R"({"sessionId":"s"})")), json::parse_error);

    for (const wire::notification& content :
         {wire::notification(model::process_start{"p", "c", "d"}),
          wire::notification(model::process_progress{"p", 40, model::operation::service_suspension}),
          wire::notification(result)}) {
        const auto text = wire::notification_text(content);
        const auto back = wire::parse_notification("terminateService", text);
        BOOST_REQUIRE(back.has_value());
        BOOST_TEST(wire::notification_text(*back) == text);
    }
    BOOST_TEST(!wire::parse_notification("terminateService", R"({"type":"Newer"})").has_value());
    BOOST_CHECK_THROW(wire::parse_notification("terminateService", "step1/OK"), json::parse_error);
}

BOOST_AUTO_TEST_CASE(whatever_comes_is_read_or_refused) {
    const std::string call_text =
        R"({"serviceInstanceId":"i","newVersion":"1.2.3","serviceCommands":[{"type":"install",)"
        R"("installationData":{"k":"v"}},{"type":"activate","suspensionControl":true}],)"
        R"("finalizeDeployment":true,)" +
        handset + "}";
    const std::string report_text =
        R"({"localAgentStatus":{"localAgentStatusEnum":"PROCESSED","executedSeRamCommands":2},)"
        R"("ramResponses":[{"ramResponseType":"seRamResponse","listOfRAPDU":["9000",""]}]})";
    const std::string order_text =
        R"({"delay":0,"chosenSecureElement":{"seType":"eSE","seId":"1"},"ramCommands":[{"ramCommandType":"seRamCommand",)"
        R"("listOfCAPDU":["00A40400"]},{"ramCommandType":"ramStopCommand"}]})";
    const std::string_view pieces[] = {"null",    "{}",  "[]", "\"", "1e999", "-1", ",", ":", "9223372036854775808",
                                       "\\u0000", "\xff"};
    std::uint32_t seed = 1; // repeatable: a failure can be looked at
    const auto next = [&](std::size_t below) {
        seed = seed * 1664525 + 1013904223;
        return (seed >> 8) % below;
    };
    int read = 0;
    for (int i = 0; i < 6000; ++i) {
        auto text = i % 3 == 0 ? call_text : i % 3 == 1 ? report_text : order_text;
        for (std::size_t changes = 1 + next(3); changes > 0; --changes)
            text.replace(next(text.size()), next(6), pieces[next(std::size(pieces))]);
        try {
            const auto document = json::parse(text);
            if (i % 3 == 0)
                wire::parse_call("updateService", document);
            else if (i % 3 == 1)
                wire::parse_seram_report(document);
            else
                wire::parse_seram_order(document);
            ++read;
        } catch (const json::parse_error&) {
        }
    }
    BOOST_TEST(read > 0); // the mutations reach the readers
}

BOOST_AUTO_TEST_SUITE_END()
