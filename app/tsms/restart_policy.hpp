#pragma once
// When a role that has ended starts again. Knows processes only by how they ended.

#include <chrono>
#include <optional>
#include <string>

namespace tsms::app {

/// How a process ended, from the status of waitpid().
struct process_end {
    int signal = 0;    ///< 0: it exited
    int exit_code = 0; ///< where it exited

    static process_end from_wait(int status);
    /// "SIGSEGV" or "exit code 3".
    std::string text() const;
    bool operator==(const process_end&) const = default;
};

/// A crash that a stranger provokes must not become an outage: whoever has lived starts again at once. What ends again
/// and again soon after its start would only burn the machine: it waits, longer each time while the cause is the same.
class restart_policy {
public:
    using duration = std::chrono::milliseconds;

    static constexpr duration early{5000}; ///< an end sooner after being ready is early, as is one before it
    static constexpr duration first_pause{1000};
    static constexpr duration longest_pause{30000};

    /// The exit code of a role one of whose databases was replaced or removed (DIV-100). It starts again when the other
    /// role has noticed too, and when who replaces one file has replaced all that he means to.
    static constexpr int database_displaced = 4;
    static constexpr duration settling{3000};

    /// `lived` since it was ready; nothing if it never was. The pause before the next start.
    duration ended(const process_end& how, std::optional<duration> lived);

    int early_ends() const { return early_ends_; } ///< in a row

private:
    duration pause_after(const process_end& how, std::optional<duration> lived);

    int early_ends_ = 0;
    duration pause_{0};
    process_end last_;
};

} // namespace tsms::app
