// Delivery of process results, over real TLS on loopback.

#include "crypto/random.hpp"
#include "http/spos_client.hpp"
#include "http/wire/process_result.hpp"
#include "lab/spos/spos_service.hpp"
#include "tests/unit/mutual_tls.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

using namespace tsms;
using namespace std::chrono_literals;
using kind = actors::delivery_outcome::kind;

namespace {

model::process_result a_result(std::string process = "p1") {
    model::process_result r;
    r.process_id = std::move(process);
    r.start_date = "2026-01-02T03:04:05.678Z";
    r.end_date = "2026-01-02T03:04:06.678Z";
    r.service_id = "s1";
    r.version_tag = "1.0.0";
    r.service_instance_id = "i1";
    r.requested_operations = {model::operation::service_suspension};
    r.start_state = model::instance_state::operational;
    r.end_state = model::instance_state::suspended;
    return r;
}

struct spos {
    explicit spos(lab::spos_service::options o = {})
        : service(std::move(o)), server([this](const net::request& r) { return service.handle(r); }) {}

    model::spos_target target(std::string suffix = {}) const {
        return {server.url() + suffix, tsms_test::pki().ca.certificate_pem};
    }

    lab::spos_service service;
    tsms_test::mutual_tls_server server;
};

net::response post(lab::spos_service& service, std::string body, std::string method = "POST",
                   std::string path = "/process-results") {
    net::request r;
    r.method = std::move(method);
    r.path = std::move(path);
    r.body = std::move(body);
    return service.handle(r);
}

} // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(kind)

BOOST_AUTO_TEST_SUITE(spos_delivery)

BOOST_AUTO_TEST_CASE(exactly_one_slash_joins_the_url) {
    BOOST_TEST(http::process_results_url("https://sp.example/spos") == "https://sp.example/spos/process-results");
    BOOST_TEST(http::process_results_url("https://sp.example/spos//") == "https://sp.example/spos/process-results");
    BOOST_TEST(http::process_results_url("https://sp.example") == "https://sp.example/process-results");
}

BOOST_AUTO_TEST_CASE(a_result_arrives_once_however_often_it_is_sent) {
    spos s;
    http::spos_client client(tsms_test::client_identity());
    const auto body = client.encode(a_result());
    for (const auto* suffix : {"", "/", ""})
        BOOST_TEST(client.deliver(s.target(suffix), body).delivered());
    BOOST_TEST((s.service.results() == std::vector{a_result()}));
    BOOST_TEST(client.deliver(s.target(), client.encode(a_result("p2"))).delivered());
    BOOST_TEST(s.service.results().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_result_is_posted_as_the_norm_says) { // TR 4.3.4.1
    std::vector<net::request> seen;
    tsms_test::mutual_tls_server server([&](const net::request& r) {
        seen.push_back(r);
        return net::response{200, {}, {}};
    });
    http::spos_client client(tsms_test::client_identity());
    const model::spos_target target{server.url() + "/of/the/provider", tsms_test::pki().ca.certificate_pem};
    BOOST_TEST(client.deliver(target, client.encode(a_result())).delivered());
    BOOST_REQUIRE_EQUAL(seen.size(), 1u);
    BOOST_TEST(seen[0].method == "POST");
    BOOST_TEST(seen[0].path == "/of/the/provider/process-results");
    BOOST_TEST(seen[0].headers.get("Content-Type") == "application/json");
    BOOST_TEST((wire::parse_process_result(json::parse(seen[0].body)) == a_result()));
}

BOOST_AUTO_TEST_CASE(results_without_a_process_are_told_apart_by_their_content) {
    lab::spos_service service({});
    auto failed = a_result("");
    post(service, json::dump(wire::to_json(failed)));
    post(service, json::dump(wire::to_json(failed)));
    failed.end_date = "2026-01-02T04:04:06.678Z";
    post(service, json::dump(wire::to_json(failed)));
    BOOST_TEST(service.results().size() == 2u);
}

BOOST_AUTO_TEST_CASE(every_failure_is_an_outcome) {
    lab::spos_service::options failing;
    failing.fail_first = 2;
    spos s(failing);
    http::spos_client client(tsms_test::client_identity());
    const auto body = client.encode(a_result());
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto outcome = client.deliver(s.target(), body);
        BOOST_TEST(outcome.result == kind::refused);
        BOOST_TEST(outcome.status == 503);
    }
    BOOST_TEST(s.service.results().empty());
    BOOST_TEST(client.deliver(s.target(), body).delivered());

    BOOST_TEST(client.deliver(s.target("/elsewhere"), body).status == 404);
    BOOST_TEST(client.deliver({"https://127.0.0.1:1", tsms_test::pki().ca.certificate_pem}, body).result ==
               kind::unreachable);
    BOOST_TEST(client.deliver({"http://127.0.0.1:1", tsms_test::pki().ca.certificate_pem}, body).result ==
               kind::misconfigured);
    BOOST_TEST(client.deliver({s.server.url(), ""}, body).result == kind::misconfigured);
    BOOST_TEST(client.deliver({s.server.url(), "no certificate"}, body).result == kind::misconfigured);

    // Another CA than the SposConfig's certificate, and a client that cannot prove to be the TSM.
    BOOST_TEST(client.deliver({s.server.url(), crypto::make_ca("Other").certificate_pem}, body).result ==
               kind::unreachable);
    http::spos_client nobody(std::nullopt);
    BOOST_TEST(nobody.deliver(s.target(), body).result == kind::unreachable);
    BOOST_TEST(s.service.results().size() == 1u);

    client.cancel();
    BOOST_TEST(client.deliver(s.target(), body).result == kind::unreachable);
}

