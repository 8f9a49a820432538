#pragma once
// CAP files (Java Card Virtual Machine Specification, chapter 6): what a service provider uploads, and what is loaded
// onto a card. A CAP is hostile: every size is bounded, and every component must be what it says.

#include "base/bytes.hpp"

#include <stdexcept>

namespace tsms::gp {

/// Why a file is no CAP that we can load. The text is fit for the answer to the uploader.
class cap_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct cap_version {
    std::uint8_t major = 0;
    std::uint8_t minor = 0;
    friend auto operator<=>(const cap_version&, const cap_version&) = default;
};
std::string to_string(cap_version v); ///< "1.0"

struct cap_import {
    bytes aid;
    cap_version version;
    friend bool operator==(const cap_import&, const cap_import&) = default;
};

/// A CAP file as a service provider uploads it.
struct cap_file {
    cap_version format; ///< 2.1 … 2.3
    std::uint8_t flags = 0;
    /// AID and version of the package; in the extended format of the CAP file, which is what a card then has as a load
    /// file (JCVM 3.1 6.4; DIV-022).
    bytes package_aid;
    cap_version package_version;
    std::string package_name; ///< empty where the CAP does not tell (AMB-203)
    std::vector<bytes> applets;
    std::vector<cap_import> imports;
    std::vector<cap_import> packages; ///< extended format: the public packages, which others can import
    std::size_t exports = 0;          ///< number of exported classes

    /// The Load File Data Block's content (tag C4): Header, Directory, Import, Applet, Class, Method, StaticField,
    /// Export, ConstantPool, RefLocation, StaticResources (JCVM 3.1 6.3, field lesson 12); without Descriptor and
    /// Debug. Hashes depend on it, so it is fixed here once.
    bytes load_image;
    bytes sha256; ///< of load_image
    bytes sha1;   ///< of load_image

    std::string java_card_version; ///< least platform, e.g. "3.0.4"; empty if unknown (AMB-056, AMB-203)
    std::string gp_api_version;    ///< "major.minor" as in profiles; empty if org.globalplatform is not imported

    bool extended() const; ///< several packages, more than 64 KiB: only for cards that say so
};

namespace cap_flags {
inline constexpr std::uint8_t uses_int = 0x01;
inline constexpr std::uint8_t exports = 0x02;
inline constexpr std::uint8_t applets = 0x04;
inline constexpr std::uint8_t extended = 0x08;
} // namespace cap_flags

struct cap_limits {
    std::size_t file = 2u << 20;      ///< octets of the ZIP (AMB-205)
    std::size_t entries = 512;        ///< files in the ZIP
    std::size_t unpacked = 16u << 20; ///< octets that all files of the ZIP announce together
    std::size_t image = 4u << 20;     ///< octets of all components together; the compact format cannot reach it
};

/// Compact and extended format. Every component is checked against the others and the last octet; what cannot be loaded
/// as a whole is refused. Throws cap_error.
cap_file parse_cap(bytes_view zip, const cap_limits& limits = {});

/// Least platform with these versions of the Java Card API's packages that reads this CAP format: documented tables in
/// cap_requirements.cpp. Empty if it imports nothing that tells, or a version of javacard.framework or java.lang that
/// no table has (AMB-203).
std::string java_card_version_of(cap_version format, const std::vector<cap_import>& imports);
/// Version of org.globalplatform (A00000015100).
std::string gp_api_version_of(const std::vector<cap_import>& imports);

} // namespace tsms::gp
