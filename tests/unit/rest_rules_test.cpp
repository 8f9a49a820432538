// Rules of the REST API that hold between entities, dialects and tokens.

#include "rest_fixture.hpp"

#include "crypto/pki.hpp"
#include "model/operations.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <cctype>

using namespace tsms;
using namespace tsms::rest_test;

BOOST_AUTO_TEST_SUITE(rest_api)

BOOST_FIXTURE_TEST_CASE(no_change_gives_a_flavor_one_instance_aid_twice, fixture) { // AMB-060
    const auto em = module(load_file());
    const auto a = config("D27600016354450101");
    const auto b = config("D27600016354450102");
    const auto flavors = "/services/" + service() + "/flavors";
    const std::string different = "ApplicationConfigs with different instanceAids in one Flavor.";
    BOOST_TEST(problem(post(flavors, json::object{{"applicationInstantiationConfigs",
                                                   json::array{instantiation(em, a), instantiation(em, a)}}})) ==
               "1008 Invalid format ‘" + a +
                   "’ for applicationInstantiationConfigs[1].applicationConfigId. Supported format is " + different);
    parsed(post(flavors, json::object{{"applicationInstantiationConfigs",
                                       json::array{instantiation(em, a), instantiation(em, b)}}}));
    const auto with = [](std::string aid) {
        return json::object{{"instanceAid", std::move(aid)}, {"installConfig", json::object()}};
    };
    const auto path = "/application-configs/" + b;
    BOOST_TEST(problem(put(path, with("d2760001635445 0101"))).substr(0, 4) == "1008");
    BOOST_TEST(problem(put(path, with("d27600016354450101"))) ==
               "1008 Invalid format ‘D27600016354450101’ for instanceAid. Supported format is " + different);
    BOOST_TEST(put(path, with("D27600016354450102")).status == 200); // its own
    BOOST_TEST(put(path, with("D27600016354450103")).status == 200);
    BOOST_TEST(put("/application-configs/" + config("D276000163544501AA"), with("D27600016354450101")).status == 200);
}

BOOST_FIXTURE_TEST_CASE(urls_of_an_spos, fixture) { // AMB-075
    const auto certificate = text(
        parsed(upload("POST", "/certificates", {{"certFile", "c.pem", crypto::make_ca("X").certificate_pem}})), "id");
    const auto answer = [&](const std::string& url) {
        return post("/spos-configs", json::object{{"url", url}, {"certificateId", certificate}}).status;
    };
    for (const std::string good : {"https://a", "https://a:1/", "https://a.example:65535/x=%20", "https://[::1]",
                                   "https://[2001:db8::1]:8443/x", "https://192.0.2.1/a/b"})
        BOOST_TEST(answer(good) == 200, good);
    for (const std::string bad :
         {"https://", "https:///x", "https://:443", "https://a:", "https://a:0", "https://a:65536", "https://a:x",
          "https://a:1x/", "https://u@a", "https://[::1", "https://[::1]x:1", "https://a b", "https://a#b", "http://a",
          "HTTPS//a", "a", "https://a/\x7f", "https://\xC3\xA4",
          // What our client cannot be given: the targets of the SPOS-API are appended to the URL.
          "https://a.example:65535?x=%20", "https://a/x?y=1", "https://a?", "https://a/u@b", "https://[]"})
        BOOST_TEST(answer(bad) == 400, bad);
    for (const auto* dialect : {"/sptsm/1.0", "/sptsm/1.0.4"}) {
        base = dialect;
        const auto path =
            "/spos-configs/" +
            text(parsed(post("/spos-configs", json::object{{"url", "https://a/x"}, {"certificateId", certificate}})),
                 "id");
        const json::object with_query{{"url", "https://a/x?y=1"}, {"certificateId", certificate}};
        for (const auto& refused : {post("/spos-configs", with_query), put(path, with_query)})
            BOOST_TEST(problem(refused) ==
                       "1008 Invalid format ‘https://a/x?y=1’ for url. Supported format is https URL of the form "
                       "https://host[:port][/path], at most 500 characters.");
        BOOST_TEST(text(parsed(get(path)), "url") == "https://a/x");
    }
}

BOOST_FIXTURE_TEST_CASE(a_map_names_a_profile_once_in_whatever_case, fixture) { // AMB-050, AMB-051
    const auto scp = profile();
    const auto sv = "/services/" + service();
    const auto flavor = text(parsed(post(sv + "/flavors", json::object())), "id");
    parsed(post(sv + "/versions",
                json::object{{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{}}}}}));
    auto upper = scp;
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
    BOOST_TEST(problem(post(sv + "/versions/1.0.0/secure-component-profiles",
                            json::object{{scp, json::array{flavor}}, {upper, json::array{flavor}}})) ==
               "1008 Invalid format ‘" + upper +
                   "’ for secureComponentProfileIds. Supported format is Map of SecureComponentProfileIds to one "
                   "FlavorId each.");
    BOOST_TEST(post(sv + "/versions/1.0.0/secure-component-profiles", json::object{{upper, flavor}}).status == 200);
}

