#include "crypto/vault.hpp"

#include "crypto/aes.hpp"
#include "crypto/error.hpp"
#include "crypto/gcm.hpp"
#include "crypto/kcv.hpp"
#include "crypto/kdf.hpp"
#include "crypto/key_wrap.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tsms::crypto {

namespace {

constexpr std::size_t master_key_octets = 32;

/// ENC, MAC and DEK in the clear, for the time of one operation.
using plain_keys = std::array<secret, 3>;

std::size_t octets_of(int bits) {
    if (bits != 128 && bits != 192 && bits != 256)
        throw error("AES keys have 128, 192 or 256 bits");
    return static_cast<std::size_t>(bits) / 8;
}

/// What a sealed key set is bound to: its kind, version and length.
bytes key_set_label(std::uint8_t version, int bits) {
    auto label = to_bytes(as_bytes("tsms key set"));
    label.push_back(version);
    label.push_back(static_cast<std::uint8_t>(bits / 8));
    return label;
}

bytes purpose_label(std::string_view purpose) {
    auto label = to_bytes(as_bytes("tsms sealed:"));
    append(label, as_bytes(purpose));
    return label;
}

/// AES-CBC with zero ICV under a static DEK (SCP03 6.2.8), filled up with zeros to whole blocks (SCP03 7.2).
bytes under_dek(const secret& dek, const secret& data) {
    bytes padded((data.size() + 15) / 16 * 16); // in its final size: growing would leave a copy of the key behind
    std::copy(data.view().begin(), data.view().end(), padded.begin());
    const secret clear(std::move(padded));
    return aes_cbc(dek).encrypt(aes_block{}, clear.view());
}

class software_vault final : public key_vault {
public:
    software_vault(secret master_key, random_source& random) : master_(std::move(master_key)), random_(random) {
        if (master_.size() != master_key_octets)
            throw error("the vault's master key must have 32 octets");
    }

    wrapped_keys generate(std::uint8_t version, int bits) override {
        const auto octets = octets_of(bits);
        return keep(version, bits,
                    {random_.take_secret(octets), random_.take_secret(octets), random_.take_secret(octets)});
    }

    wrapped_keys import_wrapped(const secret& transport_key, std::uint8_t version, int bits,
                                const transported_keys& keys) override {
        if (transport_key.size() != 16 && transport_key.size() != 32)
            throw error("a transport key has 128 or 256 bits");
        plain_keys plain;
        for (std::size_t k = 0; k < plain.size(); ++k) {
            plain[k] = unwrap_key(transport_key, keys[k].wrapped);
            if (plain[k].size() != octets_of(bits))
                throw error("imported key has another length than announced");
            if (!equal(aes_kcv(plain[k]), keys[k].kcv))
                throw error("imported key has another check value than announced");
        }
        return keep(version, bits, plain);
    }

    wrapped_keys diversify(const secret& master_key, bytes_view diversification_data, std::uint8_t version) override {
        return keep(version, static_cast<int>(master_key.size() * 8),
                    {kdf3(master_key, diversification_data, 1), kdf3(master_key, diversification_data, 2),
                     kdf3(master_key, diversification_data, 3)});
    }

    session_keys derive_session(const wrapped_keys& keys, bytes_view host_challenge,
                                bytes_view card_challenge) override {
        const auto plain = take_out(keys);
        return derive_session_keys(plain[0], plain[1], host_challenge, card_challenge);
    }

    bytes card_challenge(const wrapped_keys& keys, bytes_view sequence_counter, bytes_view aid,
                         std::size_t length) override {
        const auto plain = take_out(keys);
        return scp03_card_challenge(plain[0], sequence_counter, aid, length);
    }

    encrypted_keys encrypt_keys(const wrapped_keys& under, const wrapped_keys& keys) override {
        const auto receiver = take_out(under);
        const auto plain = take_out(keys);
        encrypted_keys out;
        for (std::size_t k = 0; k < out.size(); ++k)
            out[k] = {under_dek(receiver[2], plain[k]), aes_kcv(plain[k])};
        return out;
    }

    bytes encrypt_data(const wrapped_keys& under, const secret& data) override {
        if (data.size() % 16 != 0)
            throw error("data for encryption under the DEK must be padded to 16 octets by its own rule");
        return under_dek(take_out(under)[2], data);
    }

    std::array<bytes, 3> check_values(const wrapped_keys& keys) override {
        const auto plain = take_out(keys);
        return {aes_kcv(plain[0]), aes_kcv(plain[1]), aes_kcv(plain[2])};
    }

    bytes seal(const secret& data, std::string_view purpose) override {
        return gcm_seal(master_, random_.take(gcm_nonce_octets), purpose_label(purpose), data);
    }

    secret open(bytes_view sealed, std::string_view purpose) override {
        return gcm_open(master_, purpose_label(purpose), sealed);
    }

private:
    wrapped_keys keep(std::uint8_t version, int bits, const plain_keys& keys) {
        constexpr std::uint8_t factory = 0xFF; // the initial keys of a card
        if (version == 0 || (version > 0x7F && version != factory))
            throw error("key versions are 01 to 7F, and FF of the factory");
        bytes all;
        all.reserve(3 * octets_of(bits));
        for (const auto& key : keys)
            append(all, key.view());
        const secret joined(std::move(all));
        return {version, bits, gcm_seal(master_, random_.take(gcm_nonce_octets), key_set_label(version, bits), joined)};
    }

    plain_keys take_out(const wrapped_keys& keys) const {
        const auto octets = octets_of(keys.bits);
        const auto joined = gcm_open(master_, key_set_label(keys.version, keys.bits), keys.wrapped);
        if (joined.size() != 3 * octets)
            throw error("key set has another length than recorded");
        return {secret(joined.view().first(octets)), secret(joined.view().subspan(octets, octets)),
                secret(joined.view().last(octets))};
    }

    secret master_;
    random_source& random_;
};

class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
    throw error(std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

} // namespace

session_material prepare_session(key_vault& vault, const wrapped_keys& keys, bytes_view host_challenge,
                                 bytes_view card_challenge, bytes_view sequence_counter, bytes_view domain_aid) {
    session_material out{vault.derive_session(keys, host_challenge, card_challenge), {}};
    if (!sequence_counter.empty())
        out.expected_challenge = vault.card_challenge(keys, sequence_counter, domain_aid, card_challenge.size());
    return out;
}

void create_master_key(const std::filesystem::path& path, random_source& random) {
    const auto key = random.take_secret(master_key_octets);
    const descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file.get() < 0)
        fail("cannot create the master key", path);
    if (::write(file.get(), key.view().data(), key.size()) != static_cast<ssize_t>(key.size()) ||
        ::fsync(file.get()) != 0)
        fail("cannot write the master key", path);
}

std::unique_ptr<key_vault> open_software_vault(const std::filesystem::path& master_key, random_source& random) {
    const descriptor file(::open(master_key.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
        fail("cannot open the master key", master_key);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0)
        fail("cannot look at the master key", master_key);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        throw error("the master key " + master_key.string() + " must be accessible to its owner only: chmod 600");
    bytes octets(master_key_octets + 1);
    const auto count = ::read(file.get(), octets.data(), octets.size());
    const secret all(std::move(octets));
    if (count != static_cast<ssize_t>(master_key_octets))
        throw error("the master key " + master_key.string() + " must have 32 octets");
    return make_software_vault(secret(all.view().first(master_key_octets)), random);
}

std::unique_ptr<key_vault> make_software_vault(secret master_key, random_source& random) {
    return std::make_unique<software_vault>(std::move(master_key), random);
}

} // namespace tsms::crypto
