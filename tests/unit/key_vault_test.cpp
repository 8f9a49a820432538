// What every implementation of the port to long-lived keys does (crypto/vault.hpp). Nothing here knows one of them: a
// new one is a line in `implementations`.

#include "crypto/ecdsa.hpp"
#include "crypto/error.hpp"
#include "crypto/kcv.hpp"
#include "crypto/key_wrap.hpp"
#include "crypto/software_vault.hpp"
#include "tests/unit/scp03_vectors.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <set>
#include <tuple>

using namespace tsms;
using namespace tsms::crypto;

namespace {

struct in_software {
    /// Two with the same number are the same vault.
    static std::unique_ptr<key_vault> open(std::uint8_t number) {
        return make_software_vault(secret(bytes(32, number)));
    }
};
using implementations = std::tuple<in_software>;

using refused = tsms::crypto::error;

secret key(std::string_view text) {
    return secret(hex(text));
}

template <class Implementation> struct room {
    std::unique_ptr<key_vault> vault = Implementation::open(1);
    std::unique_ptr<key_vault> same = Implementation::open(1);
    std::unique_ptr<key_vault> other = Implementation::open(2);
    secret transport = key("404142434445464748494A4B4C4D4E4F");
    transport_key_handle under = vault->import_transport_key(transport);

    /// A key set with known keys gets into the vault as an issuer brings it.
    wrapped_keys known(std::string_view enc, std::string_view mac, std::string_view dek, std::uint8_t version = 0x30) {
        transported_keys keys;
        const std::string_view texts[] = {enc, mac, dek};
        for (std::size_t k = 0; k < 3; ++k)
            keys[k] = {wrap_key(transport, key(texts[k])), aes_kcv(key(texts[k]))};
        return vault->import_wrapped(under, version, static_cast<int>(enc.size() * 4), keys);
    }
};

/// Does the public key vouch for this plain signature? OpenSSL judges, from nothing but what has left the vault.
bool verifies(bytes_view public_key, bytes_view signature, bytes_view message) {
    const auto* at = public_key.data();
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> read(
        d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key.size())), EVP_PKEY_free);
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    BOOST_REQUIRE(read != nullptr);
    BOOST_REQUIRE(at == public_key.data() + public_key.size());
    const auto der = ecdsa_sig_value(signature);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, read.get()) == 1 &&
           EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(), message.size()) == 1;
}

std::string curve_of(bytes_view public_key) {
    const auto* at = public_key.data();
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> read(
        d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key.size())), EVP_PKEY_free);
    char name[64] = {};
    BOOST_REQUIRE(read && EVP_PKEY_get_group_name(read.get(), name, sizeof name, nullptr) == 1);
    return name;
}

/// Every way in which octets can be used, by kind.
struct uses {
    key_vault& vault;
    const std::vector<std::pair<const char*, std::function<void(const bytes&)>>> all{
        {"key set",
         [this](const bytes& o) {
             vault.check_values({0x30, 256, o});
         }},
        {"transport key", [this](const bytes& o) { vault.check_value(transport_key_handle{o}); }},
        {"master key",
         [this](const bytes& o) {
             vault.diversify({256, o}, bytes(10), 0x20);
         }},
        {"signing key",
         [this](const bytes& o) {
             vault.sign({elliptic_curve::p256, o}, {});
         }},
        {"MAC key", [this](const bytes& o) { vault.mac({o}, {}); }},
        {"seal",
         [this](const bytes& o) {
             if (!vault.has_sealed(o))
                 throw refused("another vault's");
         }},
    };
};

std::vector<bytes> one_of_each(key_vault& vault) {
    const secret octets(bytes(32, 0x11)); // the same key, whatever it is for
    return {vault.generate(0x30, 256).wrapped,       vault.import_transport_key(octets).wrapped,
            vault.import_master_key(octets).wrapped, vault.generate_signing_key(elliptic_curve::p256).wrapped,
            vault.import_mac_key(octets).wrapped,    vault.seal()};
}

struct mac_case {
    std::string_view key, message, mac;
};

} // namespace

BOOST_AUTO_TEST_SUITE(key_vault_contract)

// -- key sets of cards

