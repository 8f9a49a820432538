#pragma once
// The layout of the ZIP around a CAP file (PKWARE APPNOTE 6.3): a ZIP that two readers can read differently, that hides
// something or that asks for more than a CAP needs is refused before anything is decompressed.

#include "gp/cap.hpp"

namespace tsms::gp {

struct zip_member {
    std::string_view name;
    std::uint32_t local_header = 0; ///< offset in the file
    std::uint32_t compressed = 0;   ///< octets
    std::uint32_t size = 0;         ///< octets, uncompressed, as announced
    std::uint32_t crc = 0;
    std::uint16_t flags = 0;
    std::uint16_t method = 0; ///< 0 stored, 8 deflated
};

/// The files in the order of the central directory; the names are views into `octets`. Every octet of the file belongs
/// to exactly one file or to the directory: nothing in front, behind, between or shared; local headers say what the
/// directory says. Throws cap_error with the reason.
std::vector<zip_member> read_zip_layout(bytes_view octets, const cap_limits& limits);

/// A file name for a message: at most 60 characters, what is not printable ASCII as '?'.
std::string printable_name(std::string_view name);

} // namespace tsms::gp
