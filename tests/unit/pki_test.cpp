// Certificates: what the small PKI makes is what the parser reads, and hostile certificates are refused.

#include "crypto/pki.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <openssl/evp.h>
#include <unistd.h>

using namespace tsms;

BOOST_AUTO_TEST_SUITE(pki)

BOOST_AUTO_TEST_CASE(what_is_made_is_what_is_read) {
    const auto ca = crypto::make_ca("Test CA");
    const std::vector<std::string> names{"localhost", "127.0.0.1"};
    const auto server = crypto::make_server_certificate(ca, "tsms device", names, crypto::days(10));
    const auto read = crypto::parse_certificate(as_bytes(server.certificate_pem));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read->subject == "CN=tsms device");
    BOOST_TEST(read->issuer == "CN=Test CA");
    BOOST_TEST(!read->is_ca);
    BOOST_TEST(read->key_algorithm == "id-ecPublicKey prime256v1");
    BOOST_TEST(read->fingerprint.size() == 64u);
    BOOST_TEST(read->public_key_id.size() == 20u);
    BOOST_CHECK(read->not_before < std::chrono::system_clock::now());
    BOOST_CHECK(read->not_after > std::chrono::system_clock::now() + crypto::days(9));
    BOOST_CHECK(read->not_after < std::chrono::system_clock::now() + crypto::days(11));
    BOOST_TEST(read->pem() == server.certificate_pem);
    BOOST_TEST(crypto::parse_certificate(as_bytes(ca.certificate_pem))->is_ca);

    const auto again = crypto::parse_certificate(read->der);
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST(again->fingerprint == read->fingerprint);
    BOOST_TEST(crypto::make_client_certificate(ca, "client").certificate_pem != server.certificate_pem);
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused) {
    const auto ca = crypto::make_ca("Test CA");
    const auto& pem = ca.certificate_pem;
    auto der = crypto::parse_certificate(as_bytes(pem))->der;
    for (const std::string& text :
         {std::string(), std::string("x"), pem + "x", "x" + pem, pem + pem, pem.substr(0, pem.size() / 2),
          std::string("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
          std::string(crypto::certificate_limit + 1, '\n') + pem})
        BOOST_TEST(!crypto::parse_certificate(as_bytes(text)).has_value());
    BOOST_TEST(crypto::parse_certificate(as_bytes("\n " + pem + "\r\n")).has_value());
    der.push_back(0);
    BOOST_TEST(!crypto::parse_certificate(der).has_value());
    for (std::size_t length = 0; length < der.size() - 1; length += 7)
        BOOST_TEST(!crypto::parse_certificate(bytes_view(der).first(length)).has_value());

    BOOST_TEST(crypto::parse_certificates("comment\n" + pem + "\n" + pem).size() == 2u);
    BOOST_CHECK_THROW(crypto::parse_certificates(pem + "-----BEGIN CERTIFICATE-----\nAA"), crypto::error);
    const std::vector<std::string> injected{"localhost,IP:10.0.0.1"};
    BOOST_CHECK_THROW(crypto::make_server_certificate(ca, "x", injected), crypto::error);
    BOOST_CHECK_THROW(crypto::make_ca(""), crypto::error);
}

BOOST_AUTO_TEST_CASE(who_vouches_for_a_client) {
    const auto read = [](const crypto::credential& c) { return crypto::parse_certificates(c.certificate_pem); };
    const auto ca = crypto::make_ca("Test CA");
    const auto client = read(crypto::make_client_certificate(ca, "client"));
    const std::vector<std::string> names{"localhost"};
    BOOST_TEST(!crypto::why_no_client(read(ca), client).has_value());
    BOOST_TEST(crypto::why_no_client(read(crypto::make_ca("Test CA")), client).has_value()); // another one's key
    BOOST_TEST(crypto::why_no_client({}, client).has_value());
    BOOST_TEST(crypto::why_no_client(read(ca), {}).has_value());
    const auto server = crypto::why_no_client(read(ca), read(crypto::make_server_certificate(ca, "server", names)));
    BOOST_REQUIRE(server.has_value());
    BOOST_TEST(server->find("purpose") != std::string::npos);
    const auto past = crypto::make_client_certificate(ca, "past", crypto::days(-1));
    const auto expired = crypto::why_no_client(read(ca), read(past));
    BOOST_REQUIRE(expired.has_value());
    BOOST_TEST(expired->find("expired") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(private_keys_are_in_files) {
    namespace fs = std::filesystem;
    auto folder = (fs::temp_directory_path() / "pki-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const auto file = fs::path(folder) / "key.pem";
    const auto made = crypto::make_ca("Test CA");
    made.key.write(file);
    BOOST_CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    BOOST_CHECK_THROW(made.key.write(file), crypto::error); // never overwritten
    const auto read = crypto::private_key::read(file);
    BOOST_TEST(EVP_PKEY_eq(read.get(), made.key.get()) == 1);
    BOOST_TEST(EVP_PKEY_eq(read.get(), crypto::private_key::generate().get()) == 0);

    const auto refused = [&](const fs::path& path) {
        try {
            crypto::private_key::read(path);
            return false;
        } catch (const crypto::error& e) {
            return std::string(e.what()).find(path.string()) != std::string::npos;
        }
    };
    BOOST_TEST(refused(fs::path(folder) / "absent"));
    std::ofstream(fs::path(folder) / "certificate.pem") << made.certificate_pem;
    BOOST_TEST(refused(fs::path(folder) / "certificate.pem"));
    std::ofstream(fs::path(folder) / "large.pem") << std::string(65537, ' ');
    BOOST_TEST(refused(fs::path(folder) / "large.pem"));
    fs::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
