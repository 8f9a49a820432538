#pragma once
// What a card finds in a load file: the components of a Java Card package (JCVM specification, chapter 6) one after
// another. It reads what it needs for its Registry and checks what a real one would stumble over.

#include "lab/card/registry.hpp"

namespace tsms::lab {

/// A static byte array with these octets says that the applets of a package keep data on the simulated card (DIV-091).
inline constexpr std::string_view keeps_data_marker = "tsms-lab keeps data";

struct load_image {
    package_version package;
    std::vector<package_version> imports;
    std::vector<bytes> applets;
    std::size_t code_octets = 0;
    bool keeps_data = false; ///< has the marker among its static byte arrays
    bool extended = false;   ///< of the extended format (JCVM 3.1): `package` is the CAP file's AID and version
    std::vector<package_version> packages; ///< extended: what others can import
};

/// The package in a load file data block (value of C4). Nothing if it is malformed, incomplete or its Directory does
/// not match.
std::optional<load_image> read_load_image(bytes_view block);

} // namespace tsms::lab
