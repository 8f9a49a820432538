#pragma once
// Install parameters of an application as service providers configure them (TR 4.1.4.13, AMB-042, 147, 221).

#include "base/bytes.hpp"

#include <map>
#include <stdexcept>

namespace tsms::gp {

/// The text says what is wrong and where, fit for category 4 or error 1008.
class parameter_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Replaces ${key} by its value (hexadecimal). Throws parameter_error for a key without value and for ${ without }.
/// Unused keys have no effect.
std::string substitute(std::string_view text, const std::map<std::string, std::string>& values);

/// Octets of hexadecimal text in which blanks and colons may stand between octets. Throws parameter_error.
bytes parse_hex_text(std::string_view text);

/// The install parameters field: top-level C9, EF and EA pass as siblings, everything else goes into C9 as it is.
/// `configured` may have placeholders. Empty text gives empty octets. Throws parameter_error if it is no TLV structure.
bytes install_parameters(std::string_view configured, const std::map<std::string, std::string>& values = {});

} // namespace tsms::gp
