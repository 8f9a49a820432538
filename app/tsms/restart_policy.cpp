#include "app/tsms/restart_policy.hpp"

#include <algorithm>
#include <cstring>
#include <sys/wait.h>

namespace tsms::app {

process_end process_end::from_wait(int status) {
    if (WIFSIGNALED(status))
        return {WTERMSIG(status), 0};
    return {0, WEXITSTATUS(status)};
}

std::string process_end::text() const {
    if (!signal)
        return "exit code " + std::to_string(exit_code);
    const char* name = ::sigabbrev_np(signal);
    return name ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

restart_policy::duration restart_policy::ended(const process_end& how, std::optional<duration> lived) {
    const bool displaced = how == process_end{0, database_displaced};
    return std::max(pause_after(how, lived), displaced ? settling : duration(0));
}

restart_policy::duration restart_policy::pause_after(const process_end& how, std::optional<duration> lived) {
    const bool same = early_ends_ > 0 && how == last_;
    last_ = how;
    if (lived && *lived >= early) {
        early_ends_ = 0;
        return pause_ = duration(0);
    }
    if (++early_ends_ == 1)
        return pause_ = duration(0); // once is no loop
    return pause_ = same ? std::clamp(pause_ * 2, first_pause, longest_pause) : first_pause;
}

} // namespace tsms::app
