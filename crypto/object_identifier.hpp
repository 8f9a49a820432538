#pragma once
// Object identifiers: the text of dots and numbers, and the content octets (ISO/IEC 8825-1, 8.19). Numbers may be of
// any length, because an identifier under 2.25 has a UUID as one.

#include "base/bytes.hpp"

namespace tsms::crypto {

/// Longest content that is read or written.
inline constexpr std::size_t longest_object_identifier = 64;

/// "2.999.1" as content octets. Nothing if it is not written the shortest way, or is too long.
std::optional<bytes> object_identifier(std::string_view text);

/// The text of content octets. Nothing if they are not in DER, or too many.
std::optional<std::string> text_of_object_identifier(bytes_view content);

/// That of a UUID of 16 octets, under 2.25 (ITU-T X.667 7): everybody may use one that nobody else has.
std::string object_identifier_of_uuid(bytes_view uuid);

} // namespace tsms::crypto
