// What is refused and what is not, where servers and files of others are more tolerant or more careless than ours, and
// how the sender learns the reason (DIV-067).

#include "rest_fixture.hpp"

#include "crypto/error.hpp"
#include "crypto/pki.hpp"
#include "http/net/http1.hpp"
#include "http/rest/reason.hpp"

#include <algorithm>
#include <fstream>
#include <openssl/evp.h>
#include <openssl/pem.h>

using namespace tsms;
using namespace tsms::rest_test;

namespace {

struct refusals : fixture {
    std::string certificate = crypto::make_ca("X").certificate_pem;

    net::response put_up(const std::string& content) {
        return upload("POST", "/certificates", {{"cert-file", "c.pem", content}});
    }
    net::response form(const std::string& body) {
        return send("POST", "/certificates", body, "multipart/form-data; boundary=b");
    }
    std::string one_part(const std::string& behind_delimiter = "") const {
        return "--b" + behind_delimiter +
               "\r\nContent-Disposition: form-data; name=\"cert-file\"; filename=\"c.pem\"\r\n\r\n" + certificate +
               "\r\n";
    }
    std::vector<store::refused_upload> kept() {
        api.write_refusals();
        return access.refusals(provider);
    }
};

std::string pem_of(const crypto::private_key& key) {
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
    char* text = nullptr;
    BOOST_REQUIRE(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    const auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

/// A certificate, and beside it a private key in another form than a PEM block with its own name.
std::vector<std::string> keys_in_disguise(const std::string& certificate, const std::string& key) {
    const auto body = key.substr(key.find('\n') + 1, key.find("\n-----END") - key.find('\n'));
    const auto der = crypto::parse_certificate(as_bytes(certificate))->der;
    bytes key_der(body.size());
    const auto lines = std::ranges::count(body, '\n');
    std::string plain = body;
    std::erase(plain, '\n');
    BOOST_REQUIRE(lines > 1);
    const auto decoded = EVP_DecodeBlock(key_der.data(), reinterpret_cast<const unsigned char*>(plain.data()),
                                         static_cast<int>(plain.size()));
    BOOST_REQUIRE(decoded > 100);
    key_der.resize(static_cast<std::size_t>(decoded) - static_cast<std::size_t>(std::ranges::count(plain, '=')));
    const std::string raw(key_der.begin(), key_der.end());
    std::string wide = certificate; // UTF-16, as an editor stores it
    for (const char c : key)
        wide.append({c, '\0'});
    auto both = der;
    append(both, key_der);
    std::string encoded(both.size() * 2, '\0');
    encoded.resize(static_cast<std::size_t>(
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), both.data(), static_cast<int>(both.size()))));
    const auto in_block = [](const std::string& text) {
        return "-----BEGIN CERTIFICATE-----\n" + text + "-----END CERTIFICATE-----\n";
    };
    std::string folded;
    for (std::size_t at = 0; at < encoded.size(); at += 64)
        folded += encoded.substr(at, 64) + "\n";
    const auto inside = [&](const std::string& what) {
        auto out = certificate;
        return out.insert(out.find("-----END"), what);
    };
    return {in_block(folded),
            in_block(folded) + certificate,
            in_block(body),
            inside("-\n" + body), // OpenSSL's reader stops at a hyphen
            certificate + raw,
            certificate + wide,
            certificate + body,
            certificate + plain,
            certificate + "PRIVATE_KEY=" + plain,
            certificate + to_hex(key_der),
            certificate + R"({"kty":"EC","crv":"P-256","d":"AAAA","x":"a","y":"b"})",
            certificate + R"({"d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"})", // RFC 7517 A.2
            certificate + "----BEGIN PRIVATE  KEY----\n",
            certificate + "\xE2\x80\x93\xE2\x80\x93 BEGIN PRIVATE KEY \xE2\x80\x93\n",
            certificate + "-----begin private key-----\n",
            certificate + "priv:\n    93:1d:6f:cd\n",
            certificate + "privateExponent:\n    00:93:1d\n",
            std::string(der.begin(), der.end()) + raw,
            std::string(der.begin(), der.end()) + key};
}

std::string category(const net::response& r) {
    return problem(r).substr(0, 4);
}
std::string reason(const net::response& r) {
    return std::string(r.headers.get(rest::reason_field));
}

} // namespace

