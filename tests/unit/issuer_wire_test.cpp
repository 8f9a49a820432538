#include "http/wire/issuer.hpp"
#include "http/wire/process_result.hpp"
#include "http/wire/seram.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;

BOOST_AUTO_TEST_SUITE(wire_issuer)

namespace {

model::issuer_order an_order() {
    model::issuer_order order;
    order.id = "process-1.create";
    order.secure_component_identity = std::string(84, '4');
    order.cin_iin = "4502AABB42021234";
    order.se_type = "eSE";
    order.isd_aid = "A000000151000000";
    order.domain = model::issuer_order::domain_change::create;
    order.domain_aid = "D27600016354534D0001";
    order.minimum_level = 0x33;
    order.device_app = std::string(40, 'A');
    order.add_rules = {{"D276000163544500", std::string(64, 'B'), true, false}};
    order.remove_rules = {{"D276000163544501", std::string(40, 'C'), false, true}};
    order.register_client = "D27600016341524143";
    order.rules_read_back = true;
    return order;
}

bool equal(const model::issuer_order& a, const model::issuer_order& b) {
    return json::dump(wire::to_json(a)) == json::dump(wire::to_json(b)) && a.id == b.id && a.domain == b.domain;
}

} // namespace

BOOST_AUTO_TEST_CASE(order_survives_the_wire) {
    auto order = an_order();
    const auto read = wire::parse_issuer_order(json::parse(json::dump(wire::to_json(order))));
    BOOST_TEST(equal(order, read));
    BOOST_TEST((read.add_rules == order.add_rules));
    BOOST_TEST((read.remove_rules == order.remove_rules));
    BOOST_TEST(read.register_client == order.register_client);
    BOOST_TEST(read.secure_component_identity == order.secure_component_identity);
    BOOST_TEST(read.privileges == "804000");
    BOOST_TEST(read.minimum_level == 0x33);
    BOOST_TEST(read.rules_read_back);

    order.domain = model::issuer_order::domain_change::remove;
    BOOST_TEST(equal(order, wire::parse_issuer_order(wire::to_json(order))));
}

BOOST_AUTO_TEST_CASE(order_is_refused_for_what_it_lacks) {
    const auto refused = [](auto change) {
        auto order = an_order();
        change(order);
        BOOST_CHECK_THROW(wire::parse_issuer_order(wire::to_json(order)), json::parse_error);
    };
    refused([](auto& o) { o.id.clear(); });
    refused([](auto& o) { o.secure_component_identity = "XX"; });
    refused([](auto& o) { o.domain_aid = "D2760001"; });
    refused([](auto& o) { o.isd_aid = std::string(34, 'A'); });
    refused([](auto& o) { o.privileges = "80400000"; });
    refused([](auto& o) { o.privileges = "8040"; });
    refused([](auto& o) { o.minimum_level = 2; });
    refused([](auto& o) { o.register_client = "D276"; });
    refused([](auto& o) { o.add_rules[0].device_app = std::string(42, 'A'); });
}

// TSMs and issuers of before know no minimumLevel, nor what may come later.
BOOST_AUTO_TEST_CASE(unknown_members_are_ignored_and_a_missing_level_asks_for_none) {
    auto order = an_order();
    order.minimum_level = 0;
    auto text = json::dump(wire::to_json(order));
    BOOST_TEST(text.find("minimumLevel") == std::string::npos);
    BOOST_TEST(wire::parse_issuer_order(json::parse(text)).minimum_level == 0);
    const std::string at = R"("operation":"create",)";
    const auto with = [&](const std::string& member) {
        auto changed = text;
        changed.insert(changed.find(at), member + ",");
        return wire::parse_issuer_order(json::parse(changed));
    };
    BOOST_REQUIRE(text.find(at) != std::string::npos);
    BOOST_TEST(equal(with(R"("newerThanThis":{"a":[1]})"), order));
    BOOST_TEST(with(R"("minimumLevel":19)").minimum_level == 19);
    for (const char* wrong : {"50", "-1", "307", "\"33\"", "19.0", "true"})
        BOOST_CHECK_THROW(with(std::string(R"("minimumLevel":)") + wrong), json::parse_error);
    order.domain = model::issuer_order::domain_change::remove;
    order.minimum_level = 0x33; // to remove is never refused for it
    BOOST_TEST(json::dump(wire::to_json(order)).find("minimumLevel") == std::string::npos);
}

