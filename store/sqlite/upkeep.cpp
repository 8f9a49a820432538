#include "store/upkeep.hpp"

#include "store/sqlite/family.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace tsms::store {

namespace {

using namespace std::chrono_literals;

constexpr auto tried_for = 1s;            ///< how long what a try has told counts
constexpr auto patience_idle = 100ms;     ///< writers wait meanwhile
constexpr auto patience_at_ends = 1000ms; ///< of start and stop
constexpr int busy_ticks_most = 10;       ///< without idling before it is done all the same
constexpr int pause_ticks = 10;           ///< after a reader has held it up
constexpr const char* after_displacement = "this role ends, and begins again with what is there now if that fits. Stop "
                                           "the server before you replace databases";

} // namespace

struct upkeep::state {
    explicit state(options o) : settings(std::move(o)), databases(settings.writes, settings.reads) {}

    /// False if a reader holds it up.
    bool make_complete(std::chrono::milliseconds patience) {
        databases.witness();
        return databases.checkpoint(patience);
    }

    void tell(std::string& last, const std::string& what) {
        if (what != last && !what.empty())
            settings.log({severity::error, what});
        if (what.empty() && !last.empty())
            settings.log({severity::info, "the databases can be read and written again"});
        last = what;
    }

    /// What was committed to a file that is not there any more goes into that file: its log would be taken for that of
    /// the new one.
    void give_up(const std::string& what, const std::function<void()>& before) {
        auto text = what + "; " + after_displacement;
        try {
            if (before)
                before();
            if (!databases.checkpoint(patience_at_ends))
                text += ". The log of the former file could not be emptied: remove the -wal beside it first";
        } catch (const std::exception& e) {
            text += std::string(". ") + e.what();
        }
        settings.log({severity::error, text});
        settings.on_displaced();
    }

    options settings;
    std::mutex mutex;
    family databases;
    std::optional<steady_time> tried;
    std::string not_usable; ///< what the last try said
    std::string not_kept;   ///< what the last upkeep said
    std::vector<std::optional<change_stamp>> last_tick, complete;
    int busy_ticks = 0;
    int pause = 0;
};

upkeep::upkeep(options o) : state_(std::make_unique<state>(std::move(o))) {
    auto& s = *state_;
    s.databases.match();
    s.databases.try_writing();
    s.make_complete(patience_at_ends);
    s.last_tick = s.complete = s.databases.stamps();
}

upkeep::~upkeep() {
    const auto tell = [&](const std::string& what) {
        try {
            state_->settings.log({severity::error, what});
        } catch (const std::exception&) { // the end comes all the same
        }
    };
    try {
        if (!state_->make_complete(patience_at_ends))
            tell("a database was being read when it should be made complete for the end: copy it together with its "
                 "-wal");
    } catch (const std::exception& e) { // the logs stay, and the next start reads them
        tell(e.what());
    }
}

std::string upkeep::trouble() {
    auto& s = *state_;
    const std::lock_guard lock(s.mutex);
    if (const auto what = s.databases.displaced(); !what.empty())
        return what + "; " + after_displacement;
    const auto now = s.settings.time->steady();
    if (s.tried && now - *s.tried < tried_for)
        return s.not_usable;
    std::string what;
    try {
        s.databases.try_writing();
        s.databases.try_reading();
    } catch (const std::exception& e) {
        what = e.what();
    }
    s.tell(s.not_usable, what);
    s.tried = s.settings.time->steady();
    return s.not_usable;
}

void upkeep::tick(const std::function<void()>& before) {
    auto& s = *state_;
    const std::lock_guard lock(s.mutex);
    if (const auto what = s.databases.displaced(); !what.empty())
        return s.give_up(what, before);
    const auto now = s.databases.stamps();
    const bool moving = std::exchange(s.last_tick, now) != now;
    if (now == s.complete || (moving && ++s.busy_ticks < busy_ticks_most) || s.pause-- > 0)
        return;
    s.busy_ticks = s.pause = 0;
    try {
        if (before)
            before();
        if (s.make_complete(patience_idle))
            s.last_tick = s.complete = s.databases.stamps();
        else
            s.pause = pause_ticks; // writers wait while it is tried
        s.not_kept.clear();
    } catch (const std::exception& e) {
        s.tell(s.not_kept, e.what());
    }
}

struct upkeep_thread::state {
    std::mutex mutex;
    std::condition_variable end;
    bool ending = false;
    std::thread thread;
};

upkeep_thread::upkeep_thread(upkeep& of, std::function<void()> before, std::function<void()> each_second)
    : state_(std::make_unique<state>()) {
    if (!each_second)
        each_second = [] {};
    state_->thread = std::thread([s = state_.get(), &of, before = std::move(before), each = std::move(each_second)] {
        std::unique_lock lock(s->mutex);
        while (!s->end.wait_for(lock, 1s, [&] { return s->ending; })) {
            lock.unlock();
            each();
            of.tick(before);
            lock.lock();
        }
        each();
    });
}

upkeep_thread::~upkeep_thread() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->ending = true;
    }
    state_->end.notify_all();
    state_->thread.join();
}

} // namespace tsms::store
