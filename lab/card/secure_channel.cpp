#include "lab/card/secure_channel.hpp"

#include "crypto/aes.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

/// Data derivation constants (Amendment D, table 4-1).
enum class purpose : std::uint8_t {
    card_cryptogram = 0x00,
    host_cryptogram = 0x01,
    card_challenge = 0x02,
    s_enc = 0x04,
    s_mac = 0x06,
    s_rmac = 0x07,
};

/// Amendment D, 4.1.5: SP 800-108 in counter mode, PRF CMAC, label of eleven zeros and the constant.
bytes derive(const crypto::secret& key, purpose constant, std::size_t octets, bytes_view context) {
    crypto::aes_cmac prf(key);
    const auto bits = octets * 8;
    bytes out;
    for (std::uint8_t block = 1; out.size() < octets; ++block) {
        bytes head(11, 0x00);
        append(head, bytes{static_cast<std::uint8_t>(constant), 0x00, static_cast<std::uint8_t>(bits >> 8),
                           static_cast<std::uint8_t>(bits), block});
        append(out, prf.mac({head, context}));
    }
    out.resize(octets);
    return out;
}

crypto::secret derive_key(const crypto::secret& key, purpose constant, bytes_view context) {
    return crypto::secret(derive(key, constant, key.size(), context));
}

bytes joined(bytes_view a, bytes_view b) {
    auto out = to_bytes(a);
    append(out, b);
    return out;
}

/// Bits of the security level above C-MAC, which every level but 00 has.
namespace level_bit {
constexpr std::uint8_t c_decryption = 0x02;
constexpr std::uint8_t r_mac = 0x10;
constexpr std::uint8_t r_encryption = 0x20;
} // namespace level_bit

/// Security levels of Amendment D, table 7-4, and the bits of "i" each one needs.
constexpr struct {
    std::uint8_t level;
    std::uint8_t needs;
} levels[] = {
    {0x00, 0},
    {0x01, 0},
    {0x03, 0},
    {0x11, scp03_option::r_mac},
    {0x13, scp03_option::r_mac},
    {0x33, scp03_option::r_mac | scp03_option::r_encryption},
};

constexpr std::uint8_t secure_messaging = 0x04;

/// Removes the padding 80 00… of ISO/IEC 9797-1 method 2.
bool unpad(bytes& data) {
    const auto mark = std::find_if(data.rbegin(), data.rend(), [](auto octet) { return octet != 0x00; });
    if (mark == data.rend() || *mark != 0x80 || mark - data.rbegin() >= 16)
        return false;
    data.resize(static_cast<std::size_t>(data.rend() - mark) - 1);
    return true;
}

void pad(bytes& data) {
    data.push_back(0x80);
    data.resize((data.size() + 15) / 16 * 16);
}

} // namespace

bool is_scp03_option(std::uint8_t i, std::uint8_t of_card) {
    const bool encrypts = (i & scp03_option::r_encryption) != 0;
    return (i & ~of_card) == 0 && (!encrypts || (i & scp03_option::r_mac) != 0);
}

std::size_t scp03_size(std::uint8_t i) {
    return (i & scp03_option::s16) != 0 ? 16 : 8;
}

bytes pseudo_random_challenge(const static_keys& keys, std::uint8_t i, std::uint32_t sequence_counter, bytes_view aid) {
    const bytes counter{static_cast<std::uint8_t>(sequence_counter >> 16),
                        static_cast<std::uint8_t>(sequence_counter >> 8), static_cast<std::uint8_t>(sequence_counter)};
    return derive(keys.enc, purpose::card_challenge, scp03_size(i), joined(counter, aid));
}

secure_channel::secure_channel(const static_keys& keys, std::uint8_t i, bytes_view host_challenge,
                               bytes_view card_challenge)
    : dek_(keys.dek), size_(scp03_size(i)), i_(i) {
    const auto context = joined(host_challenge, card_challenge);
    s_enc_ = derive_key(keys.enc, purpose::s_enc, context);
    s_mac_ = derive_key(keys.mac, purpose::s_mac, context);
    s_rmac_ = derive_key(keys.mac, purpose::s_rmac, context);
    card_cryptogram_ = derive(s_mac_, purpose::card_cryptogram, size_, context);
    host_cryptogram_ = derive(s_mac_, purpose::host_cryptogram, size_, context);
}

