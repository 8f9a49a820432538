// The device port without its sockets: which request is answered how, who may call, and how often
// (docs/tsm-api-wire.md).

#include "http/device/device_api.hpp"

#include "crypto/digest.hpp"
#include "tests/actors/device_role.hpp"
#include "tests/actors/phone.hpp"
#include "tests/unit/token_signer.hpp"

#include "http/wire/seram.hpp"
#include "http/wire/tsm_api.hpp"
#include "json/json.hpp"
#include <future>
#include <thread>

using namespace tsms;
using namespace tsms::actors_test;

namespace {

const std::string known_app(64, 'A'), revoked_app(64, 'B');

struct port {
    explicit port(std::function<void(http::device_api_options&)> change = {}) {
        http::device_api_options o;
        o.app = [](const std::string& caller) -> std::optional<http::registered_app> {
            if (caller == known_app)
                return http::registered_app{"sp", crypto::sha256(as_bytes(std::string_view("credential")))};
            if (caller == revoked_app)
                return http::registered_app{"sp", {}};
            return std::nullopt;
        };
        o.accept_unknown_apps = true;
        if (change)
            change(o);
        api.emplace(role.backend(), o);
    }

    static net::request request(std::string method, std::string path, std::string body = {}) {
        net::request r;
        r.method = std::move(method);
        r.path = std::move(path);
        r.target = r.path;
        r.body = std::move(body);
        r.remote_address = "192.0.2.1";
        return r;
    }
    net::response send(std::string method, std::string path, std::string body = {}) {
        return api->handle(request(std::move(method), std::move(path), std::move(body)));
    }

    /// checkServiceDeploymentAvailable of an app.
    static std::string check_of(const std::string& caller, const std::string& service = "none") {
        return R"({"serviceId":")" + service + R"(","version":"1.0.0","handset":{"callerId":")" + caller +
               R"(","secureComponents":[{"reader":"eSE1","seType":"eSE"}]}})";
    }
    net::response check(const std::string& caller, const std::string& authorization = {},
                        const std::string& address = "192.0.2.1") {
        auto r = request("POST", "/tsm-api/1.0/checkServiceDeploymentAvailable", check_of(caller));
        if (!authorization.empty())
            r.headers.add("Authorization", authorization);
        r.remote_address = address;
        return api->handle(r);
    }

    device_role role;
    std::optional<http::device_api> api;
};

/// A call has been answered with it, and the phone has asked for nothing yet.
struct session_over_http {
    explicit session_over_http(port& p) {
        const auto answer = p.api->handle(
            port::request("POST", "/tsm-api/1.0/checkServiceDeploymentAvailable", port::check_of("CAFE", "service")));
        BOOST_REQUIRE(answer.status == 200);
        const auto document = json::parse(answer.body);
        const json::reader told(json::root_object(document));
        id = told.string("sessionId");
        BOOST_TEST(told.string("raEndpoint") == "/gp/seram");
        const std::string set_cookie(answer.headers.get("Set-Cookie"));
        BOOST_TEST(set_cookie.ends_with(".0; Path=/; Secure; HttpOnly; SameSite=Strict"), set_cookie);
        cookie = set_cookie.substr(0, set_cookie.find(';'));
        secret = cookie.substr(0, cookie.size() - 2);
    }
    std::string id, cookie, secret;
};

std::string error_in(const net::response& r) {
    const auto body = json::parse(r.body);
    return json::reader(json::root_object(body)).string("error");
}

} // namespace

BOOST_AUTO_TEST_SUITE(device_api)