BOOST_AUTO_TEST_SUITE(rest_refusals)

BOOST_FIXTURE_TEST_CASE(no_private_key_is_ever_stored, refusals) { // AMB-064
    const auto own = crypto::make_ca("Y");
    const auto key = pem_of(own.key);
    BOOST_REQUIRE(key.starts_with("-----BEGIN PRIVATE KEY-----"));
    const std::string base64 = "MHcCAQEEIBk1c2VjcmV0\n";
    const auto block = [&](const std::string& label) {
        return "-----BEGIN " + label + "-----\n" + base64 + "-----END " + label + "-----\n";
    };
    std::vector<std::string> bad{own.certificate_pem + key, key + own.certificate_pem};
    for (const auto* label : {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY",
                              "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ANY PRIVATE KEY", "PGP PRIVATE KEY BLOCK",
                              "EC PARAMETERS", "PUBLIC KEY", "CERTIFICATE REQUEST", "TRUSTED CERTIFICATE", "PKCS7"}) {
        bad.push_back(certificate + block(label));
        bad.push_back(block(label) + certificate);
        bad.push_back("text " + block(label) + certificate); // not at the beginning of a line
        bad.push_back(block(label));
    }
    bad.push_back("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n" + base64 + certificate);
    bad.push_back("PuTTY-User-Key-File-3: x\nPrivate-Lines: 1\n" + base64 + certificate);
    bad.push_back("Private-Key: (256 bit)\npriv:\n    00:01\n" + certificate);
    bad.push_back("0 s:CN=X\n" + certificate + key);
    bad.push_back("X509v3 Private Key Usage Period:\nPrivate-Key: (256 bit)\n" + certificate);
    for (auto& other : keys_in_disguise(certificate, key))
        bad.push_back(std::move(other));
    for (const auto& content : bad) {
        const auto refused = put_up(content);
        BOOST_TEST(category(refused) == "1013", content);
        for (const auto& text : {reason(refused), kept().front().reason, warnings.back()})
            BOOST_TEST(text.find(base64.substr(0, 12)) == text.npos);
    }
    BOOST_TEST(parsed(get("/certificates")).as_array()->empty());
    BOOST_TEST(reason(put_up(certificate + block("EC PRIVATE KEY"))) ==
               "the file holds a PEM block 'EC PRIVATE KEY'; only certificates are taken");
    BOOST_TEST(reason(put_up(std::string(32, '0'))) == "the file holds no X.509 certificate in PEM or DER");
    const auto cut = crypto::parse_certificate(as_bytes(certificate))->der;
    BOOST_TEST(reason(put_up(std::string(cut.begin(), cut.end() - 1))) ==
               "the file begins like DER and is no X.509 certificate");
    // What people upload: a chain, with the text that tools write between the blocks.
    for (const auto& content :
         {certificate, certificate + own.certificate_pem,
          "subject=CN = Privat Key & Sons\n" + certificate + "\r\n 1 s:CN=Y\n" + own.certificate_pem + "\n",
          // `openssl s_client -showcerts` begins like a SEQUENCE, in ASCII; `openssl x509 -text` knows 2.5.29.16.
          "0 s:CN=X\n   i:CN=X\n" + certificate,
          "            X509v3 Private Key Usage Period: \n                Not Before: Jan  1 00:00:00 2026 GMT\n" +
              certificate,
          // As it prints that extension where it does not know its form, and names that speak of private keys.
          "        Issuer: CN = My private key holder\n            X509v3 Private Key Usage Period: \n"
          "                0...20260101000000Z\n    Signature Value:\n        30:45:02:20:72:57:71:b5:a3:a3\n" +
              certificate,
          "subject=CN = Private Keys Begin Here\n" + certificate,
          // `openssl pkcs12`: a fingerprint; a bundle of roots: rulers, and names in UTF-8.
          "Bag Attributes\n    localKeyID: D6 2B 1E D9 8F 22 03 04 FD 76 99 9E 71 8D E9 DC 9E 29 84 27 \n" +
              certificate,
          "\xEF\xBB\xBF" + std::string("M\xC3\xBCller Root\n") + std::string(60, '=') + "\n" + std::string(60, '-') +
              "\nserial=14F292AC0461C5B1D6F77B2965260BD905195579\n" + certificate})
        BOOST_TEST(put_up(content).status == 200, content);
}

