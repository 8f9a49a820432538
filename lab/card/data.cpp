// GET DATA (GPCS 11.3).

#include "gp/tlv.hpp"
#include "lab/card/commands.hpp"

namespace tsms::lab {

namespace {

bytes big_endian(std::size_t value, std::size_t octets) {
    bytes out(octets);
    for (auto& octet : out)
        octet = static_cast<std::uint8_t>(value >> (8 * --octets));
    return out;
}

std::optional<bytes> cplc(const context& c) {
    return c.card.cplc;
}

std::optional<bytes> card_data(const context& c) {
    return c.personality().card_data();
}

std::optional<bytes> diversification(const context& c) {
    return to_bytes(c.card.diversification());
}

/// Key information template (GPCS 11.3.3.1): identifier, version, type and length of every key of this SD.
std::optional<bytes> key_information(const context& c) {
    bytes out;
    for (const auto& set : c.domain().sd->key_sets)
        for (const auto& [id, key] : set.keys)
            gp::append_tlv(out, 0xC0, bytes{id, set.version, 0x88, static_cast<std::uint8_t>(key.size())});
    return out.empty() ? std::nullopt : std::optional(out);
}

std::optional<bytes> sequence_counter(const context& c) {
    const auto& sets = c.domain().sd->key_sets;
    return sets.empty() ? std::nullopt : std::optional(big_endian(sets.front().sequence_counter, 3));
}

/// Extended card resources information (ETSI TS 102 226, 8.2.1.7).
std::optional<bytes> resources(const context& c) {
    bytes out;
    gp::append_tlv(out, 0x81, big_endian(c.registry().applications().size() - 1, 2));
    gp::append_tlv(out, 0x82, big_endian(c.card.free_memory(), 4));
    gp::append_tlv(out, 0x83, big_endian(c.personality().ram, 4));
    return out;
}

constexpr struct {
    std::uint16_t tag;
    std::optional<bytes> (*read)(const context&);
} objects[] = {
    {0x9F7F, cplc},
    {0x0066, card_data},
    {0x00CF, diversification},
    {0x00E0, key_information},
    {0x00C1, sequence_counter},
    {0xFF21, resources},
};

/// Objects of STORE DATA: those of the SD itself, else the issuer's (IIN and CIN name the card for everybody).
std::optional<bytes> stored(const context& c, std::uint16_t tag) {
    for (const auto* domain : {&c.domain(), &c.registry().isd()})
        if (const auto found = domain->sd->data.find(tag); found != domain->sd->data.end())
            return found->second;
    return std::nullopt;
}

} // namespace

gp::response_apdu get_data(context& c, const gp::command_apdu& command) {
    const auto tag = static_cast<std::uint16_t>(command.p1 << 8 | command.p2);
    const auto* entry =
        std::find_if(std::begin(objects), std::end(objects), [&](const auto& o) { return o.tag == tag; });
    const auto value = entry != std::end(objects) ? entry->read(c) : stored(c, tag);
    require(value.has_value(), sw::reference_not_found);
    return {gp::encode_tlv(tag, *value), sw::ok};
}

} // namespace tsms::lab
