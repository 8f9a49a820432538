#include "crypto/software_vault.hpp"

#include "crypto/aes.hpp"
#include "crypto/error.hpp"
#include "crypto/hmac.hpp"
#include "crypto/inside/counter_kdf.hpp"
#include "crypto/inside/gcm.hpp"
#include "crypto/inside/key_unwrap.hpp"
#include "crypto/inside/secret_file.hpp"
#include "crypto/inside/signing.hpp"
#include "crypto/kcv.hpp"
#include "crypto/kdf.hpp"
#include "crypto/unopened_handle.hpp"

#include <algorithm>

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

// -- what a handle is bound to: its kind and its attributes. Databases hold handles of the first two kinds and seals
// with these very texts.

bytes label(std::string_view kind, std::initializer_list<std::size_t> attributes = {}) {
    auto out = to_bytes(as_bytes(kind));
    for (const auto attribute : attributes)
        out.push_back(static_cast<std::uint8_t>(attribute));
    return out;
}

bytes label_of(const wrapped_keys& k) {
    return label("tsms key set", {k.version, octets_of(k.bits)});
}
bytes label_of(const transport_key_handle&) {
    return label("tsms sealed:issuer transport key");
}
bytes label_of(const master_key_handle& k) {
    return label("tsms master key", {octets_of(k.bits)});
}
bytes label_of(const signing_key_handle& k) {
    return label("tsms signing key", {static_cast<std::size_t>(k.curve)});
}
bytes label_of(const mac_key_handle&) {
    return label("tsms MAC key");
}
const bytes seal_label = label("tsms sealed:vault of instances.db");
constexpr std::string_view sealed_text = "tsms";

