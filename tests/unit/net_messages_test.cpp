// Which messages are HTTP/1.1: what RFC 9112 says that a server must or should take, and what it must refuse.

#include "tests/unit/net_peer.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::net_peer;

namespace {

/// Which host and target the handler has got.
net::response where(const net::request& r) {
    return net::json_response(200, "[" + std::string(r.headers.get("Host")) + "][" + r.target + "][" + r.path + "]");
}

std::string ask(const net::tls_server& server, const std::string& target, bool tls = true,
                const std::string& version = "1.1") {
    return raw(server.port(), "GET " + target + " HTTP/" + version + "\r\nHost: old\r\nConnection: close\r\n\r\n", tls);
}

} // namespace

BOOST_AUTO_TEST_SUITE(net_messages)

/// RFC 9112 3.2.2: "a server MUST accept the absolute-form in requests even though most HTTP/1.1 clients will only send
/// the absolute-form to a proxy"; its host replaces the Host field.
BOOST_AUTO_TEST_CASE(targets_in_absolute_form) {
    net::tls_server server(quick());
    server.start(where);
    const std::pair<std::string, std::string> taken[] = {
        {"https://new.example/a?b=c", "[new.example][/a?b=c][/a]"},
        {"HTTPS://new.example:8443/a", "[new.example:8443][/a][/a]"}, // RFC 3986 3.1: schemes know no case
        {"https://new.example", "[new.example][/][/]"},
        {"https://new.example?b", "[new.example][/?b][/]"},
        {"https://[::1]:8443/", "[[::1]:8443][/][/]"},
        {"https://127.0.0.1/a//b", "[127.0.0.1][/a//b][/a//b]"},
        {"https://new.example/a@b:c", "[new.example][/a@b:c][/a@b:c]"},
    };
    for (const auto& [target, seen] : taken)
        for (const auto* version : {"1.1", "1.0"})
            BOOST_TEST(ask(server, target, true, version).ends_with(seen), target << " " << ask(server, target));
    for (const std::string target :
         {"http://new.example/", "ftp://new.example/", "https://user@new.example/", "https://user:word@new.example/",
          "https:///a", "https://", "https://:443/", "https://new.example/a#b", "https://new.example#b", "/a#b",
          "https://new.example:x/", "https://new.example:123456/", "https://[::1/", "https://a\\b/",
          "https:new.example", "new.example:443", "a", "*", "//"}) {
        const auto answer = ask(server, target);
        BOOST_TEST(answer.starts_with(target == "//" ? "HTTP/1.1 200 " : "HTTP/1.1 400 "), target << " " << answer);
    }
}

BOOST_AUTO_TEST_CASE(the_scheme_is_that_of_the_connection) {
    net::tls_server plain{net::server_options{}};
    plain.start(where);
    BOOST_TEST(ask(plain, "http://new.example/health", false).ends_with("[new.example][/health][/health]"));
    BOOST_TEST(ask(plain, "https://new.example/health", false).starts_with("HTTP/1.1 400 "));
}

/// RFC 9112 3.2: 400 for an invalid Host, also where the target is in absolute form, and for none of them.
BOOST_AUTO_TEST_CASE(a_host_is_required_and_is_one) {
    net::tls_server server(quick());
    server.start(where);
    for (const std::string target : {"/", "https://new.example/"}) {
        for (const std::string fields :
             {"", "Host:\r\n", "Host: a\r\nHost: a\r\n", "Host: a b\r\n", "Host: u@a\r\n", "Host: a/b\r\n"})
            BOOST_TEST(
                raw(server.port(), "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n").starts_with("HTTP/1.1 400 "),
                target << " " << fields);
    }
}

/// RFC 9112 2.2: "a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line
/// (CRLF) received prior to the request-line". One, as after a body of a careless client.
BOOST_AUTO_TEST_CASE(one_empty_line_before_a_request) {
    net::tls_server server(quick());
    server.start(where);
    const std::string get = "GET /a HTTP/1.1\r\nHost: x\r\n";
    const std::string last = get + "Connection: close\r\n\r\n";
    BOOST_TEST(raw(server.port(), "\r\n" + last).ends_with("[x][/a][/a]"));
    BOOST_TEST(answers(raw(server.port(), "\r\n" + get + "\r\n\r\n" + last)) == 2u);
    BOOST_TEST(raw(server.port(), "\r\n\r\n" + last).starts_with("HTTP/1.1 400 "));
    BOOST_TEST(raw(server.port(), "\n" + last).starts_with("HTTP/1.1 400 "));
    BOOST_TEST(raw(server.port(), "\r" + last).starts_with("HTTP/1.1 400 "));
    // Nothing has been asked: nothing is answered, and an honest client that goes away was not too slow.
    auto options = quick();
    options.head_deadline = 200ms;
    net::tls_server hasty(options);
    hasty.start(where);
    BOOST_TEST(raw(hasty.port(), "\r\n").empty());
    const auto after_body = raw(hasty.port(), "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb\r\n");
    BOOST_TEST(answers(after_body) == 1u);
    BOOST_TEST(after_body.ends_with("[x][/a][/a]"));
}

/// The empty line may come in two pieces, and the request after it.
BOOST_AUTO_TEST_CASE(an_empty_line_in_pieces) {
    net::tls_server server(quick());
    server.start(where);
    const auto deadline = clock_type::now() + 3s;
    net::connection c(net::connect_tcp("127.0.0.1", server.port(), deadline, [](auto) {}));
    const auto context = net::client_context(certificates().ca.certificate_pem, std::nullopt);
    c.connect_tls(context.get(), "127.0.0.1", deadline);
    for (const auto* piece : {"\r", "\n", "G", "ET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"})
        c.write(piece, deadline);
    char block[4096];
    std::string all;
    while (const auto count = c.read(block, sizeof block, deadline))
        all.append(block, count);
    BOOST_TEST(all.ends_with("[x][/a][/a]"));
}

/// What is refused before any handler sees it has the body that the API gives it.
BOOST_AUTO_TEST_CASE(refusals_have_the_bodies_of_the_api) {
    auto options = quick();
    options.head_deadline = 300ms;
    options.on_refusal = [](int status, std::string_view reason) {
        return net::json_response(status, "{" + std::string(reason) + "}");
    };
    net::tls_server server(options);
    server.start(where);
    const std::string host = " HTTP/1.1\r\nHost: x\r\n";
    const std::pair<int, std::string> refused[] = {
        {417, "GET /" + host + "Expect: x\r\n\r\n"},
        {431, "GET /" + host + "A: " + std::string(20000, 'a') + "\r\n\r\n"},
        {501, "POST /" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"},
        {400, "GET a" + host + "\r\n"},
        {408, "POST /" + host + "Content-Length: 3\r\n\r\na"},
        {408, "GET /"},
    };
    for (const auto& [status, text] : refused) {
        const auto answer = raw(server.port(), text);
        BOOST_TEST(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " "), text.substr(0, 40) << answer);
        BOOST_TEST(answer.find("Connection: close\r\n") != answer.npos);
        BOOST_TEST(answer.find("\r\n\r\n{") != answer.npos, text.substr(0, 40) << answer);
        BOOST_TEST(answer.ends_with("}"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
