#include "gp/privileges.hpp"

#include <stdexcept>

namespace tsms::gp {

std::optional<privileges> privilege_from_name(std::string_view name) {
    static constexpr std::pair<std::string_view, privileges> names[] = {
        {"CVMManagement", privilege::cvm_management},
        {"ContactlessSelfActivation", privilege::contactless_self_activation},
        {"GlobalService", privilege::global_service},
        {"PrivacyTrusted", privilege::privacy_trusted},
    };
    for (const auto& [text, value] : names)
        if (text == name)
            return value;
    return std::nullopt;
}

bytes encode_privileges(privileges p, int octets) {
    const bytes all{static_cast<std::uint8_t>(p >> 16), static_cast<std::uint8_t>(p >> 8),
                    static_cast<std::uint8_t>(p)};
    if (octets == 3)
        return all;
    if (octets != 1)
        throw std::invalid_argument("privileges take one or three octets");
    if (all[1] != 0 || all[2] != 0)
        throw std::invalid_argument("the card's profile allows one octet of privileges; a privilege needs three");
    return {all[0]};
}

std::optional<privileges> parse_privileges(bytes_view octets) {
    if (octets.size() == 1)
        return privileges{octets[0]} << 16;
    if (octets.size() == 3)
        return privileges{octets[0]} << 16 | privileges{octets[1]} << 8 | octets[2];
    return std::nullopt;
}

} // namespace tsms::gp
