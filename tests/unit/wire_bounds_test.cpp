// The TSM-API's documents at the size where a call is accepted and refused: what comes from a phone is bounded before
// anybody knows whose it is (docs/tsm-api-wire.md).

#include "http/wire/seram.hpp"
#include "http/wire/tsm_api.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;

namespace {

std::string component(const std::string& reader, const std::string& more = {}) {
    return R"({"reader":")" + reader + R"(","seType":"eSE")" + more + "}";
}

std::optional<wire::tsm_api_call> call(const std::string& components, const std::string& caller = "AB",
                                       const std::string& service = "s") {
    try {
        return wire::parse_call("getServiceInstances",
                                json::parse(R"({"serviceId":")" + service + R"(","handset":{"callerId":")" + caller +
                                            R"(","secureComponents":[)" + components + "]}}"));
    } catch (const json::parse_error&) {
        return std::nullopt;
    }
}

std::string list_of(std::size_t count, const std::function<std::string(std::size_t)>& item) {
    std::string list;
    for (std::size_t k = 0; k < count; ++k)
        list += (k ? "," : "") + item(k);
    return list;
}

} // namespace

BOOST_AUTO_TEST_SUITE(wire_bounds)

BOOST_AUTO_TEST_CASE(sixteen_secure_components_each_once) {
    const auto readers = [](std::size_t count) {
        return call(list_of(count, [](std::size_t k) { return component("r" + std::to_string(k)); }));
    };
    BOOST_TEST(readers(0).has_value()); // the functions judge that
    BOOST_TEST(readers(16).value().phone.components.size() == 16u);
    BOOST_TEST(!readers(17).has_value());
    BOOST_TEST(call(component("a") + "," + component("A")).has_value());
    BOOST_TEST(!call(component("a") + "," + component("a")).has_value());
}

BOOST_AUTO_TEST_CASE(names_have_1_to_256_octets) {
    for (const auto& [octets, fits] : {std::pair{0u, false}, {1u, true}, {256u, true}, {257u, false}}) {
        const std::string name(octets, 'x');
        BOOST_TEST_CONTEXT(octets) {
            BOOST_TEST(call(component(name)).has_value() == fits);
            BOOST_TEST(call(component("r"), name).has_value() == fits);
            BOOST_TEST(call(component("r"), "AB", name).has_value() == fits);
            BOOST_TEST(call(component("r", R"(,"seId":")" + name + "\"")).has_value() == fits);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_atr_has_at_most_33_octets) { // ISO/IEC 7816-3 8.2.1
    const auto with_atr = [](const std::string& atr) { return call(component("r", R"(,"atr":")" + atr + "\"")); };
    BOOST_TEST(with_atr("").has_value());
    BOOST_TEST(with_atr(std::string(66, 'a')).has_value());
    BOOST_TEST(!with_atr(std::string(68, 'a')).has_value());
    BOOST_TEST(!with_atr("3").has_value());
    BOOST_TEST(!with_atr("3G").has_value());
}

BOOST_AUTO_TEST_CASE(sixteen_commands) {
    const auto commands = [](std::size_t count) {
        try {
            const auto read = wire::parse_call(
                "deployService",
                json::parse(R"({"serviceInstanceId":"i","finalizeDeployment":true,"serviceCommands":[)" +
                            list_of(count, [](std::size_t) { return R"({"type":"install"})"; }) +
                            R"(],"handset":{"callerId":"AB","secureComponents":[]}})"));
            return static_cast<int>(std::get<model::deploy_service>(read.function).commands.size());
        } catch (const json::parse_error&) {
            return -1;
        }
    };
    BOOST_TEST(commands(0) == 0);
    BOOST_TEST(commands(16) == 16);
    BOOST_TEST(commands(17) == -1);
}

BOOST_AUTO_TEST_CASE(progress_has_0_to_100_percent) {
    for (const auto& [told, shown] : {std::pair{-1, 0}, {0, 0}, {1, 1}, {99, 99}, {100, 100}, {101, 100}}) {
        const auto read = wire::parse_notification(
            "deployService",
            R"({"type":"ProcessProgress","processId":"p","operation":10,"progress":)" + std::to_string(told) + "}");
        BOOST_TEST(std::get<model::process_progress>(read.value()).progress == shown);
    }
}

// Every number of the norm is read back as itself, and the ones between are unknown (AMB-118).
BOOST_AUTO_TEST_CASE(every_state_operation_and_category_survives_the_wire) {
    for (int code = -1; code <= 101; ++code) {
        model::terminate_service_result r;
        r.process.outcome = {static_cast<model::error_category>(code), code == 0 ? "" : "x"};
        const auto again = wire::parse_result("terminateService", wire::to_json(model::tsm_api_result(r)));
        const auto read = static_cast<int>(model::outcome_of(again).status);
        BOOST_TEST(read == ((code >= 0 && code <= 13) ? code : 100));
        const auto newer =
            wire::parse_result("terminateService", wire::to_json(model::tsm_api_result(r)), model::dialect::v1_0_4);
        BOOST_TEST(static_cast<int>(model::outcome_of(newer).status) == ((code >= 0 && code <= 20) ? code : 100));

        model::service_instance_info info;
        info.state = static_cast<model::instance_state>(code);
        info.last_operation = static_cast<model::operation>(code);
        model::get_service_instances_result list;
        list.service_instances = {info};
        const auto seen = std::get<model::get_service_instances_result>(
            wire::parse_result("getServiceInstances", wire::to_json(model::tsm_api_result(list))));
        const auto state = static_cast<int>(seen.service_instances.at(0).state);
        const auto operation = static_cast<int>(seen.service_instances.at(0).last_operation);
        const bool known_state =
            code == 1 || (code >= 10 && code <= 12) || code == 14 || code == 21 || code == 22 || code == 25;
        const bool known_operation =
            (code >= 10 && code <= 13) || (code >= 20 && code <= 23) || code == 30 || code == 31 || code == 40;
        BOOST_TEST(state == (known_state ? code : 0));
        BOOST_TEST(operation == (known_operation ? code : 0));
    }
}

BOOST_AUTO_TEST_SUITE_END()
