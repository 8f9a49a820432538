#include "crypto/private_key.hpp"

#include "base/freed_by.hpp"
#include "crypto/error.hpp"
#include "crypto/inside/secret_file.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace tsms::crypto {

namespace {

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

/// An asker for pass phrases that has none: a parser must never wait at a terminal.
int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

[[noreturn]] void fail(const std::string& text) {
    ERR_clear_error();
    throw error(text);
}

constexpr std::size_t most = 65536;

} // namespace

private_key::private_key(evp_pkey_st* taken_over) : key_(taken_over, EVP_PKEY_free) {}

private_key private_key::generate() {
    auto* const key = EVP_EC_gen("P-256");
    if (!key)
        fail("generating a private key failed");
    return private_key(key);
}

private_key private_key::read(const std::filesystem::path& file) {
    const auto pem = read_secret_file(file, most, "private key", readable_by::anybody);
    const bio_ptr bio(BIO_new_mem_buf(pem.view().data(), static_cast<int>(pem.size())));
    auto* const key = bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr) : nullptr;
    if (!key)
        fail("the private key " + file.string() + " is no PEM key without pass phrase");
    return private_key(key);
}

void private_key::write(const std::filesystem::path& file) const {
    const bio_ptr out(BIO_new(BIO_s_secmem())); // wiped when it is freed
    char* text = nullptr;
    if (!out || PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        fail("a private key cannot be written as PEM");
    const auto size = BIO_get_mem_data(out.get(), &text);
    create_secret_file(file, secret(as_bytes({text, static_cast<std::size_t>(size)})), "private key");
}

} // namespace tsms::crypto
