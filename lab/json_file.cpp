#include "lab/json_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace tsms::lab {

namespace {

constexpr json::limits state_limits{.bytes = 64 << 20, .depth = 32, .values = 5'000'000};

[[noreturn]] void fail(const std::filesystem::path& file, const char* what) {
    throw std::runtime_error(std::string("cannot ") + what + " " + file.string() + ": " + std::strerror(errno));
}

void write_all(int fd, std::string_view text, const std::filesystem::path& file) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            const int cause = errno;
            ::close(fd);
            errno = cause;
            fail(file, "write");
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

} // namespace

std::optional<json::value> load_json(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file))
        return std::nullopt;
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in)
        fail(file, "read");
    try {
        return json::parse(text.str(), state_limits);
    } catch (const json::parse_error& e) {
        throw json::parse_error(file.string() + ": " + e.what());
    }
}

void save_text(const std::filesystem::path& file, std::string_view text) {
    auto temporary = file;
    temporary += ".new";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        fail(temporary, "create");
    write_all(fd, text, temporary);
    if (::fsync(fd) != 0 || ::close(fd) != 0)
        fail(temporary, "write");
    if (std::rename(temporary.c_str(), file.c_str()) != 0)
        fail(file, "replace");
}

void save_json(const std::filesystem::path& file, const json::value& document) {
    save_text(file, json::pretty(document));
}

} // namespace tsms::lab
