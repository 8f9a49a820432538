#pragma once
// One process a role on a data directory: a second device role would end the processes of the first as if they had been
// left by a crash, and two would work on one secure component at a time (AMB-122, AMB-228).

#include <filesystem>
#include <string>

namespace tsms::app {

/// Held for the life of the object; the kernel gives it back with the process, however that ends.
class data_lock {
public:
    /// Waits some seconds for a role that is just stopping, then throws config_error.
    data_lock(const std::filesystem::path& data, const std::string& role);
    ~data_lock();
    data_lock(const data_lock&) = delete;
    data_lock& operator=(const data_lock&) = delete;

private:
    int file_;
};

} // namespace tsms::app
