#pragma once
// ZIP files in memory.

#include "base/bytes.hpp"

namespace tsms::lab {

struct zip_entry {
    std::string name;
    bytes_view octets; ///< must live until the ZIP is written
};

/// The same octets for the same entries. Throws std::runtime_error, also for a name that comes twice.
bytes write_zip(const std::vector<zip_entry>& entries);

} // namespace tsms::lab
