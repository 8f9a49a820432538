#pragma once
// Secrets come from files or standard input: a command line is seen by everybody on the machine (ps) and kept in the
// shell's history.

#include "crypto/secret.hpp"

#include <string>

namespace tsms::cli {

/// The octets of a text file, without line ends behind them; "-" is standard input. At most 64 KiB. Throws
/// std::runtime_error that names the option.
crypto::secret read_secret(const std::string& option, const std::string& file);

/// Likewise a key that stands there in hexadecimal, of one of two lengths.
crypto::secret read_aes_key(const std::string& option, const std::string& file);

} // namespace tsms::cli
