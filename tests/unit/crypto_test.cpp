// Key derivation, key wrap, digests and MACs.

#include "crypto/digest.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/error.hpp"
#include "crypto/inside/counter_kdf.hpp"
#include "crypto/inside/key_unwrap.hpp"
#include "crypto/kcv.hpp"
#include "crypto/kdf.hpp"
#include "crypto/key_wrap.hpp"
#include "tests/unit/scp03_vectors.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::crypto;

namespace {

secret key(std::string_view text) {
    return secret(hex(text));
}

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

BOOST_AUTO_TEST_CASE(plain_signatures_as_x509_has_them) {
    // r and s with a leading bit, with leading zeros, and zero.
    BOOST_TEST(to_hex(ecdsa_sig_value(hex("80010002"))) == "30080203008001020102");
    BOOST_TEST(to_hex(ecdsa_sig_value(hex("00000001"))) == "3006020100020101");
    BOOST_CHECK_THROW(ecdsa_sig_value({}), tsms::crypto::error);
    BOOST_CHECK_THROW(ecdsa_sig_value(bytes(63)), tsms::crypto::error);
}

BOOST_AUTO_TEST_SUITE_END()
