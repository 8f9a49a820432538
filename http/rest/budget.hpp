#pragma once
// What all requests together may hold. Who wants more is refused with 2000 and Retry-After instead of being given
// memory that is not there.

#include "model/rest_error.hpp"

#include <atomic>
#include <cstddef>
#include <memory>

namespace tsms::rest {

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

/// AMB-004: overload.
inline model::rest_error busy() {
    model::rest_error out(model::rest_category::internal, {"too many requests at once, please try again later"});
    out.retry_after = 1;
    return out;
}

} // namespace tsms::rest
