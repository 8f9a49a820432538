#pragma once
// How the SDK reaches a secure component: one object for each reader. An app brings its own (OMAPI, TEE) or uses
// sdk/pcsc_transport.hpp.

#include "base/bytes.hpp"

#include <stdexcept>
#include <string>

namespace tsms::sdk {

enum class transport_cause {
    unavailable,   ///< no card, reset, reader gone
    access_denied, ///< the access rules of the card do not let the app in
    no_channel,    ///< no logical channel left
    nfc_off,       ///< it is reached over NFC, which is not active: the user can turn it on (TR 4.2.4.4, category 11)
    other,
};

/// A C-APDU could not be carried to the card. What the card answers is never an error, whatever its status word.
class transport_error : public std::runtime_error {
public:
    transport_error(transport_cause cause, const std::string& text) : std::runtime_error(text), cause_(cause) {}
    transport_cause cause() const { return cause_; }

private:
    transport_cause cause_;
};

/// The bits of CLA say that the command is protected (ISO/IEC 7816-4 5.4.1, GPCS 11.1.4).
bool is_secured(std::uint8_t cla);

class secure_component {
public:
    virtual ~secure_component() = default;

    /// Name of the SE reader (OMAPI 4.2.6), unique on the handset.
    virtual std::string reader() const = 0;
    /// SERAM's seType: eSE, iSE, uicc, euicc, ieuicc, undefined.
    virtual std::string se_type() const = 0;
    /// Answer to reset; empty where the API does not give it.
    virtual bytes atr() const = 0;

    /// Carries one C-APDU and returns the whole R-APDU: 61xx is followed by GET RESPONSE, 6Cxx is repeated with the
    /// right Le, but never for a command under secure messaging, whose repetition would break the secure channel. A
    /// SELECT by name may be answered by an empty string where the API opens a channel instead (SERAM). Throws
    /// transport_error; a card that was reset in between is an error and is not reconnected silently.
    bytes transmit(bytes_view c_apdu);

    /// Begins with the card's basic state: no application selected by us. Called before the first C-APDU of a
    /// management session.
    virtual void open() = 0;
    /// Gives up channel and card. Called at the end of a session and when another secure component is chosen.
    virtual void close() noexcept = 0;

private:
    /// One C-APDU, or TPDU of T=0, and one R-APDU as the card gives it (empty only for a SELECT).
    virtual bytes exchange(bytes_view c_apdu) = 0;
    /// The card speaks T=0: a command with data then carries no Le (ISO/IEC 7816-3 12.1.3).
    virtual bool is_t0() const { return false; }
};

} // namespace tsms::sdk
