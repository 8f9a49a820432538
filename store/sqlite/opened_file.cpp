#include "store/sqlite/opened_file.hpp"

#include <cerrno>
#include <sys/stat.h>

namespace tsms::store {

opened_file::opened_file(std::filesystem::path path) : path_(std::move(path)) {
    struct stat found {};
    if (::stat(path_.c_str(), &found) != 0)
        return; // whoever opens it says why
    device_ = found.st_dev;
    number_ = found.st_ino;
}

std::string opened_file::displaced() const {
    struct stat found {};
    if (::stat(path_.c_str(), &found) == 0)
        return found.st_dev == device_ && found.st_ino == number_
                   ? std::string()
                   : path_.string() + " was replaced by another file while this program had it open";
    if (errno == ENOENT || errno == ENOTDIR)
        return path_.string() + " was removed while this program had it open";
    return {}; // nothing is known, and reading or writing it says more
}

} // namespace tsms::store
