#include "store/sqlite/mark.hpp"

#include "base/number.hpp"
#include "crypto/digest.hpp"
#include "store/ownership.hpp"

#include <array>
#include <fcntl.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace tsms::store {

namespace {

class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}
    ~descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

/// Always as long: it is written over the one before in one piece.
std::string text_of(const mark& m) {
    constexpr std::size_t digits = 20, id_octets = 36, chain_digits = 64;
    auto sequence = std::to_string(m.tip.sequence);
    auto id = m.installation;
    auto chain = to_hex(m.tip.chain);
    sequence.insert(0, digits - std::min(digits, sequence.size()), '0');
    id.resize(id_octets, '-');
    chain.resize(chain_digits, '-');
    const auto content = "tsms-mark-1 " + id + " " + sequence + " " + chain + " ";
    return content + to_hex(crypto::sha256(as_bytes(content))) + "\n";
}

std::optional<mark> parse(const std::string& text) {
    std::istringstream in(text);
    std::string format, id, sequence, chain;
    mark m;
    in >> format >> id >> sequence >> chain;
    const auto number = text::number<std::int64_t>(sequence);
    if (!in || !number)
        return std::nullopt;
    m.tip.sequence = *number;
    if (id.front() != '-')
        m.installation = id;
    m.tip.chain = from_hex(chain).value_or(bytes{});
    return text_of(m) == text ? std::optional(m) : std::nullopt;
}

} // namespace

std::filesystem::path mark_file(const std::filesystem::path& database) {
    return database.string() + "-mark";
}

std::optional<mark> read_mark(const std::filesystem::path& database) {
    const descriptor file(::open(mark_file(database).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 512> text{};
    const auto count = file.get() < 0 ? -1 : ::pread(file.get(), text.data(), text.size(), 0);
    if (count <= 0)
        return std::nullopt;
    return parse(std::string(text.data(), static_cast<std::size_t>(count)));
}

bool write_mark(const std::filesystem::path& database, const mark& m) noexcept try {
    struct stat owner {};
    if (::stat(database.c_str(), &owner) != 0)
        return false;
    const auto name = mark_file(database);
    const auto mode = owner.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
    const descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode));
    if (file.get() < 0)
        return false;
    struct stat made {};
    if (::fstat(file.get(), &made) != 0)
        return false;
    if (made.st_size == 0) { // as SQLite does with -wal and -shm, so that each user of the database can use it
        static_cast<void>(::fchmod(file.get(), mode));
        give_to_owner_of(database, file.get());
    }
    const auto text = text_of(m);
    return ::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
} catch (const std::exception&) { // no memory
    return false;
}

} // namespace tsms::store
