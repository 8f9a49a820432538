// Access tokens of service providers (AMB-146, DIV-120): what is read, which key verifies it, and for whom and when it
// speaks.

#include "http/wire/access_token.hpp"

#include "base/base64url.hpp"
#include "crypto/digest.hpp"
#include "crypto/error.hpp"
#include "crypto/hmac.hpp"
#include "token_signer.hpp"

using namespace tsms;
using namespace tsms::unit;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t now_seconds = 1'800'000'000;
const wall_time now{std::chrono::seconds(now_seconds)};
const std::string caller(64, 'A');

std::string claims(const std::string& change = {}) {
    return R"({"iss":"sp","aud":"tsm-api","exp":)" + std::to_string(now_seconds + 300) + change + "}";
}
std::string header(const std::string& algorithm, const std::string& more = {}) {
    return R"({"alg":")" + algorithm + "\"" + more + "}";
}

struct kind_of_key {
    const char* algorithm;
    token_signer signer;
};
const std::vector<kind_of_key>& kinds() {
    static const std::vector<kind_of_key> all{
        {"ES256", token_signer::p256()}, {"RS256", token_signer::rsa()}, {"EdDSA", token_signer::ed25519()}};
    return all;
}

wire::token_key key_of(const token_signer& signer, std::string key_id = "k1") {
    return {"provider", "sp", std::move(key_id), "tsm-api", crypto::verification_key::read(signer.public_pem())};
}

/// Why it is refused; empty: it speaks for the app.
std::string judged(const std::string& text, const std::vector<wire::token_key>& keys, wall_time when = now,
                   const std::string& of = caller) {
    try {
        const auto token = wire::parse_access_token(text);
        const auto* key = wire::verify(token, keys);
        return key ? wire::refuse(token, *key, of, when).value_or("") : "not verified";
    } catch (const json::parse_error& e) {
        return e.what();
    }
}

bool says(const std::string& text, std::string_view words) {
    return text.find(words) != std::string::npos;
}

const token_signer& es256() {
    return kinds()[0].signer;
}
std::string with_claims(const std::string& text) {
    return judged(es256().token(header("ES256"), text), {key_of(es256())});
}

} // namespace

BOOST_AUTO_TEST_SUITE(access_token)

BOOST_AUTO_TEST_CASE(each_kind_of_key_verifies_its_own_algorithm) {
    for (const auto& [algorithm, signer] : kinds()) {
        const auto key = key_of(signer);
        BOOST_TEST(key.key.algorithm() == algorithm);
        for (const auto& [named, other] : kinds()) {
            const bool same = &other == &signer;
            BOOST_TEST(judged(other.token(header(named), claims()), {key}) == (same ? "" : "not verified"), named);
            if (!same) // the header does not choose
                BOOST_TEST(judged(signer.token(header(named), claims()), {key}) == "not verified", named);
        }
        const auto again = crypto::verification_key::read(key.key.pem());
        BOOST_TEST(again.fingerprint() == key.key.fingerprint());
    }
}

// RFC 8725 2.1, 3.1
BOOST_AUTO_TEST_CASE(neither_no_signature_nor_a_mac_by_the_public_key_is_one) {
    const auto unsigned_part = [](const std::string& algorithm) {
        return base64url(as_bytes(header(algorithm))) + "." + base64url(as_bytes(claims()));
    };
    for (const auto& [algorithm, signer] : kinds()) {
        const auto key = key_of(signer);
        for (const std::string none : {"none", "None", "NONE", ""}) {
            BOOST_TEST(judged(unsigned_part(none) + ".", {key}) != "");
            BOOST_TEST(judged(unsigned_part(none) + ".AA", {key}) != "");
        }
        BOOST_TEST(judged(unsigned_part(algorithm) + ".", {key}) != "");
        for (const std::string mac : {"HS256", algorithm}) {
            const auto text = unsigned_part(mac);
            for (const auto& secret : {signer.public_pem(), key.key.fingerprint()})
                BOOST_TEST(judged(text + "." +
                                      base64url(crypto::hmac_sha256(crypto::secret(as_bytes(secret)), as_bytes(text))),
                                  {key}) == "not verified");
        }
    }
}

