#pragma once
// The one exception type for failures of card, issuer and phone inside coroutines. It becomes a value in one place,
// where the process ends. Any other exception in a process is a bug.

#include "gp/procedure.hpp"

#include <stdexcept>

namespace tsms::gp {

class scp03_error;

class card_failure : public std::runtime_error {
public:
    enum class kind {
        status,         ///< the card refused: `sw`
        mac,            ///< a response whose R-MAC or padding is wrong: forged, or keys out of step
        malformed,      ///< garbage, or a response too short for its R-MAC
        authentication, ///< the card does not prove the keys we have: no EXTERNAL AUTHENTICATE was sent
        refused,        ///< we do not send it: security level, size
        transmission,   ///< fewer answers than commands: `end` tells why
        issuer,         ///< the issuer's server failed or refused
    };

    card_failure(kind k, step what_, int category_, const std::string& details, std::size_t index_ = 0,
                 std::uint16_t sw_ = 0, transmission end_ = transmission::complete);

    kind why;
    step what;
    std::size_t index;           ///< of the command in its batch
    std::uint16_t sw;            ///< 0 unless kind::status
    std::size_t sent = 0;        ///< octets of data in the command, as it was encoded; known where a batch was answered
    int category;                ///< TR 4.2.4.4
    transmission end;            ///< of kind::transmission
    bool phone_lost;             ///< every further exchange of this process will fail the same way
    bool retry_can_help;         ///< the same process started again may succeed
    std::string mender;          ///< who can do something about it, for the operator's log; empty: the text says it
    bytes object;                ///< AID of the load file whose LOAD failed, where that is known
    std::optional<phase> during; ///< where a command or a proof of one of the phases has failed

    /// <<details>> of TR 4.2.4.4, the same as what().
    std::string details() const { return std::runtime_error::what(); }
};

/// The status word of one command, with the words of gp/status_words.hpp.
card_failure status_failure(step what, std::uint16_t sw, std::size_t index = 0);

/// What a secure channel found wrong.
card_failure channel_failure(step what, const scp03_error& error, std::size_t index = 0);

/// What a listing of the card should prove, and does not.
[[noreturn]] void not_proven(step what, const std::string& text, std::optional<phase> during = std::nullopt);

/// A batch that ended early.
card_failure transmission_failure(step what, transmission end, std::string_view agents_words = {},
                                  std::size_t index = 0);

} // namespace tsms::gp
