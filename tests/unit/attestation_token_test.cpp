// Attestation Tokens (TR Appendix A) against octets that were put together by hand from its ASN.1, and everything that
// is no token.

#include "crypto/ecdsa.hpp"
#include "crypto/object_identifier.hpp"
#include "crypto/software_vault.hpp"
#include "gp/attestation_token.hpp"
#include "gp/tlv.hpp"

#include <boost/test/unit_test.hpp>
#include <openssl/x509v3.h>

using namespace tsms;
using gp::attestation;
using gp::token_error;

namespace {

// 2.999.1: the first two numbers are 2 * 40 + 999 = 1079 = 8 * 128 + 55, which is 88 37.
const std::string oid = "8003883701";
const std::string process = "81107390F811F27F412CA4FFE792D073F41F"; // the UUID of A.3
const std::string flavor = "821000112233445566778899AABBCCDDEEFF";
const std::string signer = "85140102030405060708090A0B0C0D0E0F1011121314";
/// The signature of A.3.
const std::string signature =
    "304402200C9E3D56CCDEC4FF00E6EAEFE11C594C0C29A3D85BE9F04CA5A8FDBFFA5001AD0220212BDFA5E789C96F"
    "05C884F557BA7B03C47B2F4FB8A48CC9B7DCE45853249B14";
const std::string body = "A03F" + oid + process + flavor + signer; // 5 + 18 + 18 + 22 = 63
const std::string whole = "7F418189" + body + "8146" + signature;  // 65 + 72 = 137

attestation by_hand() {
    return {hex("883701"),
            hex("7390F811F27F412CA4FFE792D073F41F"),
            hex("00112233445566778899AABBCCDDEEFF"),
            std::nullopt,
            std::nullopt,
            hex("0102030405060708090A0B0C0D0E0F1011121314")};
}

bytes made(const attestation& a) {
    return gp::make_attestation_token(a, [](bytes_view) { return hex(signature); });
}

/// Why it is none; empty if it is one.
std::string fault(bytes_view octets) {
    try {
        gp::parse_attestation_token(octets);
        return {};
    } catch (const token_error& e) {
        return e.what();
    }
}
std::string fault(const std::string& text) {
    return fault(hex(text));
}

/// Objects around these, with their lengths.
std::string around(const std::string& objects, const std::string& behind = "8146" + signature) {
    auto inner = gp::encode_tlv(0xA0, hex(objects));
    append(inner, hex(behind));
    return to_hex(gp::encode_tlv(0x7F41, inner));
}

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

/// A key, its certificate, and a token that it has signed.
struct signed_token {
    explicit signed_token(crypto::elliptic_curve curve = crypto::elliptic_curve::p256)
        : handle(vault->generate_signing_key(curve)),
          certificate(crypto::make_signer_certificate(
              vault->public_key(handle), [this](bytes_view m) { return sign(m); }, "test", crypto::days(10))) {
        auto content = by_hand();
        content.signer_reference = certificate.public_key_id;
        octets = gp::make_attestation_token(content, [this](bytes_view m) { return sign(m); });
    }
    bytes sign(bytes_view message) const { return crypto::ecdsa_sig_value(vault->sign(handle, message)); }
    bool vouches_for(bytes_view token) const {
        try {
            gp::signer_of(gp::parse_attestation_token(token), {certificate});
            return true;
        } catch (const token_error&) {
            return false;
        }
    }

    std::unique_ptr<crypto::key_vault> vault = crypto::make_software_vault(crypto::secret(bytes(32, 1)));
    crypto::signing_key_handle handle;
    crypto::certificate certificate;
    bytes octets;
};

constexpr crypto::elliptic_curve curves[] = {crypto::elliptic_curve::p256, crypto::elliptic_curve::brainpool_p256r1};

} // namespace

BOOST_AUTO_TEST_SUITE(attestation_token)

BOOST_AUTO_TEST_CASE(it_is_written_as_appendix_a_says) {
    BOOST_TEST(to_hex(made(by_hand())) == whole);
    bytes seen;
    gp::make_attestation_token(by_hand(), [&](bytes_view b) {
        seen = to_bytes(b);
        return hex(signature);
    });
    BOOST_TEST(to_hex(seen) == body); // with tag and length (AMB-161)
}