BOOST_FIXTURE_TEST_CASE(only_certificates_leave_the_catalog, refusals) {
    const auto id = text(parsed(put_up(certificate)), "id");
    const auto spos =
        text(parsed(post("/spos-configs", json::object{{"url", "https://spos"}, {"certificateId", id}})), "id");
    const auto service_id = text(parsed(post("/services", json::object{{"name", "S"}, {"sposConfigId", spos}})), "id");
    const auto target = device_side->service(service_id)->spos;
    BOOST_REQUIRE(target);
    BOOST_TEST(target->certificate_pem == certificate);
    // A file of before there was the check.
    catalog.write([&](store::catalog_edit& edit) {
        edit.put_file(id, "text\n" + certificate + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        return true;
    });
    BOOST_TEST(device_side->service(service_id)->spos->certificate_pem == certificate);
    const auto download = [&] { return get("/certificates/" + id + "/binary"); };
    BOOST_TEST(download().status == 200);
    BOOST_TEST(download().body == certificate);
    // The key may stand behind the certificate in its block: OpenSSL's reader does not look there.
    const auto disguised = keys_in_disguise(certificate, certificate).front();
    catalog.write([&](store::catalog_edit& edit) {
        edit.put_file(id, disguised);
        return true;
    });
    BOOST_TEST(download().body == certificate);
    BOOST_TEST(device_side->service(service_id)->spos->certificate_pem == certificate);
    // What is taken today is told octet by octet.
    const auto der = crypto::parse_certificate(as_bytes(certificate))->der;
    for (const auto& content : {"text\n" + certificate, std::string(der.begin(), der.end())}) {
        BOOST_TEST(upload("PUT", "/certificates/" + id, {{"cert-file", "c.pem", content}}).status == 200);
        BOOST_TEST(download().body == content);
    }
}

BOOST_FIXTURE_TEST_CASE(schemes_know_no_case, refusals) { // RFC 3986 3.1
    const auto id = text(parsed(put_up(certificate)), "id");
    const auto answer = [&](const std::string& url) {
        return post("/spos-configs", json::object{{"url", url}, {"certificateId", id}}).status;
    };
    const auto script = [&](const std::string& url) {
        const auto content = R"({"version":1,"remote":{"url":")" + url + "\"}}";
        return upload("POST", "/personalization-scripts", {{"script-file", "s", content}}).status;
    };
    for (const std::string good : {"HTTPS://a.example/x", "Https://A", "hTTPs://[::1]:1"}) {
        BOOST_TEST(answer(good) == 200, good);
        BOOST_TEST(script(good) == 200, good);
    }
    for (const std::string bad :
         {"HTTP://a", "HTTPS:/a", "HTTPS//a", "HTTPSS://a", "\xC5\xBFhttps://a", "http\xC5\xBF://a", ""}) {
        BOOST_TEST(answer(bad) == 400, bad);
        BOOST_TEST(script(bad) == 400, bad);
    }
    BOOST_TEST(script("https://a/x?y=1") == 200); // a URL of its own, to which nothing is appended
    BOOST_TEST(script("https://a/x?y#z") == 400);
    BOOST_TEST(*net::behind_https("HTTPS://X/y") == "X/y");
    BOOST_TEST(!net::behind_https("https:/"));
}

