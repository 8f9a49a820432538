#include "sdk/pending_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tsms::sdk {

namespace {

constexpr int mine_alone = S_IRUSR | S_IWUSR;

[[noreturn]] void fail(const char* what, const std::filesystem::path& file) {
    throw pending_error(std::string("cannot ") + what + " ‘" + file.string() + "’: " + std::strerror(errno));
}

/// Closed on every way out.
class descriptor {
public:
    descriptor(const std::filesystem::path& file, int flags)
        : fd_(::open(file.c_str(), flags | O_CLOEXEC, mine_alone)) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }

private:
    int fd_;
};

std::filesystem::path beside(const std::filesystem::path& file, const char* suffix) {
    auto name = file;
    name += suffix;
    return name;
}

bool write_all(int file, bytes_view octets) {
    while (!octets.empty()) {
        const auto written = ::write(file, octets.data(), octets.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        octets = octets.subspan(static_cast<std::size_t>(written));
    }
    return ::fsync(file) == 0;
}

/// At most one octet more than allowed; nothing where it cannot be read.
std::optional<bytes> read_all(int file) {
    bytes octets(most_pending_octets + 1);
    std::size_t have = 0;
    while (have < octets.size()) {
        const auto count = ::read(file, octets.data() + have, octets.size() - have);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return std::nullopt;
        if (count == 0)
            break;
        have += static_cast<std::size_t>(count);
    }
    octets.resize(have);
    return octets;
}

} // namespace

pending_file::pending_file(std::filesystem::path file)
    : file_(std::move(file)),
      lock_(::open(beside(file_, ".lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mine_alone)) {
    if (lock_ < 0)
        fail("write", beside(file_, ".lock"));
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0)
        return;
    ::close(lock_);
    throw pending_error("‘" + file_.string() + "’ is in use by another process; give each a file of its own");
}

pending_file::~pending_file() {
    ::close(lock_);
}

crypto::secret pending_file::load() {
    const descriptor in(file_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!in.is_open() && errno == ENOENT)
        return {};
    struct stat status {};
    if (!in.is_open() || ::fstat(in.get(), &status) != 0)
        fail("read", file_);
    const auto name = "‘" + file_.string() + "’";
    if (!S_ISREG(status.st_mode))
        throw pending_error(name + " is no file");
    if (status.st_uid != ::geteuid() || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        throw pending_error(name + " must belong to this user and be accessible to nobody else (chmod 600): who reads "
                                   "it can end what the app has begun");
    auto octets = read_all(in.get());
    if (!octets)
        fail("read", file_);
    crypto::secret text(*std::move(octets));
    if (text.size() > most_pending_octets)
        throw pending_error(name + " is too large to be what the SDK has saved there");
    return text;
}

void pending_file::save(const crypto::secret& text) {
    const auto temporary = beside(file_, ".new");
    if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) // of one that was killed, whatever its mode
        fail("replace", temporary);
    {
        const descriptor out(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
        if (!out.is_open() || !write_all(out.get(), text.view()))
            fail("write", temporary);
    }
    if (::rename(temporary.c_str(), file_.c_str()) != 0)
        fail("replace", file_);
    const auto folder = file_.has_parent_path() ? file_.parent_path() : std::filesystem::path(".");
    const descriptor entry(folder, O_RDONLY | O_DIRECTORY);
    if (!entry.is_open() || ::fsync(entry.get()) != 0)
        fail("keep what was written in", folder);
}

} // namespace tsms::sdk
