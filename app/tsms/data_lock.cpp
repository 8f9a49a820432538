#include "app/tsms/data_lock.hpp"

#include "app/tsms/config.hpp"
#include "base/time.hpp"

#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace tsms::app {

namespace {

constexpr std::chrono::seconds patience{6}; ///< the roles of a supervisor that was killed stop within 5 s

} // namespace

data_lock::data_lock(const std::filesystem::path& data, const std::string& role)
    : file_(::open((data / (role + ".lock")).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
    if (file_ < 0)
        throw config_error("cannot write " + (data / (role + ".lock")).string() +
                           "; may this user write to the data directory?");
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