BOOST_FIXTURE_TEST_CASE(what_is_around_a_form_is_ignored, refusals) { // RFC 2046 5.1.1
    for (const std::string end : {"--b--", "--b--\r\n", "--b--\r\nan epilogue", "--b--\r\n\r\nlines\r\n--b\r\nmore",
                                  "--b-- \t", "--b--  \r\n", "--b--\t\r\nx", "--b--\r\n\n"})
        BOOST_TEST(form(one_part() + end).status == 200, end);
    BOOST_TEST(form(one_part(" \t ") + "--b--\r\n").status == 200);
    BOOST_TEST(form("a preamble\r\n" + one_part() + "--b--\r\nan epilogue").status == 200);
    BOOST_TEST(form(one_part() + "--b--\r\n" + std::string(16384, 'e')).status == 200);
    BOOST_TEST(form(one_part() + "--b--\r\n" + std::string(16385, 'e')).status == 400);
    BOOST_TEST(form(one_part() + "--b--" + std::string(16384, ' ')).status == 200);
    BOOST_TEST(form(one_part() + "--b--" + std::string(16385, ' ')).status == 400);
    const auto refused = [&](const std::string& body, const std::string& why) {
        const auto answer = form(body);
        BOOST_TEST(problem(answer) == "1002 Invalid request: malformed multipart body.", body);
        BOOST_TEST(reason(answer) == why);
    };
    const std::string same_line = "the last delimiter is followed by something in its line";
    refused(one_part() + "--b--x", same_line);
    refused(one_part() + "--b-- x\r\n", same_line);
    refused(one_part() + "--b--\n", same_line);
    refused(one_part() + "--b-- --\r\n", same_line);
    refused(one_part("x") + "--b--\r\n", "a delimiter is followed by neither a part nor the end of the form");
    refused(one_part() + "--b --\r\n", "a delimiter is followed by neither a part nor the end of the form");
    refused(one_part(), "the form ends before its last delimiter, which is the boundary between two pairs of hyphens");
}

BOOST_FIXTURE_TEST_CASE(head_is_answered_like_get, refusals) { // RFC 9110 9.3.2
    const auto elf = load_file();
    for (const auto& path :
         std::vector<std::string>{"/services", "/executable-load-files/" + elf, "/serviceproviders/current",
                                  "/executable-load-files/" + elf + "/binary", "/services/nothing", "/openapi.json"}) {
        const auto got = get(path);
        const auto head = send("HEAD", path);
        BOOST_TEST(head.status == got.status);
        BOOST_TEST(head.body == got.body, path); // the server tells its length and does not send it
        const auto text = net::response_head(head, true, 0);
        BOOST_TEST(text.find("Content-Length: " + std::to_string(got.body.size()) + "\r\n") != text.npos);
        BOOST_TEST(!net::has_body(head, "HEAD"));
    }
    const auto allow = [&](const std::string& method, const std::string& path) {
        const auto answer = send(method, path);
        return std::to_string(answer.status) + " " + std::string(answer.headers.get("Allow"));
    };
    BOOST_TEST(allow("PATCH", "/services") == "405 GET, HEAD, POST");
    BOOST_TEST(allow("PATCH", "/services/x/flavors/y/publish") == "405 POST");
    BOOST_TEST(allow("HEAD", "/services/x/flavors/y/publish") == "405 POST");
    BOOST_TEST(allow("HEAD", "/auth") == "405 POST");
    BOOST_TEST(allow("POST", "/openapi.json") == "405 GET, HEAD");
    BOOST_TEST(allow("head", "/services") == "405 GET, HEAD, POST"); // methods do know case (RFC 9110 9.1)
    BOOST_TEST(problem(send("HEAD", "/services", "{}")) == "1002 Invalid: request body not allowed.");
    token = "nobody";
    BOOST_TEST(send("HEAD", "/services").status == 401);
}

