// Key derivation, key wrap, digests, and the key vault.

#include "crypto/digest.hpp"
#include "crypto/error.hpp"
#include "crypto/kcv.hpp"
#include "crypto/kdf.hpp"
#include "crypto/key_wrap.hpp"
#include "crypto/vault.hpp"
#include "tests/unit/scp03_vectors.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace tsms;
using namespace tsms::crypto;

namespace {

secret key(std::string_view text) {
    return secret(hex(text));
}

/// 00 01 02 … so that every run gives the same octets.
class counting_random final : public random_source {
public:
    void fill(std::span<std::uint8_t> out) override {
        for (auto& octet : out)
            octet = next_++;
    }

private:
    std::uint8_t next_ = 0;
};

struct vault_fixture {
    counting_random random;
    std::unique_ptr<key_vault> vault = make_software_vault(secret(bytes(32, 0x5A)), random);
    secret transport = key("404142434445464748494A4B4C4D4E4F");

    /// A key set with known keys gets into the vault as an issuer brings it.
    wrapped_keys known(std::string_view enc, std::string_view mac, std::string_view dek, std::uint8_t version = 0x30) {
        transported_keys keys;
        const std::string_view texts[] = {enc, mac, dek};
        for (std::size_t k = 0; k < 3; ++k)
            keys[k] = {wrap_key(transport, key(texts[k])), aes_kcv(key(texts[k]))};
        return vault->import_wrapped(transport, version, static_cast<int>(enc.size() * 4), keys);
    }
};

struct scratch_directory {
    std::filesystem::path path;
    scratch_directory() {
        auto pattern = (std::filesystem::temp_directory_path() / "vault-XXXXXX").string();
        BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~scratch_directory() { std::filesystem::remove_all(path); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(crypto)

BOOST_AUTO_TEST_CASE(kdf_known_answers) {
    for (const auto& c : scp03_vectors::kdf) {
        const auto out = scp03_kdf(key(c.key), static_cast<scp03_constant>(c.constant), hex(c.context), c.bits);
        BOOST_TEST(to_hex(out.view()) == c.out, c.source);
    }
    BOOST_CHECK_THROW(scp03_kdf(key("00"), scp03_constant::s_enc, {}, 128), tsms::crypto::error);
    BOOST_CHECK_THROW(scp03_kdf(secret(bytes(16)), scp03_constant::s_enc, {}, 257), tsms::crypto::error);
}

BOOST_AUTO_TEST_CASE(sp800_108_known_answers) {
    for (const auto& c : scp03_vectors::sp800_108)
        BOOST_TEST(to_hex(counter_mode_kdf(key(c.key), hex(c.before), hex(c.after), std::string_view(c.out).size() / 2)
                              .view()) == c.out,
                   c.source);
    BOOST_CHECK_THROW(counter_mode_kdf(key("00000000000000000000000000000000"), {}, {}, 255 * 16 + 1),
                      tsms::crypto::error);
}

BOOST_AUTO_TEST_CASE(kdf3_known_answers) {
    for (const auto& c : scp03_vectors::kdf3)
        for (std::uint8_t k = 1; k <= 3; ++k)
            BOOST_TEST(to_hex(aes_kcv(kdf3(key(c.master), hex(c.diversification_data), k))) == c.kcvs[k - 1], c.source);
    // martinpaljak/GlobalPlatformPro@236a610a6338, TestPlaintextKeys.java: a key seen outside.
    const auto enc =
        kdf3(key("8C72C72CF908411653018807950D82FBAD947562F0828A0B10B8B9606ABF3BCD"), hex("D9B1DE5D0362DEDCE4FB"), 1);
    BOOST_TEST(to_hex(enc.view()) == "9AAC5D0B3601F89438A0D9D0B6B256CFB47E6462DFA5228D3420C4AC7C224781");
}

BOOST_AUTO_TEST_CASE(check_values_known_answers) {
    for (const auto& c : scp03_vectors::kcv)
        BOOST_TEST(to_hex(aes_kcv(key(c.key))) == c.kcv, c.source);
}

BOOST_AUTO_TEST_CASE(key_wrap_of_rfc3394) {
    const auto kek = key("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
    const auto data = key("00112233445566778899AABBCCDDEEFF");
    auto wrapped = wrap_key(kek, data);
    BOOST_TEST(to_hex(wrapped) == "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"); // RFC 3394 4.3
    BOOST_CHECK(unwrap_key(kek, wrapped) == data);
    wrapped[9] ^= 1;
    BOOST_CHECK_THROW(unwrap_key(kek, wrapped), tsms::crypto::error);
    wrapped[9] ^= 1;
    BOOST_CHECK_THROW(unwrap_key(key("000102030405060708090A0B0C0D0E0F"), wrapped), tsms::crypto::error);
    BOOST_CHECK_THROW(unwrap_key(kek, bytes(8)), tsms::crypto::error);
    BOOST_CHECK_THROW(unwrap_key(kek, bytes(25)), tsms::crypto::error);
}

BOOST_AUTO_TEST_CASE(digests) {
    BOOST_TEST(to_hex(sha1(as_bytes("abc"))) == "A9993E364706816ABA3E25717850C26C9CD0D89D");
    BOOST_TEST(to_hex(sha256(bytes{})) == "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
}

BOOST_FIXTURE_TEST_CASE(vault_derives_session_keys, vault_fixture) {
    for (const auto& c : scp03_vectors::sessions) {
        const auto keys = known(c.enc, c.mac, c.dek);
        const auto response = hex(c.initialize_update_response);
        const std::size_t length = (response[12] & 1) != 0 ? 16 : 8;
        const auto request = hex(c.initialize_update);
        const auto session = vault->derive_session(keys, bytes_view(request).subspan(5, length),
                                                   bytes_view(response).subspan(13, length));
        BOOST_TEST(to_hex(session.s_enc.view()) == c.s_enc, c.name);
        BOOST_TEST(to_hex(session.s_mac.view()) == c.s_mac, c.name);
        BOOST_TEST(to_hex(session.s_rmac.view()) == c.s_rmac, c.name);
    }
    // OpenJavaCard/openjavacard-tools@477536bf4e2a, SCP03DerivationTest.java
    const auto same = "404142434445464748494A4B4C4D4E4F";
    const auto session =
        vault->derive_session(known(same, same, same), hex("A7F76C713F0A713D"), hex("31900058C1C451A2"));
    BOOST_TEST(to_hex(session.s_enc.view()) == "258A78866F41482BEF482DC8CA976CCD");
    BOOST_TEST(to_hex(session.s_mac.view()) == "053DB6ABC7FDF3B63A0D965EE16B0255");
    BOOST_TEST(to_hex(session.s_rmac.view()) == "EDA0B4F2EC0345BFC50F3BC59CFEF936");
}

BOOST_FIXTURE_TEST_CASE(vault_predicts_card_challenge, vault_fixture) {
    // pysim_AES128_level33: recorded at an ISD-R, counter 000003.
    const auto keys = known("000102030405060708090A0B0C0D0E0F", "101112131415161718191A1B1C1D1E1F",
                            "202122232425262728292A2B2C2D2E2F");
    BOOST_TEST(to_hex(vault->card_challenge(keys, hex("000003"), hex("A0000005591010FFFFFFFF8900000100"), 8)) ==
               "3B1ACA81E821F219");
    const auto host = hex("FDF38259A1E0DE44");
    const auto card = hex("3B1ACA81E821F219");
    const auto material =
        prepare_session(*vault, keys, host, card, hex("000003"), hex("A0000005591010FFFFFFFF8900000100"));
    BOOST_TEST(to_hex(material.expected_challenge) == "3B1ACA81E821F219");
    BOOST_TEST(to_hex(material.keys.s_enc.view()) == "BC5689F3A0B783A9ED6DA1C5C6BC1F99");
    BOOST_TEST(prepare_session(*vault, keys, host, card, {}, {}).expected_challenge.empty()); // a random challenge
}

BOOST_FIXTURE_TEST_CASE(vault_encrypts_keys_under_the_dek, vault_fixture) {
    for (const auto& c : scp03_vectors::dek) {
        const auto under = known(c.key, c.key, c.key);
        const auto encrypted = vault->encrypt_keys(under, known(c.plain, c.plain, c.plain, 0x31));
        for (const auto& one : encrypted) {
            BOOST_TEST(to_hex(one.cryptogram) == c.cipher, c.source);
            BOOST_TEST(to_hex(one.kcv) == to_hex(aes_kcv(key(c.plain))));
        }
        BOOST_TEST(to_hex(vault->encrypt_data(under, key(c.plain))) == c.cipher);
    }
    const auto any = vault->generate(0x30, 128);
    BOOST_TEST(vault->encrypt_keys(any, vault->generate(0x31, 192))[0].cryptogram.size() == 32u); // SCP03 7.2
    BOOST_CHECK_THROW(vault->encrypt_data(any, secret(bytes(15))), tsms::crypto::error);
}

BOOST_FIXTURE_TEST_CASE(vault_generates_distinct_keys, vault_fixture) {
    const auto keys = vault->generate(0x30, 256);
    const auto values = vault->check_values(keys);
    BOOST_CHECK(values[0] != values[1] && values[1] != values[2]);
    BOOST_CHECK(vault->check_values(vault->generate(0x31, 256)) != values);
    BOOST_CHECK_THROW(vault->generate(0x30, 64), tsms::crypto::error);
    BOOST_CHECK_THROW(vault->generate(0x80, 128), tsms::crypto::error);
    BOOST_CHECK_THROW(vault->generate(0x00, 128), tsms::crypto::error);
}

BOOST_FIXTURE_TEST_CASE(vault_diversifies_for_the_provider, vault_fixture) {
    const auto& c = scp03_vectors::kdf3.front();
    const auto keys = vault->diversify(key(c.master), hex(c.diversification_data), 0x20);
    BOOST_TEST(keys.bits == 128);
    for (std::size_t k = 0; k < 3; ++k)
        BOOST_TEST(to_hex(vault->check_values(keys)[k]) == c.kcvs[k]);
}

BOOST_FIXTURE_TEST_CASE(vault_refuses_changed_octets, vault_fixture) {
    const auto keys = vault->generate(0x30, 128);
    auto other = keys;
    other.version = 0x31;
    BOOST_CHECK_THROW(vault->check_values(other), tsms::crypto::error);
    other = keys;
    other.bits = 192;
    BOOST_CHECK_THROW(vault->check_values(other), tsms::crypto::error);
    for (std::size_t k = 0; k < keys.wrapped.size(); ++k) {
        other = keys;
        other.wrapped[k] ^= 0x80;
        BOOST_CHECK_THROW(vault->check_values(other), tsms::crypto::error);
    }
    other = keys;
    other.wrapped.resize(27);
    BOOST_CHECK_THROW(vault->check_values(other), tsms::crypto::error);
    BOOST_CHECK_THROW(make_software_vault(secret(bytes(32, 1)))->check_values(keys), tsms::crypto::error);
}

BOOST_FIXTURE_TEST_CASE(vault_checks_what_an_issuer_brings, vault_fixture) {
    const auto one = key("000102030405060708090A0B0C0D0E0F");
    transported_keys keys;
    keys.fill({wrap_key(transport, one), aes_kcv(one)});
    BOOST_CHECK_NO_THROW(vault->import_wrapped(transport, 0x30, 128, keys));
    BOOST_CHECK_THROW(vault->import_wrapped(transport, 0x30, 256, keys), tsms::crypto::error);
    BOOST_CHECK_THROW(vault->import_wrapped(key("00000000000000000000000000000000"), 0x30, 128, keys),
                      tsms::crypto::error);
    BOOST_CHECK_THROW(vault->import_wrapped(secret(bytes(24)), 0x30, 128, keys), tsms::crypto::error);
    keys[1].kcv[2] ^= 1;
    BOOST_CHECK_THROW(vault->import_wrapped(transport, 0x30, 128, keys), tsms::crypto::error);
    keys[1].kcv.clear(); // a missing check value is a wrong one
    BOOST_CHECK_THROW(vault->import_wrapped(transport, 0x30, 128, keys), tsms::crypto::error);
}

BOOST_FIXTURE_TEST_CASE(vault_seals_for_one_purpose, vault_fixture) {
    const secret data(as_bytes("transport key of an issuer"));
    const auto sealed = vault->seal(data, "issuer");
    BOOST_CHECK(vault->open(sealed, "issuer") == data);
    BOOST_CHECK_THROW(vault->open(sealed, "credential"), tsms::crypto::error);
    BOOST_CHECK(vault->open(vault->seal(secret(), "empty"), "empty").empty());
    BOOST_CHECK(vault->seal(data, "issuer") != sealed); // never the same nonce
    // A sealed value cannot pose as a key set.
    BOOST_CHECK_THROW(vault->check_values({0x30, 128, vault->seal(secret(bytes(48)), "x")}), tsms::crypto::error);
}

BOOST_AUTO_TEST_CASE(master_key_file) {
    namespace fs = std::filesystem;
    const scratch_directory directory;
    const auto path = directory.path / "master.key";
    create_master_key(path);
    BOOST_TEST(fs::file_size(path) == 32u);
    BOOST_CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    BOOST_CHECK_THROW(create_master_key(path), tsms::crypto::error); // never overwritten
    const auto keys = open_software_vault(path)->generate(0x30, 128);
    BOOST_CHECK_NO_THROW(open_software_vault(path)->check_values(keys));

    fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
    BOOST_CHECK_THROW(open_software_vault(path), tsms::crypto::error);
    fs::permissions(path, fs::perms::group_read, fs::perm_options::remove);
    std::ofstream(path, std::ios::app) << 'x';
    BOOST_CHECK_THROW(open_software_vault(path), tsms::crypto::error);
    BOOST_CHECK_THROW(open_software_vault(directory.path / "absent"), tsms::crypto::error);
}

BOOST_AUTO_TEST_SUITE_END()
