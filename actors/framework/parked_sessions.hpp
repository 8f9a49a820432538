#pragma once
// Sessions of a former life of the server (DIV-108): those whose process has not ended wait for their phone, and those
// whose result is kept for who asks for it. Knows no actor.

#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "crypto/secret.hpp"
#include "process/calls/life_cycle_call.hpp"
#include "store/processes.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <vector>

namespace tsms::actors {

/// All that is stored of a session's secret.
inline std::string hash_of_secret(const std::string& secret) {
    return to_hex(crypto::sha256(as_bytes(secret)));
}

/// Its phone may come back, and prove that it is the one.
inline bool can_come_back(const model::process_record& p) {
    return p.asked && !p.session.empty() && !p.proof.secret_hash.empty();
}

/// What a server finds at its start.
struct left_behind {
    std::vector<calls::left_process> processes; ///< it has taken them over
    std::vector<store::ended_process> results;
};

class parked_sessions {
public:
    using session = std::variant<calls::left_process, store::ended_process>;

    /// Of results the last ones are kept, so many of them.
    explicit parked_sessions(left_behind left, std::size_t most_results = 10000) : most_results_(most_results) {
        for (auto& p : left.processes) {
            instances_.insert(p.record.instance);
            sessions_.insert_or_assign(p.record.session, std::move(p));
        }
        std::ranges::stable_sort(left.results, {}, [](const auto& p) { return p.end.ended; });
        for (auto& p : left.results)
            add(std::move(p));
    }

    /// The session that is not kept any more for it.
    std::optional<std::string> add(store::ended_process ended) {
        const auto id = ended.process.session;
        sessions_.insert_or_assign(id, std::move(ended));
        results_.push_back(id);
        if (results_.size() <= most_results_)
            return std::nullopt;
        auto oldest = std::move(results_.front());
        results_.pop_front();
        sessions_.erase(oldest);
        return oldest;
    }
    /// Their ids.
    std::vector<std::string> clear() {
        std::vector<std::string> ids;
        results_.clear();
        instances_.clear();
        for (const auto& [id, one] : std::exchange(sessions_, {}))
            ids.push_back(id);
        return ids;
    }
    std::vector<const model::process_record*> records() const {
        std::vector<const model::process_record*> all;
        for (const auto& [id, one] : sessions_)
            all.push_back(&record_of(one));
        return all;
    }

    /// The session of who knows its secret. It is not parked any more.
    std::optional<session> take(const std::string& id, const std::string& secret) {
        const auto found = sessions_.find(id);
        if (found == sessions_.end() || !may_enter(record_of(found->second), secret))
            return std::nullopt;
        if (auto left = take_process(id))
            return left;
        std::erase(results_, id);
        return std::move(sessions_.extract(found).mapped());
    }

    /// A process of this instance waits for its phone.
    bool waits(const std::string& instance) const { return instances_.contains(instance); }
    /// The process of this session, for who has proved that it is his (DIV-113). It does not wait any more.
    std::optional<calls::left_process> take_process(const std::string& id) {
        const auto found = sessions_.find(id);
        if (found == sessions_.end() || !std::holds_alternative<calls::left_process>(found->second))
            return std::nullopt;
        auto left = std::get<calls::left_process>(std::move(sessions_.extract(found).mapped()));
        instances_.erase(left.record.instance);
        return left;
    }

    /// Nobody has come for these processes.
    std::vector<calls::left_process> take_processes() {
        std::vector<calls::left_process> taken;
        instances_.clear();
        std::erase_if(sessions_, [&](auto& one) {
            auto* left = std::get_if<calls::left_process>(&one.second);
            if (left)
                taken.push_back(std::move(*left));
            return left != nullptr;
        });
        return taken;
    }

private:
    static const model::process_record& record_of(const session& one) {
        if (const auto* left = std::get_if<calls::left_process>(&one))
            return left->record;
        return std::get<store::ended_process>(one).process;
    }
    static bool may_enter(const model::process_record& record, const std::string& secret) {
        return crypto::equal(as_bytes(hash_of_secret(secret)), as_bytes(record.proof.secret_hash));
    }

    std::map<std::string, session> sessions_; ///< by session id
    std::set<std::string> instances_;         ///< of the processes: each has one at most
    std::deque<std::string> results_;         ///< sessions that have one, in the order in which they have ended
    std::size_t most_results_;
};

} // namespace tsms::actors
