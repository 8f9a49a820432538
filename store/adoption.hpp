#pragma once
// Going on with databases that do not belong together, because there is nothing better (tsms adopt).

#include "store/databases.hpp"

#include <vector>

namespace tsms::store {

struct adoption {
    std::vector<std::string> misfits; ///< what would have been refused
    std::size_t cards_in_doubt = 0;   ///< because instances.db is older than what was done to them
};

/// Makes one installation of these databases as they are. If instances.db is older than it was, every process on one of
/// its cards looks first at what is there. Nobody else may have the databases open. Interrupted, it is to be done
/// again. Throws store::error for one that is not whole.
adoption adopt(const std::vector<database_file>& all);

} // namespace tsms::store
