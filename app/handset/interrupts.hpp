#pragma once
// Ctrl-C on the command line as the cancel of a call.

#include <atomic>
#include <functional>
#include <thread>

namespace tsms::app {

/// As long as it lives, a first SIGINT calls `cancel` on a thread of its own, and a second one ends the program. To be
/// made before other threads are: they must not take the signal.
class cancel_on_interrupt {
public:
    explicit cancel_on_interrupt(std::function<void()> cancel);
    ~cancel_on_interrupt();
    cancel_on_interrupt(const cancel_on_interrupt&) = delete;
    cancel_on_interrupt& operator=(const cancel_on_interrupt&) = delete;

private:
    void wait();

    std::function<void()> cancel_;
    std::atomic<bool> over_{false};
    std::thread waiter_;
};

} // namespace tsms::app
