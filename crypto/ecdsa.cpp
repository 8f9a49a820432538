#include "crypto/ecdsa.hpp"

#include "base/freed_by.hpp"
#include "crypto/error.hpp"

#include <memory>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

namespace tsms::crypto {

namespace {

using number_ptr = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using signature_ptr = std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>>;

[[noreturn]] void fail() {
    ERR_clear_error();
    throw error("ECDSA: the form of the signature failed");
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
    const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
    if (size <= 0)
        fail();
    bytes out(static_cast<std::size_t>(size));
    auto* at = out.data();
    if (i2d_ECDSA_SIG(signature.get(), &at) != size)
        fail();
    return out;
}

} // namespace tsms::crypto
