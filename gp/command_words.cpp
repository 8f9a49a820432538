#include "gp/command_words.hpp"

#include "gp/tlv.hpp"

namespace tsms::gp {

namespace {

std::string octet(unsigned value) {
    const std::uint8_t one[] = {static_cast<std::uint8_t>(value)};
    return to_hex(one);
}

/// Of an INSTALL: length and octets, one behind the other (GPCS 11.5.2.3). What does not hold together is left out.
std::vector<bytes_view> fields_of(bytes_view data) {
    constexpr std::uint8_t one_more_octet = 0x81;
    std::vector<bytes_view> found;
    while (!data.empty()) {
        const std::size_t head = data[0] == one_more_octet ? 2 : 1;
        if (data.size() < head || data.size() - head < data[head - 1])
            break;
        found.push_back(data.subspan(head, data[head - 1]));
        data = data.subspan(head + found.back().size());
    }
    return found;
}

/// P1 of INSTALL (GPCS 11.5.2.1).
std::string words_of_install(std::uint8_t p1, bytes_view data) {
    constexpr std::uint8_t load = 0x02, install = 0x04, extradition = 0x10, registry_update = 0x40;
    const auto fields = fields_of(data);
    const auto field = [&](std::size_t k) { return k < fields.size() ? to_hex(fields[k]) : std::string("?"); };
    if (p1 & load)
        return "package " + field(0) + " for domain " + field(1);
    if (p1 & install)
        return "application " + field(2) + " of module " + field(1) + " of package " + field(0) + ", privileges " +
               field(3);
    if (p1 & (extradition | registry_update))
        return field(2) + " to domain " + field(0);
    return field(2);
}

std::string words_of_delete(bytes_view data) {
    constexpr std::uint32_t aid = 0x4F, key_version = 0xD2;
    const auto objects = parse_tlvs(data);
    if (!objects)
        return {};
    if (const auto found = find(*objects, aid))
        return to_hex(*found);
    const auto version = find(*objects, key_version);
    return version ? "key version " + to_hex(*version) : std::string();
}

std::string words_of_status_question(std::uint8_t p1, bytes_view data) {
    const auto what = p1 == 0x80   ? "issuer security domain"
                      : p1 == 0x40 ? "applications"
                      : p1 == 0x20 ? "load files"
                      : p1 == 0x10 ? "load files and modules"
                                   : "";
    const auto objects = parse_tlvs(data);
    const auto aid = objects ? find(*objects, 0x4F) : std::nullopt;
    return std::string(what) + (aid && !aid->empty() ? " " + to_hex(*aid) : "");
}

} // namespace

std::string words_of(const command_apdu& plain) {
    switch (plain.ins) { // GPCS 11
    case 0xA4:
        return plain.data.empty() ? "the default application" : to_hex(plain.data);
    case 0xCA:
        return "tag " + (plain.p1 == 0 ? std::string() : octet(plain.p1)) + octet(plain.p2);
    case 0xF2:
        return words_of_status_question(plain.p1, plain.data);
    case 0x50:
        return "key version " + octet(plain.p1);
    case 0x82:
        return "security level " + octet(plain.p1);
    case 0xE6:
        return words_of_install(plain.p1, plain.data);
    case 0xE8:
    case 0xE2:
        return "block " + std::to_string(plain.p2) + (plain.p1 & 0x80 ? ", the last one" : "");
    case 0xE4:
        return words_of_delete(plain.data);
    case 0xF0:
        return to_hex(plain.data) + " to state " + octet(plain.p2);
    default:
        return {};
    }
}

} // namespace tsms::gp