BOOST_FIXTURE_TEST_CASE(what_is_no_http_is_an_error_of_the_table_too, fixture) { // TR 4.1.5.1
    const auto bad = rest::refused_below_http(400, "malformed request: bad version");
    BOOST_TEST(bad.status == 400);
    BOOST_TEST(problem(bad) == "1002 Invalid request: malformed request: bad version.");
    BOOST_TEST(bad.headers.get("Content-Type") == "application/json");
    // DIV-071: HTTP's own status, and the API's error as the body.
    for (const int status : {408, 417, 431, 501, 505}) {
        const auto refused = rest::refused_below_http(status, "too many");
        BOOST_TEST(refused.status == status);
        BOOST_TEST(problem(refused) == "1002 Invalid request: too many.");
    }
    BOOST_TEST(rest::broken_below_http().status == 500);
    BOOST_TEST(problem(rest::broken_below_http()) == "2000 Internal server error: unexpected condition.");
}

BOOST_FIXTURE_TEST_CASE(auth_refuses_a_body_without_giving_a_token, fixture) { // AMB-009
    const auto tokens = [&] {
        return SQLite::Database(directory.path() / "access.db")
            .execAndGet("SELECT count(*) FROM access_token")
            .getInt();
    };
    const auto before = tokens();
    token = long_term;
    BOOST_TEST(problem(send("POST", "/auth", "{}")) == "1002 Invalid: request body not allowed.");
    token = "nobody";
    BOOST_TEST(problem(send("POST", "/auth", "{}")) == "1001 Authentication failed.");
    BOOST_TEST(tokens() == before);
}

BOOST_FIXTURE_TEST_CASE(a_catalog_that_cannot_be_read_says_when_to_come_back, fixture) { // AMB-004
    SQLite::Database(directory.path() / "catalog.db", SQLite::OPEN_READWRITE).exec("ALTER TABLE entity RENAME TO away");
    const auto answer = get("/services");
    BOOST_TEST(answer.status == 500);
    BOOST_TEST(problem(answer) == "2000 Internal server error: the catalog is not available, please try again later.");
    BOOST_TEST(answer.headers.get("Retry-After") == "1");
    BOOST_TEST(internal != "");
}

// TR 4.1.2.1
BOOST_FIXTURE_TEST_CASE(no_operation_but_auth_is_open_without_a_short_term_token, fixture) {
    for (const std::string dialect : {"/sptsm/1.0", "/sptsm/1.0.4"}) {
        base = dialect;
        std::size_t refused = 0;
        for (const auto& operation : model::operations()) {
            if (operation.path == "/auth")
                continue;
            auto path = std::string(operation.path);
            for (std::size_t at = 0; (at = path.find('{', at)) != std::string::npos;)
                path.replace(at, path.find('}', at) + 1 - at, "00000000-0000-4000-8000-000000000000");
            for (const auto& credential : {std::string(), std::string("nonsense"), long_term}) {
                token = credential;
                BOOST_TEST(problem(send(std::string(operation.method), path)) == "1000 Not authenticated.",
                           operation.id);
            }
            ++refused;
        }
        BOOST_TEST(refused == 81U);
    }
}

// TR 3.1, Figure 2: 0-N Services use 0-1 SposConfig.
BOOST_FIXTURE_TEST_CASE(services_share_an_spos_config, fixture) {
    const auto certificate = text(
        parsed(upload("POST", "/certificates", {{"certFile", "c.pem", crypto::make_ca("X").certificate_pem}})), "id");
    const json::object config{{"url", "https://a"}, {"certificateId", certificate}};
    const auto one = text(parsed(post("/spos-configs", config)), "id");
    const auto other = text(parsed(post("/spos-configs", config)), "id");
    const auto with = [](const json::value& id) { return json::object{{"name", "S"}, {"sposConfigId", id}}; };
    const auto first = text(parsed(post("/services", with(one))), "id");
    const auto second = text(parsed(post("/services", with(one))), "id");
    const auto without = text(parsed(post("/services", with(nullptr))), "id");
    const auto users = [&](const std::string& id) {
        std::vector<std::string> found;
        const auto list = parsed(get("/spos-configs/" + id + "/services"));
        for (const auto& s : *list.as_array())
            found.push_back(text(s, "id"));
        std::ranges::sort(found);
        return found;
    };
    auto both = std::vector{first, second};
    std::ranges::sort(both);
    BOOST_TEST(users(one) == both, boost::test_tools::per_element());
    BOOST_TEST(users(other).empty());
    const auto shown = parsed(get("/services/" + without));
    BOOST_TEST(!json::root_object(shown).find("sposConfigId"));
    BOOST_TEST(problem(post("/services", with(json::array{one, other}))).substr(0, 4) == "1008"); // one at most
    parsed(put("/services/" + first, with(other)));
    BOOST_TEST(users(one) == std::vector{second}, boost::test_tools::per_element());
    BOOST_TEST(users(other) == std::vector{first}, boost::test_tools::per_element());
    BOOST_TEST(problem(remove("/spos-configs/" + one)) == "1010 Delete failed: SposConfig is referenced in Service.");
    parsed(put("/services/" + second, with(nullptr)));
    BOOST_TEST(remove("/spos-configs/" + one).status == 204);
}

BOOST_AUTO_TEST_SUITE_END()
