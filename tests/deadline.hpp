#pragma once
// A test case that hangs ends its program and is named: else the build system kills the whole program in the end, and
// nobody knows which case it was.

#include <boost/test/tree/observer.hpp>
#include <boost/test/tree/test_unit.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>

namespace tsms::tests {

/// Calls `late` once, from a thread of its own, with the name of what has begun and has not ended in time.
class deadline_watch {
public:
    deadline_watch(std::chrono::milliseconds patience, std::function<void(const std::string&)> late)
        : patience_(patience), late_(std::move(late)), thread_([this] { watch(); }) {}
    ~deadline_watch() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }
    deadline_watch(const deadline_watch&) = delete;
    deadline_watch& operator=(const deadline_watch&) = delete;

    void begin(std::string name) { change(std::move(name)); }
    void end() { change({}); }

private:
    void change(std::string name) {
        {
            const std::lock_guard lock(mutex_);
            name_ = std::move(name);
            ++turn_;
        }
        changed_.notify_one();
    }

    void watch() {
        std::unique_lock lock(mutex_);
        while (!over_) {
            const auto turn = turn_;
            const auto next = [&] { return over_ || turn_ != turn; };
            if (name_.empty())
                changed_.wait(lock, next);
            else if (!changed_.wait_for(lock, patience_, next))
                return late_(name_);
        }
    }

    const std::chrono::milliseconds patience_;
    const std::function<void(const std::string&)> late_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string name_; ///< empty: nothing is running
    unsigned turn_ = 0;
    bool over_ = false;
    std::thread thread_; ///< last: it uses the others
};

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr int slowness = 2;
#else
inline constexpr int slowness = 1;
#endif
#else
inline constexpr int slowness = 1;
#endif

/// BOOST_TEST_GLOBAL_FIXTURE of a program whose test cases take at most so many seconds. More of them are for a machine
/// that is slow: the variable TSMS_TEST_SECONDS.
template <int Seconds> class named_deadline : boost::unit_test::test_observer {
public:
    named_deadline()
        : seconds_(patience()), watch_(std::chrono::seconds(seconds_), [this](const std::string& name) {
              std::cerr << "\ntest case " << name << " has not ended after " << seconds_ << " s: it hangs" << std::endl;
              std::signal(SIGABRT, SIG_DFL); // Boost.Test's handler belongs to the thread that hangs
              std::abort();
          }) {
        boost::unit_test::framework::register_observer(*this);
    }
    ~named_deadline() override { boost::unit_test::framework::deregister_observer(*this); }

    void test_unit_start(const boost::unit_test::test_unit& unit) override {
        if (unit.p_type == boost::unit_test::TUT_CASE)
            watch_.begin(unit.full_name());
    }
    void test_unit_finish(const boost::unit_test::test_unit& unit, unsigned long) override {
        if (unit.p_type == boost::unit_test::TUT_CASE)
            watch_.end();
    }

private:
    static int patience() {
        const char* text = std::getenv("TSMS_TEST_SECONDS");
        const int wanted = text ? std::atoi(text) : 0;
        return wanted > 0 ? wanted : Seconds * slowness;
    }

    const int seconds_;
    deadline_watch watch_;
};

} // namespace tsms::tests