BOOST_AUTO_TEST_CASE(an_spos_may_say_when_it_wants_to_be_asked_again) {
    tsms_test::mutual_tls_server busy([](const net::request&) {
        auto later = net::json_response(503, "{}");
        later.headers.add("Retry-After", "30");
        return later;
    });
    http::spos_client client(tsms_test::client_identity());
    const auto outcome = client.deliver({busy.url(), tsms_test::pki().ca.certificate_pem}, client.encode(a_result()));
    BOOST_TEST(outcome.result == kind::refused);
    BOOST_TEST((outcome.retry_after == 30s));
}

BOOST_AUTO_TEST_CASE(the_simulated_spos_keeps_what_it_was_told) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-spos-" + crypto::system_random().uuid());
    std::vector<std::string> lines;
    {
        lab::spos_service::options o;
        o.file = file;
        o.on_result = [&](const auto& result) { lines.push_back(lab::describe(result)); };
        lab::spos_service service(std::move(o));
        BOOST_TEST(post(service, json::dump(wire::to_json(a_result()))).status == 200);
        BOOST_TEST(post(service, "{}").status == 400);
        BOOST_TEST(post(service, "", "GET").status == 405);
        BOOST_TEST(post(service, "", "POST", "/").status == 404);
    }
    BOOST_REQUIRE_EQUAL(lines.size(), 1u);
    BOOST_TEST(lines[0] ==
               "2026-01-02T03:04:06.678Z  suspend of service s1 1.0.0, instance i1: OPERATIONAL -> SUSPENDED, ok");
    lab::spos_service::options o;
    o.file = file;
    BOOST_TEST((lab::spos_service(o).results() == std::vector{a_result()}));
    std::ofstream(file) << "{}";
    BOOST_CHECK_THROW(lab::spos_service{o}, json::parse_error);
    std::filesystem::remove(file);
}

// What one result costs does not depend on how many there were.
BOOST_AUTO_TEST_CASE(a_result_adds_to_the_file_and_touches_nothing_else) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-spos-" + crypto::system_random().uuid());
    const auto text_of = [&] {
        std::ifstream in(file);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    // As versions of before have written it.
    std::ofstream(file) << json::pretty(json::array{wire::to_json(a_result("p0"))});
    lab::spos_service::options o;
    o.file = file;
    {
        lab::spos_service service(o);
        for (int n = 1; n < 40; ++n) {
            const auto before = text_of();
            const auto body = json::dump(wire::to_json(a_result("p" + std::to_string(n))));
            BOOST_TEST(post(service, body).status == 200);
            BOOST_TEST(text_of() == before + body + "\n");
            BOOST_TEST(post(service, body).status == 200);
            BOOST_TEST(text_of() == before + body + "\n");
        }
    }
    BOOST_TEST(lab::spos_service(o).results().size() == 40u);
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_SUITE_END()
