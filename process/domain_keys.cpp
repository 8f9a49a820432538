#include "process/domain_keys.hpp"

#include <algorithm>
#include <utility>

namespace tsms::process {

namespace {

/// Versions from 70 on are of other roles: tokens, receipts, DAP, CASD (GlobalPlatform UICC Configuration).
constexpr std::uint8_t first_of_other_roles = 0x70;

} // namespace

std::optional<model::key_set> keys_of_version(const model::security_domain& domain, std::uint8_t version) {
    if (domain.keys && domain.keys->version == version)
        return domain.keys;
    const auto other = std::ranges::find(domain.other_keys, version, &model::key_set::version);
    return other == domain.other_keys.end() ? std::nullopt : std::optional(*other);
}

std::optional<model::key_set> untried_keys(const model::security_domain& domain, const key_versions& tried) {
    if (domain.keys && !tried.contains(domain.keys->version))
        return domain.keys;
    for (const auto& other : domain.other_keys)
        if (!tried.contains(other.version))
            return other;
    return std::nullopt;
}

void confirm_keys(model::security_domain& domain, const model::key_set& keys) {
    if (domain.keys == keys)
        return;
    const auto before = std::exchange(domain.keys, keys);
    std::erase_if(domain.other_keys, [&](const auto& other) { return other.version == keys.version; });
    if (before)
        remember_keys(domain, *before);
}

void forget_absent_keys(model::security_domain& domain, const key_versions& on_card, std::uint8_t service_key_version) {
    domain.keys_in_doubt = !foreign_keys(domain, on_card, service_key_version).empty();
    std::erase_if(domain.other_keys, [&](const auto& other) { return !on_card.contains(other.version); });
}

key_versions foreign_keys(const model::security_domain& domain, const key_versions& on_card,
                          std::uint8_t service_key_version) {
    key_versions foreign;
    for (const auto version : on_card) {
        const bool counts = domain.keys && domain.keys->version == version;
        const bool made_by_us = version == service_key_version || keys_of_version(domain, version);
        if (!counts && (version < first_of_other_roles || made_by_us))
            foreign.insert(version);
    }
    return foreign;
}

std::uint8_t free_key_version(const model::security_domain& domain, const model::card_parameters& parameters) {
    key_versions taken{parameters.service_key_version};
    if (domain.keys)
        taken.insert(domain.keys->version);
    for (const auto& other : domain.other_keys)
        taken.insert(other.version);
    constexpr int most = 0x7F; // GPCS 11.8.2.1; 00 is none
    int version = parameters.tsm_rotated_version;
    for (int i = 0; i < most && taken.contains(static_cast<std::uint8_t>(version)); ++i)
        version = version % (first_of_other_roles - 1) + 1;
    return static_cast<std::uint8_t>(version);
}

} // namespace tsms::process
