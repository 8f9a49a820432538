#pragma once
// Who has how many sessions: an address or an app with too many that have not ended must not keep the others out. Knows
// no actor.

#include "actors/backend.hpp"

#include <map>

namespace tsms::actors {

class session_book {
public:
    explicit session_book(const session_settings& limits)
        : most_(limits.most), address_{limits.most_of_address, {}}, app_{limits.most_of_app, {}} {}

    /// Why another session may not be opened.
    std::optional<too_many_sessions> refuse(const std::string& address, const std::string& app) const {
        if (address_.full(address))
            return too_many_sessions{"this address"};
        if (app_.full(app))
            return too_many_sessions{"this app"};
        return std::nullopt;
    }
    bool full() const { return sessions_.size() >= most_; }

    void opened(const std::string& id, const std::string& address, const std::string& app) {
        sessions_[id] = {address, app, unfinished};
        ++address_.open[address];
        ++app_.open[app];
    }
    /// The session has its result. It stays only so that the result can be fetched.
    void finished(const std::string& id) {
        const auto found = sessions_.find(id);
        if (found == sessions_.end() || found->second.turn != unfinished)
            return;
        release(found->second);
        found->second.turn = ++turns_;
        finished_.emplace(turns_, id);
    }
    void forget(const std::string& id) {
        const auto found = sessions_.find(id);
        if (found == sessions_.end())
            return;
        if (found->second.turn == unfinished)
            release(found->second);
        finished_.erase(found->second.turn);
        sessions_.erase(found);
    }

    /// The one that has kept its result longest.
    std::optional<std::string> oldest_finished() const {
        return finished_.empty() ? std::nullopt : std::optional(finished_.begin()->second);
    }

private:
    static constexpr std::uint64_t unfinished = 0;

    struct session {
        std::string address, app;
        std::uint64_t turn = unfinished; ///< sessions are numbered in the order in which they finish
    };
    /// Sessions that have not ended, by whose they are.
    struct tally {
        std::size_t most;
        std::map<std::string, std::size_t> open;

        bool full(const std::string& whose) const {
            const auto found = open.find(whose);
            return found != open.end() && found->second >= most;
        }
        void release(const std::string& whose) {
            const auto found = open.find(whose);
            if (--found->second == 0)
                open.erase(found);
        }
    };

    void release(const session& s) {
        address_.release(s.address);
        app_.release(s.app);
    }

    std::size_t most_;
    std::map<std::string, session> sessions_; ///< by id
    tally address_;
    tally app_;
    std::map<std::uint64_t, std::string> finished_;
    std::uint64_t turns_ = unfinished;
};

} // namespace tsms::actors
