#pragma once
// How many calls are carried out at once, in all and of one address: each holds a thread and what it asks for.

#include "http/net/turned_away.hpp"

#include <functional>
#include <mutex>

namespace tsms::net {

struct call_limits {
    std::size_t most = 256;
    std::size_t most_of_address = 64; ///< of one peer_network()
};

struct call_counts {
    std::size_t at_once = 0;
    std::array<std::uint64_t, refusals> refused{}; ///< by refusal (`address` or `full`), since the start
    bool full = false; ///< there is no place, or somebody was turned away for lack of one a few seconds ago
};

/// Safe to call from several threads. Must outlive its admitted calls.
class calls_at_once {
public:
    using time = admission::time;

    /// `report`: what the operator is to be told; called from several threads.
    explicit calls_at_once(call_limits limits, std::function<void(const refusal_report&)> report = {})
        : limits_(limits), report_(std::move(report)) {}

    /// One call; its place is free again at the end of it.
    class place {
    public:
        place(const place&) = delete;
        place& operator=(const place&) = delete;
        ~place();
        /// Why there is none.
        std::optional<refusal> refused() const { return refused_; }

    private:
        friend class calls_at_once;
        explicit place(refusal why) : refused_(why) {}
        place(calls_at_once& of, std::string network) : of_(&of), network_(std::move(network)) {}

        calls_at_once* of_ = nullptr;
        std::string network_;
        std::optional<refusal> refused_;
    };
    place enter(const std::string& network, time now);

    call_counts counted(time now) const;

private:
    void leave(const std::string& network);

    const call_limits limits_;
    const std::function<void(const refusal_report&)> report_;
    mutable std::mutex mutex_;
    std::size_t all_ = 0;
    std::map<std::string, std::size_t> by_network_; ///< those that have any
    turned_away turned_away_;
};

} // namespace tsms::net
