#pragma once
// What stands in front of a listener: lets connections in or turns them away, counts both, and tells about it. Internal
// to http/net.

#include "http/net/admission.hpp"
#include "http/net/connection.hpp"

#include <map>

namespace tsms::net {

/// Safe to call from several threads.
class door {
public:
    using id = admission::id;

    door(admission_limits limits, std::function<void(const refusal_report&)> report)
        : account_(limits), report_(std::move(report)) {}

    /// Nothing where the connection is turned away. A connection that has to make room for it is shut down.
    std::optional<id> enter(std::shared_ptr<descriptor> fd, const std::string& address);
    /// The system gave no thread to a connection that had been let in, or no descriptor to one that nobody knows.
    void no_resources(std::optional<id> who, const std::string& address);

    void prove(id who);
    void serving(id who);
    void waiting(id who);
    void leave(id who);
    void count(std::uint64_t connection_counts::*what);

    connection_counts counted() const;

private:
    struct visitor {
        std::shared_ptr<descriptor> fd;
        std::string address;
    };
    void tell(const std::optional<refusal_report>& report) const;

    mutable std::mutex mutex_;
    admission account_;
    std::map<id, visitor> visitors_;
    connection_counts counts_;
    turned_away turned_away_;
    std::function<void(const refusal_report&)> report_;
};

} // namespace tsms::net
