#include "crypto/pki.hpp"

#include "base/ascii.hpp"
#include "base/freed_by.hpp"
#include <algorithm>
#include <arpa/inet.h>
#include <ctime>
#include <memory>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

namespace tsms::crypto {

namespace {

using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using number_ptr = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using store_ptr = std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>>;
using store_context_ptr = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;

[[noreturn]] void fail(const char* operation) {
    ERR_clear_error();
    throw error(std::string("X.509: ") + operation + " failed");
}

template <class T> T* check(T* p, const char* operation) {
    if (!p)
        fail(operation);
    return p;
}

void check(int result, const char* operation) {
    if (result <= 0)
        fail(operation);
}

bio_ptr reading(std::string_view text) {
    return bio_ptr(check(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), "memory"));
}

std::string text_of(BIO* bio) {
    const char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string name_text(const X509_NAME* name) {
    bio_ptr out(check(BIO_new(BIO_s_mem()), "memory"));
    // RFC 2253 escapes control characters, which keeps control characters of a hostile name out of logs.
    if (X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0)
        fail("printing a name");
    return text_of(out.get());
}

std::optional<std::chrono::system_clock::time_point> time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return std::nullopt;
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string algorithm_of(const EVP_PKEY* key) {
    std::string text = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
    char group[64] = {};
    if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1)
        return text + " " + group;
    return text + " " + std::to_string(EVP_PKEY_get_bits(key));
}

std::optional<certificate> describe(X509* x509) {
    const auto not_before = time_of(X509_get0_notBefore(x509));
    const auto not_after = time_of(X509_get0_notAfter(x509));
    const auto* key = X509_get0_pubkey(x509);
    const auto* bits = X509_get0_pubkey_bitstr(x509);
    number_ptr serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nullptr));
    if (!not_before || !not_after || !key || !bits || !serial) {
        ERR_clear_error();
        return std::nullopt;
    }
    certificate result;
    unsigned char* der = nullptr;
    const auto size = i2d_X509(x509, &der);
    if (size <= 0)
        return std::nullopt;
    result.der.assign(der, der + size);
    OPENSSL_free(der);
    result.subject = name_text(X509_get_subject_name(x509));
    result.issuer = name_text(X509_get_issuer_name(x509));
    std::unique_ptr<char, decltype([](char* p) { OPENSSL_free(p); })> digits(BN_bn2hex(serial.get()));
    result.serial = digits.get();
    result.not_before = *not_before;
    result.not_after = *not_after;
    result.is_ca = X509_check_ca(x509) == 1;
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256(result.der.data(), result.der.size(), hash);
    result.fingerprint = to_hex(hash);
    result.public_key_id.resize(SHA_DIGEST_LENGTH);
    SHA1(bits->data, static_cast<std::size_t>(bits->length), result.public_key_id.data());
    result.key_algorithm = algorithm_of(key);
    return result;
}

std::optional<certificate> parse_der(bytes_view der) {
    const auto* at = der.data();
    x509_ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (!x509 || at != der.data() + der.size()) {
        ERR_clear_error();
        return std::nullopt;
    }
    return describe(x509.get());
}

/// An asker for pass phrases that has none: a parser must never wait at a terminal.
int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

x509_ptr read_pem(BIO* bio) {
    return x509_ptr(PEM_read_bio_X509(bio, nullptr, no_pass_phrase, nullptr));
}

constexpr std::string_view pem_begin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view pem_end = "-----END CERTIFICATE-----";

/// Alphabet and padding of RFC 4648 4, in lines: OpenSSL's reader would pass over what stands behind the padding or a
/// hyphen.
bool is_base64(std::string_view text) {
    constexpr std::string_view white = " \t\r\n";
    bool padded = false;
    for (const char c : text) {
        if (white.find(c) != white.npos)
            continue;
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        padded = padded || c == '=';
        if (padded ? c != '=' : !letter && c != '+' && c != '/')
            return false;
    }
    return true;
}

/// All octets of a PEM block, whatever they are.
std::optional<bytes> octets_of_block(std::string_view pem) {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    const bool good = PEM_read_bio(reading(pem).get(), &label, &header, &data, &size) == 1;
    std::optional<bytes> out;
    if (good)
        out.emplace(data, data + size);
    else
        ERR_clear_error();
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, good ? static_cast<std::size_t>(size) : 0);
    return out;
}

/// The certificate that a PEM block begins with.
std::optional<certificate> first_of_block(std::string_view pem) {
    const auto x509 = read_pem(reading(pem).get());
    if (!x509) {
        ERR_clear_error();
        return std::nullopt;
    }
    return describe(x509.get());
}

