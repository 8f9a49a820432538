#include "model/card_identity.hpp"

#include <algorithm>

namespace tsms::model {

namespace {

/// The fields of the CPLC by which chips differ, as places in its hexadecimal digits (GlobalPlatform card production
/// life cycle). Operating system, module, embedding and personalization are the same for whole deliveries.
struct field {
    std::size_t at, length;
    std::string_view in(std::string_view cplc) const { return cplc.substr(at, length); }
};
constexpr field fabricator_and_type{0, 8};
constexpr field fabrication_date{20, 4};
constexpr field serial_number{24, 8};
constexpr field batch{32, 4};

/// What emulators and published examples give to every card.
struct published_cplc {
    std::string_view fabricator_and_type, fabrication_date, serial_number, batch;
};
constexpr published_cplc published[] = {
    {"40705072", "7070", "000058BD", "360E"}, // libcacard (QEMU, SPICE), src/gp.c
    {"47905043", "9189", "9100F5F3", "8851"}, // its predecessor, cac.c
    {"47905040", "8358", "00116891", "4581"}, // the example of GPShell's manual, which test suites replay
};

bool is_published(std::string_view cplc) {
    return std::ranges::any_of(published, [&](const published_cplc& p) {
        return p.serial_number == serial_number.in(cplc) && p.batch == batch.in(cplc) &&
               p.fabrication_date == fabrication_date.in(cplc) && p.fabricator_and_type == fabricator_and_type.in(cplc);
    });
}

/// Nothing was written: memory that is erased one way or the other, spaces, the digit zero as text.
bool is_blank(std::string_view hex) {
    const auto filled_with = [&](std::string_view octet) {
        for (std::size_t i = 0; i < hex.size(); ++i)
            if (hex[i] != octet[i % 2])
                return false;
        return true;
    };
    return filled_with("00") || filled_with("FF") || filled_with("20") || filled_with("30");
}

/// A number may also be digits zero that are filled up with F to whole octets.
bool is_blank_number(std::string_view hex) {
    const auto digits = hex.find_first_not_of('0');
    return is_blank(hex) || hex.find_first_not_of('F', digits) == hex.npos;
}

} // namespace

std::string why_no_identity(std::string_view cplc) {
    if (cplc.empty())
        return "it has no CPLC";
    if (cplc.size() != cplc_digits)
        return "its CPLC has another length than 42 octets";
    if (is_blank(cplc))
        return "its CPLC is blank";
    if (is_blank(serial_number.in(cplc)))
        return "its CPLC has no serial number";
    if (is_published(cplc))
        return "its CPLC is one that an emulator gives to all of its cards";
    return {};
}

std::optional<card_identity> card_identity::of_cplc(std::string_view hex) {
    if (!why_no_identity(hex).empty())
        return std::nullopt;
    return card_identity(basis::cplc, std::string(hex));
}

std::optional<card_identity> card_identity::of_issuers_number(std::string_view iin, std::string_view cin) {
    // One of 42 octets would be taken for a CPLC.
    if (!issuers_number(iin, cin) || iin.size() + cin.size() == cplc_digits)
        return std::nullopt;
    return card_identity(basis::issuers_number, std::string(iin) + std::string(cin));
}

std::optional<card_identity> card_identity::of_row(std::string_view stored) {
    if (stored.size() == cplc_digits)
        return of_cplc(stored);
    if (is_blank_number(stored))
        return std::nullopt;
    return card_identity(basis::issuers_number, std::string(stored));
}

std::optional<std::string> issuers_number(std::string_view iin, std::string_view cin) {
    if (is_blank_number(iin) || is_blank_number(cin))
        return std::nullopt;
    return std::string(cin) + std::string(iin);
}

} // namespace tsms::model