bool secure_channel::check_mac(const gp::command_apdu& command, bool extended) {
    if (command.data.size() < size_)
        return false;
    const auto data = bytes_view(command.data);
    const auto length = data.size();
    bytes head{static_cast<std::uint8_t>(command.cla | secure_messaging), command.ins, command.p1, command.p2};
    if (extended)
        append(head, bytes{0x00, static_cast<std::uint8_t>(length >> 8)});
    head.push_back(static_cast<std::uint8_t>(length));
    const auto mac = crypto::aes_cmac(s_mac_).mac({chaining_, head, data.first(length - size_)});
    if (!crypto::equal(bytes_view(mac).first(size_), data.last(size_)))
        return false;
    chaining_ = mac;
    return true;
}

std::uint16_t secure_channel::authenticate(const gp::command_apdu& command) {
    const auto offered = std::any_of(std::begin(levels), std::end(levels), [&](const auto& entry) {
        return entry.level == command.p1 && (i_ & entry.needs) == entry.needs;
    });
    if (!offered || command.p2 != 0)
        return 0x6A86;
    if (command.data.size() != 2 * size_)
        return 0x6700;
    if (!check_mac(command, false))
        return 0x6982;
    if (!crypto::equal(bytes_view(command.data).first(size_), host_cryptogram_))
        return 0x6300;
    level_ = command.p1;
    return 0x9000;
}

std::optional<gp::command_apdu> secure_channel::unwrap(const gp::command_apdu& command, bool extended) {
    auto plain = command;
    plain.cla = static_cast<std::uint8_t>(command.cla & ~secure_messaging);
    if (level_.value_or(0) == 0)
        return command.cla == plain.cla ? std::optional(plain) : std::nullopt;
    if (command.cla == plain.cla || !check_mac(command, extended))
        return std::nullopt;
    plain.data.resize(plain.data.size() - size_);
    // The counter runs on commands without data too (Amendment D, 6.2.6).
    ++counter_;
    if ((*level_ & level_bit::c_decryption) != 0 && !plain.data.empty()) {
        if (plain.data.size() % 16 != 0)
            return std::nullopt;
        plain.data = crypto::aes_cbc(s_enc_).decrypt(counter_vector(false), plain.data);
        if (!unpad(plain.data))
            return std::nullopt;
    }
    return plain;
}

gp::response_apdu secure_channel::wrap(const gp::response_apdu& response, bool errors_too) {
    const auto kind = response.sw >> 8;
    const bool error = response.sw != 0x9000 && kind != 0x62 && kind != 0x63;
    if ((error && !errors_too) || (level_.value_or(0) & level_bit::r_mac) == 0)
        return response;
    auto wrapped = response;
    if ((*level_ & level_bit::r_encryption) != 0 && !wrapped.data.empty()) {
        pad(wrapped.data);
        wrapped.data = crypto::aes_cbc(s_enc_).encrypt(counter_vector(true), wrapped.data);
    }
    const bytes status{static_cast<std::uint8_t>(response.sw >> 8), static_cast<std::uint8_t>(response.sw)};
    const auto mac = crypto::aes_cmac(s_rmac_).mac({chaining_, wrapped.data, status});
    append(wrapped.data, bytes_view(mac).first(size_));
    return wrapped;
}

std::size_t secure_channel::response_room() const {
    const auto level = level_.value_or(0);
    std::size_t room = gp::le_max_short;
    if ((level & level_bit::r_mac) != 0)
        room -= size_;
    return (level & level_bit::r_encryption) != 0 ? room / 16 * 16 - 1 : room;
}

/// Amendment D, 6.2.6 and 6.2.7: the encrypted counter, which for responses begins with 80.
std::array<std::uint8_t, 16> secure_channel::counter_vector(bool response) {
    crypto::aes_block block{};
    block[0] = response ? 0x80 : 0x00;
    for (std::size_t i = 0; i < 4; ++i)
        block[15 - i] = static_cast<std::uint8_t>(counter_ >> (8 * i));
    return crypto::aes_cbc(s_enc_).encrypt_block(block);
}

} // namespace tsms::lab
