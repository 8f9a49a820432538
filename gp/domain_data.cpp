#include "gp/domain_data.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

// P1 of STORE DATA (GPCS 11.11.2.1)
constexpr std::uint8_t last_block = 0x80;
constexpr std::uint8_t format_mask = 0x18;
constexpr std::uint8_t format_none = 0x00;
constexpr std::uint8_t format_dgi = 0x08;
constexpr std::uint8_t format_ber_tlv = 0x10;

// How a card may read data.
constexpr unsigned as_ber_tlv = 1;
constexpr unsigned as_dgi = 2;

/// Data objects that security domains keep, or that tell them to change something: IIN, CIN, AID, card data and
/// capabilities, control reference templates of keys, counters, diversification data, key information, what is
/// forwarded to a CASD, SD image number and URL, certificates and public keys, parts of the CPLC, life cycle
/// (GPCS 11.3, 11.11, H; Amendments A, C, E, F).
constexpr std::uint32_t objects[] = {
    0x42,   0x45,   0x4F,   0x65,   0x66,   0x67,   0x70,   0x73,   0xA6,   0xB6,   0xB8,
    0xB9,   0xC1,   0xC2,   0xCF,   0xD3,   0xE0,   0x5F20, 0x5F50, 0x7F21, 0x7F49, 0x9F65,
    0x9F66, 0x9F67, 0x9F6E, 0x9F70, 0x9F7F, 0xBF20, 0xBF30, 0xFF20, 0xFF21, 0xFF40,
};

bool is_of_domain(std::uint32_t tag) {
    return std::ranges::find(objects, tag) != std::end(objects);
}

/// Keys, and every group that has the number of a data object.
bool is_group_of_domain(std::uint16_t dgi) {
    const bool key = dgi >> 4 == 0x811; // 8113 and its neighbours
    return key || dgi >> 8 == 0x00 || is_of_domain(dgi);
}

std::string number_text(std::uint32_t number, std::size_t least_octets) {
    const std::uint8_t octets[] = {static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
                                   static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
    std::size_t size = least_octets;
    while (size < sizeof octets && number >> (8 * size) != 0)
        ++size;
    return to_hex(bytes_view(octets).last(size));
}

/// The next octet; nothing where there is none. What does not go on is malformed for a card too, but what stood before
/// may have been processed by then.
std::optional<std::uint8_t> take(bytes_view& rest) {
    if (rest.empty())
        return std::nullopt;
    const auto octet = rest.front();
    rest = rest.subspan(1);
    return octet;
}

std::optional<std::size_t> take_number(bytes_view& rest, std::size_t octets) {
    std::size_t number = 0;
    while (octets-- > 0) {
        const auto next = take(rest);
        if (!next)
            return std::nullopt;
        number = number << 8 | *next;
    }
    return number;
}

std::optional<std::uint32_t> take_tag(bytes_view& rest) {
    auto next = take(rest);
    if (!next)
        return std::nullopt;
    std::uint32_t tag = *next;
    if ((tag & 0x1F) != 0x1F)
        return tag;
    for (int octets = 0; octets < 3; ++octets) {
        next = take(rest);
        if (!next)
            return std::nullopt;
        tag = tag << 8 | *next;
        if ((*next & 0x80) == 0)
            return tag;
    }
    return std::nullopt;
}

std::optional<std::size_t> take_length(bytes_view& rest) {
    const auto first = take(rest);
    if (!first || *first < 0x80)
        return first;
    const std::size_t octets = *first & 0x7F;
    return octets >= 1 && octets <= 4 ? take_number(rest, octets) : std::nullopt;
}

/// What a card takes for padding between objects (ISO/IEC 7816-4 5.2.2.1), where others see a tag.
enum class padding { none, zeros, zeros_and_ones };

bool is_padding(std::uint8_t octet, padding known) {
    return (octet == 0x00 && known != padding::none) || (octet == 0xFF && known == padding::zeros_and_ones);
}

std::optional<std::string> object_of_domain(bytes_view rest, padding known) {
    while (!rest.empty()) {
        if (is_padding(rest.front(), known)) {
            rest = rest.subspan(1);
            continue;
        }
        const auto tag = take_tag(rest);
        if (!tag)
            return std::nullopt;
        if (is_of_domain(*tag))
            return "tag " + number_text(*tag, 1);
        const auto length = take_length(rest);
        if (!length || *length > rest.size())
            return std::nullopt;
        rest = rest.subspan(*length);
    }
    return std::nullopt;
}

std::optional<std::string> group_of_domain(bytes_view rest) {
    while (!rest.empty()) {
        const auto dgi = take_number(rest, 2);
        if (!dgi)
            return std::nullopt;
        if (is_group_of_domain(static_cast<std::uint16_t>(*dgi)))
            return "data group " + number_text(static_cast<std::uint32_t>(*dgi), 2);
        auto length = take_number(rest, 1);
        if (length == 0xFFu)
            length = take_number(rest, 2);
        if (!length || *length > rest.size())
            return std::nullopt;
        rest = rest.subspan(*length);
    }
    return std::nullopt;
}

std::optional<std::string> found_in(bytes_view data, unsigned formats) {
    if ((formats & as_ber_tlv) != 0)
        for (const auto known : {padding::none, padding::zeros, padding::zeros_and_ones})
            if (auto found = object_of_domain(data, known))
                return found;
    return (formats & as_dgi) != 0 ? group_of_domain(data) : std::nullopt;
}

unsigned formats_of(std::uint8_t p1) {
    switch (p1 & format_mask) {
    case format_ber_tlv:
        return as_ber_tlv;
    case format_dgi:
        return as_dgi;
    case format_none: // hosts send both so, and cards guess
    default:
        return as_ber_tlv | as_dgi;
    }
}

} // namespace

std::optional<std::string> domain_data_check::add(std::uint8_t p1, std::uint8_t p2, bytes_view data, bool whole) {
    if (p2 != next_)
        return "has block number " + number_text(p2, 1) + " (P2) where " + number_text(next_, 1) + " is next";
    ++next_;
    const bool last = (p1 & last_block) != 0;
    const auto own = formats_of(p1);
    formats_ |= own;
    if (known_) {
        starts_.push_back(chain_.size());
        append(chain_, data);
    }
    auto found = found_in(chain_, formats_);
    if (!found) // a card that does not wait for the last block
        found = found_in(data, own);
    // An application that refuses a block may end its personalization: the domain takes the next one for a first one.
    for (std::size_t k = 1; last && !found && k < starts_.size(); ++k)
        found = found_in(bytes_view(chain_).subspan(starts_[k]), formats_);
    known_ = known_ && whole;
    if (last)
        *this = {};
    if (!found)
        return std::nullopt;
    return "stores " + *found + ", which means something to a security domain";
}

std::optional<std::string> domain_data_check::end() const {
    if (next_ == 0)
        return std::nullopt;
    return "is the end of the script, and no last block (P1, bit 80)";
}

} // namespace tsms::gp
