// tsms serve: both roles as two supervised processes, or one of them (AMB-192).

#include "app/tsms/commands.hpp"
#include "app/tsms/role.hpp"
#include "crypto/pki.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <poll.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace tsms::app {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto stop_grace = 5s;
constexpr auto ready_grace = 20s;
constexpr auto longest_pause = 30s;
constexpr auto good_life = 60s; ///< a role that lived so long starts again at once

struct child {
    std::string role;
    pid_t pid = 0;
    clock::time_point started;
    clock::time_point restart_at;
    std::chrono::seconds pause{1};
};

/// Starts this program again for one role. The returned descriptor becomes readable when it listens.
int start(child& c, const std::string& data) {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0)
        throw std::runtime_error("cannot make a pipe");
    c.pid = ::fork();
    if (c.pid < 0)
        throw std::runtime_error("cannot start the " + c.role + " role");
    if (c.pid == 0) {
        ::close(ready[0]);
        sigset_t none; // the supervisor's mask is not the role's
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::setenv("TSMS_READY_FD", std::to_string(ready[1]).c_str(), 1);
        ::execl("/proc/self/exe", "tsms", "serve", "--data", data.c_str(), "--role", c.role.c_str(), nullptr);
        std::_Exit(127);
    }
    ::close(ready[1]);
    c.started = clock::now();
    return ready[0];
}

/// True when the role listens, false when it has ended instead, or takes too long.
bool wait_until_ready(int fd) {
    pollfd p{fd, POLLIN, 0};
    char octet = 0;
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(ready_grace).count();
    const bool ready = ::poll(&p, 1, static_cast<int>(wait)) == 1 && ::read(fd, &octet, 1) == 1;
    ::close(fd);
    return ready;
}

class supervisor {
public:
    supervisor(const config& c, std::string data) : config_(c), data_(std::move(data)) {
        for (const char* name : {"rest", "device"})
            children_.push_back({name, 0, {}, {}, 1s});
    }

    int run() {
        sigset_t signals;
        sigemptyset(&signals);
        for (int s : {SIGTERM, SIGINT, SIGCHLD})
            sigaddset(&signals, s);
        ::sigprocmask(SIG_BLOCK, &signals, nullptr);
        for (auto& c : children_)
            if (!wait_until_ready(start(c, data_))) {
                std::cerr << "tsms: the " << c.role << " role did not start" << std::endl;
                stop();
                return 1;
            }
        print_banner();
        while (true) {
            const timespec second{1, 0};
            const int received = ::sigtimedwait(&signals, nullptr, &second);
            if (received == SIGTERM || received == SIGINT)
                return stop();
            reap();
            restart_due();
        }
    }

private:
    void reap() {
        for (auto& c : children_) {
            int status = 0;
            if (c.pid == 0 || ::waitpid(c.pid, &status, WNOHANG) != c.pid)
                continue;
            if (clock::now() - c.started >= good_life)
                c.pause = 1s;
            std::cerr << "tsms: the " << c.role << " role ended unexpectedly, next start in " << c.pause.count() << " s"
                      << std::endl;
            c.pid = 0;
            c.restart_at = clock::now() + c.pause;
            c.pause = std::min<std::chrono::seconds>(c.pause * 2, longest_pause);
        }
    }

    void restart_due() {
        for (auto& c : children_)
            if (c.pid == 0 && clock::now() >= c.restart_at)
                ::close(start(c, data_));
    }

    /// 0 if both roles ended cleanly in time.
    int stop() {
        for (auto& c : children_)
            if (c.pid)
                ::kill(c.pid, SIGTERM);
        int code = 0;
        const auto deadline = clock::now() + stop_grace;
        for (auto& c : children_) {
            int status = 0;
            pid_t ended = 0;
            while (c.pid && (ended = ::waitpid(c.pid, &status, WNOHANG)) == 0 && clock::now() < deadline)
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
            std::cout << "  WARNING      any app may call without a credential (device.accept_unknown_apps): for "
                         "development only; tsms app add\n";
        const auto fingerprint =
            crypto::parse_certificates(read_text(config_.file(config_.rest_certificate))).at(0).fingerprint;
        std::cout << "  CA file      " << ca.string() << "\n"
                  << "  fingerprint  " << fingerprint << "  (REST certificate, SHA-256)\n"
                  << "  try          tsms provider add --data " << data_ << " --name demo\n"
                  << "               curl --cacert " << ca.string()
                  << " -X POST -H 'Authorization: Bearer <longTermToken>' " << rest << "/auth" << std::endl;
    }

    config config_;
    std::string data_;
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
        const int code = o->role.empty() ? supervisor(c, o->data).run() : run_role(c, o->role);
        if (code != 0)
            throw CLI::RuntimeError(code);
    });
}

} // namespace tsms::app
