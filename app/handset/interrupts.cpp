#include "app/handset/interrupts.hpp"

#include <csignal>
#include <pthread.h>

namespace tsms::app {

namespace {

sigset_t interrupt() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    return set;
}

} // namespace

cancel_on_interrupt::cancel_on_interrupt(std::function<void()> cancel) : cancel_(std::move(cancel)) {
    const auto set = interrupt();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    waiter_ = std::thread([this] { wait(); });
}

cancel_on_interrupt::~cancel_on_interrupt() {
    over_ = true;
    waiter_.join();
    const auto set = interrupt();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void cancel_on_interrupt::wait() {
    const auto set = interrupt();
    const timespec look{0, 100'000'000};
    while (!over_) {
        if (sigtimedwait(&set, nullptr, &look) != SIGINT)
            continue;
        pthread_sigmask(SIG_UNBLOCK, &set, nullptr); // the next one ends the program, even while this is cancelled
        return cancel_();
    }
}

} // namespace tsms::app