BOOST_AUTO_TEST_CASE(every_path_has_its_method) {
    port p;
    for (const auto* path :
         {"/tsm-api/1.0/createServiceInstance", "/tsm-api/1.0/getServiceInstances", "/tsm-api/1.0/deployService",
          "/tsm-api/1.0/updateService", "/tsm-api/1.0/suspendOrResumeService", "/tsm-api/1.0/terminateService",
          "/tsm-api/1.0/checkServiceDeploymentAvailable", "/tsm-api/1.0/checkServiceUpdateAvailable",
          "/gp/seram/handshake", "/gp/seram/remoteManagement"}) {
        const auto wrong = p.send("GET", path);
        BOOST_TEST(wrong.status == 405, path);
        BOOST_TEST(wrong.headers.get("Allow") == "POST", path);
        const auto seram = std::string(path).starts_with("/gp");
        BOOST_TEST(p.send("POST", path, "{").status == (seram ? 404 : 400), path); // SERAM: whose session?
    }
    const auto result = p.send("POST", "/tsm-api/1.0/sessions/s/result");
    BOOST_TEST(result.status == 405);
    BOOST_TEST(result.headers.get("Allow") == "GET, HEAD");
    BOOST_TEST(p.send("GET", "/tsm-api/1.0/sessions/s/result").status == 404);
    const auto cancel = p.send("GET", "/tsm-api/1.0/sessions/s");
    BOOST_TEST(cancel.status == 405);
    BOOST_TEST(cancel.headers.get("Allow") == "DELETE");
    BOOST_TEST(p.send("DELETE", "/tsm-api/1.0/sessions/s").status == 404);
    for (const auto* path : {"/", "/tsm-api/1.0/", "/tsm-api/1.0/deployservice", "/tsm-api/1.1/deployService",
                             "/tsm-api/1.0/sessions//result", "/tsm-api/1.0/sessions/", "/gp/seram",
                             "/gp/seram/handshake/", "/gp/seram/other"}) {
        BOOST_TEST(p.send("POST", path).status == 404, path);
        BOOST_TEST(error_in(p.send("POST", path)) == "no such resource", path);
    }
}

// DIV-119: the version in the path is the dialect of the answer.
BOOST_AUTO_TEST_CASE(each_dialect_has_its_paths_and_its_words) {
    port p;
    const auto told = [&](const std::string& base) {
        const auto answer = p.send("POST", base + "checkServiceDeploymentAvailable", port::check_of("CAFE"));
        BOOST_REQUIRE(answer.status == 200);
        const auto document = json::parse(answer.body);
        const auto result = json::reader(json::root_object(document)).object("result");
        return std::to_string(result.integer("executionStatus")) + " " + result.string("executionMessage");
    };
    BOOST_TEST(told("/tsm-api/1.0/") == "4 Invalid request: service ‘none’ does not exist");
    BOOST_TEST(told("/tsm-api/1.0.4/") == "17 Not found: service ‘none’ does not exist");
    BOOST_TEST(p.send("GET", "/tsm-api/1.0.4/deployService").status == 405);
    BOOST_TEST(error_in(p.send("GET", "/tsm-api/1.0.4/sessions/s/result")) == "session id not found");
    BOOST_TEST(error_in(p.send("DELETE", "/tsm-api/1.0.4/sessions/s")) == "session id not found");
    for (const auto* path : {"/tsm-api/1.0.4/", "/tsm-api/1.0.4/sessions/", "/tsm-api/1.0.4/sessions//result",
                             "/tsm-api/1.0.5/deployService", "/tsm-api/1.0.4deployService"})
        BOOST_TEST(error_in(p.send("POST", path)) == "no such resource", path);
}

BOOST_AUTO_TEST_CASE(a_call_whose_fate_is_not_known_is_no_call_that_was_not_begun) { // DIV-107
    port p;
    p.role.backend().close();
    auto body = port::check_of("CAFE", "service");
    body.insert(1, R"("callId":"00112233445566778899aabbccddeeff",)");
    const auto later = p.send("POST", "/tsm-api/1.0/checkServiceDeploymentAvailable", body);
    BOOST_TEST(later.status == 504); // its repetition learns more; behind 503 there would be none
    BOOST_TEST(later.headers.get("Retry-After") == "1");
}