BOOST_AUTO_TEST_CASE(it_is_read_as_it_was_written) {
    const auto token = gp::parse_attestation_token(hex(whole));
    BOOST_CHECK(token.content == by_hand());
    BOOST_TEST(to_hex(token.body) == body);
    BOOST_TEST(to_hex(token.signature) == signature);
    BOOST_TEST(gp::uuid_text(token.content.process_id) == "7390f811-f27f-412c-a4ff-e792d073f41f"); // A.3
    auto more = by_hand();
    more.master_key_index = hex("0080"); // 128: an INTEGER has a sign
    more.key_diversification_data = hex("00112233445566778899");
    const auto octets = made(more);
    BOOST_TEST(to_hex(octets) == around(oid + process + flavor + "83020080" + "840A00112233445566778899" + signer));
    BOOST_CHECK(gp::parse_attestation_token(octets).content == more);
    more.master_key_index = hex("00112233445566778899AABBCCDDEEFF"); // a UUID in 1.0.4 (AMB-162)
    BOOST_CHECK(gp::parse_attestation_token(made(more)).content == more);
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_out_of_its_place_is_named) {
    for (const auto& [objects, missing] : {std::pair{process + flavor + signer, "tag 80 (TSM identifier)"},
                                           {oid + flavor + signer, "tag 81 (Process ID)"},
                                           {oid + process + signer, "tag 82 (Flavor ID)"},
                                           {oid + process + flavor, "tag 85 (signer reference)"},
                                           {process + oid + flavor + signer, "tag 80 (TSM identifier)"},
                                           {oid + oid + process + flavor + signer, "tag 81 (Process ID)"},
                                           {std::string(), "tag 80 (TSM identifier)"}})
        BOOST_TEST(fault(around(objects)) == std::string(missing) + " is missing in the body");
    BOOST_TEST(says(fault(around(oid + process + flavor + signer + "8600")), "in the body"));
    BOOST_TEST(says(fault(around(oid + process + flavor + signer, "")), "tag 81 (signature) is missing in the token"));
    BOOST_TEST(says(fault(around(oid + process + flavor + signer, "8146" + signature + "00")), "in the token"));
    BOOST_TEST(says(fault(whole + "00"), "behind it"));
    BOOST_TEST(says(fault("7F42" + whole.substr(4)), "tag 7F41 (Attestation Token) is missing"));
    BOOST_TEST(says(fault(""), "tag 7F41"));
    BOOST_TEST(says(fault("7F41"), "no length"));
    BOOST_TEST(says(fault(around(oid + process + flavor + "830101" + signer)), "only one"));
    BOOST_TEST(says(fault(around(oid + process + flavor + "840101" + signer)), "only one"));
    BOOST_TEST(says(fault(bytes(gp::longest_token + 1, 0x7F)), "more than a token can have"));
    BOOST_TEST(says(fault(bytes(gp::longest_token, 0x7F)), "tag 7F41"));
}

BOOST_AUTO_TEST_CASE(values_have_their_sizes_and_forms) {
    const auto with = [](const std::string& o, const std::string& p, const std::string& f, const std::string& more,
                         const std::string& s) { return fault(around(o + p + f + more + s)); };
    BOOST_TEST(says(with(oid, "810F" + process.substr(6), flavor, "", signer), "tag 81 (Process ID) has 15 octets"));
    BOOST_TEST(says(with(oid, process, "8211" + flavor.substr(4) + "00", "", signer), "tag 82 (Flavor ID) has 17"));
    BOOST_TEST(says(with(oid, process, flavor, "", "8513" + signer.substr(6)), "tag 85 (signer reference) has 19"));
    for (const auto* bad : {"8000", "8003808801", "800188", "800288B7"})
        BOOST_TEST(says(with(bad, process, flavor, "", signer), "tag 80 (TSM identifier)"), bad);
    for (const auto* index : {"8300", "83020001", "8302FF80",
                              "8311"
                              "0011223344556677889900112233445566"})
        BOOST_TEST(says(with(oid, process, flavor, std::string(index) + "840101", signer), "tag 83"), index);
    for (const auto* index : {"830100", "83020080", "8302FF7F",
                              "8310"
                              "00000000000000000000000000000001"})
        BOOST_TEST(with(oid, process, flavor, std::string(index) + "840101", signer) == "", index);
    BOOST_TEST(says(with(oid, process, flavor,
                         "830101"
                         "8400",
                         signer),
                    "tag 84"));
}

