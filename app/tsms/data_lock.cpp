#include "app/tsms/data_lock.hpp"

#include "app/tsms/config.hpp"
#include "base/time.hpp"
#include "store/ownership.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace tsms::app {

namespace {

constexpr std::chrono::seconds patience{6}; ///< the roles of a supervisor that was killed stop within 5 s

std::filesystem::path file_of(const std::filesystem::path& data, const std::string& role) {
    return data / (role + ".lock");
}

} // namespace

data_lock::data_lock(const std::filesystem::path& data, const std::string& role)
    : file_(::open(file_of(data, role).c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
    if (file_ < 0)
        throw config_error("cannot write " + file_of(data, role).string() + ": " + std::strerror(errno) +
                           "; let this user write it and its directory" + store::whose({data, file_of(data, role)}));
    store::give_to_owner_of(data, file_);
    const auto until = system_time().steady() + patience;
    while (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
        if (system_time().steady() >= until) {
            ::close(file_);
            throw config_error("another tsms runs the " + role + " role on " + data.string() + "; stop it first");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

data_lock::~data_lock() {
    ::close(file_);
}

} // namespace tsms::app