BOOST_AUTO_TEST_CASE_TEMPLATE(vault_derives_session_keys, Implementation, implementations) {
    room<Implementation> r;
    for (const auto& c : scp03_vectors::sessions) {
        const auto keys = r.known(c.enc, c.mac, c.dek);
        const auto response = hex(c.initialize_update_response);
        const std::size_t length = (response[12] & 1) != 0 ? 16 : 8;
        const auto request = hex(c.initialize_update);
        const auto session = r.vault->derive_session(keys, bytes_view(request).subspan(5, length),
                                                     bytes_view(response).subspan(13, length));
        BOOST_TEST(to_hex(session.s_enc.view()) == c.s_enc, c.name);
        BOOST_TEST(to_hex(session.s_mac.view()) == c.s_mac, c.name);
        BOOST_TEST(to_hex(session.s_rmac.view()) == c.s_rmac, c.name);
    }
    // OpenJavaCard/openjavacard-tools@477536bf4e2a, SCP03DerivationTest.java
    const auto same = "404142434445464748494A4B4C4D4E4F";
    const auto session =
        r.vault->derive_session(r.known(same, same, same), hex("A7F76C713F0A713D"), hex("31900058C1C451A2"));
    BOOST_TEST(to_hex(session.s_enc.view()) == "258A78866F41482BEF482DC8CA976CCD");
    BOOST_TEST(to_hex(session.s_mac.view()) == "053DB6ABC7FDF3B63A0D965EE16B0255");
    BOOST_TEST(to_hex(session.s_rmac.view()) == "EDA0B4F2EC0345BFC50F3BC59CFEF936");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(vault_predicts_card_challenge, Implementation, implementations) {
    // pysim_AES128_level33: recorded at an ISD-R, counter 000003.
    room<Implementation> r;
    const auto keys = r.known("000102030405060708090A0B0C0D0E0F", "101112131415161718191A1B1C1D1E1F",
                              "202122232425262728292A2B2C2D2E2F");
    BOOST_TEST(to_hex(r.vault->card_challenge(keys, hex("000003"), hex("A0000005591010FFFFFFFF8900000100"), 8)) ==
               "3B1ACA81E821F219");
    const auto host = hex("FDF38259A1E0DE44");
    const auto card = hex("3B1ACA81E821F219");
    const auto material =
        prepare_session(*r.vault, keys, host, card, hex("000003"), hex("A0000005591010FFFFFFFF8900000100"));
    BOOST_TEST(to_hex(material.expected_challenge) == "3B1ACA81E821F219");
    BOOST_TEST(to_hex(material.keys.s_enc.view()) == "BC5689F3A0B783A9ED6DA1C5C6BC1F99");
    BOOST_TEST(prepare_session(*r.vault, keys, host, card, {}, {}).expected_challenge.empty()); // a random challenge
}

BOOST_AUTO_TEST_CASE_TEMPLATE(vault_encrypts_keys_under_the_dek, Implementation, implementations) {
    room<Implementation> r;
    for (const auto& c : scp03_vectors::dek) {
        const auto under = r.known(c.key, c.key, c.key);
        const auto encrypted = r.vault->encrypt_keys(under, r.known(c.plain, c.plain, c.plain, 0x31));
        for (const auto& one : encrypted) {
            BOOST_TEST(to_hex(one.cryptogram) == c.cipher, c.source);
            BOOST_TEST(to_hex(one.kcv) == to_hex(aes_kcv(key(c.plain))));
        }
        BOOST_TEST(to_hex(r.vault->encrypt_data(under, key(c.plain))) == c.cipher);
    }
    const auto any = r.vault->generate(0x30, 128);
    BOOST_TEST(r.vault->encrypt_keys(any, r.vault->generate(0x31, 192))[0].cryptogram.size() == 32u); // SCP03 7.2
    BOOST_CHECK_THROW(r.vault->encrypt_data(any, secret(bytes(15))), refused);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(vault_generates_distinct_keys, Implementation, implementations) {
    room<Implementation> r;
    const auto keys = r.vault->generate(0x30, 256);
    const auto values = r.vault->check_values(keys);
    BOOST_CHECK(values[0] != values[1] && values[1] != values[2]);
    BOOST_CHECK(r.vault->check_values(r.vault->generate(0x31, 256)) != values);
    BOOST_CHECK(r.same->check_values(keys) == values);
    for (const auto& [version, bits] : {std::pair{0x30, 64}, {0x80, 128}, {0x00, 128}})
        BOOST_CHECK_THROW(r.vault->generate(static_cast<std::uint8_t>(version), bits), refused);
    BOOST_TEST(r.vault->generate(0xFF, 128).version == 0xFF); // of the factory
}

BOOST_AUTO_TEST_CASE_TEMPLATE(vault_diversifies_for_the_provider, Implementation, implementations) {
    room<Implementation> r;
    for (const auto& c : scp03_vectors::kdf3) {
        const auto master = r.vault->import_master_key(key(c.master));
        BOOST_TEST(master.bits == static_cast<int>(std::string_view(c.master).size()) * 4);
        const auto keys = r.vault->diversify(master, hex(c.diversification_data), 0x20);
        BOOST_TEST(keys.bits == master.bits);
        for (std::size_t k = 0; k < 3; ++k)
            BOOST_TEST(to_hex(r.vault->check_values(keys)[k]) == c.kcvs[k], c.source);
        BOOST_CHECK(r.same->check_values(keys) == r.vault->check_values(keys));
        BOOST_CHECK_THROW(r.other->diversify(master, hex(c.diversification_data), 0x20), refused);
        BOOST_CHECK_THROW(r.vault->diversify(master, hex(c.diversification_data), 0x80), refused);
    }
    for (const std::size_t octets : {0, 15, 17, 33})
        BOOST_CHECK_THROW(r.vault->import_master_key(secret(bytes(octets))), refused);
}

// -- keys of others

BOOST_AUTO_TEST_CASE_TEMPLATE(vault_checks_what_an_issuer_brings, Implementation, implementations) {
    room<Implementation> r;
    const auto one = key("000102030405060708090A0B0C0D0E0F");
    transported_keys keys;
    keys.fill({wrap_key(r.transport, one), aes_kcv(one)});
    BOOST_CHECK_NO_THROW(r.vault->import_wrapped(r.under, 0x30, 128, keys));
    BOOST_CHECK_THROW(r.vault->import_wrapped(r.under, 0x30, 256, keys), refused);
    BOOST_CHECK_THROW(r.vault->import_wrapped(r.vault->import_transport_key(key("00000000000000000000000000000000")),
                                              0x30, 128, keys),
                      refused);
    keys[1].kcv[2] ^= 1;
    BOOST_CHECK_THROW(r.vault->import_wrapped(r.under, 0x30, 128, keys), refused);
    keys[1].kcv.clear(); // a missing check value is a wrong one
    BOOST_CHECK_THROW(r.vault->import_wrapped(r.under, 0x30, 128, keys), refused);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(transport_keys_are_those_of_rfc3394, Implementation, implementations) {
    room<Implementation> r;
    // RFC 3394 4.3: 128 bits under 256.
    const auto kek = key("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
    const transported_key one{hex("64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
                              aes_kcv(key("00112233445566778899AABBCCDDEEFF"))};
    const auto under = r.vault->import_transport_key(kek);
    const auto keys = r.same->import_wrapped(under, 0x30, 128, {one, one, one});
    for (const auto& value : r.vault->check_values(keys))
        BOOST_TEST(to_hex(value) == to_hex(one.kcv));
    BOOST_TEST(to_hex(r.vault->check_value(under)) == to_hex(aes_kcv(kek)));
    auto changed = one;
    changed.wrapped[9] ^= 1;
    BOOST_CHECK_THROW(r.vault->import_wrapped(under, 0x30, 128, {one, one, changed}), refused);
    for (const std::size_t octets : {0, 15, 24, 33})
        BOOST_CHECK_THROW(r.vault->import_transport_key(secret(bytes(octets))), refused);
}

// -- signatures and MACs

BOOST_AUTO_TEST_CASE_TEMPLATE(signatures_are_verified_by_the_public_key, Implementation, implementations) {
    room<Implementation> r;
    std::set<bytes> known;
    for (const auto& [curve, name] : {std::pair{elliptic_curve::p256, "prime256v1"},
                                      std::pair{elliptic_curve::brainpool_p256r1, "brainpoolP256r1"}}) {
        const auto signer = r.vault->generate_signing_key(curve);
        BOOST_CHECK(signer.curve == curve);
        const auto pub = r.vault->public_key(signer);
        BOOST_TEST(curve_of(pub) == name);
        BOOST_CHECK(r.same->public_key(signer) == pub);
        BOOST_TEST(known.insert(pub).second);
        const auto stranger = r.vault->public_key(r.vault->generate_signing_key(curve));
        BOOST_TEST(known.insert(stranger).second);
        for (const bytes& message : {bytes(), bytes(1), bytes(100000, 0x41)}) {
            auto signature = r.vault->sign(signer, message);
            BOOST_TEST(signature.size() == 64u);
            BOOST_TEST(verifies(pub, signature, message));
            BOOST_TEST(!verifies(stranger, signature, message));
            signature[40] ^= 1;
            BOOST_TEST(!verifies(pub, signature, message));
        }
        // One of 256 numbers begins with a zero: the form keeps its length.
        for (int i = 0; i < 300; ++i)
            BOOST_REQUIRE(r.vault->sign(signer, as_bytes("again")).size() == 64u);
        BOOST_CHECK_THROW(r.other->sign(signer, {}), refused);
        BOOST_CHECK_THROW(r.other->public_key(signer), refused);
    }
    BOOST_CHECK_THROW(r.vault->generate_signing_key(static_cast<elliptic_curve>(3)), refused);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(macs_are_those_of_rfc4231, Implementation, implementations) {
    room<Implementation> r;
    const auto long_key = std::string(262, 'A'); // 131 octets AA
    const mac_case cases[] = {
        // 4.2, 4.4 and 4.5
        {"0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "4869205468657265",
         "B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD",
         "773EA91E36800E46854DB8EBD09181A72959098B3EF8C122D9635514CED565FE"},
        {"0102030405060708090A0B0C0D0E0F10111213141516171819",
         "CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCD",
         "82558A389A443C0EA4CC819899F2083A85F0FAA3E578F8077A2E3FF46729665B"},
        // 4.7: a key longer than a block of the hash
        {long_key,
         "54657374205573696E67204C6172676572205468616E20426C6F636B2D53697A65204B6579202D2048617368204B6579204669727374",
         "60E431591EE0B67F0D8A26AACBF5B77F8E0BC6213728C5140546040F0EE37F54"},
    };
    for (const auto& c : cases) {
        const auto handle = r.vault->import_mac_key(key(c.key));
        BOOST_TEST(to_hex(r.vault->mac(handle, hex(c.message))) == c.mac);
        BOOST_TEST(to_hex(r.same->mac(handle, hex(c.message))) == c.mac);
        BOOST_CHECK_THROW(r.other->mac(handle, hex(c.message)), refused);
    }
    BOOST_CHECK(r.vault->mac(r.vault->generate_mac_key(), {}) != r.vault->mac(r.vault->generate_mac_key(), {}));
    BOOST_CHECK_NO_THROW(r.vault->import_mac_key(secret(bytes(16))));
    BOOST_CHECK_NO_THROW(r.vault->import_mac_key(secret(bytes(256))));
    for (const std::size_t octets : {0, 15, 257})
        BOOST_CHECK_THROW(r.vault->import_mac_key(secret(bytes(octets))), refused);
}

// -- handles

BOOST_AUTO_TEST_CASE_TEMPLATE(no_kind_takes_the_place_of_another, Implementation, implementations) {
    room<Implementation> r;
    const uses here{*r.vault}, elsewhere{*r.other};
    const auto handles = one_of_each(*r.vault);
    BOOST_REQUIRE(handles.size() == here.all.size());
    for (std::size_t h = 0; h < handles.size(); ++h)
        for (std::size_t u = 0; u < here.all.size(); ++u) {
            BOOST_TEST_CONTEXT(here.all[h].first << " as " << here.all[u].first) {
                if (h == u)
                    BOOST_CHECK_NO_THROW(here.all[u].second(handles[h]));
                else
                    BOOST_CHECK_THROW(here.all[u].second(handles[h]), refused);
                BOOST_CHECK_THROW(elsewhere.all[u].second(handles[h]), refused);
            }
        }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(vault_refuses_changed_octets, Implementation, implementations) {
    room<Implementation> r;
    const uses here{*r.vault};
    const auto handles = one_of_each(*r.vault);
    for (std::size_t h = 0; h < handles.size(); ++h) {
        BOOST_TEST_CONTEXT(here.all[h].first) {
            for (std::size_t k = 0; k < handles[h].size(); ++k) {
                auto changed = handles[h];
                changed[k] ^= 0x80;
                BOOST_CHECK_THROW(here.all[h].second(changed), refused);
                changed.resize(k);
                BOOST_CHECK_THROW(here.all[h].second(changed), refused);
            }
            auto longer = handles[h];
            longer.push_back(0);
            BOOST_CHECK_THROW(here.all[h].second(longer), refused);
        }
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(attributes_are_bound_to_the_octets, Implementation, implementations) {
    room<Implementation> r;
    const auto keys = r.vault->generate(0x30, 128);
    auto other = keys;
    other.version = 0x31;
    BOOST_CHECK_THROW(r.vault->check_values(other), refused);
    other = keys;
    other.bits = 192;
    BOOST_CHECK_THROW(r.vault->check_values(other), refused);
    other.bits = 1;
    BOOST_CHECK_THROW(r.vault->check_values(other), refused);
    const auto master = r.vault->import_master_key(secret(bytes(32)));
    BOOST_CHECK_THROW(r.vault->diversify({128, master.wrapped}, bytes(10), 0x20), refused);
    const auto signer = r.vault->generate_signing_key(elliptic_curve::p256);
    BOOST_CHECK_THROW(r.vault->sign({elliptic_curve::brainpool_p256r1, signer.wrapped}, {}), refused);
    BOOST_CHECK_THROW(r.vault->public_key({elliptic_curve::brainpool_p256r1, signer.wrapped}), refused);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_vault_knows_its_own_seals, Implementation, implementations) {
    room<Implementation> r;
    const auto seal = r.vault->seal();
    BOOST_TEST(r.vault->has_sealed(seal));
    BOOST_TEST(r.same->has_sealed(seal));
    BOOST_TEST(!r.other->has_sealed(seal));
    BOOST_TEST(!r.vault->has_sealed({}));
    BOOST_CHECK(r.vault->seal() != seal);
}

BOOST_AUTO_TEST_SUITE_END()