// AMB-146, DIV-120: a token speaks for the apps of its provider, registered or not.
BOOST_AUTO_TEST_CASE(a_providers_own_token_speaks_for_its_apps) {
    const auto signer = unit::token_signer::p256();
    const auto key = [&](const std::string& issuer) {
        return wire::token_key{issuer == "of sp" ? "sp" : "another", issuer, "k", "tsm-api",
                               crypto::verification_key::read(signer.public_pem())};
    };
    port p([&](http::device_api_options& o) {
        o.accept_unknown_apps = false;
        o.token_keys = [&](const std::string& issuer) {
            return issuer == "nobody" ? std::vector<wire::token_key>() : std::vector{key(issuer)};
        };
    });
    const auto now = std::chrono::floor<std::chrono::seconds>(system_time().wall()).time_since_epoch().count();
    const auto token = [&](const std::string& issuer, std::int64_t seconds = 300) {
        return "Bearer " + signer.token(R"({"alg":"ES256"})", R"({"iss":")" + issuer + R"(","aud":"tsm-api","exp":)" +
                                                                  std::to_string(now + seconds) + "}");
    };
    const std::string unregistered(64, 'C');
    BOOST_TEST(p.check(known_app, token("of sp")).status == 200);
    BOOST_TEST(p.check(known_app, "Bearer credential").status == 200); // still
    BOOST_TEST(p.check(unregistered, token("of sp")).status == 200);
    BOOST_TEST(p.check(unregistered).status == 401);
    const auto refused = [&](const std::string& app, const std::string& authorization, std::string_view why) {
        const auto answer = p.check(app, authorization);
        BOOST_TEST(answer.status == 401);
        BOOST_TEST(answer.headers.get("WWW-Authenticate") == "Bearer");
        BOOST_TEST((error_in(answer).find(why) != std::string::npos), error_in(answer));
    };
    refused(known_app, token("of another"), "another service provider");
    refused(revoked_app, token("of sp"), "tsms app add"); // whoever speaks for it
    refused(known_app, token("of sp", -300), "expired");
    refused(known_app, token("nobody"), "no key");
    refused(known_app, token("of sp") + "x", "the access token is not accepted");
    refused(known_app, "Bearer a.b.c", "malformed");
}

BOOST_AUTO_TEST_CASE(an_app_proves_who_it_is) { // AMB-236
    port p;
    for (const auto* good : {"Bearer credential", "bearer credential", "credential"})
        BOOST_TEST(p.check(known_app, good).status == 200, good);
    BOOST_TEST(p.check(std::string(64, 'a'), "Bearer credential").status == 200); // hexadecimal has no case
    for (const auto* bad : {"", "Bearer", "Bearer ", "Bearer Credential", "Bearer credentia", "Bearer credential ",
                            "Basic credential", "Bearer  credential"}) {
        const auto refused = p.check(known_app, bad);
        BOOST_TEST(refused.status == 401, bad);
        BOOST_TEST(refused.headers.get("WWW-Authenticate") == "Bearer");
        BOOST_TEST(error_in(refused).find("tsms app add") != std::string::npos);
        BOOST_TEST(p.check(revoked_app, bad).status == 401, bad);
    }
    BOOST_TEST(p.check(revoked_app, "Bearer credential").status == 401);
}

BOOST_AUTO_TEST_CASE(an_app_that_nobody_knows_has_nothing_to_prove) {
    port open;
    BOOST_TEST(open.check("CAFE").status == 200);
    for (const auto* wrong : {"Bearer credential", "x", "Bearer "}) // who shows something must show the right thing
        BOOST_TEST(open.check("CAFE", wrong).status == 401, wrong);
    port closed([](auto& o) { o.accept_unknown_apps = false; });
    for (const auto* any : {"", "Bearer credential", "x"})
        BOOST_TEST(closed.check("CAFE", any).status == 401, any);
    BOOST_TEST(closed.check(known_app, "Bearer credential").status == 200);
}

BOOST_AUTO_TEST_CASE(calls_of_an_address_are_limited) {
    port p([](auto& o) { o.calls_per_address = 1; });
    for (int k = 0; k < 10; ++k)
        BOOST_TEST(p.check("CAFE").status == 200);
    const auto refused = p.check("CAFE");
    BOOST_TEST(refused.status == 429);
    BOOST_TEST(refused.headers.get("Retry-After") == "1");
    BOOST_TEST(error_in(refused) == "too many calls from this address, please try again later");
    BOOST_TEST(p.check("CAFE", "", "192.0.2.2").status == 200);
}

