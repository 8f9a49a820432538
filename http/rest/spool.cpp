#include "http/rest/spool.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace tsms::rest {

namespace {

constexpr std::size_t few = 16384; ///< octets that stay in memory

[[noreturn]] void failed(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

spool::~spool() {
    if (mapped_)
        ::munmap(mapped_, size_);
    if (fd_ >= 0)
        ::close(fd_);
}

void spool::open() {
    fd_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd_ >= 0)
        return;
    // Not every file system makes files without a name.
    auto name = (folder_ / "upload-XXXXXX").string();
    fd_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd_ < 0)
        failed("an upload cannot be kept on disk");
    ::unlink(name.c_str());
}

void spool::write(std::string_view octets) {
    while (!octets.empty()) {
        const auto count = ::write(fd_, octets.data(), octets.size());
        if (count < 0 && errno != EINTR)
            failed("an upload cannot be kept on disk");
        if (count > 0)
            octets.remove_prefix(static_cast<std::size_t>(count));
    }
}

void spool::append(std::string_view octets) {
    if (fd_ < 0 && size_ + octets.size() <= few) {
        few_ += octets;
    } else {
        if (fd_ < 0) {
            open();
            write(few_);
            few_ = {};
        }
        write(octets);
    }
    size_ += octets.size();
}

std::string_view spool::content() {
    if (fd_ < 0)
        return few_;
    if (!mapped_) {
        auto* const at = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0);
        if (at == MAP_FAILED)
            failed("an upload cannot be read back");
        mapped_ = at;
    }
    return {static_cast<const char*>(mapped_), size_};
}

} // namespace tsms::rest