void check_transport_key(const secret& key) {
    if (key.size() != 16 && key.size() != 32)
        throw error("a transport key has 128 or 256 bits");
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

    // -- what opens channels to cards --

    wrapped_keys generate(std::uint8_t version, int bits) override {
        const auto octets = octets_of(bits);
        return keep(version, bits,
                    {random_.take_secret(octets), random_.take_secret(octets), random_.take_secret(octets)});
    }

    wrapped_keys import_wrapped(const transport_key_handle& under, std::uint8_t version, int bits,
                                const transported_keys& keys) override {
        const auto transport_key = open(under);
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

    wrapped_keys diversify(const master_key_handle& master, bytes_view diversification_data,
                           std::uint8_t version) override {
        const auto key = opened(master);
        return keep(version, master.bits,
                    {kdf3(key, diversification_data, 1), kdf3(key, diversification_data, 2),
                     kdf3(key, diversification_data, 3)});
    }

    session_keys derive_session(const wrapped_keys& keys, bytes_view host_challenge,
                                bytes_view card_challenge) override {
        const auto plain = open(keys);
        return derive_session_keys(plain[0], plain[1], host_challenge, card_challenge);
    }

    bytes card_challenge(const wrapped_keys& keys, bytes_view sequence_counter, bytes_view aid,
                         std::size_t length) override {
        const auto plain = open(keys);
        return scp03_card_challenge(plain[0], sequence_counter, aid, length);
    }

    // -- what travels to cards --

    encrypted_keys encrypt_keys(const wrapped_keys& under, const wrapped_keys& keys) override {
        const auto receiver = open(under);
        const auto plain = open(keys);
        encrypted_keys out;
        for (std::size_t k = 0; k < out.size(); ++k)
            out[k] = {under_dek(receiver[2], plain[k]), aes_kcv(plain[k])};
        return out;
    }

    bytes encrypt_data(const wrapped_keys& under, const secret& data) override {
        if (data.size() % 16 != 0)
            throw error("data for encryption under the DEK must be padded to 16 octets by its own rule");
        return under_dek(open(under)[2], data);
    }

    // -- keys of others --

    transport_key_handle import_transport_key(const secret& key) override {
        check_transport_key(key);
        return wrap(transport_key_handle{}, key);
    }

    master_key_handle import_master_key(const secret& key) override {
        return wrap(master_key_handle{static_cast<int>(key.size() * 8), {}}, key);
    }

    mac_key_handle import_mac_key(const secret& key) override {
        if (key.size() < 16 || key.size() > 256)
            throw error("a MAC key has 16 to 256 octets");
        return wrap(mac_key_handle{}, key);
    }

    // -- check values --

    std::array<bytes, 3> check_values(const wrapped_keys& keys) override {
        const auto plain = open(keys);
        return {aes_kcv(plain[0]), aes_kcv(plain[1]), aes_kcv(plain[2])};
    }

    bytes check_value(const transport_key_handle& key) override { return aes_kcv(open(key)); }

    // -- signatures and MACs --

    signing_key_handle generate_signing_key(elliptic_curve curve) override {
        return wrap(signing_key_handle{curve, {}}, generate_ec_key(curve));
    }

    bytes public_key(const signing_key_handle& key) override { return subject_public_key_info(key.curve, opened(key)); }

    bytes sign(const signing_key_handle& key, bytes_view message) override {
        return ecdsa_sign(key.curve, opened(key), message);
    }

    mac_key_handle generate_mac_key() override { return wrap(mac_key_handle{}, random_.take_secret(32)); }

    bytes mac(const mac_key_handle& key, bytes_view message) override { return hmac_sha256(opened(key), message); }

    // -- which vault this is --

    bytes seal() override { return sealed(seal_label, secret(as_bytes(sealed_text))); }

    bool has_sealed(bytes_view seal) override {
        try {
            return equal(gcm_open(master_, seal_label, seal).view(), as_bytes(sealed_text));
        } catch (const error&) {
            return false;
        }
    }

private:
    bytes sealed(bytes_view bound_to, const secret& data) {
        return gcm_seal(master_, random_.take(gcm_nonce_octets), bound_to, data);
    }

    template <class Handle> Handle wrap(Handle handle, const secret& key) {
        handle.wrapped = sealed(label_of(handle), key);
        return handle;
    }

    template <class Handle> secret opened(const Handle& handle) const {
        try {
            return gcm_open(master_, label_of(handle), handle.wrapped);
        } catch (const error&) {
            throw unopened_handle("it is another vault's, or was changed");
        }
    }

    secret open(const transport_key_handle& handle) const {
        auto key = opened(handle);
        check_transport_key(key);
        return key;
    }

    plain_keys open(const wrapped_keys& keys) const {
        const auto octets = octets_of(keys.bits);
        if (const auto whole = gcm_nonce_octets + 3 * octets + gcm_tag_octets; keys.wrapped.size() != whole)
            throw unopened_handle("it has " + std::to_string(keys.wrapped.size()) + " octets instead of " +
                                  std::to_string(whole));
        const auto joined = opened(keys);
        return {secret(joined.view().first(octets)), secret(joined.view().subspan(octets, octets)),
                secret(joined.view().last(octets))};
    }

    wrapped_keys keep(std::uint8_t version, int bits, const plain_keys& keys) {
        constexpr std::uint8_t factory = 0xFF; // the initial keys of a card
        if (version == 0 || (version > 0x7F && version != factory))
            throw error("key versions are 01 to 7F, and FF of the factory");
        bytes all;
        all.reserve(3 * octets_of(bits));
        for (const auto& key : keys)
            append(all, key.view());
        return wrap(wrapped_keys{version, bits, {}}, secret(std::move(all)));
    }

    secret master_;
    random_source& random_;
};

} // namespace

void create_master_key(const std::filesystem::path& path, random_source& random) {
    create_secret_file(path, random.take_secret(master_key_octets), "master key");
}

std::unique_ptr<key_vault> open_software_vault(const std::filesystem::path& master_key, random_source& random) {
    auto key = read_secret_file(master_key, master_key_octets, "master key", readable_by::owner_alone);
    if (key.size() != master_key_octets)
        throw error("the master key " + master_key.string() + " must have 32 octets");
    return make_software_vault(std::move(key), random);
}

std::unique_ptr<key_vault> make_software_vault(secret master_key, random_source& random) {
    return std::make_unique<software_vault>(std::move(master_key), random);
}

} // namespace tsms::crypto
