#include "gp/scp03.hpp"

#include "crypto/kdf.hpp"
#include "gp/status_words.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

using reason = scp03_error::reason;
using crypto::scp03_constant;

constexpr std::uint8_t secure_messaging = 0x04; // GPCS 11.1.4: CLA bit of secure messaging
constexpr std::uint8_t c_enc = 0x02;
constexpr std::uint8_t r_enc = 0x20;

/// The class of a protected command on the basic logical channel, on which the C-MAC is always computed (SCP03 6.2.4).
/// GPCS 11.1.4, ISO/IEC 7816-4 5.4.1: the first form has channels 0 to 3 in two bits, the further one (bit 40) channels
/// 4 to 19 in four and secure messaging in bit 20.
std::uint8_t protected_class(std::uint8_t cla) {
    constexpr std::uint8_t further = 0x40;
    const std::uint8_t kept = (cla & further) != 0 ? 0x90 : 0xFC;
    return static_cast<std::uint8_t>((cla & kept) | secure_messaging);
}

/// Lc as it goes into the C-MAC: short, or extended where the command as a whole is.
bytes encoded_header(const command_apdu& command) {
    bytes header{command.cla, command.ins, command.p1, command.p2};
    if (command.extended()) {
        header.push_back(0);
        header.push_back(static_cast<std::uint8_t>(command.data.size() >> 8));
    }
    header.push_back(static_cast<std::uint8_t>(command.data.size()));
    return header;
}

/// SCP03 6.2.6 and 6.2.7: the encrypted counter; for responses its highest bit is set.
crypto::aes_block initial_chaining(crypto::aes_cbc& enc, std::uint32_t counter, bool response) {
    crypto::aes_block block{};
    for (std::size_t k = 0; k < 4; ++k)
        block[15 - k] = static_cast<std::uint8_t>(counter >> (8 * k));
    if (response)
        block[0] = 0x80;
    return enc.encrypt_block(block);
}

/// ISO/IEC 9797-1 method 2. Growing in place might leave a copy of the plain data behind.
bytes padded(bytes_view data) {
    bytes out;
    out.reserve(data.size() / 16 * 16 + 16);
    append(out, data);
    out.push_back(0x80);
    out.resize(data.size() / 16 * 16 + 16);
    return out;
}

/// Removes ISO/IEC 9797-1 method 2 padding; false if there is none. Some cards pad by a block more than they have to;
/// the R-MAC has vouched for it.
bool unpad(bytes& data) {
    const auto last = std::find_if(data.rbegin(), data.rend(), [](std::uint8_t octet) { return octet != 0; });
    if (last == data.rend() || *last != 0x80)
        return false;
    data.resize(data.size() - static_cast<std::size_t>(last - data.rbegin()) - 1);
    return true;
}

} // namespace

std::uint8_t highest_level(std::uint8_t i) {
    if ((i & scp03_i::r_mac) == 0)
        return 0x03;
    return (i & scp03_i::r_enc) == 0 ? 0x13 : 0x33;
}

void require_level(std::uint8_t level, std::uint8_t i) {
    static constexpr std::uint8_t levels[] = {0x01, 0x03, 0x11, 0x13, 0x33};
    if (std::find(std::begin(levels), std::end(levels), level) == std::end(levels))
        throw scp03_error(reason::level_not_supported,
                          "SCP03 has the security levels 01, 03, 11, 13 and 33 (SCP03 7.1.2.1)");
    // SCP03 5.1: bit 01 is S16; 10 pseudo-random challenge; 20 R-MAC; 40 R-ENC, only together with R-MAC; the others
    // mean nothing.
    static constexpr std::uint8_t known[] = {0x00, 0x10, 0x20, 0x30, 0x60, 0x70};
    const std::uint8_t without_mode = i & 0xFE;
    if (std::find(std::begin(known), std::end(known), without_mode) == std::end(known))
        throw scp03_error(reason::level_not_supported, "SCP03 has no option \"i\" of " + to_hex({&i, 1}));
    if (level > highest_level(i))
        throw scp03_error(reason::level_not_supported, "the card cannot protect its responses as security level " +
                                                           to_hex({&level, 1}) + " demands");
}

initialize_update_response parse_initialize_update(bytes_view data, missing_counter policy) {
    const auto refuse = [](const char* text) { throw scp03_error(reason::malformed_response, text); };
    if (data.size() < 13)
        refuse("response to INITIALIZE UPDATE is too short");
    if (data[11] != 0x03)
        refuse("the card's security domain does not speak SCP03");
    initialize_update_response out;
    out.diversification_data = to_bytes(data.first(10));
    out.key_version = data[10];
    out.i = data[12];
    const std::size_t length = out.mode_length();
    std::size_t counter = (out.i & scp03_i::pseudo_random_challenge) != 0 ? 3 : 0;
    if (policy == missing_counter::taken_as_random && data.size() == 13 + 2 * length)
        counter = 0;
    if (data.size() != 13 + 2 * length + counter)
        refuse("response to INITIALIZE UPDATE has another length than its parameter i demands");
    out.card_challenge = to_bytes(data.subspan(13, length));
    out.card_cryptogram = to_bytes(data.subspan(13 + length, length));
    out.sequence_counter = to_bytes(data.last(counter));
    return out;
}

std::size_t max_plain_data(std::size_t data_field, std::size_t mode_length, std::uint8_t level) {
    if (data_field < mode_length + 16)
        return 0;
    const auto room = data_field - mode_length;
    return (level & c_enc) != 0 ? room / 16 * 16 - 1 : room;
}

