#include "gp/card_data.hpp"

#include "gp/tlv.hpp"

namespace tsms::gp {

namespace {

/// The content of `tag` if the octets are that data object, else the octets themselves: cards answer GET DATA both
/// ways.
bytes_view without_tag(bytes_view octets, std::uint32_t tag) {
    const auto objects = parse_tlvs(octets);
    return objects && objects->size() == 1 && objects->front().tag == tag ? objects->front().value : octets;
}

/// Unsigned integer of at most four octets.
std::optional<std::uint32_t> number(bytes_view octets) {
    if (octets.empty() || octets.size() > 4)
        return std::nullopt;
    std::uint32_t value = 0;
    for (auto octet : octets)
        value = value << 8 | octet;
    return value;
}

/// 1.2.840.114283: the registered root of GlobalPlatform's object identifiers (GPCS H.1).
constexpr std::uint8_t gp_root[] = {0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B};

/// Arcs behind the root; nothing for other identifiers and for arcs over 127.
std::optional<bytes> gp_arcs(bytes_view oid) {
    if (oid.size() <= sizeof gp_root ||
        to_bytes(oid.first(sizeof gp_root)) != bytes(std::begin(gp_root), std::end(gp_root)))
        return std::nullopt;
    auto arcs = to_bytes(oid.subspan(sizeof gp_root));
    for (auto arc : arcs)
        if (arc > 0x7F)
            return std::nullopt;
    return arcs;
}

} // namespace

std::optional<bytes> parse_cplc(bytes_view answer) {
    constexpr std::size_t cplc_octets = 42;
    const auto content = without_tag(answer, 0x9F7F);
    if (content.size() != cplc_octets)
        return std::nullopt;
    return to_bytes(content);
}

std::optional<card_recognition> parse_card_recognition(bytes_view answer) {
    const auto objects = parse_tlvs(without_tag(without_tag(answer, 0x66), 0x73));
    if (!objects)
        return std::nullopt;
    card_recognition out;
    for (const auto& [tag, value] : *objects) {
        const auto inner = parse_tlvs(value);
        const auto oid = inner ? find(*inner, 0x06) : std::nullopt;
        const auto arcs = oid ? gp_arcs(*oid) : std::nullopt;
        if (!arcs)
            continue;
        if (tag == 0x60 && arcs->size() > 1 &&
            arcs->front() == 2) { // {globalPlatform 2 v}: card management and version
            for (std::size_t k = 1; k < arcs->size(); ++k)
                out.gp_version += (k == 1 ? "" : ".") + std::to_string((*arcs)[k]);
        } else if (tag == 0x64 && arcs->size() == 3 && arcs->front() == 4) { // {globalPlatform 4 scp i}
            out.protocols.push_back({(*arcs)[1], (*arcs)[2]});
        }
    }
    return out;
}

std::optional<card_resources> parse_card_resources(bytes_view answer) {
    const auto objects = parse_tlvs(without_tag(answer, 0xFF21));
    if (!objects)
        return std::nullopt;
    const auto read = [&](std::uint32_t tag) {
        const auto value = find(*objects, tag);
        return value ? number(*value) : std::nullopt;
    };
    const auto applications = read(0x81);
    const auto non_volatile = read(0x82);
    const auto volatile_octets = read(0x83);
    if (!non_volatile)
        return std::nullopt;
    return card_resources{applications.value_or(0), *non_volatile, volatile_octets.value_or(0)};
}

std::optional<std::vector<key_information>> parse_key_information(bytes_view answer) {
    const auto objects = parse_tlvs(without_tag(answer, 0xE0));
    if (!objects)
        return std::nullopt;
    std::vector<key_information> keys;
    for (const auto& [tag, value] : *objects) {
        // Basic format: identifier, version, then type and length of each component; the extended one starts with FF.
        if (tag != 0xC0 || value.size() < 4)
            return std::nullopt;
        if (value[2] == 0xFF) {
            if (value.size() < 6)
                return std::nullopt;
            keys.push_back({value[0], value[1], value[3], static_cast<std::uint16_t>(value[4] << 8 | value[5])});
        } else {
            keys.push_back({value[0], value[1], value[2], value[3]});
        }
    }
    return keys;
}

selected_application parse_fci(bytes_view answer) {
    constexpr std::size_t no_length = 48; // no commands of a host fit into that: such a 9F65 tells nothing
    selected_application out;
    if (const auto aid = find_path(answer, {0x6F, 0x84}); aid && aid->size() >= 5 && aid->size() <= 16)
        out.aid = to_bytes(*aid);
    if (const auto longest = find_path(answer, {0x6F, 0xA5, 0x9F65}))
        if (const auto value = number(*longest); value && *value > no_length)
            out.longest_data = *value;
    return out;
}

} // namespace tsms::gp