BOOST_AUTO_TEST_CASE(every_changed_bit_and_every_other_key_is_noticed) {
    for (const auto& [algorithm, signer] : kinds()) {
        const auto key = key_of(signer);
        const auto signature = signer.sign("text");
        BOOST_TEST(key.key.verifies(as_bytes(std::string_view("text")), signature));
        BOOST_TEST(!key.key.verifies(as_bytes(std::string_view("texu")), signature));
        for (std::size_t i = 0; i < signature.size(); ++i) {
            auto changed = signature;
            changed[i] ^= 1;
            BOOST_TEST(!key.key.verifies(as_bytes(std::string_view("text")), changed), i);
        }
        for (const auto size : {std::size_t{0}, signature.size() - 1, signature.size() + 1}) {
            auto changed = signature;
            changed.resize(size);
            BOOST_TEST(!key.key.verifies(as_bytes(std::string_view("text")), changed), size);
        }
    }
    for (const auto& other : {token_signer::p256(), token_signer::p256()})
        BOOST_TEST(judged(other.token(header("ES256"), claims()), {key_of(es256())}) == "not verified");
    bytes zeros(64);
    BOOST_TEST(!key_of(es256()).key.verifies(as_bytes(std::string_view("text")), zeros));
}

BOOST_AUTO_TEST_CASE(a_key_is_chosen_by_its_issuer_and_id) {
    const auto second = token_signer::p256();
    const std::vector keys{key_of(es256(), "k1"), key_of(second, "k2")};
    BOOST_TEST(judged(second.token(header("ES256"), claims()), keys) == ""); // it does not say which
    BOOST_TEST(judged(second.token(header("ES256", R"(,"kid":"k2")"), claims()), keys) == "");
    BOOST_TEST(judged(second.token(header("ES256", R"(,"kid":"k1")"), claims()), keys) == "not verified");
    BOOST_TEST(judged(second.token(header("ES256", R"(,"kid":"k3")"), claims()), keys) == "not verified");
    auto of_another = keys;
    of_another[1].issuer = "another";
    BOOST_TEST(judged(second.token(header("ES256"), claims()), of_another) == "not verified");
    BOOST_TEST(judged(second.token(header("ES256"), claims()), {}) == "not verified");
}

BOOST_AUTO_TEST_CASE(it_speaks_between_its_dates) {
    const auto at = [](const std::string& name, std::int64_t from_now) {
        return ",\"" + name + "\":" + std::to_string(now_seconds + from_now);
    };
    const auto expires = [&](std::int64_t from_now) {
        return with_claims(R"({"iss":"sp","aud":"tsm-api")" + at("exp", from_now) + "}");
    };
    BOOST_TEST(expires(-59) == "");
    BOOST_TEST(says(expires(-60), "expired"));
    BOOST_TEST(expires(24 * 3600 + 60) == "");
    BOOST_TEST(says(expires(24 * 3600 + 61), "more than a day"));
    for (const std::string name : {"nbf", "iat"}) {
        BOOST_TEST(with_claims(claims(at(name, 60))) == "", name);
        BOOST_TEST(says(with_claims(claims(at(name, 61))), "not valid yet"), name);
        BOOST_TEST(with_claims(claims(at(name, -1000000))) == "", name);
    }
    BOOST_TEST(says(with_claims(R"({"iss":"sp","aud":"tsm-api"})"), "exp"));
    for (const std::string bad : {"-1", "1800000300.5", "\"1800000300\"", "253402300800", "1e99", "null"})
        BOOST_TEST(with_claims(R"({"iss":"sp","aud":"tsm-api","exp":)" + bad + "}") != "", bad);
}

BOOST_AUTO_TEST_CASE(it_speaks_to_its_audience_for_its_app) {
    const auto to = [](const std::string& audience) {
        return with_claims(R"({"iss":"sp","exp":1800000300,"aud":)" + audience + "}");
    };
    BOOST_TEST(to(R"("tsm-api")") == "");
    BOOST_TEST(to(R"(["another","tsm-api"])") == "");
    for (const std::string bad :
         {R"("another")", R"("tsm-api ")", R"([])", R"(["another"])", "null", "1", R"([1])", "{}"})
        BOOST_TEST(to(bad) != "", bad);
    BOOST_TEST(with_claims(R"({"iss":"sp","exp":1800000300})") != "");
    std::string many = "[";
    for (int i = 0; i < 16; ++i)
        many += R"("x",)";
    BOOST_TEST(says(to(many + R"("tsm-api"])"), "too many"));

    const auto of = [](const std::string& who) { return with_claims(claims(R"(,"callerId":")" + who + "\"")); };
    BOOST_TEST(of(caller) == "");
    BOOST_TEST(of(std::string(64, 'a')) == ""); // hexadecimal has no case
    BOOST_TEST(says(of(std::string(64, 'B')), "another app"));
    BOOST_TEST(of("") != "");
}