void check_card_challenge(const initialize_update_response& card, bytes_view expected, missing_counter counter) {
    if ((card.i & scp03_i::pseudo_random_challenge) == 0)
        return;
    if (card.sequence_counter.empty()) {
        if (counter == missing_counter::refused)
            throw scp03_error(reason::malformed_response,
                              "the card announces a pseudo-random challenge and sends no sequence counter; for cards "
                              "that never do, challengeCounter of the profile is false");
        return;
    }
    if (!crypto::equal(card.card_challenge, expected))
        throw scp03_error(reason::wrong_card_challenge,
                          "the card challenge does not follow from our key and the sequence counter");
}

secure_channel::secure_channel(crypto::session_keys keys, bytes_view host_challenge,
                               const initialize_update_response& card, std::uint8_t level)
    : length_(card.mode_length()), level_(level), enc_(keys.s_enc), mac_(keys.s_mac), rmac_(keys.s_rmac) {
    require_level(level, card.i);
    if (host_challenge.size() != length_)
        throw scp03_error(reason::malformed_response, "the card's mode (S8 or S16) does not fit the host challenge");
    auto context = to_bytes(host_challenge);
    append(context, card.card_challenge);
    const auto cryptogram = [&](scp03_constant constant) {
        return crypto::scp03_kdf(keys.s_mac, constant, context, static_cast<int>(length_ * 8));
    };
    if (!crypto::equal(cryptogram(scp03_constant::card_cryptogram).view(), card.card_cryptogram))
        throw scp03_error(reason::wrong_card_cryptogram, "the card cryptogram does not fit our keys of this version");
    host_cryptogram_ = to_bytes(cryptogram(scp03_constant::host_cryptogram).view());
}

void secure_channel::fail(scp03_error::reason why, const char* text) {
    broken_ = true;
    throw scp03_error(why, text);
}

command_apdu secure_channel::external_authenticate() {
    if (authenticated_ || broken_)
        fail(reason::chain_broken, "EXTERNAL AUTHENTICATE is sent exactly once");
    authenticated_ = true;
    command_apdu command{0x84, 0x82, level_, 0x00, host_cryptogram_, {}};
    add_mac(command);
    return command;
}

void secure_channel::add_mac(command_apdu& command) {
    // The MAC covers an Lc that already counts it (SCP03 6.2.4).
    const auto plain_size = command.data.size();
    command.data.resize(plain_size + length_);
    const auto header = encoded_header(command);
    chaining_ = mac_.mac({chaining_, header, bytes_view(command.data).first(plain_size)});
    std::copy_n(chaining_.begin(), length_, command.data.begin() + static_cast<std::ptrdiff_t>(plain_size));
}

wrapped_command secure_channel::wrap(command_apdu plain) {
    if (!authenticated_ || broken_)
        throw scp03_error(reason::chain_broken, "the secure channel is not open");
    if (plain.data.size() > max_data())
        throw scp03_error(reason::too_long, "command data does not fit a secured APDU of this card");
    if (counter_ == most_commands)
        throw scp03_error(reason::chain_broken,
                          "too many commands in one secure channel"); // their responses still count
    ++counter_;                                                       // also for commands without data (SCP03 6.2.6)
    plain.cla = protected_class(plain.cla);
    if ((level_ & c_enc) != 0 && !plain.data.empty()) {
        auto open = padded(plain.data);
        crypto::wipe(plain.data);
        plain.data = enc_.encrypt(initial_chaining(enc_, counter_, false), open);
        crypto::wipe(open);
    }
    add_mac(plain);
    return {std::move(plain), {chaining_, counter_}};
}

response_apdu secure_channel::unwrap(const response_context& sent, bytes_view response) {
    if (broken_)
        throw scp03_error(reason::chain_broken, "the secure channel is broken");
    auto parsed = parse_response(response);
    if (!parsed)
        fail(reason::short_response, "response without status word");
    if (!has_response_mac())
        return *std::move(parsed);
    auto& data = parsed->data;
    // Errors have no R-MAC (SCP03 6.2.5). Some cards send one all the same: what is there is verified, because nobody
    // else vouches for octets beside an error status word.
    const bool success = is_success_or_warning(parsed->sw);
    if (!success && data.empty())
        return *std::move(parsed);
    if (data.size() < length_)
        fail(success ? reason::short_response : reason::wrong_mac,
             success ? "response without R-MAC" : "error response with data and without R-MAC: it cannot be authentic");
    const auto body = bytes_view(data).first(data.size() - length_);
    const auto expected = rmac_.mac({sent.chaining, body, response.last(2)});
    if (!crypto::equal(bytes_view(expected).first(length_), bytes_view(data).last(length_)))
        fail(reason::wrong_mac, "wrong R-MAC: the response was changed, or belongs to another command");
    data.resize(body.size());
    if ((level_ & r_enc) != 0 && !data.empty()) { // an empty response is not encrypted (SCP03 6.2.7)
        if (data.size() % 16 != 0)
            fail(reason::wrong_padding, "encrypted response is not a multiple of 16 octets");
        data = enc_.decrypt(initial_chaining(enc_, sent.counter, true), data);
        if (!unpad(data))
            fail(reason::wrong_padding, "decrypted response has no padding");
    }
    return *std::move(parsed);
}

std::size_t secure_channel::max_data() const {
    return max_plain_data(extended_length_ ? extended_data_field : short_data_field, length_, level_);
}

} // namespace tsms::gp