BOOST_AUTO_TEST_CASE(lengths_have_one_form) {
    // 81 3F for 3F, 82 00 89 for 81 89, and forms that DER does not have.
    const auto rest = "813F" + body.substr(4) + "8146" + signature;
    BOOST_TEST(says(fault("7F41818A"
                          "A0" +
                          rest),
                    "tag A0 (body) has a length that is not written the shortest way"));
    BOOST_TEST(says(fault("7F41820089" + whole.substr(8)), "tag 7F41 (Attestation Token) has a length that is not"));
    BOOST_TEST(says(fault("7F4183000089" + whole.substr(8)), "length that no token has"));
    BOOST_TEST(says(fault("7F4180" + whole.substr(8) + "0000"), "length that no token has")); // indefinite
    BOOST_TEST(says(fault(around(oid + "818110" + process.substr(4) + flavor + signer)), "tag 81 (Process ID)"));
}

BOOST_AUTO_TEST_CASE(what_is_cut_off_is_none) {
    const auto token = hex(whole);
    for (std::size_t length = 0; length < token.size(); ++length)
        BOOST_TEST(!fault(bytes_view(token).first(length)).empty(), length);
}

BOOST_AUTO_TEST_CASE(each_bit_of_a_signed_token_counts) {
    for (const auto curve : curves) {
        const signed_token t(curve);
        BOOST_TEST(t.vouches_for(t.octets));
        BOOST_TEST(t.octets.size() < 223u); // one STORE DATA in the smallest channel
        for (std::size_t at = 0; at < t.octets.size(); ++at)
            for (int bit = 0; bit < 8; ++bit) {
                auto other = t.octets;
                other[at] ^= static_cast<std::uint8_t>(1 << bit);
                BOOST_TEST(!t.vouches_for(other), at << "." << bit);
            }
    }
}

BOOST_AUTO_TEST_CASE(only_the_key_that_is_named_vouches) {
    const signed_token t, other;
    BOOST_TEST(!other.vouches_for(t.octets));
    const auto token = gp::parse_attestation_token(t.octets);
    BOOST_TEST(gp::signer_of(token, {other.certificate, t.certificate}).fingerprint == t.certificate.fingerprint);
    BOOST_CHECK_EXCEPTION(gp::signer_of(token, {other.certificate}), token_error, [&](const token_error& e) {
        return says(e.what(), to_hex(t.certificate.public_key_id)) &&
               says(e.what(), to_hex(other.certificate.public_key_id));
    });
    BOOST_CHECK_THROW(gp::signer_of(token, {}), token_error);
    auto claimed = gp::parse_attestation_token(t.octets).content; // another's key is named
    claimed.signer_reference = other.certificate.public_key_id;
    const auto forged = gp::make_attestation_token(claimed, [&](bytes_view m) { return t.sign(m); });
    BOOST_TEST(!other.vouches_for(forged));
    BOOST_TEST(!t.vouches_for(forged));
    auto ca = *crypto::parse_certificate(as_bytes(crypto::make_ca("ca").certificate_pem));
    ca.key_algorithm = "rsaEncryption 2048";
    BOOST_TEST(says(crypto::why_not_signed(ca, token.body, token.signature).value_or(""), "rsaEncryption"));
}

BOOST_AUTO_TEST_CASE(a_signature_has_one_form) {
    const signed_token t;
    const auto message = hex("00");
    const auto good = t.sign(message);
    BOOST_TEST(!crypto::why_not_signed(t.certificate, message, good).has_value());
    const auto r_length = good[3];
    auto padded = good; // 00 in front of r
    padded.insert(padded.begin() + 4, 0x00);
    padded[3] = static_cast<std::uint8_t>(r_length + 1);
    padded[1] = static_cast<std::uint8_t>(padded[1] + 1);
    auto longer = good; // 81 in front of the length
    longer.insert(longer.begin() + 1, 0x81);
    auto trailing = good;
    trailing.push_back(0);
    for (const auto& bad : {padded, longer, trailing, bytes{}, bytes(73, 0x30), t.vault->sign(t.handle, message)})
        BOOST_TEST(says(crypto::why_not_signed(t.certificate, message, bad).value_or(""), "no ECDSA-Sig-Value"));
    BOOST_TEST(says(crypto::why_not_signed(t.certificate, hex("01"), good).value_or(""), "not that of"));
}

