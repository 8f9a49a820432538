#pragma once
// Who may connect: an account of the connections of one listener, without sockets. A peer of which nothing is known yet
// is bounded here, before TLS, and whoever makes the server wait has to make room for others.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tsms::net {

/// Why a connection was turned away.
enum class refusal {
    address,   ///< its address has as many as one may have, and all of them are of use
    unproven,  ///< too many connections of as many addresses have not completed a request
    full,      ///< there is no place, and nobody has more than his share of them
    resources, ///< the system gives no descriptor or thread
    displaced, ///< it was let in, and had to make room for another one
};
inline constexpr std::size_t refusals = 5;

struct admission_limits {
    std::size_t most = 512;            ///< connections
    std::size_t most_of_address = 512; ///< of one peer_network()
    std::size_t most_unproven = 256;   ///< that have not completed a request
    /// A connection that has completed no request for so long makes room for another one of its own address.
    std::chrono::milliseconds grace{1000};
};

/// Not safe for several threads.
///
/// A connection is unproven until it has completed a request, and waiting while the server waits for its peer. Only
/// waiting connections make room, the one that has been waiting longest first:
/// - where the unproven ones have taken their share, one of the address with most of them, if it has more than the
///   newcomer's address;
/// - where all places are taken, likewise by all connections, if it has at least two more: else two addresses would
///   displace each other for ever. Unproven ones go first;
/// - else, and where an address is at its bound, one of the newcomer's own address that is unproven and beyond the
///   grace.
class admission {
public:
    using id = std::uint64_t;
    using time = std::chrono::steady_clock::time_point;

    explicit admission(admission_limits limits) : limits_(limits) {}

    struct verdict {
        std::optional<refusal> refused;
        id admitted = 0;             ///< valid where it is not refused
        std::optional<id> displaced; ///< has left the account; its connection is to be closed
    };
    verdict enter(const std::string& network, time now);

    /// The connection's request is carried out; from now on it is proven. Ids that have left are ignored, as below.
    void serving(id who);
    /// The server waits for the connection's peer again.
    void waiting(id who, time now);
    /// Known before its request is complete, because it has shown who it is.
    void prove(id who);
    void leave(id who);

    std::size_t size() const { return all_.size(); }
    std::size_t unproven() const { return unproven_; }
    bool full() const { return all_.size() >= limits_.most || unproven_ >= limits_.most_unproven; }

private:
    struct held {
        std::size_t all = 0;
        std::size_t unproven = 0;
    };
    using networks = std::map<std::string, held>;
    struct entry {
        networks::iterator network; ///< not its name: an attack makes many of these comparisons
        time since;                 ///< when it began to wait
        bool unproven = true;
        bool waits = true;
    };
    using entries = std::map<id, entry>;

    /// The one that has waited longest among those that `eligible` takes.
    template <class Eligible> entries::iterator longest_waiting(Eligible eligible);
    entries::iterator of_heaviest(std::size_t held::*count, std::size_t least, bool only_unproven);
    std::optional<refusal> make_room(networks::iterator mine, time now, entries::iterator& leaves);
    void remove(entries::iterator which);

    admission_limits limits_;
    entries all_;
    networks by_network_;
    std::size_t unproven_ = 0;
    id next_ = 1;
};

} // namespace tsms::net
