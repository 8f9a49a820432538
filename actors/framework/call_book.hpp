#pragma once
// What has become of each call that has a callId, so that its repetition begins nothing (DIV-107). Knows no actor.

#include "actors/messages.hpp"
#include "base/time.hpp"

#include <chrono>
#include <deque>
#include <map>

namespace tsms::actors {

class call_book {
public:
    /// Refusals are remembered for so long, and so many of them.
    explicit call_book(std::chrono::seconds kept, std::size_t most = 10000) : kept_(kept), most_(most) {}

    struct unknown {};
    struct of_another {}; ///< this callId has been used for something else, or by somebody else
    struct in_session {   ///< it is being admitted, or has been
        std::string id;
    };
    using fate = std::variant<unknown, of_another, in_session, result>;

    fate find(const call& c) const {
        const auto found = c.id ? calls_.find(c.id->hash) : calls_.end();
        if (found == calls_.end())
            return unknown{};
        const auto& known = found->second;
        if (known.digest != c.id->digest || known.caller != c.caller_id || known.provider != c.provider)
            return of_another{};
        if (known.refused)
            return *known.refused;
        return in_session{known.session};
    }

    /// The session of the call with this callId, for the same caller (DIV-113). Nothing: there is none, or another's.
    std::optional<std::string> session_of(const bytes& hash, const call& by) const {
        const auto found = calls_.find(hash);
        if (found == calls_.end() || found->second.refused || found->second.caller != by.caller_id ||
            found->second.provider != by.provider)
            return std::nullopt;
        return found->second.session;
    }

    void opened(const call& c, const std::string& session) {
        if (!c.id)
            return;
        calls_.insert_or_assign(c.id->hash, entry{c.id->digest, c.caller_id, c.provider, session, {}});
        sessions_[session] = c.id->hash;
    }
    /// The answer to a call for which there is no session.
    void refused(const call& c, const result& answer, steady_time now) {
        if (!c.id)
            return;
        trim(now);
        if (refusals_.size() >= most_)
            drop_oldest();
        refusals_.push_back({now + kept_, c.id->hash});
        calls_.insert_or_assign(c.id->hash, entry{c.id->digest, c.caller_id, c.provider, {}, answer});
    }
    /// Nobody can ask for the session any more.
    void forget(const std::string& session) {
        if (auto known = sessions_.extract(session))
            calls_.erase(known.mapped());
    }
    void trim(steady_time now) {
        while (!refusals_.empty() && refusals_.front().until <= now)
            drop_oldest();
    }

    std::size_t size() const { return calls_.size(); }

private:
    struct entry {
        bytes digest;
        std::string caller;
        std::optional<std::string> provider;
        std::string session;
        std::optional<result> refused;
    };
    struct refusal {
        steady_time until;
        bytes hash;
    };

    void drop_oldest() {
        calls_.erase(refusals_.front().hash);
        refusals_.pop_front();
    }

    std::chrono::seconds kept_;
    std::size_t most_;
    std::map<bytes, entry> calls_; ///< by the hash of the callId
    std::map<std::string, bytes> sessions_;
    std::deque<refusal> refusals_; ///< in the order in which they end
};

} // namespace tsms::actors
