#pragma once
// Secure Channel Protocol 03, the host's side (GlobalPlatform Amendment D, "SCP03"). No I/O and no static keys: the
// session keys come from the key vault.

#include "crypto/aes.hpp"
#include "crypto/session_keys.hpp"
#include "gp/apdu.hpp"

#include <stdexcept>

namespace tsms::gp {

class scp03_error : public std::runtime_error {
public:
    enum class reason {
        malformed_response,    ///< INITIALIZE UPDATE answered with a wrong length or another protocol
        level_not_supported,   ///< the card's "i" lacks R-MAC or R-ENC, or the level is none of 01 03 11 13 33
        wrong_card_challenge,  ///< pseudo-random challenge that these keys do not give
        wrong_card_cryptogram, ///< the card does not have these keys
        wrong_mac,             ///< R-MAC of a response
        short_response,        ///< no room for a status word or an R-MAC
        wrong_padding,         ///< R-ENC
        too_long,              ///< command data that does not fit
        chain_broken,          ///< after any failure nothing is wrapped or unwrapped any more
    };
    scp03_error(reason why_, const std::string& text) : std::runtime_error(text), why(why_) {}
    reason why;
};

/// Bits of the parameter "i" (SCP03 5.1, table 5-1).
namespace scp03_i {
inline constexpr std::uint8_t s16 = 0x01; ///< challenges, cryptograms and MACs of 16 octets
inline constexpr std::uint8_t pseudo_random_challenge = 0x10;
inline constexpr std::uint8_t r_mac = 0x20;
inline constexpr std::uint8_t r_enc = 0x40; ///< only together with R-MAC
} // namespace scp03_i

/// The highest security level that a card with this "i" can have (SCP03 5.1): 03, 13 or 33. It can have each one that
/// is not greater.
std::uint8_t highest_level(std::uint8_t i);

/// Throws scp03_error (level_not_supported) where a card with this "i" cannot have the level, or one of them does not
/// exist.
void require_level(std::uint8_t level, std::uint8_t i);

/// Response to INITIALIZE UPDATE (SCP03 7.1.1.6).
struct initialize_update_response {
    bytes diversification_data; ///< 10 octets
    std::uint8_t key_version = 0;
    std::uint8_t i = 0;
    bytes card_challenge;   ///< 8 or 16 octets
    bytes card_cryptogram;  ///< 8 or 16 octets
    bytes sequence_counter; ///< 3 octets if the challenge is pseudo-random, else empty; some cards leave it out

    std::size_t mode_length() const { return (i & scp03_i::s16) != 0 ? 16 : 8; }
};

/// Most octets of plain data that fit a data field of this size: the MAC takes `mode_length` (8 or 16) octets, C-ENC at
/// least one of padding. 239 for S8 and 223 for S16 of the 255 octets of a short APDU at levels 03, 13 and 33.
std::size_t max_plain_data(std::size_t data_field, std::size_t mode_length, std::uint8_t level);
inline constexpr std::size_t short_data_field = 255;
inline constexpr std::size_t extended_data_field = 65535;

/// Without the sequence counter that i&10 demands (SCP03 7.1.1.6) nobody can predict the challenge. Refused, unless the
/// profile knows such cards: then the challenge is taken as a random one, and the cryptogram alone proves the card, as
/// it does where i&10 is not set.
enum class missing_counter { refused, taken_as_random };

/// Throws scp03_error (malformed_response) if length, protocol identifier and "i" do not fit together. Who does not
/// know the card's profile yet may take a missing counter, and leaves it to check_card_challenge.
initialize_update_response parse_initialize_update(bytes_view data, missing_counter counter = missing_counter::refused);

/// A pseudo-random challenge (i&10) that the vault predicts (crypto::key_vault::card_challenge, from sequence counter
/// and AID of the domain) proves K-ENC before EXTERNAL AUTHENTICATE, as the cryptogram proves K-MAC. Throws scp03_error
/// (wrong_card_challenge; malformed_response for a missing counter). A random challenge proves nothing and is none of
/// its business.
void check_card_challenge(const initialize_update_response& card, bytes_view expected,
                          missing_counter counter = missing_counter::refused);

/// What the receiver needs to check the response to one command. A response may be checked long after later commands
/// were wrapped, so each command carries its own.
struct response_context {
    crypto::aes_block chaining{};
    std::uint32_t counter = 0;
};

struct wrapped_command {
    command_apdu command;
    response_context context;
};

/// One secure channel from the host's view. Move-only: two copies of a MAC chain would both be wrong.
class secure_channel {
public:
    /// Checks the card cryptogram in constant time and that the card can do the level. `level` is 01, 03, 11, 13 or 33.
    /// Throws scp03_error; in that case no EXTERNAL AUTHENTICATE may be sent.
    secure_channel(crypto::session_keys keys, bytes_view host_challenge, const initialize_update_response& card,
                   std::uint8_t level);
    secure_channel(secure_channel&&) noexcept = default;
    secure_channel& operator=(secure_channel&&) noexcept = default;

    /// Starts the MAC chain; exactly once and before the first wrap. Its response carries no R-MAC.
    command_apdu external_authenticate();

    /// C-MAC and, by level, C-ENC of one command; its class becomes that of the basic logical channel, whose bits the
    /// transport sets afterwards. Le stays as it is. Throws scp03_error: too_long; chain_broken before authentication,
    /// after a failed check, and after `most_commands`.
    wrapped_command wrap(command_apdu plain);

    /// Far below the point where the command counter would run over and encrypt under an old vector again, and far
    /// above what any process sends.
    static constexpr std::uint32_t most_commands = 0xFFFF;

    /// Checks and decrypts the R-APDU to a wrapped command. Error status words carry no R-MAC and prove nothing (field
    /// lesson 8); warnings 62xx and 63xx do. An R-MAC that a card sends with an error is verified, and proves no more
    /// than without: whoever carries the answer can leave it out. A failed check breaks the channel. Throws
    /// scp03_error.
    response_apdu unwrap(const response_context& sent, bytes_view response);

    std::uint8_t level() const { return level_; }
    bool has_response_mac() const { return (level_ & 0x10) != 0; }
    bool broken() const { return broken_; }
    /// EXTERNAL AUTHENTICATE has been made.
    bool authenticated() const { return authenticated_; }

    /// The card takes extended length fields (ISO/IEC 7816-4 5.1): without, a command that needs them is too long.
    void allow_extended_length() { extended_length_ = true; }
    /// Most octets of plain data that fit one command.
    std::size_t max_data() const;
    std::size_t mode_length() const { return length_; }

private:
    void add_mac(command_apdu& command);
    [[noreturn]] void fail(scp03_error::reason why, const char* text);

    std::size_t length_; ///< 8 or 16: of cryptograms and MACs
    std::uint8_t level_;
    bool authenticated_ = false;
    bool broken_ = false;
    bool extended_length_ = false;
    std::uint32_t counter_ = 0;
    crypto::aes_block chaining_{};
    bytes host_cryptogram_;
    crypto::aes_cbc enc_;
    crypto::aes_cmac mac_;
    crypto::aes_cmac rmac_;
};

} // namespace tsms::gp
