#pragma once
// The formats of strings in REST documents (model::text_format): check and canonical form.

#include "model/entities.hpp"

#include <optional>
#include <string>

namespace tsms::rest {

/// The text as it is stored (UUIDs in lower case, hexadecimal in upper case, TLVs without blanks), or nothing if it
/// does not have the format or more characters than `maximum`.
std::optional<std::string> canonical(model::text_format format, std::string_view text, std::int64_t maximum);

/// Lower case, or nothing if it is no UUID (RFC 4122 text form).
std::optional<std::string> canonical_uuid(std::string_view text);

/// An address that our client takes (net::parse_base_url), without blanks and control characters, and behind it a query
/// where one is allowed.
bool is_https_url(std::string_view url, bool with_query);

} // namespace tsms::rest
