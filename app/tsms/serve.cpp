// tsms serve: both roles as two supervised processes, or one of them (AMB-192).

#include "app/tsms/commands.hpp"
#include "app/tsms/log.hpp"
#include "app/tsms/restart_policy.hpp"
#include "app/tsms/role.hpp"
#include "base/time.hpp"
#include "crypto/pki.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <optional>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tsms::app {

namespace {

using namespace std::chrono_literals;

constexpr auto stop_grace = 5s;
constexpr auto ready_grace = 20s;

struct child {
    explicit child(std::string name) : role(std::move(name)) {}
    std::string role;
    pid_t pid = 0;     ///< 0: it does not run
    int ready_fd = -1; ///< becomes readable when it listens, or has ended without
    std::optional<steady_time> ready;
    steady_time restart_at;
    restart_policy policy;
};

void close_ready(child& c) {
    if (c.ready_fd >= 0)
        ::close(c.ready_fd);
    c.ready_fd = -1;
}

/// Starts this program again for one role.
void start(child& c, const std::string& data) {
    std::array<int, 2> ready{};
    if (::pipe2(ready.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("cannot make a pipe");
    const pid_t pid = ::fork();
    if (pid < 0) {
        ::close(ready[0]);
        ::close(ready[1]);
        throw std::runtime_error("cannot start the " + c.role + " role");
    }
    if (pid == 0) {
        sigset_t none; // the supervisor's mask is not the role's
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::fcntl(ready[1], F_SETFD, 0); // the role writes to it
        ::setenv("TSMS_READY_FD", std::to_string(ready[1]).c_str(), 1);
        ::execl("/proc/self/exe", "tsms", "serve", "--data", data.c_str(), "--role", c.role.c_str(), nullptr);
        std::_Exit(127);
    }
    ::close(ready[1]);
    c.pid = pid;
    c.ready_fd = ready[0];
    c.ready.reset();
}

/// Reads what the role says when it listens; nothing yet, or nothing any more, is all right.
void look_whether_ready(child& c, std::chrono::milliseconds patience, const time_source& time) {
    pollfd p{c.ready_fd, POLLIN, 0};
    if (c.ready_fd < 0 || ::poll(&p, 1, static_cast<int>(patience.count())) != 1)
        return;
    char octet = 0;
    if (::read(c.ready_fd, &octet, 1) == 1)
        c.ready = time.steady();
    close_ready(c);
}

class supervisor {
public:
    supervisor(const config& c, std::string data, const time_source& time)
        : config_(c), data_(std::move(data)), time_(time), log_(open_log(c, "supervisor", time)) {
        for (const char* name : {"rest", "device"})
            children_.emplace_back(name);
    }

    int run() {
        sigset_t signals;
        sigemptyset(&signals);
        for (int s : {SIGTERM, SIGINT, SIGCHLD})
            sigaddset(&signals, s);
        ::sigprocmask(SIG_BLOCK, &signals, nullptr);
        for (auto& c : children_) {
            start(c, data_);
            look_whether_ready(c, ready_grace, time_);
            if (!c.ready) {
                std::cerr << "tsms: the " << c.role << " role did not start" << std::endl;
                stop();
                return 1;
            }
        }
        print_banner();
        const int received = ::signalfd(-1, &signals, SFD_CLOEXEC);
        if (received < 0)
            throw std::runtime_error("cannot wait for signals");
        while (true) {
            const int signal = wait(received);
            if (signal == SIGTERM || signal == SIGINT) {
                ::close(received);
                return stop();
            }
            for (auto& c : children_)
                look_whether_ready(c, 0ms, time_);
            reap();
            restart_due();
        }
    }

private:
    /// Until a signal comes, a role says something, or one is due. The signal, 0 without one.
    int wait(int signals) const {
        std::vector<pollfd> entries{{signals, POLLIN, 0}};
        auto patience = std::chrono::milliseconds(1000);
        for (const auto& c : children_) {
            entries.push_back({c.ready_fd, POLLIN, 0}); // poll() passes over those that are negative
            if (c.pid == 0)
                patience =
                    std::min(patience, std::chrono::ceil<std::chrono::milliseconds>(c.restart_at - time_.steady()));
        }
        ::poll(entries.data(), entries.size(), static_cast<int>(std::max(patience, 0ms).count()));
        signalfd_siginfo info{};
        if (!(entries[0].revents & POLLIN) || ::read(signals, &info, sizeof info) != sizeof info)
            return 0;
        return static_cast<int>(info.ssi_signo);
    }

    void reap() {
        for (auto& c : children_) {
            int status = 0;
            if (c.pid == 0 || ::waitpid(c.pid, &status, WNOHANG) != c.pid)
                continue;
            look_whether_ready(c, 0ms, time_);
            close_ready(c);
            c.pid = 0;
            const auto now = time_.steady();
            const auto how = process_end::from_wait(status);
            std::optional<restart_policy::duration> lived;
            if (c.ready)
                lived = std::chrono::duration_cast<restart_policy::duration>(now - *c.ready);
            const auto pause = c.policy.ended(how, lived);
            c.restart_at = now + pause;
            log_({severity::error, text_of_end(c, how, lived, pause)});
        }
    }

    static std::string text_of_end(const child& c, const process_end& how,
                                   std::optional<restart_policy::duration> lived, restart_policy::duration pause) {
        auto text = "the " + c.role + " role ended unexpectedly (" + how.text() + ") " +
                    (lived ? "after " + std::to_string(lived->count() / 1000) + " s" : "before it was ready");
        if (pause == restart_policy::duration(0))
            return text + ", it starts again at once";
        if (c.policy.early_ends() > 0)
            text += ", early end no. " + std::to_string(c.policy.early_ends()) + " in a row";
        return text + ": next start in " + std::to_string(pause.count() / 1000) +
               " s; its own log lines before this one say why";
    }

    /// A system that has no process to give now may have one later.
    void restart(child& c) {
        try {
            start(c, data_);
        } catch (const std::exception& e) {
            log_({severity::error, std::string(e.what()) + ", next attempt in 1 s"});
            c.restart_at = time_.steady() + 1s;
        }
    }

    void restart_due() {
        for (auto& c : children_)
            if (c.pid == 0 && time_.steady() >= c.restart_at)
                restart(c);
    }

    /// 0 if both roles ended cleanly in time.
    int stop() {
        for (auto& c : children_)
            if (c.pid)
                ::kill(c.pid, SIGTERM);
        int code = 0;
        const auto deadline = time_.steady() + stop_grace;
        for (auto& c : children_) {
            int status = 0;
            pid_t ended = 0;
            while (c.pid && (ended = ::waitpid(c.pid, &status, WNOHANG)) == 0 && time_.steady() < deadline)
                std::this_thread::sleep_for(10ms);
            if (c.pid && ended == 0) {
                std::cerr << "tsms: the " << c.role << " role did not stop in time and was killed" << std::endl;
                ::kill(c.pid, SIGKILL);
                ::waitpid(c.pid, &status, 0);
            }
            if (c.pid && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
                code = 1;
            c.pid = 0;
        }
        return code;
    }

    void print_banner() const {
        const auto ca = config_.file("ca.pem");
        const auto rest = "https://localhost:" + std::to_string(config_.rest_port) + "/sptsm/1.0";
        std::cout << "tsms is running.\n"
                  << "  REST API     " << rest << "\n"
                  << "  device port  https://localhost:" << config_.device_port << "  (TSM-API, GP SERAM)\n";
        if (config_.operations_port)
            std::cout << "  operations   http://127.0.0.1:" << config_.operations_port << "/health\n";
        if (config_.accept_unknown_apps)
            std::cout << "  WARNING      apps of service providers that have never had one registered (tsms app add) "
                         "may call\n"
                         "               without a credential (device.accept_unknown_apps): for development only\n";
        const auto fingerprint =
            crypto::parse_certificates(read_text(config_.file(config_.rest_certificate))).at(0).fingerprint;
        std::cout << "  CA file      " << ca.string() << "\n"
                  << "  fingerprint  " << fingerprint << "  (REST certificate, SHA-256)\n"
                  << "  try          tsms provider add --data " << data_ << " --name demo, then docs/rest-api.md"
                  << std::endl;
    }

    config config_;
    std::string data_;
    const time_source& time_;
    log_sink log_;
    std::vector<child> children_;
};

} // namespace

void add_serve_command(CLI::App& app) {
    auto* command = app.add_subcommand("serve", "Runs the server: both roles, or one of them");
    command->footer("Example:\n  tsms serve --data ./data\n  tsms serve --data ./data --role device");
    struct serve_options {
        std::string data, role;
    };
    auto o = std::make_shared<serve_options>();
    command->add_option("--data", o->data, "data directory (tsms init)")->required();
    command->add_option("--role", o->role, "run only this role, without supervision")
        ->check(CLI::IsMember({"rest", "device"}));
    command->callback([o] {
        const auto c = read_config(o->data);
        const int code = o->role.empty() ? supervisor(c, o->data, system_time()).run() : run_role(c, o->role);
        if (code != 0)
            throw CLI::RuntimeError(code);
    });
}

} // namespace tsms::app
