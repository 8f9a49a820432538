#pragma once
// What tells one secure component from every other (DIV-056). Cards answer GET DATA also where nobody has written
// anything, and emulators answer with one value for all: neither is an identity.

#include <optional>
#include <string>
#include <string_view>

namespace tsms::model {

/// Octets of the CPLC (tag 9F7F), as hexadecimal digits.
inline constexpr std::size_t cplc_digits = 84;

/// The CPLC of a card; of one that has none, IIN and CIN. There is no other way to one than the functions here, which
/// give nothing for what more than one card may have: raw octets never find a row.
class card_identity {
public:
    enum class basis { cplc, issuers_number };

    /// Of a CPLC in hex, upper case: 42 octets whose serial number is not blank, and that no emulator gives to all of
    /// its cards.
    static std::optional<card_identity> of_cplc(std::string_view hex);
    /// Of IIN (tag 42) and CIN (tag 45) in hex: both written.
    static std::optional<card_identity> of_issuers_number(std::string_view iin, std::string_view cin);
    /// As a row keeps it. Nothing for a row of before, whose identity more than one card may have.
    static std::optional<card_identity> of_row(std::string_view stored);

    basis kind() const { return kind_; }
    const std::string& text() const { return text_; } ///< as a row keeps it

    friend bool operator==(const card_identity&, const card_identity&) = default;

private:
    card_identity(basis kind, std::string text) : kind_(kind), text_(std::move(text)) {}

    basis kind_;
    std::string text_;
};

/// CIN and IIN, one after the other, as a row keeps them beside the identity; nothing unless both are written.
std::optional<std::string> issuers_number(std::string_view iin, std::string_view cin);

/// Why a CPLC (hex) is no identity, for the operator; empty where it is one.
std::string why_no_identity(std::string_view cplc);

} // namespace tsms::model