// A TSM of before does not tell whether the card tells its rules: no proof is asked for then.
BOOST_AUTO_TEST_CASE(rules_are_read_back_only_where_the_order_says_so) {
    auto order = an_order();
    const std::string member = R"("rulesReadBack":true)";
    const auto text = json::dump(wire::to_json(order));
    const auto at = text.find(member);
    BOOST_REQUIRE(at != std::string::npos);
    const auto with = [&](const std::string& other) {
        auto changed = text;
        return wire::parse_issuer_order(json::parse(changed.replace(at, member.size(), other)));
    };
    BOOST_TEST(!with(R"("newerThanThis":1)").rules_read_back);
    BOOST_TEST(!with(R"("rulesReadBack":false)").rules_read_back);
    for (const char* wrong : {"1", "\"true\"", "{}"})
        BOOST_CHECK_THROW(with(R"("rulesReadBack":)" + std::string(wrong)), json::parse_error);

    const auto is_told = [](const model::issuer_order& o) {
        return json::dump(wire::to_json(o)).find("rulesReadBack") != std::string::npos;
    };
    order.add_rules.clear();
    order.remove_rules.clear();
    BOOST_TEST(is_told(order)); // the registration of the ARA-C
    order.register_client.clear();
    BOOST_TEST(!is_told(order)); // nothing to prove
    order = an_order();
    order.rules_read_back = false;
    BOOST_TEST(!is_told(order));
}

BOOST_AUTO_TEST_CASE(keys_survive_the_wire_and_are_checked) {
    model::issuer_key_material keys;
    keys.aid = "D27600016354534D0001";
    keys.key_version = 0x30;
    keys.bits = 256;
    keys.scp_i = 0x70;
    keys.privileges = "804000";
    keys.secure_component_identity = std::string(84, '4');
    keys.enc = {bytes(40, 1), hex("010203")};
    keys.mac = {bytes(40, 2), hex("040506")};
    keys.dek = {bytes(40, 3), hex("070809")};
    BOOST_TEST((wire::parse_issuer_keys(json::parse(json::dump(wire::to_json(keys)))) == keys));

    auto wrong = keys;
    wrong.mac.wrapped.pop_back();
    BOOST_CHECK_THROW(wire::parse_issuer_keys(wire::to_json(wrong)), json::parse_error);
    wrong = keys;
    wrong.key_version = 0x80;
    BOOST_CHECK_THROW(wire::parse_issuer_keys(wire::to_json(wrong)), json::parse_error);
    wrong = keys;
    wrong.bits = 129;
    BOOST_CHECK_THROW(wire::parse_issuer_keys(wire::to_json(wrong)), json::parse_error);
    wrong = keys;
    wrong.dek.kcv.push_back(0);
    BOOST_CHECK_THROW(wire::parse_issuer_keys(wire::to_json(wrong)), json::parse_error);
}

