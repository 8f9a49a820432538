#pragma once
// CAP files of our own for tests and demonstrations: valid after the Java Card Virtual Machine Specification
// (format 2.1, or the extended format of 2.3), but their applets have no code worth running. What stands inside the
// extended Class and Descriptor components is as far as public texts tell; neither we nor the simulated card read it.
//
// A static byte array in the package says that its applets keep data. On the simulated card they then do (DIV-091,
// lab/card/kept_data.cpp); a real card runs their code and finds nothing to do.

#include "base/bytes.hpp"

namespace tsms::lab {

struct cap_version {
    std::uint8_t major = 0;
    std::uint8_t minor = 0;
};

struct cap_request {
    bytes package;              ///< AID, 5 to 16 octets
    std::vector<bytes> applets; ///< at least one, each with the package's RID (its first five octets)
    cap_version version{1, 0};
    cap_version java_card{1, 5};       ///< of javacard.framework, e.g. 1.5 in Java Card 3.0.4, 1.6 in 3.0.5
    std::optional<cap_version> gp_api; ///< of org.globalplatform, if it is to be imported
    std::optional<bytes> library;      ///< AID of a package 1.0 that is to be imported
    std::string name = "org/tsms/lab"; ///< Java package, as a path
    std::size_t load_size = 0;         ///< octets that go to the card (all components but Descriptor); 0: the least
    bool keeps_data = true; ///< false: as a package of anybody else, whose applets answer 9000 and keep nothing
    bool extended = false;  ///< extended format (Java Card 3.1): `package` and `version` are the CAP file's own
};

/// Most octets of a load file that can be asked for.
inline constexpr std::size_t most_load_size = 55000;
inline constexpr std::size_t most_extended_load_size = 1u << 20;

/// AID of the one package in an extended CAP file of this request.
bytes package_in_extended(const cap_request& request);

/// The CAP file, a ZIP. If load_size is less than the least possible, the least. Throws std::invalid_argument if the
/// request cannot be met.
bytes write_cap(const cap_request& request);

/// Components in load order without Descriptor and Debug: the value of tag C4 that a host loads.
bytes load_file_block(const cap_request& request);

} // namespace tsms::lab
