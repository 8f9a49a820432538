#pragma once
// The private key of a TLS certificate. It is no key of the vault: it lives in a file, for which it is made or from
// which it is read, and OpenSSL uses it. Nobody is told its octets.

#include <filesystem>
#include <memory>

struct evp_pkey_st;

namespace tsms::crypto {

class private_key {
public:
    /// None: get() is null.
    private_key() = default;

    /// A new one, P-256.
    static private_key generate();

    /// Of a file in PEM without pass phrase. Throws crypto::error that names the file.
    static private_key read(const std::filesystem::path& file);

    /// To a new file that only its owner can read (PKCS#8, PEM, not encrypted). Throws crypto::error, also if there is
    /// a file: keys are never overwritten.
    void write(const std::filesystem::path& file) const;

    /// For OpenSSL; it lives as long as this object or a copy of it.
    evp_pkey_st* get() const { return key_.get(); }

private:
    explicit private_key(evp_pkey_st* taken_over);
    std::shared_ptr<evp_pkey_st> key_;
};

} // namespace tsms::crypto