BOOST_AUTO_TEST_CASE(notices_are_told_from_free_text) {
    BOOST_TEST(wire::parse_issuer_notice(wire::to_text({true, {}, false}))->last_commands);
    const auto failed = wire::parse_issuer_notice(wire::to_text({false, "the card is full", true}));
    BOOST_TEST(failed->error.value() == "the card is full");
    BOOST_TEST(failed->card_failed);
    BOOST_TEST(!wire::parse_issuer_notice("step1/action2/OK").has_value());
    BOOST_TEST(!wire::parse_issuer_notice("[1]").has_value());
    BOOST_TEST(!wire::parse_issuer_notice(R"({"error":7})").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(wire_seram)

BOOST_AUTO_TEST_CASE(order_survives_the_wire) {
    wire::seram_order order;
    order.delay = 250;
    order.secure_element = wire::seram_secure_element{"eSE", "8900", "SAM"};
    order.commands = {wire::seram_start{}, wire::seram_apdus{{hex("00A4040000"), hex("80CA9F7F00")}},
                      wire::seram_notification{"step1/OK"}, wire::seram_stop{}};
    BOOST_TEST((wire::parse_seram_order(json::parse(json::dump(wire::to_json(order)))) == order));
}

BOOST_AUTO_TEST_CASE(both_spellings_of_the_specification_are_read) {
    const auto order = wire::parse_seram_order(json::parse(
        R"({"ramCommands":[{"ramCommandType":"startCommand"},{"ramCommandType":"stopCommand"},{"ramCommandType":"new"}]})"));
    BOOST_TEST((order.commands ==
                std::vector<wire::seram_command>{wire::seram_start{}, wire::seram_stop{}, wire::seram_unknown{"new"}}));
    BOOST_TEST(order.delay == 1000); // the text's default
    BOOST_CHECK_NO_THROW(wire::check_seram_handshake_answer(wire::seram_handshake_answer()));
    BOOST_CHECK_NO_THROW(
        wire::check_seram_handshake_answer(json::parse(R"({"chosenDataProtocol":"application/json"})")));
    BOOST_CHECK_THROW(wire::check_seram_handshake_answer(json::parse(R"({"chosenVersion":"3.0.0"})")),
                      json::parse_error);
}

BOOST_AUTO_TEST_CASE(report_survives_the_wire) {
    wire::seram_report report;
    report.status = wire::seram_status::ungranted_access;
    report.executed = 1;
    report.error = "access control";
    report.responses = {{hex("9000"), {}}, {hex("6A82")}};
    BOOST_TEST((wire::parse_seram_report(json::parse(json::dump(wire::to_json(report)))) == report));
}

BOOST_AUTO_TEST_CASE(malformed_messages_are_refused) {
    for (const char* text : {R"({})", R"({"localAgentStatus":{"localAgentStatusEnum":"FINE"}})",
                             R"({"localAgentStatus":{"localAgentStatusEnum":"PROCESSED","executedSeRamCommands":-1}})",
                             R"({"localAgentStatus":{"localAgentStatusEnum":"PROCESSED"},"ramResponses":[7]})",
                             R"({"localAgentStatus":{"localAgentStatusEnum":"PROCESSED"},
                                 "ramResponses":[{"ramResponseType":"seRamResponse","listOfRAPDU":["9"]}]})"})
        BOOST_CHECK_THROW(wire::parse_seram_report(json::parse(text)), json::parse_error);
    BOOST_CHECK_THROW(wire::parse_seram_order(json::parse(R"({"ramCommands":[{"ramCommandType":"seRamCommand"}]})")),
                      json::parse_error);
    BOOST_CHECK_THROW(wire::parse_seram_order(json::parse(R"({"delay":-5})")), json::parse_error);
}

BOOST_AUTO_TEST_CASE(handshake_offers_what_both_know) {
    const auto offered =
        wire::parse_seram_handshake(json::parse(R"({"secureElements":[{"seType":"eSE","seId":"r"}]})"));
    BOOST_TEST(offered.acceptable());
    BOOST_TEST(offered.secure_elements.front().id == "r");
    BOOST_TEST(!wire::parse_seram_handshake(json::parse(R"({"secureElements":[],"supportedVersions":["1.0.0"]})"))
                    .acceptable());
    BOOST_TEST(!wire::parse_seram_handshake(json::parse(R"({"secureElements":[],"supportedDataFormats":["cbor"]})"))
                    .acceptable());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(wire_process_result)

BOOST_AUTO_TEST_CASE(all_attributes_with_the_names_of_the_norm) {
    model::process_result result;
    result.process_id = "p1";
    result.status = model::error_category::content_related_error;
    result.message = "Content-related error: no memory";
    result.start_date = "2026-01-02T03:04:05.678Z";
    result.end_date = "2026-01-02T03:04:06.678Z";
    result.service_id = "s1";
    result.version_tag = "1.0.0";
    result.service_instance_id = "i1";
    result.requested_operations = {model::operation::service_deployment_installation,
                                   model::operation::service_deployment_activation};
    result.end_state = model::instance_state::in_error;
    const auto text = json::dump(wire::to_json(result));
    BOOST_TEST(text ==
               R"({"processId":"p1","executionStatus":7,"executionMessage":"Content-related error: no memory",)"
               R"("startDate":"2026-01-02T03:04:05.678Z","endDate":"2026-01-02T03:04:06.678Z","serviceId":"s1",)"
               R"("versionTag":"1.0.0","serviceInstanceId":"i1","requestedOperations":[10,12],)"
               R"("serviceStartState":1,"serviceEndState":25})");
    BOOST_TEST((wire::parse_process_result(json::parse(text)) == result));
}

BOOST_AUTO_TEST_CASE(operations_that_no_app_requests_are_left_out) {
    model::process_result result;
    result.requested_operations = {model::operation::service_deployment_activation,
                                   model::operation::service_deployment_finalize};
    const auto read = wire::parse_process_result(wire::to_json(result));
    BOOST_TEST((read.requested_operations == std::vector{model::operation::service_deployment_activation}));
}

BOOST_AUTO_TEST_CASE(numbers_outside_the_norm_are_refused) {
    for (const auto* key : {"serviceStartState", "serviceEndState"}) {
        auto document = wire::to_json(model::process_result{});
        document.as_object()->set(key, 13);
        BOOST_CHECK_THROW(wire::parse_process_result(document), json::parse_error);
    }
    auto document = wire::to_json(model::process_result{});
    document.as_object()->set("requestedOperations", json::array{json::value(13)});
    BOOST_CHECK_THROW(wire::parse_process_result(document), json::parse_error);
}

BOOST_AUTO_TEST_SUITE_END()
