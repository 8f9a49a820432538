#include "gp/tlv.hpp"

#include <stdexcept>

namespace tsms::gp {

namespace {

struct cursor {
    bytes_view rest;

    std::optional<std::uint8_t> octet() {
        if (rest.empty())
            return std::nullopt;
        const auto value = rest.front();
        rest = rest.subspan(1);
        return value;
    }

    std::optional<std::uint32_t> tag() {
        const auto first = octet();
        if (!first)
            return std::nullopt;
        std::uint32_t value = *first;
        if ((*first & 0x1F) != 0x1F)
            return value;
        for (int more = 0; more < 2; ++more) {
            const auto next = octet();
            if (!next)
                return std::nullopt;
            value = value << 8 | *next;
            if ((*next & 0x80) == 0)
                return value;
        }
        return std::nullopt;
    }

    std::optional<std::size_t> length() {
        const auto first = octet();
        if (!first)
            return std::nullopt;
        if (*first < 0x80)
            return *first;
        const int count = *first & 0x7F;
        if (count < 1 || count > 3)
            return std::nullopt;
        std::size_t value = 0;
        for (int i = 0; i < count; ++i) {
            const auto next = octet();
            if (!next)
                return std::nullopt;
            value = value << 8 | *next;
        }
        return value;
    }
};

} // namespace

bool tlv::constructed() const {
    auto first = tag;
    while (first > 0xFF)
        first >>= 8;
    return (first & 0x20) != 0;
}

std::optional<std::vector<tlv>> parse_tlvs(bytes_view octets) {
    std::vector<tlv> objects;
    cursor at{octets};
    while (!at.rest.empty()) {
        const auto tag = at.tag();
        if (!tag)
            return std::nullopt;
        const auto length = at.length();
        if (!length || *length > at.rest.size())
            return std::nullopt;
        objects.push_back({*tag, at.rest.first(*length)});
        at.rest = at.rest.subspan(*length);
    }
    return objects;
}

std::optional<bytes_view> find(const std::vector<tlv>& objects, std::uint32_t tag) {
    for (const auto& object : objects)
        if (object.tag == tag)
            return object.value;
    return std::nullopt;
}

std::optional<bytes_view> find_path(bytes_view octets, std::initializer_list<std::uint32_t> path) {
    for (auto tag : path) {
        const auto objects = parse_tlvs(octets);
        if (!objects)
            return std::nullopt;
        const auto value = find(*objects, tag);
        if (!value)
            return std::nullopt;
        octets = *value;
    }
    return octets;
}

void append_tlv(bytes& out, std::uint32_t tag, bytes_view value) {
    if (tag > 0xFFFF)
        out.push_back(static_cast<std::uint8_t>(tag >> 16));
    if (tag > 0xFF)
        out.push_back(static_cast<std::uint8_t>(tag >> 8));
    out.push_back(static_cast<std::uint8_t>(tag));
    const auto length = value.size();
    if (length > 0xFFFFFF)
        throw std::length_error("TLV value over 16777215 octets");
    if (length > 0xFFFF) { // a load file of the extended CAP format
        out.push_back(0x83);
        out.push_back(static_cast<std::uint8_t>(length >> 16));
        out.push_back(static_cast<std::uint8_t>(length >> 8));
    } else if (length > 0xFF) {
        out.push_back(0x82);
        out.push_back(static_cast<std::uint8_t>(length >> 8));
    } else if (length > 0x7F) {
        out.push_back(0x81);
    }
    out.push_back(static_cast<std::uint8_t>(length));
    append(out, value);
}

bytes encode_tlv(std::uint32_t tag, bytes_view value) {
    bytes out;
    append_tlv(out, tag, value);
    return out;
}

void append_lv(bytes& out, bytes_view value) {
    if (value.size() > 0xFF)
        throw std::length_error("LV value over 255 octets");
    out.push_back(static_cast<std::uint8_t>(value.size()));
    append(out, value);
}

} // namespace tsms::gp
