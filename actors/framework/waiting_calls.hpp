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
    /// Its app has proved that the process which runs is its own, and ends it for this call (DIV-113). False where
    /// another one of the app's waits there.
    bool push_first(waiting_call& call) {
        if (heir_)
            return false;
        heir_ = std::move(call);
        return true;
    }

    /// The one that has waited longest.
    std::optional<waiting_call> next() {
        if (heir_)
            return std::exchange(heir_, std::nullopt);
        if (calls_.empty())
            return std::nullopt;
        auto first = std::move(calls_.front());
        calls_.pop_front();
        return first;
    }

    /// Those whose deadline is over (AMB-122). All wait equally long, so they are the first.
    std::vector<waiting_call> take_late(steady_time now) {
        std::vector<waiting_call> late;
        if (heir_ && heir_->deadline <= now)
            late.push_back(*next());
        for (; !calls_.empty() && calls_.front().deadline <= now; calls_.pop_front())
            late.push_back(std::move(calls_.front()));
        return late;
    }

    /// The call of a session that has ended.
    std::optional<waiting_call> take(const caf::actor_addr& session) {
        return take_if([&](const begin_call& c) { return c.session.address() == session; });
    }
    std::optional<waiting_call> take(const std::string& session_id) {
        return take_if([&](const begin_call& c) { return c.session_id == session_id; });
    }

    std::vector<waiting_call> take_all() { return take_late(steady_time::max()); }

private:
    template <class Wanted> std::optional<waiting_call> take_if(const Wanted& wanted) {
        if (heir_ && wanted(heir_->call))
            return next();
        const auto found = std::ranges::find_if(calls_, [&](const waiting_call& w) { return wanted(w.call); });
        if (found == calls_.end())
            return std::nullopt;
        auto call = std::move(*found);
        calls_.erase(found);
        return call;
    }

    static constexpr std::size_t most = 4;
    std::optional<waiting_call> heir_; ///< before all others
    std::deque<waiting_call> calls_;   ///< in the order of their deadlines
};

} // namespace tsms::actors