// The second guard: an app on many handsets, each with an address of its own.
BOOST_AUTO_TEST_CASE(calls_of_an_app_are_limited_wherever_they_come_from) {
    port p([](auto& o) { o.calls_per_app = 1; });
    const auto from = [](int k) { return "198.51.100." + std::to_string(k); };
    for (int k = 0; k < 10; ++k)
        BOOST_TEST(p.check(k % 2 ? "CAFE" : "cafe", "", from(k)).status == 200); // one app, in whatever case
    const auto refused = p.check("CAFE", "", from(11));
    BOOST_TEST(refused.status == 429);
    BOOST_TEST(refused.headers.get("Retry-After") == "1");
    BOOST_TEST(error_in(refused) == "too many calls of this app, please try again later");
    BOOST_TEST(p.check("CAFF", "", from(11)).status == 200);
    // Who does not prove to be an app does not take from it.
    for (int k = 0; k < 20; ++k)
        BOOST_TEST(p.check(known_app, "Bearer wrong", from(20 + k)).status == 401);
    BOOST_TEST(p.check(known_app, "Bearer credential", from(50)).status == 200);
}

BOOST_AUTO_TEST_CASE(calls_at_once_are_limited) {
    port p([](auto& o) { o.calls = {2, 1}; });
    std::promise<void> begun, go_on;
    p.role.catalog->held = [&, once = false]() mutable {
        if (!std::exchange(once, true)) {
            begun.set_value();
            go_on.get_future().wait();
        }
    };
    std::thread first([&] { BOOST_TEST(p.check("CAFE").status == 200); });
    begun.get_future().wait();
    const auto own = p.check("CAFE");
    BOOST_TEST(own.status == 429);
    BOOST_TEST(own.headers.get("Retry-After") == "2");
    BOOST_TEST(error_in(own) == "too many calls from this address at once, please try again later");
    BOOST_TEST(p.api->counted_calls().at_once == 1u);
    go_on.set_value();
    first.join();
    for (int k = 0; k < 3; ++k) // a place is free again when its call has ended, refused or not
        BOOST_TEST(p.check("CAFE", k == 1 ? "Bearer wrong" : "").status == (k == 1 ? 401 : 200));
    BOOST_TEST(p.api->counted_calls().at_once == 0u);

    port none([](auto& o) { o.calls = {0, 1}; });
    const auto full = none.check("CAFE");
    BOOST_TEST(full.status == 503);
    BOOST_TEST(full.headers.get("Retry-After") == "2");
    BOOST_TEST(error_in(full) == "too many calls, please try again later");
}

BOOST_AUTO_TEST_CASE(sessions_of_an_address_are_limited) {
    port p;
    net::response last;
    int opened_sessions = 0;
    for (int k = 0; k < 600 && last.status != 429; ++k) {
        auto r =
            port::request("POST", "/tsm-api/1.0/checkServiceDeploymentAvailable", port::check_of("CAFE", "service"));
        p.api.emplace(p.role.backend(), [] { // without its limits of calls
            http::device_api_options o;
            o.app = [](const std::string&) { return std::nullopt; };
            o.accept_unknown_apps = true;
            return o;
        }());
        last = p.api->handle(r);
        opened_sessions += last.status == 200;
    }
    BOOST_TEST(opened_sessions == 500);
    BOOST_TEST(last.headers.get("Retry-After") == "10");
    BOOST_TEST(error_in(last).starts_with("too many sessions of "));
}

BOOST_AUTO_TEST_CASE(bodies_are_bounded_before_they_are_read) {
    port p([](auto& o) { o.memory = 2000; }); // and half of it for strangers
    const auto plan = [&](const char* method, const char* path) {
        return p.api->plan_body(port::request(method, path));
    };
    for (const auto* path : {"/tsm-api/1.0/deployService", "/tsm-api/1.0/anything", "/gp/seram/handshake"}) {
        const auto wanted = plan("POST", path);
        BOOST_TEST(wanted.limit == 64u << 10, path); // a call is no larger, and nobody has shown who he is
        BOOST_TEST((wanted.sink != nullptr), path);
        BOOST_TEST(!wanted.known, path);
        BOOST_TEST(plan("GET", path).limit == 0u, path);
    }
    for (const auto* path : {"/", "/tsm-api/1.0/sessions/s/result", "/health"})
        BOOST_TEST(plan("POST", path).limit == 0u, path);

    // The first 16 KiB of each are free, what is beyond counts for all together.
    const auto first = plan("POST", "/gp/seram/handshake"), second = plan("POST", "/gp/seram/handshake");
    BOOST_TEST(first.sink->take(std::string(16 << 10, ' ')));
    BOOST_TEST(second.sink->take(std::string(16 << 10, ' ')));
    BOOST_TEST(first.sink->take(std::string(1000, ' ')));
    BOOST_TEST(!second.sink->take(" "));
    auto refused = port::request("POST", "/gp/seram/handshake");
    refused.sink = second.sink;
    refused.body_too_large = true;
    BOOST_TEST(p.api->handle(refused).status == 503);
    BOOST_TEST(p.api->handle(refused).headers.get("Retry-After") == "1");
    auto large = port::request("POST", "/gp/seram/handshake");
    large.body_too_large = true;
    BOOST_TEST(p.api->handle(large).status == 413);
    large.path = "/elsewhere"; // it was not read, whatever its size
    BOOST_TEST(p.api->handle(large).status == 404);
}

