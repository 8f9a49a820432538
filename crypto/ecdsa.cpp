#include "crypto/ecdsa.hpp"

#include "base/freed_by.hpp"
#include "crypto/error.hpp"

#include <algorithm>
#include <memory>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace tsms::crypto {

namespace {

using number_ptr = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using signature_ptr = std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using digest_context_ptr = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;

constexpr std::size_t longest_sig_value = 72; ///< of two numbers of 32 octets
constexpr std::string_view curves[] = {"id-ecPublicKey prime256v1", "id-ecPublicKey brainpoolP256r1"};

[[noreturn]] void fail() {
    ERR_clear_error();
    throw error("ECDSA: the form of a signature or certificate failed");
}

bytes der_of(const ECDSA_SIG* signature) {
    const int size = i2d_ECDSA_SIG(signature, nullptr);
    if (size <= 0)
        fail();
    bytes out(static_cast<std::size_t>(size));
    auto* at = out.data();
    if (i2d_ECDSA_SIG(signature, &at) != size)
        fail();
    return out;
}

/// One number has one form: OpenSSL's reader takes others too.
bool is_sig_value(bytes_view der) {
    if (der.empty() || der.size() > longest_sig_value)
        return false;
    const auto* at = der.data();
    const signature_ptr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    return signature && std::ranges::equal(der_of(signature.get()), der);
}

} // namespace

bytes ecdsa_sig_value(bytes_view plain) {
    if (plain.empty() || plain.size() % 2 != 0)
        throw error("a plain ECDSA signature is two numbers of one length");
    const auto octets = static_cast<int>(plain.size() / 2);
    const signature_ptr signature(ECDSA_SIG_new());
    number_ptr r(BN_bin2bn(plain.data(), octets, nullptr)), s(BN_bin2bn(plain.data() + octets, octets, nullptr));
    if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1)
        fail();
    static_cast<void>(r.release()); // the signature's now
    static_cast<void>(s.release());
    return der_of(signature.get());
}

std::optional<std::string> why_not_signed(const certificate& signer, bytes_view message, bytes_view sig_value) {
    if (std::ranges::find(curves, signer.key_algorithm) == std::end(curves))
        return "the certificate has a key of the kind " + signer.key_algorithm +
               ", and not one on P-256 or brainpoolP256r1";
    if (!is_sig_value(sig_value))
        return "the signature is no ECDSA-Sig-Value in DER";
    const auto* at = signer.der.data();
    const x509_ptr x509(d2i_X509(nullptr, &at, static_cast<long>(signer.der.size())));
    const digest_context_ptr context(EVP_MD_CTX_new());
    if (!x509 || !context ||
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, X509_get0_pubkey(x509.get())) != 1)
        fail();
    const bool good =
        EVP_DigestVerify(context.get(), sig_value.data(), sig_value.size(), message.data(), message.size()) == 1;
    ERR_clear_error();
    return good ? std::nullopt : std::optional<std::string>("the signature is not that of the certificate's key");
}

} // namespace tsms::crypto
