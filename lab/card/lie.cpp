#include "lab/card/lie.hpp"

#include "base/number.hpp"
#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

constexpr std::size_t longest_value = 200;
constexpr std::size_t largest_offset = 255;
constexpr std::uint32_t aid_tag = 0x4F;

/// Of a tag as gp/tlv.hpp reads them: one to three octets that a data object may begin with.
std::optional<std::uint32_t> parse_tag(std::string_view text) {
    const auto octets = from_hex(text);
    if (!octets || octets->empty() || octets->size() > 3)
        return std::nullopt;
    auto object = *octets;
    object.push_back(0x00); // an empty value
    const auto read = gp::parse_tlvs(object);
    return read && read->size() == 1 ? std::optional((*read)[0].tag) : std::nullopt;
}

bool is_entry_of(const gp::tlv& object, bytes_view aid) {
    if (object.tag != 0xE2 && object.tag != 0xE3)
        return false;
    const auto parts = gp::parse_tlvs(object.value);
    if (!parts)
        return false;
    const auto direct = gp::find(*parts, aid_tag);
    const auto in_reference = gp::find_path(object.value, {0xE1, aid_tag});
    const auto found = direct ? direct : in_reference;
    return found && std::equal(found->begin(), found->end(), aid.begin(), aid.end());
}

/// The data objects of one level, told anew; nothing where the octets are none.
std::optional<bytes> retell(const lie& l, bytes_view data, bool applies) {
    const auto objects = gp::parse_tlvs(data);
    if (!objects)
        return std::nullopt;
    bytes out;
    for (const auto& object : *objects) {
        const bool here = applies || is_entry_of(object, l.about);
        if (here && object.tag == l.tag) {
            if (l.what == lie::kind::value)
                gp::append_tlv(out, object.tag, l.value);
            continue;
        }
        const auto inner = object.constructed() ? retell(l, object.value, here) : std::nullopt;
        gp::append_tlv(out, object.tag, inner ? bytes_view(*inner) : object.value);
    }
    return out;
}

} // namespace

std::optional<lie> parse_lie(lie::kind what, std::string_view text) {
    lie l;
    l.what = what;
    if (const auto slash = text.find('/'); slash != text.npos) {
        const auto aid = from_hex(text.substr(slash + 1));
        if (what == lie::kind::patch || !aid || aid->size() < 5 || aid->size() > 16)
            return std::nullopt;
        l.about = *aid;
        text = text.substr(0, slash);
    }
    const auto equals = text.find('=');
    if ((equals == text.npos) != (what == lie::kind::hide))
        return std::nullopt;
    const auto subject = text.substr(0, equals);
    if (equals != text.npos) {
        const auto value = from_hex(text.substr(equals + 1));
        if (!value || value->size() > longest_value || (what == lie::kind::patch && value->empty()))
            return std::nullopt;
        l.value = *value;
    }
    if (what == lie::kind::patch) {
        const auto offset = text::number<std::size_t>(subject);
        if (!offset || *offset > largest_offset)
            return std::nullopt;
        l.offset = *offset;
        return l;
    }
    const auto tag = parse_tag(subject);
    if (!tag)
        return std::nullopt;
    l.tag = *tag;
    return l;
}

bytes with_lie(const lie& l, bytes_view data) {
    if (l.what != lie::kind::patch)
        return retell(l, data, l.about.empty()).value_or(to_bytes(data));
    auto out = to_bytes(data);
    if (l.offset + l.value.size() <= out.size())
        std::copy(l.value.begin(), l.value.end(), out.begin() + static_cast<std::ptrdiff_t>(l.offset));
    return out;
}

} // namespace tsms::lab
