#pragma once
// The card's side of SCP03 (GlobalPlatform Card Specification Amendment D, version 1.2). Written from the specification
// alone: it shares nothing with the host's side in gp/, so that the two check each other.

#include "gp/apdu.hpp"
#include "lab/card/keys.hpp"

#include <array>

namespace tsms::lab {

/// Bits of the SCP03 option "i" (Amendment D, table 5-1).
namespace scp03_option {
inline constexpr std::uint8_t s16 = 0x01;
inline constexpr std::uint8_t pseudo_random_challenge = 0x10;
inline constexpr std::uint8_t r_mac = 0x20;
inline constexpr std::uint8_t r_encryption = 0x40;
} // namespace scp03_option

/// True for an "i" that Amendment D knows (table 5-1: R-ENC only together with R-MAC) and whose options are all among
/// those of a card.
bool is_scp03_option(std::uint8_t i, std::uint8_t of_card);

/// Octets of challenges, cryptograms and MACs: 8 or, in S16 mode, 16.
std::size_t scp03_size(std::uint8_t i);

/// Card challenge of a card with pseudo-random challenges (Amendment D, 6.2.2.1).
bytes pseudo_random_challenge(const static_keys& keys, std::uint8_t i, std::uint32_t sequence_counter, bytes_view aid);

/// One secure channel session, from INITIALIZE UPDATE on.
class secure_channel {
public:
    secure_channel(const static_keys& keys, std::uint8_t i, bytes_view host_challenge, bytes_view card_challenge);

    const bytes& card_cryptogram() const { return card_cryptogram_; }
    /// Octets of each MAC.
    std::size_t mac_size() const { return size_; }
    /// Security level set by EXTERNAL AUTHENTICATE; nothing before that.
    std::optional<std::uint8_t> level() const { return level_; }
    /// The static DEK of the key set that opened the session.
    const crypto::secret& dek() const { return dek_; }

    /// EXTERNAL AUTHENTICATE, answered with a status word: 9000, 6A86 (level not offered by "i"), 6982 (MAC wrong) or
    /// 6300 (host cryptogram wrong).
    std::uint16_t authenticate(const gp::command_apdu& command);

    /// The command without its protection; nothing if the C-MAC or the padding is wrong, which ends the session.
    /// `extended`: the command came with extended length fields, which the MAC covers.
    std::optional<gp::command_apdu> unwrap(const gp::command_apdu& command, bool extended);

    /// The response with the protection that the level demands. Errors go out as they are (Amendment D, 6.2.5), unless
    /// the card is one that protects them too.
    gp::response_apdu wrap(const gp::response_apdu& response, bool errors_too = false);

    /// The longest response data that still fits a short APDU when wrapped.
    std::size_t response_room() const;

private:
    bool check_mac(const gp::command_apdu& command, bool extended);
    std::array<std::uint8_t, 16> counter_vector(bool response);

    crypto::secret s_enc_;
    crypto::secret s_mac_;
    crypto::secret s_rmac_;
    crypto::secret dek_;
    bytes card_cryptogram_;
    bytes host_cryptogram_;
    std::size_t size_;
    std::uint8_t i_;
    std::array<std::uint8_t, 16> chaining_{};
    std::uint32_t counter_ = 0;
    std::optional<std::uint8_t> level_;
};

} // namespace tsms::lab
