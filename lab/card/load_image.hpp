#pragma once
// What a card finds in a load file: the components of a Java Card package (JCVM specification, chapter 6) one after
// another. It reads what it needs for its Registry and checks what a real one would stumble over.

#include "lab/card/registry.hpp"

namespace tsms::lab {

struct load_image {
    package_version package;
    std::vector<package_version> imports;
    std::vector<bytes> applets;
    std::size_t code_octets = 0;
    bool extended = false; ///< of the extended format (JCVM 3.1): `package` is the CAP file's AID and version
    std::vector<package_version> packages; ///< extended: what others can import
};

/// The package in a load file data block (value of C4). Nothing if it is malformed, incomplete or its Directory does
/// not match.
std::optional<load_image> read_load_image(bytes_view block);

} // namespace tsms::lab