BOOST_AUTO_TEST_CASE(the_certificate_holds_the_key_identifier_and_vouches_for_itself) {
    for (const auto curve : curves) {
        const signed_token t(curve);
        const auto* at = t.certificate.der.data();
        const std::unique_ptr<X509, void (*)(X509*)> x509(
            d2i_X509(nullptr, &at, static_cast<long>(t.certificate.der.size())), X509_free);
        BOOST_REQUIRE(x509 != nullptr);
        const auto* id = X509_get0_subject_key_id(x509.get());
        BOOST_REQUIRE(id != nullptr);
        BOOST_TEST(to_hex({ASN1_STRING_get0_data(id), static_cast<std::size_t>(ASN1_STRING_length(id))}) ==
                   to_hex(t.certificate.public_key_id));
        BOOST_TEST(X509_verify(x509.get(), X509_get0_pubkey(x509.get())) == 1);
        BOOST_TEST(X509_check_ca(x509.get()) == 0);
        BOOST_TEST(X509_get_key_usage(x509.get()) == static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE));
        BOOST_TEST(t.certificate.subject == "CN=test");
        BOOST_TEST(t.certificate.issuer == "CN=test");
    }
    BOOST_CHECK_THROW(crypto::make_signer_certificate(
                          hex("3000"), [](bytes_view) { return bytes{}; }, "x", crypto::days(1)),
                      crypto::error);
}

BOOST_AUTO_TEST_CASE(what_is_no_attestation_is_not_written) {
    for (const auto& spoil : std::vector<void (*)(attestation&)>{
             [](attestation& a) { a.tsm_identifier.clear(); }, [](attestation& a) { a.process_id.pop_back(); },
             [](attestation& a) { a.flavor_id.push_back(0); }, [](attestation& a) { a.signer_reference.clear(); },
             [](attestation& a) { a.master_key_index = bytes{1}; }}) {
        auto a = by_hand();
        spoil(a);
        BOOST_CHECK_THROW(made(a), token_error);
    }
}

BOOST_AUTO_TEST_CASE(object_identifiers) {
    for (const auto& [text, content] :
         {std::pair{"2.999.1", "883701"},
          {"0.0", "00"},
          {"1.2.840.113549", "2A864886F70D"}, // ISO/IEC 8825-1 style: RSA Data Security
          {"2.5.4.3", "550403"},
          {"2.25.329800735698586629295641978511506172918", "6983F8AFF0A4DFF3D6FD9AE8B0B7EFC284EFFE76"}}) {
        const auto octets = crypto::object_identifier(text);
        BOOST_REQUIRE_MESSAGE(octets.has_value(), text);
        BOOST_TEST(crypto::text_of_object_identifier(*octets).value_or("") == text);
        if (std::string_view(text).size() < 20)
            BOOST_TEST(to_hex(*octets) == content);
    }
    for (const auto* bad : {"", "1", "3.1", "0.40", "1.40", "2", "2.", ".2.1", "2..1", "2.01", "2.1 ", " 2.1", "2 1",
                            "2.-1", "2.1a", "commonName", "CN", "2.1.0x1"})
        BOOST_TEST(!crypto::object_identifier(bad).has_value(), bad);
    BOOST_TEST(!crypto::object_identifier("2." + std::string(300, '1')).has_value());
    for (const auto* bad : {"", "80", "8001", "8080", "88", "883780", "88378001"})
        BOOST_TEST(!crypto::text_of_object_identifier(hex(bad)).has_value(), bad);
    BOOST_TEST(!crypto::text_of_object_identifier(bytes(crypto::longest_object_identifier + 1, 1)).has_value());
    // The example of ITU-T X.667: f81d4fae-7dec-11d0-a765-00a0c91e6bf6
    BOOST_TEST(crypto::object_identifier_of_uuid(hex("F81D4FAE7DEC11D0A76500A0C91E6BF6")) ==
               "2.25.329800735698586629295641978511506172918");
    BOOST_TEST(crypto::object_identifier_of_uuid(bytes(16, 0)) == "2.25.0");
    BOOST_TEST(crypto::object_identifier_of_uuid(bytes(16, 0xFF)) == "2.25.340282366920938463463374607431768211455");
}

BOOST_AUTO_TEST_CASE(uuids) {
    const std::string text = "7390f811-f27f-412c-a4ff-e792d073f41f";
    BOOST_TEST(gp::uuid_text(gp::octets_of_uuid(text).value()) == text);
    BOOST_TEST(to_hex(gp::octets_of_uuid("7390F811-F27F-412C-A4FF-E792D073F41F").value()) ==
               "7390F811F27F412CA4FFE792D073F41F");
    for (const std::string& bad :
         {std::string(), text.substr(1), text + "0", std::string("7390f811f27f412ca4ffe792d073f41f0000"),
          std::string("7390f81-1f27f-412c-a4ff-e792d073f41f"), std::string("7390f811-f27f-412c-a4ff-e792d073f41g")})
        BOOST_TEST(!gp::octets_of_uuid(bad).has_value(), bad);
}

BOOST_AUTO_TEST_SUITE_END()
