#pragma once
// BER-TLV as cards use it (ISO/IEC 7816-4, 5.2.2): tags of one to three octets, definite lengths of up to three octets
// (81 and 82 forms). Everything parsed here comes from a card or a provider and is hostile: no recursion, no copy that
// the caller did not ask for.

#include "base/bytes.hpp"

namespace tsms::gp {

struct tlv {
    std::uint32_t tag = 0; ///< as written, e.g. 0x4F, 0x9F70, 0xDF21
    bytes_view value;      ///< into the parsed octets, which must outlive it

    bool constructed() const;
};

/// The data objects of one level. Nothing if an object is truncated, or a tag or length is malformed.
std::optional<std::vector<tlv>> parse_tlvs(bytes_view octets);

/// The value of the first object with this tag, if there is one.
std::optional<bytes_view> find(const std::vector<tlv>& objects, std::uint32_t tag);

/// Value found by descending through constructed objects, e.g. find_path(fci, {0x6F, 0x84}). Nothing if any step is
/// missing or malformed.
std::optional<bytes_view> find_path(bytes_view octets, std::initializer_list<std::uint32_t> path);

/// One encoded data object with the shortest length field. At most 16777215 octets of value.
bytes encode_tlv(std::uint32_t tag, bytes_view value);
void append_tlv(bytes& out, std::uint32_t tag, bytes_view value);

/// One length octet and the octets themselves (LV), as in the data field of INSTALL. At most 255 octets.
void append_lv(bytes& out, bytes_view value);

} // namespace tsms::gp
