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
    return c.personality().tells_cplc ? std::optional(c.card.cplc) : std::nullopt;
}

/// Card data of the ISD; of another Security Domain its management data, which have the same form and its own "i"
/// (GPCS H.2, H.3).
std::optional<bytes> card_data(const context& c) {
    return lab::card_data(c.domain().sd->scp03_i);
}

/// Card capability information (GPCS H.4): SCP03 with the values of "i" that a domain may have and key lengths, the
/// privileges that Security Domains and applications may get, and hashes of load files (SHA-1, SHA-256). The card
/// verifies neither tokens nor DAPs, issues no receipts and loads no ciphered files, and lists no algorithms for them.
std::optional<bytes> capabilities(const context& c) {
    constexpr std::uint8_t every_key_length = 0x07;
    bytes options;
    for (unsigned i = 0; i <= c.personality().scp03_i; ++i)
        if (is_scp03_option(static_cast<std::uint8_t>(i), c.personality().scp03_i))
            options.push_back(static_cast<std::uint8_t>(i));
    auto protocol = gp::encode_tlv(0x80, bytes{0x03});
    gp::append_tlv(protocol, 0x81, options);
    gp::append_tlv(protocol, 0x82, bytes{every_key_length});
    auto out = gp::encode_tlv(0xA0, protocol);
    constexpr auto never = privilege::receipt_generation | privilege::token_verification;
    gp::append_tlv(out, 0x81, big_endian(privilege::isd & ~never, 3));
    gp::append_tlv(out, 0x82, big_endian(privilege::card_reset | privilege::cvm_management, 3));
    gp::append_tlv(out, 0x83, bytes{0x01, 0x02});
    return out;
}

std::optional<bytes> diversification(const context& c) {
    return to_bytes(c.card.diversification());
}

/// Key information template (GPCS 11.3.3.1): identifier, version, type and length of every key of this SD. Every SD has
/// this object; one without keys of its own has it empty (DIV-074).
std::optional<bytes> key_information(const context& c) {
    bytes out;
    for (const auto& set : c.domain().sd->key_sets)
        for (const auto& [id, key] : set.keys)
            gp::append_tlv(out, 0xC0, bytes{id, set.version, 0x88, static_cast<std::uint8_t>(key.size())});
    return out;
}

std::optional<bytes> sequence_counter(const context& c) {
    const auto& sets = c.domain().sd->key_sets;
    return sets.empty() ? std::nullopt : std::optional(big_endian(sets.front().sequence_counter, 3));
}

/// Confirmation counter (GPCS 11.3.3.1): of receipts, which this card does not issue. Only a Security Domain that might
/// has one.
std::optional<bytes> confirmation_counter(const context& c) {
    return c.domain().has(privilege::receipt_generation) ? std::optional(bytes{0x00, 0x00}) : std::nullopt;
}

/// Current security level of the session (GPCS 11.3.3.1, 10.6).
std::optional<bytes> security_level(const context& c) {
    return bytes{c.channel.authenticated() ? *c.channel.session->level() : std::uint8_t{0}};
}

/// Extended card resources information (ETSI TS 102 226, 8.2.1.7).
std::optional<bytes> resources(const context& c) {
    bytes out;
    gp::append_tlv(out, 0x81, big_endian(c.registry().applications().size() - 1, 2));
    gp::append_tlv(out, 0x82, big_endian(c.card.free_memory(), 4));
    gp::append_tlv(out, 0x83, big_endian(c.personality().ram, 4));
    return out;
}

constexpr std::uint16_t cplc_tag = 0x9F7F;

constexpr struct {
    std::uint16_t tag;
    std::optional<bytes> (*read)(const context&);
} objects[] = {
    {cplc_tag, cplc},          {0x0066, card_data},        {0x0067, capabilities},         {0x00CF, diversification},
    {0x00E0, key_information}, {0x00C1, sequence_counter}, {0x00C2, confirmation_counter}, {0x00D3, security_level},
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
    if (tag == cplc_tag && !c.personality().cplc_has_tag)
        return {*value, sw::ok};
    return {gp::encode_tlv(tag, *value), sw::ok};
}

} // namespace tsms::lab
