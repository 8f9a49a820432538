#pragma once
// What all requests of a listener together may hold in memory, and a body that counts in it.

#include "http/net/message.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tsms::net {

/// A number of octets to share. Thread-safe.
class budget {
public:
    explicit budget(std::size_t octets) : left_(octets) {}

    bool take(std::size_t octets) {
        auto left = left_.load();
        while (left >= octets)
            if (left_.compare_exchange_weak(left, left - octets))
                return true;
        return false;
    }
    void give_back(std::size_t octets) { left_ += octets; }
    std::size_t left() const { return left_; }

private:
    std::atomic<std::size_t> left_;
};

/// What each peer may have of it, so that one cannot have all. A peer is an address or a session. Thread-safe.
class peer_budgets {
public:
    explicit peer_budgets(std::size_t each) : each_(each) {}

    std::shared_ptr<budget> of(const std::string& peer) {
        const std::lock_guard lock(mutex_);
        if (auto there = budgets_[peer].lock())
            return there;
        std::erase_if(budgets_, [](const auto& entry) { return entry.second.expired(); });
        auto made = std::make_shared<budget>(each_);
        budgets_[peer] = made;
        return made;
    }
    std::size_t peers() const {
        const std::lock_guard lock(mutex_);
        return budgets_.size();
    }

private:
    std::size_t each_;
    mutable std::mutex mutex_;
    std::map<std::string, std::weak_ptr<budget>> budgets_; ///< of those that have requests
};

/// What one request has taken of a budget; given back at its end.
class share {
public:
    explicit share(std::shared_ptr<budget> of) : of_(std::move(of)) {}
    ~share() { of_->give_back(taken_); }
    share(const share&) = delete;
    share& operator=(const share&) = delete;

    bool grow(std::size_t octets) {
        if (!of_->take(octets))
            return false;
        taken_ += octets;
        return true;
    }

private:
    std::shared_ptr<budget> of_;
    std::size_t taken_ = 0;
};

/// A body that is collected as it arrives, within what all of them together may hold.
class counted_body final : public body_sink {
public:
    /// Its first `uncounted` octets are always taken: the number of connections bounds them. What follows counts in
    /// the memory, and in the shares of whomever it is from.
    counted_body(std::shared_ptr<budget> memory, std::size_t uncounted,
                 const std::vector<std::shared_ptr<budget>>& of_peer = {})
        : uncounted_(uncounted) {
        for (const auto& one : of_peer)
            shares_.emplace_back(one);
        shares_.emplace_back(std::move(memory));
    }

    bool take(std::string_view octets) override {
        const auto free = std::min(uncounted_, octets.size());
        const auto counted = octets.size() - free;
        no_room_ = !std::ranges::all_of(shares_, [&](share& one) { return one.grow(counted); });
        if (no_room_)
            return false;
        uncounted_ -= free;
        text_ += octets;
        return true;
    }
    const std::string& text() const { return text_; }
    bool no_room() const { return no_room_; }

private:
    std::list<share> shares_;
    std::size_t uncounted_;
    std::string text_;
    bool no_room_ = false;
};

} // namespace tsms::net
