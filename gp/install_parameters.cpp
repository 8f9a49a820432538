#include "gp/install_parameters.hpp"

#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {
constexpr std::string_view opening = "${";
}

std::string substitute(std::string_view text, const std::map<std::string, std::string>& values) {
    std::string out;
    while (true) {
        const auto start = text.find(opening);
        out += text.substr(0, start);
        if (start == std::string_view::npos)
            return out;
        text.remove_prefix(start + opening.size());
        const auto end = text.find('}');
        if (end == std::string_view::npos)
            throw parameter_error("placeholder without closing brace");
        const std::string key(text.substr(0, end));
        const auto value = values.find(key);
        if (value == values.end())
            throw parameter_error("no value for placeholder ${" + key + "}");
        out += value->second; // not looked into again: a value cannot bring placeholders of its own
        text.remove_prefix(end + 1);
    }
}

bytes parse_hex_text(std::string_view text) {
    std::string digits;
    for (char c : text) {
        const bool separator = c == ' ' || c == ':';
        if (!separator)
            digits.push_back(c);
        else if (digits.size() % 2 != 0)
            throw parameter_error("separator within an octet");
    }
    auto octets = from_hex(digits);
    if (!octets)
        throw parameter_error("not an even number of hexadecimal digits");
    return *std::move(octets);
}

bytes install_parameters(std::string_view configured, const std::map<std::string, std::string>& values) {
    const auto octets = parse_hex_text(substitute(configured, values));
    const auto objects = parse_tlvs(octets);
    if (!objects)
        throw parameter_error("install parameters are no well-formed TLV structure");
    if (objects->empty())
        return {};
    // What an app supplies fills values and never changes the structure: it must not add EF or EA objects of its own.
    std::map<std::string, std::string> zeros;
    for (const auto& [key, value] : values)
        zeros[key] = std::string(value.size(), '0');
    const auto structure = parse_hex_text(substitute(configured, zeros));
    const auto expected = parse_tlvs(structure);
    if (!expected || !std::ranges::equal(*expected, *objects, {}, &tlv::tag, &tlv::tag))
        throw parameter_error("a value changes the structure of the install parameters");
    bytes siblings;
    bytes application;
    const std::uint8_t* start = octets.data();
    for (const auto& [tag, value] : *objects) {
        const bytes_view whole(start, value.data() + value.size()); // as it was written
        start = whole.data() + whole.size();
        if (tag == 0xEF || tag == 0xEA) // system parameters (GPCS 11.5.2.3.7), UICC parameters (ETSI TS 102 226)
            append(siblings, whole);
        else
            append(application, tag == 0xC9 ? value : whole);
    }
    // C9 is mandatory in INSTALL [for install], even if it is empty (GPCS 11.5.2.3.7).
    auto out = encode_tlv(0xC9, application);
    append(out, siblings);
    if (out.size() > 0xFF)
        throw parameter_error("install parameters over 255 octets");
    return out;
}

} // namespace tsms::gp
