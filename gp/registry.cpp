#include "gp/registry.hpp"

#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

std::optional<registry_entry> parse_entry(bytes_view octets) {
    const auto objects = parse_tlvs(octets);
    if (!objects)
        return std::nullopt;
    registry_entry entry;
    for (const auto& [tag, value] : *objects) {
        switch (tag) {
        case 0x4F:
            entry.aid = to_bytes(value);
            break;
        case 0x9F70: // one octet, two for the life cycle of a contactless application
            if (value.empty())
                return std::nullopt;
            entry.life_cycle = value[0];
            break;
        case 0xC5: {
            const auto rights = parse_privileges(value);
            if (!rights)
                return std::nullopt;
            entry.rights = *rights;
            break;
        }
        case 0xC4:
            entry.load_file_aid = to_bytes(value);
            break;
        case 0xCC:
            entry.security_domain_aid = to_bytes(value);
            break;
        case 0xCE:
            entry.version = to_bytes(value);
            break;
        case 0x84:
            entry.modules.push_back(to_bytes(value));
            break;
        default: // cards add their own
            break;
        }
    }
    if (entry.aid.size() < 5 || entry.aid.size() > 16)
        return std::nullopt;
    return entry;
}

} // namespace

std::optional<std::vector<registry_entry>> parse_registry(const std::vector<bytes>& answers) {
    bytes all;
    for (const auto& answer : answers)
        append(all, answer);
    const auto objects = parse_tlvs(all);
    if (!objects)
        return std::nullopt;
    std::vector<registry_entry> entries;
    for (const auto& [tag, value] : *objects) {
        if (tag != 0xE3)
            return std::nullopt;
        auto entry = parse_entry(value);
        if (!entry)
            return std::nullopt;
        entries.push_back(*std::move(entry));
    }
    return entries;
}

const registry_entry* find_entry(const std::vector<registry_entry>& entries, bytes_view aid) {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const registry_entry& entry) {
        return std::equal(entry.aid.begin(), entry.aid.end(), aid.begin(), aid.end());
    });
    return found == entries.end() ? nullptr : &*found;
}

} // namespace tsms::gp
