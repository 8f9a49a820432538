#pragma once
// Answers to GET STATUS in TLV form (GPCS 11.4.3.1, table 11-36).

#include "gp/privileges.hpp"

namespace tsms::gp {

struct registry_entry {
    bytes aid;                   ///< 4F
    std::uint8_t life_cycle = 0; ///< 9F70
    privileges rights = 0;       ///< C5
    bytes load_file_aid;         ///< C4, of an application
    bytes security_domain_aid;   ///< CC; empty where the card does not tell
    bytes version;               ///< CE, of a load file
    std::vector<bytes> modules;  ///< 84, of a load file

    friend bool operator==(const registry_entry&, const registry_entry&) = default;
};

/// All entries (E3) of the answers of one query, put together in their order: an entry may be split over two of them
/// (field lesson 7). Nothing if they are malformed.
std::optional<std::vector<registry_entry>> parse_registry(const std::vector<bytes>& answers);

/// Entry with this AID, or null.
const registry_entry* find_entry(const std::vector<registry_entry>& entries, bytes_view aid);

} // namespace tsms::gp