BOOST_AUTO_TEST_CASE(what_is_no_token_is_refused) {
    const std::vector keys{key_of(es256())};
    const auto good = es256().token(header("ES256"), claims());
    BOOST_TEST(judged(good, keys) == "");
    BOOST_TEST(wire::looks_like_token(good));
    BOOST_TEST(!wire::looks_like_token(std::string(64, 'A'))); // a credential of `tsms app add`
    const auto first = good.find('.'), last = good.rfind('.');
    for (const auto& bad : {std::string(), std::string("."), std::string(".."), good.substr(0, last), good + ".",
                            good + ".AAAA", good + "=", " " + good, good + " ", good.substr(first),
                            good.substr(0, first) + ".." + good.substr(last + 1), std::string(8193, 'A') + ".A.A"})
        BOOST_TEST(judged(bad, keys) != "", bad.substr(0, 80));
    for (const auto& head :
         {header("ES256", R"(,"crit":["exp"])"), header("ES256", R"(,"crit":[])"), header("ES256", R"(,"typ":"JWE")"),
          header("ES256", R"(,"kid":1)"), header("ES256", R"(,"kid":"")"), header("ES256", R"(,"alg":"ES256")"),
          std::string("{}"), std::string("[]"), std::string("{"), std::string()})
        BOOST_TEST(judged(es256().token(head, claims()), keys) != "", head);
    for (const auto& head : {header("ES256", R"(,"typ":"JWT")"), header("ES256", R"(,"typ":"at+jwt")"),
                             header("ES256", R"(,"jwk":{"kty":"EC"},"x5u":"https://evil")")})
        BOOST_TEST(judged(es256().token(head, claims()), keys) == "", head);
    for (const auto& text : {std::string("[]"), std::string("1"), std::string("{}"), claims(R"(,"exp":1)"),
                             std::string(R"({"iss":1,"aud":"tsm-api","exp":1800000300})"), claims(",\"iat\":\"x\""),
                             std::string(7000, ' ') + claims()})
        BOOST_TEST(with_claims(text) != "", text.substr(0, 80));
}

BOOST_AUTO_TEST_CASE(only_public_keys_that_are_strong_enough_are_taken) {
    const auto refused = [](const std::string& pem) {
        try {
            crypto::verification_key::read(pem);
            return std::string();
        } catch (const crypto::error& e) {
            return std::string(e.what());
        }
    };
    const auto good = es256().public_pem();
    BOOST_TEST(refused(good) == "");
    BOOST_TEST(refused("# the key of demo\n" + good) == "");
    BOOST_TEST(says(refused(es256().private_pem()), "private key"));
    BOOST_TEST(says(refused(es256().private_pem() + good), "private key"));
    BOOST_TEST(says(refused(good + good), "more than one"));
    BOOST_TEST(says(refused(token_signer::rsa(1024).public_pem()), "2048"));
    BOOST_TEST(says(refused(token_signer(EVP_EC_gen("P-384")).public_pem()), "P-256"));
    BOOST_TEST(says(refused(token_signer(EVP_EC_gen("secp256k1")).public_pem()), "P-256"));
    BOOST_TEST(says(refused(token_signer(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")).public_pem()), "P-256"));
    auto broken = good;
    broken[broken.size() / 2] = '!';
    for (const auto& bad :
         {std::string(), std::string("x"), broken, good.substr(0, good.size() / 2), std::string(20000, ' ') + good})
        BOOST_TEST(refused(bad) != "", bad.substr(0, 60));
}

BOOST_AUTO_TEST_CASE(base64url_has_one_text_for_octets) { // RFC 7515 C, RFC 4648 10
    const auto of = [](std::string_view text) {
        const auto octets = from_base64url(text);
        return octets ? to_hex(*octets) : "-";
    };
    BOOST_TEST(of("") == "");
    BOOST_TEST(of("A-z_4ME") == "03ECFFE0C1");
    for (const auto& [text, octets] :
         {std::pair{"Zg", "66"}, {"Zm8", "666F"}, {"Zm9v", "666F6F"}, {"Zm9vYg", "666F6F62"}})
        BOOST_TEST(of(text) == octets);
    for (const auto* bad : {"Z", "Zh", "Zm9", "Zg==", "Zm9v\n", "Zm 9", "Zm+v", "Zm/v", "Zm9vY"})
        BOOST_TEST(of(bad) == "-", bad);
    for (int size = 0; size < 70; ++size) {
        bytes data;
        for (int i = 0; i < size; ++i)
            data.push_back(static_cast<std::uint8_t>(i * 37 + size));
        BOOST_TEST((from_base64url(base64url(data)) == data));
    }
}

BOOST_AUTO_TEST_SUITE_END()
