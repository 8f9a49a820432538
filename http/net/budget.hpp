#pragma once
// What all requests of a listener together may hold in memory, and a body that counts in it.

#include "http/net/message.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

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

/// What each peer may have of it, so that one cannot have all. Thread-safe.
class peer_budgets {
public:
    explicit peer_budgets(std::size_t each) : each_(each) {}

    /// `network`: net::peer_network
    std::shared_ptr<budget> of(const std::string& network) {
        const std::lock_guard lock(mutex_);
        if (auto there = budgets_[network].lock())
            return there;
        std::erase_if(budgets_, [](const auto& entry) { return entry.second.expired(); });
        auto made = std::make_shared<budget>(each_);
        budgets_[network] = made;
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
    /// Its first `uncounted` octets are always taken: the number of connections bounds them.
    counted_body(std::shared_ptr<budget> memory, std::size_t uncounted, std::shared_ptr<budget> of_peer = nullptr)
        : memory_(std::move(memory)), uncounted_(uncounted) {
        if (of_peer)
            of_peer_.emplace(std::move(of_peer));
    }

    bool take(std::string_view octets) override {
        const auto free = std::min(uncounted_, octets.size());
        const auto counted = octets.size() - free;
        no_room_ = (of_peer_ && !of_peer_->grow(counted)) || !memory_.grow(counted);
        if (no_room_)
            return false;
        uncounted_ -= free;
        text_ += octets;
        return true;
    }
    const std::string& text() const { return text_; }
    bool no_room() const { return no_room_; }

private:
    share memory_;
    std::optional<share> of_peer_;
    std::size_t uncounted_;
    std::string text_;
    bool no_room_ = false;
};

} // namespace tsms::net
