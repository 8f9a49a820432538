#pragma once
// Calls that another process of their Service Instance keeps waiting (AMB-228, DIV-038): bounded, and let in one by
// one.

#include "actors/interfaces.hpp"

#include <algorithm>
#include <deque>
#include <vector>

namespace tsms::actors {

struct waiting_call {
    begin_call call;
    caf::typed_response_promise<call_begun> promise;
    steady_time deadline; ///< for the instance and then for its card
};

class waiting_calls {
public:
    bool full() const { return calls_.size() >= most; }
    void push(waiting_call call) { calls_.push_back(std::move(call)); }

    /// The one that has waited longest.
    std::optional<waiting_call> next() {
        if (calls_.empty())
            return std::nullopt;
        auto first = std::move(calls_.front());
        calls_.pop_front();
        return first;
    }

    /// Those whose deadline is over (AMB-122). All wait equally long, so they are the first.
    std::vector<waiting_call> take_late(steady_time now) {
        std::vector<waiting_call> late;
        while (!calls_.empty() && calls_.front().deadline <= now)
            late.push_back(*next());
        return late;
    }

    /// The call of a session that has ended.
    std::optional<waiting_call> take(const caf::actor_addr& session) {
        const auto found =
            std::ranges::find_if(calls_, [&](const waiting_call& w) { return w.call.session.address() == session; });
        if (found == calls_.end())
            return std::nullopt;
        auto call = std::move(*found);
        calls_.erase(found);
        return call;
    }

    std::vector<waiting_call> take_all() { return take_late(steady_time::max()); }

private:
    static constexpr std::size_t most = 4;
    std::deque<waiting_call> calls_; ///< in the order of their deadlines
};

} // namespace tsms::actors
