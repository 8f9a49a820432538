#pragma once
// What all requests of a listener together may hold in memory, and a body that counts in it.

#include "http/net/message.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>

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
    counted_body(std::shared_ptr<budget> memory, std::size_t uncounted)
        : memory_(std::move(memory)), uncounted_(uncounted) {}

    bool take(std::string_view octets) override {
        const auto free = std::min(uncounted_, octets.size());
        no_room_ = !memory_.grow(octets.size() - free);
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
    std::size_t uncounted_;
    std::string text_;
    bool no_room_ = false;
};

} // namespace tsms::net