// Memory before authentication: a report above what is free for everybody is read only where a session awaits it.
BOOST_AUTO_TEST_CASE(a_large_report_is_read_for_its_session_alone) {
    port p([](auto& o) {
        o.memory = 8 << 20;
        o.memory_of_address = 1 << 20;
    });
    const session_over_http s(p);
    const auto plan = [&](const std::string& address, const std::string& cookie, const std::string& octets) {
        auto head = port::request("POST", "/gp/seram/remoteManagement");
        head.query = {{"sessionId", s.id}};
        head.remote_address = address;
        head.headers.add("Cookie", cookie);
        if (!octets.empty())
            head.headers.add("Content-Length", octets);
        return p.api->plan_body(head);
    };
    const auto at = [](int k) { return "198.51.100." + std::to_string(k); };
    // 64 strangers send as much as they may, fast, and then drip: each from an address of his own.
    std::vector<net::body_plan> drips;
    for (int k = 0; k < 64; ++k) {
        auto call = port::request("POST", "/tsm-api/1.0/deployService");
        call.remote_address = at(k);
        drips.push_back(p.api->plan_body(call));
        for (std::size_t sent = 0; sent < drips.back().limit && drips.back().sink->take(std::string(1024, ' '));)
            sent += 1024;
        BOOST_TEST(plan(at(k), "tsms-session=guessed.0", "600000").limit == 0u);
    }
    const auto real = plan("192.0.2.1", s.cookie, "40000");
    BOOST_TEST(real.limit == 1u << 20);
    BOOST_REQUIRE(real.sink != nullptr);
    BOOST_TEST(real.sink->take(std::string(40000, ' ')));

    // Whoever has no session is told that before his report is read; what is small is read to be told the same.
    for (const auto* wrong : {"", "tsms-session=guessed.0"})
        for (const auto* octets : {"16385", "600000", ""}) {
            const auto refused = plan("192.0.2.2", wrong, octets);
            BOOST_TEST(refused.limit == 0u, octets);
            auto request = port::request("POST", "/gp/seram/remoteManagement");
            request.body_too_large = true;
            request.sink = refused.sink;
            BOOST_TEST(p.api->handle(request).status == 404);
        }
    BOOST_TEST(plan("192.0.2.2", "tsms-session=guessed.0", "16384").limit == 16384u);
    const auto other_order = s.secret + ".7"; // that nobody has been given
    BOOST_TEST(plan("192.0.2.1", other_order, "40000").limit == 0u);
    // And one session has no more for itself than its report, and the same once more, from however many addresses.
    drips.clear();
    int taken = 0;
    for (int k = 0; k < 8; ++k) {
        drips.push_back(plan(at(k), s.cookie, "1000000"));
        taken += drips.back().sink->take(std::string(1000000, ' '));
    }
    BOOST_TEST(taken == 2);
}