void add_extension(X509* to, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    extension_ptr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    check(extension.get(), "an extension");
    check(X509_add_ext(to, extension.get(), -1), "adding an extension");
}

struct purpose {
    const char* basic_constraints;
    const char* key_usage;
    const char* extended_key_usage; ///< null: none
    std::string alternative_names;  ///< OpenSSL's notation, empty: none
};

/// Everything but the signature. `issuer`: nothing where it signs itself.
x509_ptr unsigned_certificate(EVP_PKEY* key, X509* issuer, const std::string& common_name, const purpose& use,
                              days validity) {
    x509_ptr x509(check(X509_new(), "memory"));
    X509_set_version(x509.get(), X509_VERSION_3);
    number_ptr serial(check(BN_new(), "memory"));
    check(BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY), "randomness");
    check(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509.get())), "the serial number");
    check(X509_gmtime_adj(X509_getm_notBefore(x509.get()), -300), "the validity");
    check(X509_time_adj_ex(X509_getm_notAfter(x509.get()), validity.count(), 0, nullptr), "the validity");
    auto* name = X509_get_subject_name(x509.get());
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
    check(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, text, static_cast<int>(common_name.size()),
                                     -1, 0),
          "the common name (1 to 64 characters)");
    check(X509_set_issuer_name(x509.get(), issuer ? X509_get_subject_name(issuer) : name), "the issuer");
    check(X509_set_pubkey(x509.get(), key), "the public key");

    auto* signer = issuer ? issuer : x509.get();
    add_extension(x509.get(), signer, NID_basic_constraints, use.basic_constraints);
    add_extension(x509.get(), signer, NID_key_usage, use.key_usage);
    if (use.extended_key_usage)
        add_extension(x509.get(), signer, NID_ext_key_usage, use.extended_key_usage);
    if (!use.alternative_names.empty())
        add_extension(x509.get(), signer, NID_subject_alt_name, use.alternative_names);
    add_extension(x509.get(), signer, NID_subject_key_identifier, "hash");
    add_extension(x509.get(), signer, NID_authority_key_identifier, "keyid:always");
    return x509;
}

credential issue(const credential* ca, const std::string& common_name, const purpose& use, days validity) {
    const auto key = private_key::generate();
    x509_ptr issuer;
    if (ca) {
        issuer = read_pem(reading(ca->certificate_pem).get());
        if (!issuer || !ca->key.get())
            fail("reading the CA's certificate and key");
    }
    const auto x509 = unsigned_certificate(key.get(), issuer.get(), common_name, use, validity);
    check(X509_sign(x509.get(), ca ? ca->key.get() : key.get(), EVP_sha256()), "signing");

    bio_ptr out(check(BIO_new(BIO_s_mem()), "memory"));
    check(PEM_write_bio_X509(out.get(), x509.get()), "writing a certificate");
    return {text_of(out.get()), key};
}

/// What an i2d function of OpenSSL writes.
template <class Write> bytes encoded(const Write& write) {
    const int size = write(nullptr);
    check(size, "writing");
    bytes out(static_cast<std::size_t>(size));
    auto* at = out.data();
    check(write(&at), "writing");
    return out;
}

void append_der(bytes& to, int tag, bytes_view value) {
    bytes object(static_cast<std::size_t>(ASN1_object_size(0, static_cast<int>(value.size()), tag & 0x1F)) -
                 value.size());
    auto* at = object.data();
    ASN1_put_object(&at, tag & V_ASN1_CONSTRUCTED, static_cast<int>(value.size()), tag & 0x1F, V_ASN1_UNIVERSAL);
    append(to, object);
    append(to, value);
}

std::string alternative_name(const std::string& name) {
    unsigned char address[16];
    if (inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1)
        return "IP:" + name;
    // The value is OpenSSL's configuration notation: a comma would start another entry.
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*_") != name.npos)
        throw error("X.509: '" + name.substr(0, 64) + "' is no DNS name or address");
    return "DNS:" + name;
}

x509_ptr read_again(const certificate& c) {
    const auto* at = c.der.data();
    return x509_ptr(check(d2i_X509(nullptr, &at, static_cast<long>(c.der.size())), "reading a certificate"));
}

} // namespace

std::string certificate::pem() const {
    const auto x509 = read_again(*this);
    bio_ptr out(check(BIO_new(BIO_s_mem()), "memory"));
    check(PEM_write_bio_X509(out.get(), x509.get()), "writing a certificate");
    return text_of(out.get());
}

