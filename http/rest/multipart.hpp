#pragma once
// multipart/form-data (RFC 7578), strictly: what could be read in two ways is refused.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tsms::rest {

struct form_part {
    std::string name;
    std::optional<std::string> file_name; ///< present: the part is a file. Base name only (AMB-062).
    std::string_view content;             ///< into the body
};

/// The boundary of a Content-Type, or nothing if it is not multipart/form-data with a valid one.
std::optional<std::string> multipart_boundary(std::string_view content_type);

/// Parts in order, at most 16. Nothing if the body is not well-formed. Content-Disposition parameters may be separated
/// by ';' or, as the TR prints them, by ','.
std::optional<std::vector<form_part>> parse_multipart(std::string_view body, std::string_view boundary);

} // namespace tsms::rest
