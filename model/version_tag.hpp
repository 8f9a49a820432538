#pragma once
// Version tags <Major>.<Minor>.<Revision> (TR 4.1.4.3, AMB-039) and the patterns of the TSM-API's check functions
// (AMB-136).

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace tsms::model {

/// A tag by its numbers: 1.0.0 and 1.00.0 are the same version.
struct version_number {
    std::array<int, 3> parts{};
    friend auto operator<=>(const version_number&, const version_number&) = default;

    /// Text that sorts as the numbers do: "001.002.003".
    std::string sort_key() const;
};

/// Nothing if the text is not three numbers of one to three digits.
std::optional<version_number> parse_tag(std::string_view tag);

/// Two or three numbers, as secure components and CAP files name their platform ("3.0.4", "1.6"). A missing part is 0.
std::optional<version_number> parse_platform_version(std::string_view text);

/// a.b.c, a.b.x, a.x.x or x.x.x; 'x' or 'X'.
struct version_pattern {
    std::array<std::optional<int>, 3> parts;
    bool matches(const version_number& v) const;
    bool is_concrete() const { return parts[2].has_value(); }
};
std::optional<version_pattern> parse_pattern(std::string_view text);

} // namespace tsms::model
