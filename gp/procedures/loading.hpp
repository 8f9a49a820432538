#pragma once
// Load files on their way to a card.

#include "gp/procedures/changes.hpp"

namespace tsms::gp {

struct load_work {
    const std::vector<load_file>& files; ///< in load order
    bytes tsm_domain_aid;
    std::size_t block_size = 0; ///< plain octets of a LOAD block
    int operation = 10;         ///< TR 4.2.4.2, of progress
};

/// Adds each load file with its LOAD blocks, and progress between them from 10 to 70 percent.
void load_all(changes& card, const load_work& what);

} // namespace tsms::gp