std::optional<certificate> parse_certificate(bytes_view der_or_pem) {
    if (der_or_pem.empty() || der_or_pem.size() > certificate_limit)
        return std::nullopt;
    if (der_or_pem[0] == 0x30)
        return parse_der(der_or_pem);
    const auto text = text::trimmed({reinterpret_cast<const char*>(der_or_pem.data()), der_or_pem.size()}, " \t\r\n");
    if (!text.starts_with(pem_begin) || !text.ends_with(pem_end) || text.size() < pem_begin.size() + pem_end.size() ||
        !is_base64(text.substr(pem_begin.size(), text.size() - pem_begin.size() - pem_end.size())))
        return std::nullopt;
    const auto der = octets_of_block(text);
    return der ? parse_der(*der) : std::nullopt;
}

std::vector<certificate> parse_certificates(std::string_view pem) {
    std::vector<certificate> all;
    for (auto begin = pem.find(pem_begin); begin != pem.npos; begin = pem.find(pem_begin)) {
        const auto end = pem.find(pem_end, begin);
        auto one = end == pem.npos ? std::nullopt : first_of_block(pem.substr(begin, end + pem_end.size() - begin));
        if (!one)
            throw error("X.509: block " + std::to_string(all.size() + 1) + " of the PEM bundle is no certificate");
        all.push_back(*std::move(one));
        pem.remove_prefix(end + pem_end.size());
    }
    return all;
}

std::optional<std::string> why_no_client(const std::vector<certificate>& anchors,
                                         const std::vector<certificate>& chain) {
    const store_ptr store(check(X509_STORE_new(), "memory"));
    for (const auto& anchor : anchors)
        check(X509_STORE_add_cert(store.get(), read_again(anchor).get()), "trusting a certificate");
    std::vector<x509_ptr> owned; // the stack only refers to them
    const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> between(
        check(sk_X509_new_null(), "memory"), [](STACK_OF(X509) * s) { sk_X509_free(s); });
    for (const auto& one : chain) {
        owned.push_back(read_again(one));
        check(sk_X509_push(between.get(), owned.back().get()), "memory");
    }
    if (owned.empty())
        return "there is no certificate";
    const store_context_ptr context(check(X509_STORE_CTX_new(), "memory"));
    check(X509_STORE_CTX_init(context.get(), store.get(), owned.front().get(), between.get()), "verifying");
    check(X509_STORE_CTX_set_default(context.get(), "ssl_client"), "verifying");
    const bool good = X509_verify_cert(context.get()) == 1;
    ERR_clear_error();
    if (good)
        return std::nullopt;
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

std::string pem_of(std::span<const certificate> certificates) {
    std::string out;
    for (const auto& one : certificates)
        out += one.pem();
    return out;
}

credential make_ca(const std::string& common_name, days validity) {
    return issue(nullptr, common_name, {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", nullptr, {}},
                 validity);
}

credential make_server_certificate(const credential& ca, const std::string& common_name,
                                   std::span<const std::string> names, days validity) {
    std::string alternatives;
    for (const auto& name : names)
        alternatives += (alternatives.empty() ? "" : ",") + alternative_name(name);
    return issue(&ca, common_name, {"critical,CA:FALSE", "critical,digitalSignature", "serverAuth", alternatives},
                 validity);
}

credential make_client_certificate(const credential& ca, const std::string& common_name, days validity) {
    return issue(&ca, common_name, {"critical,CA:FALSE", "critical,digitalSignature", "clientAuth", {}}, validity);
}

certificate make_signer_certificate(bytes_view public_key, const std::function<bytes(bytes_view)>& sign,
                                    const std::string& common_name, days validity) {
    const auto* at = public_key.data();
    const key_ptr key(check(d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key.size())), "reading a public key"));
    const auto x509 = unsigned_certificate(key.get(), nullptr, common_name,
                                           {"critical,CA:FALSE", "critical,digitalSignature", nullptr, {}}, validity);
    // OpenSSL writes the algorithm only while it signs: with a key of the moment, whose signature makes room then.
    check(X509_sign(x509.get(), private_key::generate().get(), EVP_sha256()), "signing");
    const auto to_sign = encoded([&](unsigned char** to) { return i2d_re_X509_tbs(x509.get(), to); });
    const ASN1_BIT_STRING* signature = nullptr;
    const X509_ALGOR* algorithm = nullptr;
    X509_get0_signature(&signature, &algorithm, x509.get());
    bytes bits{0}; // of the last octet, none is unused
    append(bits, sign(to_sign));
    bytes content = to_sign;
    append(content, encoded([&](unsigned char** to) { return i2d_X509_ALGOR(algorithm, to); }));
    append_der(content, V_ASN1_BIT_STRING, bits);
    bytes der;
    append_der(der, V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED, content);
    auto made = parse_der(der);
    if (!made)
        fail("making a certificate");
    return *std::move(made);
}

} // namespace tsms::crypto