BOOST_AUTO_TEST_CASE(a_session_over_http) {
    port p;
    const session_over_http s(p);
    const auto& [id, cookie, secret] = s;

    const auto with = [&](const char* method, const std::string& path, const std::string& body,
                          const std::string& value) {
        auto q = port::request(method, path, body);
        q.query = {{"sessionId", id}};
        if (!value.empty())
            q.headers.add("Cookie", value);
        return p.api->handle(q);
    };
    constexpr auto shake = "/gp/seram/handshake", manage = "/gp/seram/remoteManagement";
    const auto result = "/tsm-api/1.0/sessions/" + id + "/result";
    const auto offer = json::dump(wire::to_json(wire::seram_handshake{}));
    const auto report_text = json::dump(wire::to_json(wire::seram_report{}));
    BOOST_TEST(with("POST", shake, "{", cookie).status == 400);
    // Whoever has no cookie of the session, or one that is none, finds no session.
    for (const auto& bad : std::vector<std::string>{"", "other=x.0", secret, secret + ".", secret + ".x",
                                                    secret + ".0x", secret + ".-1", secret + ".99999999999999999999",
                                                    "tsms-session=guessed.0", "x" + cookie, "tsms-session"}) {
        BOOST_TEST(with("POST", shake, offer, bad).status == 404, bad);
        BOOST_TEST(with("POST", manage, report_text, bad).status == 404, bad);
        BOOST_TEST(with("GET", result, "", bad).status == 404, bad);
    }
    auto twice = port::request("POST", shake, offer);
    twice.query = {{"sessionId", id}, {"sessionId", id}};
    twice.headers.add("Cookie", cookie);
    BOOST_TEST(p.api->handle(twice).status == 404);
    wire::seram_handshake old;
    old.versions = {"1.0.0"};
    BOOST_TEST(with("POST", shake, json::dump(wire::to_json(old)), cookie).status == 406);
    BOOST_TEST(with("POST", shake, offer, cookie).status == 200);
    BOOST_TEST(with("POST", manage, "[]", cookie).status == 400);
    const auto first = with("POST", manage, report_text, cookie);
    BOOST_TEST(first.status == 200);
    BOOST_TEST(wire::parse_seram_order(json::parse(first.body)).secure_element.value().id == "eSE1");
    BOOST_TEST(first.headers.get("Set-Cookie") == secret + ".16777217; Path=/; Secure; HttpOnly; SameSite=Strict");
    const auto again = with("POST", manage, report_text, cookie); // its answer was lost on the way
    BOOST_TEST(again.body == first.body);
    BOOST_TEST(with("POST", manage, report_text, secret + ".2").status == 404); // that was never given
    BOOST_TEST(with("GET", result, "", cookie).status == 202);
    BOOST_TEST(with("GET", result, "", "a=b; " + cookie + "; c=d").status == 202); // among others
}

BOOST_AUTO_TEST_CASE(a_call_that_is_the_first_report_gets_the_first_order) { // DIV-106
    port p;
    auto body = port::check_of("CAFE", "service");
    body.insert(1, R"("firstReport":true,)");
    const auto answer = p.send("POST", "/tsm-api/1.0/checkServiceDeploymentAvailable", body);
    BOOST_REQUIRE(answer.status == 200);
    const auto opened =
        std::get<wire::session_opened>(wire::parse_answer("checkServiceDeploymentAvailable", json::parse(answer.body)));
    BOOST_REQUIRE(opened.order.has_value());
    BOOST_TEST(opened.order->secure_element.value().id == "eSE1");
    BOOST_CHECK(std::holds_alternative<wire::seram_start>(opened.order->commands.at(0)));
    const std::string set_cookie(answer.headers.get("Set-Cookie"));
    BOOST_TEST(set_cookie.ends_with(".16777217; Path=/; Secure; HttpOnly; SameSite=Strict"), set_cookie);

    auto report = port::request(
        "POST", "/gp/seram/remoteManagement",
        json::dump(wire::to_json(wire::seram_report{wire::seram_status::unavailable_se, 0, "no card", {}})));
    report.query = {{"sessionId", opened.session_id}};
    report.headers.add("Cookie", set_cookie.substr(0, set_cookie.find(';')));
    const auto stop = p.api->handle(report);
    BOOST_REQUIRE(stop.status == 200);
    const auto last = wire::parse_seram_order(json::parse(stop.body));
    BOOST_CHECK(std::holds_alternative<wire::seram_stop>(last.commands.back()));

    // Without a session there is nothing to report to.
    auto refused = port::check_of("CAFE");
    refused.insert(1, R"("firstReport":true,)");
    const auto result = p.send("POST", "/tsm-api/1.0/checkServiceDeploymentAvailable", refused);
    BOOST_TEST(result.status == 200);
    BOOST_TEST(result.body.find("order") == std::string::npos);
    refused.replace(refused.find("true"), 4, "1");
    BOOST_TEST(p.send("POST", "/tsm-api/1.0/checkServiceDeploymentAvailable", refused).status == 400);
}

BOOST_AUTO_TEST_SUITE_END()