BOOST_FIXTURE_TEST_CASE(a_refused_upload_has_its_reason_beside_the_norms_body, refusals) {
    const auto expect = [&](const net::response& answer, const std::string& kind, const std::string& name,
                            const std::string& why) {
        BOOST_REQUIRE(answer.status == 400);
        BOOST_TEST(reason(answer) == why);
        BOOST_TEST(kept().front().kind == kind);
        BOOST_TEST(kept().front().name == name);
        BOOST_TEST(std::to_string(kept().front().category) == category(answer));
        BOOST_TEST(rest::field_text(kept().front().reason) == why);
        BOOST_TEST(kept().front().at == "2027-01-15T08:00:00.000Z");
    };
    expect(upload("POST", "/executable-load-files", {{"elf-file", "a.cap", "PK"}}), "ExecutableLoadFile", "a.cap",
           "not a ZIP file: a CAP file is a ZIP, and this is too short to be one");
    expect(upload("POST", "/certificates", {{"cert-file", "c.pem", "none"}, {"cert-filename", "", "dir/own.pem"}}),
           "Certificate", "own.pem", "the file holds no X.509 certificate in PEM or DER");
    expect(upload("POST", "/certificates", {{"cert-file", "", ""}}), "Certificate", "", "Upload failed: missing file.");
    const auto script = [&](const std::string& content) {
        return upload("POST", "/personalization-scripts", {{"script-file", "s.json", content}});
    };
    const std::string no_script = "no personalization script: ";
    const std::pair<const char*, const char*> scripts[] = {
        {"[]", "it has no 'version' 1"},
        {R"({"version":1})", "beside 'version' it has either 'commands' or 'remote' and nothing else"},
        {R"({"version":1,"commands":{}})", "'commands' is no list"},
        {R"({"version":1,"remote":{"url":"http://x"}})", "'remote' is no object with an https 'url' alone"},
        {R"({"version":1,"commands":[{"tag":"a","header":"80E29000"},{"tag":"b","header":"80E2"}]})",
         "commands[1] has no 'header' of four octets in hexadecimal"},
        {R"({"version":1,"commands":[{"tag":"a","header":"80E29000","data":"0"}]})",
         "commands[0] has 'data' that is not hexadecimal with ${key} between octets"},
    };
    for (const auto& [content, why] : scripts)
        expect(script(content), "PersonalizationScript", "s.json", no_script + why);
    // Configuration.
    expect(send("POST", "/services", "{\"name\": \"x\"", "application/json").status == 400
               ? send("POST", "/services", "{\"name\": \"x\", \"name\": \"y\"}")
               : net::response{},
           "Service", "", "duplicate key 'name'");
    const auto before = kept().size();
    // The sender is told the message, and the list keeps its room for files.
    BOOST_TEST(
        reason(post("/application-configs", json::object{{"instanceAid", "D2"}, {"installConfig", json::object()}})) ==
        "Invalid format 'D2' for instanceAid. Supported format is AID: 5 to 16 bytes, hexadecimal.");
    get("/services/x");
    remove("/services/x");
    BOOST_TEST(kept().size() == before); // nothing was uploaded
    const auto good = put_up(certificate);
    BOOST_TEST(!good.headers.find(rest::reason_field));
    BOOST_TEST(kept().size() == before);
    BOOST_TEST(access.refusals("another").empty());
}

// What a client has mistyped may be a key, or a URL with a token: it stays out of access.db (DIV-067).
BOOST_FIXTURE_TEST_CASE(no_value_of_a_refused_document_is_kept, refusals) {
    const std::string secret = "404142434445464748494A4B4C4D4E4FX";
    const auto url = "https://spos.example/r?token=" + secret;
    const auto id = config();
    const json::object install{{"applicationSpecificInstallParameter", secret}};
    const json::object bodies[] = {
        {{"instanceAid", "D27600016354450101"}, {"installConfig", install}},
        {{"instanceAid", secret}, {"installConfig", json::object()}},
        {{"name", "x"}, {"spParameters", json::object{{"k", json::array{secret}}}}},
        {{"name", "x"}, {secret, "x"}},
        {{"url", url}, {"certificateId", secret}},
    };
    for (const auto& body : bodies)
        for (const auto* path : {"/application-configs", "/services", "/spos-configs"})
            BOOST_TEST(post(path, body).status == 400);
    BOOST_TEST(put("/application-configs/" + id, bodies[0]).status == 400);
    for (const auto* malformed : {"", ",\"a\":1,\"a\":2}", " tail"})
        BOOST_TEST(send("POST", "/spos-configs", "{\"url\":\"" + url + "\"" + malformed).status == 400);
    const auto rows = kept();
    BOOST_TEST(!rows.empty());
    for (const auto& row : rows)
        BOOST_TEST((row.name + row.reason).find(secret) == std::string::npos, row.reason);
}

/// Commits in the log beside the database: the last frame of each tells the size of the database (SQLite, WAL format).
int commits(const std::filesystem::path& database) {
    std::ifstream in(database.string() + "-wal", std::ios::binary);
    const std::string log{std::istreambuf_iterator<char>(in), {}};
    const auto number = [&](std::size_t at) {
        std::uint32_t out = 0;
        for (const char c : log.substr(at, 4))
            out = out << 8 | static_cast<unsigned char>(c);
        return out;
    };
    constexpr std::size_t header = 32;
    constexpr std::size_t frame_header = 24;
    int out = 0;
    if (log.size() >= header)
        for (auto at = header; at + frame_header <= log.size(); at += frame_header + number(8))
            out += number(at + 4) != 0;
    return out;
}

// Every request of every provider is authenticated in access.db: a refusal must not write there.
BOOST_FIXTURE_TEST_CASE(any_number_of_refusals_costs_one_commit, refusals) {
    const auto file = directory.path() / "access.db";
    const auto before = commits(file);
    BOOST_REQUIRE(before > 0); // the fixture has added its provider
    for (int i = 0; i < 300; ++i)
        BOOST_TEST(put_up("none").status == 400);
    BOOST_TEST(commits(file) == before);
    api.write_refusals();
    BOOST_TEST(commits(file) == before + 1);
    BOOST_TEST(access.refusals(provider).size() == static_cast<std::size_t>(store::refusals_kept));
    api.write_refusals(); // nothing is new
    BOOST_TEST(commits(file) == before + 1);
    BOOST_TEST(internal == "");
}

BOOST_FIXTURE_TEST_CASE(a_reason_ends_no_header_field_and_is_bounded, refusals) {
    BOOST_TEST(rest::field_text("a\r\nSet-Cookie: x\r\n\r\n<b>\x1b[2J") == "a??Set-Cookie: x????"
                                                                           "<b>?[2J");
    BOOST_TEST(rest::field_text("‘ä’ … “x” \xFF") == "???????? ??? ???x??? ?"); // one bad octet: nothing is UTF-8
    BOOST_TEST(rest::field_text("‘ä’ … “x”") == "'?' ... \"x\"");
    BOOST_TEST(rest::field_text(" \xC2\x9B x ") == "? x");
    BOOST_TEST(rest::field_text("").empty());
    BOOST_TEST(rest::field_text(std::string(512, 'x')).size() == 512u);
    BOOST_TEST(rest::field_text(std::string(513, 'x')).size() == 512u);
    BOOST_TEST(rest::field_text(std::string(510, 'x') + "……").size() == 512u);
    // Whatever a client calls its file.
    const auto evil =
        upload("POST", "/certificates", {{"cert-file", "x", "-----BEGIN A\r\nB: c\x01-----\n" + certificate}});
    BOOST_TEST(category(evil) == "1013");
    BOOST_CHECK_NO_THROW(net::response_head(evil, true, 0)); // which refuses line breaks
    BOOST_TEST(kept().front().reason.find('\r') == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(refusals_are_kept_up_to_a_bound, refusals) {
    const auto other = access.add_provider("Other Corp", now).id;
    access.note_refusal(other, {{}, "Certificate", "theirs", 1013, "theirs"}, now);
    for (int i = 0; i < store::refusals_kept + 1; ++i)
        access.note_refusal(provider, {{}, "Certificate", std::to_string(i), 1013, "why"}, now);
    BOOST_TEST(access.refusals(other).empty());
    auto list = kept();
    BOOST_REQUIRE(list.size() == static_cast<std::size_t>(store::refusals_kept));
    BOOST_TEST(list.front().name == std::to_string(store::refusals_kept));
    BOOST_TEST(list.back().name == "1");
    BOOST_TEST(access.refusals(other).size() == 1u);
    access.note_refusal(provider, {{}, "Certificate", std::string(254, 'n') + "ä", 1013, std::string(5000, 'r')}, now);
    list = kept();
    BOOST_TEST(list.front().name == std::string(252, 'n') + "…");
    BOOST_TEST(list.front().reason.size() == 2000u);
    // Whoever opens the file next finds them, also in one of before there was such a list.
    BOOST_TEST(store::open_access(directory.path() / "access.db")->refusals(other).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
