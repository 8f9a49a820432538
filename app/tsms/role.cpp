#include "app/tsms/role.hpp"

#include "app/tsms/data_lock.hpp"
#include "app/tsms/log.hpp"
#include "app/tsms/memory.hpp"
#include "app/tsms/restart_policy.hpp"
#include "base/number.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tsms::app {

namespace {

/// The supervisor waits for this octet; nobody does where the role was started by hand.
void tell_ready() {
    if (const char* fd = std::getenv("TSMS_READY_FD")) {
        const int pipe = text::number<int>(fd).value_or(-1);
        [[maybe_unused]] const auto written = ::write(pipe, "r", 1);
        ::close(pipe);
    }
}

/// As many descriptors as the system allows: many shells and service managers begin with 1024, and a connection may
/// need two.
void raise_descriptor_limit(const config& c, const std::string& name, const log_sink& log) {
    constexpr rlim_t ours = 256; // databases, operations port, issuers, SPOS
    const auto needed = ours + 2 * static_cast<rlim_t>(name == "rest" ? c.rest_connections : c.device_connections);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = std::min(limit.rlim_max, needed);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < needed)
        log({severity::warning, "the system gives " + std::to_string(limit.rlim_cur) + " descriptors, and " + name +
                                    ".connections may need " + std::to_string(needed) +
                                    "; raise ulimit -Hn (LimitNOFILE of systemd) or lower the option"});
}

} // namespace

store::upkeep::options upkeep_of(std::vector<store::database_file> writes, std::vector<store::database_file> reads,
                                 log_sink log) {
    store::upkeep::options o;
    o.writes = std::move(writes);
    o.reads = std::move(reads);
    o.log = std::move(log);
    o.on_displaced = [] { std::_Exit(restart_policy::database_displaced); };
    return o;
}

int run_role(const config& c, const std::string& name) {
    // Before any thread exists: all of them leave the signals to sigwait.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);      // a file that may not grow is told like a full disk
    ::prctl(PR_SET_PDEATHSIG, SIGTERM); // a supervisor that was killed takes its roles with it

    give_memory_back();
    const auto log = open_log(c, name, system_time());
    try {
        raise_descriptor_limit(c, name, log);
        const data_lock lock(c.data, name); // before anything is opened, and before the last run is cleaned up after
        auto running = name == "rest" ? start_rest_role(c, log) : start_device_role(c, log);
        log({severity::info, "listening"});
        tell_ready();
        const timespec pause{5, 0};
        while (::sigtimedwait(&signals, nullptr, &pause) < 0)
            give_idle_memory_back();
        const auto left = running->stop();
        if (left.empty()) {
            log({severity::info, "stopped"});
            return 0;
        }
        log({severity::error, "did not stop in time: " + left});
    } catch (const std::exception& e) {
        log({severity::error, e.what()});
        return 1;
    }
    std::_Exit(3); // what hangs would hang the end of the program too
}

} // namespace tsms::app
