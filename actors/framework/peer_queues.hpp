#pragma once
// Work for peers that answer when they like (issuers, SPOS-Services): which piece may be begun now. Bounded for each
// peer and in all, so that one that hangs holds up nobody else. No thread, no clock, no actor.

#include "actors/framework/peer_bounds.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tsms::actors {

template <class Job> class peer_queues {
public:
    using time = std::chrono::steady_clock::time_point;

    /// A piece of work that may begin: in progress until finished().
    struct started {
        std::string peer;
        lane where;
        time due;
        std::uint64_t arrival;
        Job job;
    };

    explicit peer_queues(peer_bounds bounds) : bounds_(bounds) {}

    bool full(const std::string& peer) const {
        const auto found = peers_.find(peer);
        return found != peers_.end() && found->second.fresh.size() >= bounds_.waiting;
    }
    void put(const std::string& peer, lane where, time due, Job job) {
        peers_[peer].of(where).emplace(key{due, ++arrivals_}, std::move(job));
    }
    /// To the place that it had, for work which the peer did not take.
    void put_back(started s) { peers_[s.peer].of(s.where).emplace(key{s.due, s.arrival}, std::move(s.job)); }

    /// The peer that was asked longest ago comes first; within a peer what goes on, then what is due longest.
    std::optional<started> next(time now) {
        if (running_ >= bounds_.in_all)
            return std::nullopt;
        auto best = peers_.end();
        for (auto p = peers_.begin(); p != peers_.end(); ++p)
            if (ready(p->second, now) && (best == peers_.end() || p->second.turn < best->second.turn))
                best = p;
        if (best == peers_.end())
            return std::nullopt;
        auto& peer = best->second;
        const auto where = *ready(peer, now);
        auto first = peer.of(where).extract(peer.of(where).begin());
        peer.turn = ++turns_;
        ++running_;
        ++peer.running;
        peer.running_fresh += where == lane::fresh;
        return started{best->first, where, first.key().first, first.key().second, std::move(first.mapped())};
    }

    void finished(const std::string& peer, lane where) {
        auto& p = peers_.at(peer);
        --running_;
        --p.running;
        p.running_fresh -= where == lane::fresh;
    }

    /// The peer has not taken new work: none before `until`, and then one at a time until it takes one.
    void distrust(const std::string& peer, time until) {
        auto& p = peers_[peer];
        p.trusted = false;
        p.held_until = std::max(p.held_until, until);
    }
    /// It has taken some; but what was begun before it asked for a pause does not end that.
    void trust(const std::string& peer, time now) {
        auto& p = peers_[peer];
        p.trusted = p.trusted || p.held_until <= now;
    }
    time held_until(const std::string& peer) const {
        const auto found = peers_.find(peer);
        return found == peers_.end() ? time::min() : found->second.held_until;
    }

    /// Takes waiting work out.
    std::vector<Job> take(const std::function<bool(const std::string& peer, lane, const Job&)>& which) {
        std::vector<Job> taken;
        for (auto& [name, peer] : peers_)
            for (const auto where : {lane::goes_on, lane::fresh})
                for (auto w = peer.of(where).begin(); w != peer.of(where).end();) {
                    if (!which(name, where, w->second)) {
                        ++w;
                        continue;
                    }
                    taken.push_back(std::move(w->second));
                    w = peer.of(where).erase(w);
                }
        return taken;
    }

    std::size_t waiting() const {
        std::size_t sum = 0;
        for (const auto& [name, peer] : peers_)
            sum += peer.goes_on.size() + peer.fresh.size();
        return sum;
    }
    std::size_t running() const { return running_; }

    /// Peers of which nothing has to be remembered.
    void forget_idle(time now) {
        std::erase_if(peers_, [now](const auto& entry) {
            const auto& p = entry.second;
            return p.running == 0 && p.goes_on.empty() && p.fresh.empty() && p.held_until <= now;
        });
    }

private:
    using key = std::pair<time, std::uint64_t>; ///< when it is due, and the order of arrival

    struct peer {
        std::map<key, Job> goes_on;
        std::map<key, Job> fresh;
        std::size_t running = 0;
        std::size_t running_fresh = 0;
        std::uint64_t turn = 0; ///< number of its last start; starts of all peers are counted together
        bool trusted = true;
        time held_until = time::min();

        std::map<key, Job>& of(lane where) { return where == lane::goes_on ? goes_on : fresh; }
    };

    std::optional<lane> ready(const peer& p, time now) const {
        const auto due = [now](const std::map<key, Job>& jobs) {
            return !jobs.empty() && jobs.begin()->first.first <= now;
        };
        if (p.running >= bounds_.of_peer)
            return std::nullopt;
        if (due(p.goes_on))
            return lane::goes_on;
        if (due(p.fresh) && p.held_until <= now && (p.trusted || p.running_fresh == 0))
            return lane::fresh;
        return std::nullopt;
    }

    peer_bounds bounds_;
    std::map<std::string, peer> peers_;
    std::size_t running_ = 0;
    std::uint64_t arrivals_ = 0;
    std::uint64_t turns_ = 0;
};

} // namespace tsms::actors
