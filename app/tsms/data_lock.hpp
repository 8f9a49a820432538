#pragma once
// One process a role on a data directory: a second device role of the same name would end the processes of the first as
// if they had been left by a crash (AMB-122). It is the directory that is locked, because the databases have fixed
// names in it. Who reaches the same instances.db through another directory, by a link or a copy of the configuration,
// is not kept out: that two servers never work on one secure component is a fact of the store itself (AMB-228,
// DIV-101).

#include <filesystem>
#include <string>

namespace tsms::app {

/// Held for the life of the object; the kernel gives it back with the process, however that ends.
class data_lock {
public:
    /// Waits some seconds for a role that is just stopping, then throws config_error. Made by root, the file is of
    /// whoever the directory is of.
    data_lock(const std::filesystem::path& data, const std::string& role);
    ~data_lock();
    data_lock(const data_lock&) = delete;
    data_lock& operator=(const data_lock&) = delete;

private:
    int file_;
};

} // namespace tsms::app
