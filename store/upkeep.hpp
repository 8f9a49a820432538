#pragma once
// Looks after the databases of a role. At the start it checks that they belong together. When nothing is written, and
// at the end, it empties their logs, so that the files alone are complete. It notices when another file has come in the
// place of one of them. For /health it finds out whether they can be read and written.

#include "base/log_event.hpp"
#include "base/time.hpp"
#include "store/databases.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace tsms::store {

/// Thread-safe. Lives before and after everything else that opens the databases.
class upkeep {
public:
    struct options {
        std::vector<database_file> writes;      ///< by this program, perhaps among others
        std::vector<database_file> reads;       ///< another program writes them
        log_sink log = [](const log_event&) {}; ///< each new trouble once, and its end
        /// One of the files was replaced or removed (DIV-100), and the log has been told. What this program has open is
        /// seen by nobody else: it is to end at once, without another look at the databases.
        std::function<void()> on_displaced = [] {};
        const time_source* time = &system_time();
    };

    /// Refuses, with the remedy, databases that are incomplete, do not belong together or cannot be written, and
    /// empties their logs into them. Throws store::error.
    explicit upkeep(options o);
    /// Empties the logs for the last time.
    ~upkeep();
    upkeep(const upkeep&) = delete;
    upkeep& operator=(const upkeep&) = delete;

    /// Empty if each database has just been read, and each that this program writes has taken a commit, else which has
    /// not, why, and what helps. Tried at most once a second. That a file is not there any more is told at once.
    std::string trouble();

    /// To be called once a second: looks whether the files are still there, and whether nothing has been committed
    /// since the last time, or for long not been idle; then the databases are made complete. `before`: called before
    /// the logs are emptied.
    void tick(const std::function<void()>& before);

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Calls tick() until its end. `each_second`: called then too, and once more at the end; throws nothing.
class upkeep_thread {
public:
    upkeep_thread(upkeep& of, std::function<void()> before, std::function<void()> each_second = nullptr);
    ~upkeep_thread();
    upkeep_thread(const upkeep_thread&) = delete;
    upkeep_thread& operator=(const upkeep_thread&) = delete;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tsms::store
