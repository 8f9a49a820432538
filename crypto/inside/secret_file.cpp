#include "crypto/inside/secret_file.hpp"

#include "crypto/error.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tsms::crypto {

namespace {

class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

[[noreturn]] void fail(const std::string& verb, const std::string& what, const std::filesystem::path& path) {
    const std::string why = std::strerror(errno);
    throw error("cannot " + verb + " the " + what + " " + path.string() + ": " + why);
}

} // namespace

void create_secret_file(const std::filesystem::path& path, const secret& content, const std::string& what) {
    const descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file.get() < 0)
        fail("create", what, path);
    if (::write(file.get(), content.view().data(), content.size()) != static_cast<ssize_t>(content.size()) ||
        ::fsync(file.get()) != 0) {
        const int cause = errno;
        ::unlink(path.c_str()); // a part of a key would be in the way of the next attempt
        errno = cause;
        fail("write", what, path);
    }
}

secret read_secret_file(const std::filesystem::path& path, std::size_t most, const std::string& what, readable_by who) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
        fail("open", what, path);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0)
        fail("look at", what, path);
    if (who == readable_by::owner_alone && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        throw error("the " + what + " " + path.string() + " must be accessible to its owner only: chmod 600");
    bytes octets(most + 1);
    std::size_t have = 0;
    ssize_t count = 0;
    while (have < octets.size() && (count = ::read(file.get(), octets.data() + have, octets.size() - have)) > 0)
        have += static_cast<std::size_t>(count);
    const secret all(std::move(octets));
    if (count < 0)
        fail("read", what, path);
    if (have > most)
        throw error("the " + what + " " + path.string() + " has more than " + std::to_string(most) + " octets");
    return secret(all.view().first(have));
}

} // namespace tsms::crypto
