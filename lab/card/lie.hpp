#pragma once
// What a card tells although it knows better. It has the keys of the channel: the lie is told before the answer is
// protected, so that its R-MAC is valid. docs/lab.md has the forms.

#include "base/bytes.hpp"

namespace tsms::lab {

struct lie {
    enum class kind {
        value, ///< data objects have another value
        hide,  ///< data objects are left out
        patch, ///< octets are others
    };
    kind what{};
    std::uint32_t tag = 0;  ///< of the data objects
    std::size_t offset = 0; ///< of the octets
    bytes value;
    bytes about; ///< only in the entries (E3 of GET STATUS, E2 of access rules) of this AID; empty: everywhere
};

/// TAG=HEX or TAG=HEX/AID (value), TAG or TAG/AID (hide), N=HEX (patch). Nothing if it is malformed.
std::optional<lie> parse_lie(lie::kind what, std::string_view text);

/// The response data with the lie; as they were where nothing in them fits it.
bytes with_lie(const lie& l, bytes_view data);

} // namespace tsms::lab
