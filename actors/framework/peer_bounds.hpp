#pragma once
// How much of this machine other ends may take up: issuers and SPOS-Services.

#include <cstddef>
#include <limits>

namespace tsms::actors {

struct peer_bounds {
    std::size_t of_peer = 8; ///< pieces of work in progress for one peer; each is a thread
    std::size_t in_all = 64; ///< likewise for all peers together
    std::size_t waiting = std::numeric_limits<std::size_t>::max(); ///< new work of one peer that may wait
};

/// Work that goes on with what a peer has begun is never held back, because it is what makes room there.
enum class lane { goes_on, fresh };

} // namespace tsms::actors
