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

/// An open file, closed on every way out.
class descriptor {
public:
    descriptor(const std::filesystem::path& file, int flags, const char* what)
        : file_(file), fd_(::open(file.c_str(), flags | O_CLOEXEC, 0600)) {
        if (fd_ < 0)
            fail(file, what);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() { ::close(fd_); }

    int get() const { return fd_; }

    /// On disk when it returns.
    void write(std::string_view text) {
        while (!text.empty()) {
            const auto written = ::write(fd_, text.data(), text.size());
            if (written < 0 && errno == EINTR)
                continue;
            if (written < 0)
                fail(file_, "write");
            text.remove_prefix(static_cast<std::size_t>(written));
        }
        if (::fsync(fd_) != 0)
            fail(file_, "write");
    }

private:
    const std::filesystem::path& file_;
    int fd_;
};

std::string read_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in)
        fail(file, "read");
    return std::move(text).str();
}

} // namespace

std::optional<json::value> load_json(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file))
        return std::nullopt;
    const auto text = read_text(file);
    try {
        return json::parse(text, state_limits);
    } catch (const json::parse_error& e) {
        throw json::parse_error(file.string() + ": " + e.what());
    }
}

void save_text(const std::filesystem::path& file, std::string_view text) {
    auto temporary = file;
    temporary += ".new";
    descriptor(temporary, O_WRONLY | O_CREAT | O_TRUNC, "create").write(text);
    if (std::rename(temporary.c_str(), file.c_str()) != 0)
        fail(file, "replace");
}

void save_json(const std::filesystem::path& file, const json::value& document) {
    save_text(file, json::pretty(document));
}

bool is_single_document(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string line;
    return std::getline(in, line) && (line == "{" || line.starts_with('['));
}

std::optional<std::vector<json::value>> load_journal(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file))
        return std::nullopt;
    const auto text = read_text(file);
    std::vector<json::value> documents;
    std::string_view rest = text;
    for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
        documents.push_back(json::parse(rest.substr(0, end), state_limits));
        rest.remove_prefix(end + 1);
    }
    if (rest.empty())
        return documents;
    try {
        documents.push_back(json::parse(rest, state_limits));
    } catch (const json::parse_error&) {
        if (!rest.starts_with('{')) // then it is no line of ours that was torn
            throw;
    }
    return documents;
}

void save_journal(const std::filesystem::path& file, const std::vector<json::value>& documents) {
    std::string text;
    for (const auto& document : documents)
        text += json::dump(document) + "\n";
    save_text(file, text);
}

void append_to_journal(const std::filesystem::path& file, const json::value& document) {
    descriptor out(file, O_WRONLY | O_APPEND, "open");
    const auto before = ::lseek(out.get(), 0, SEEK_END);
    try {
        out.write(json::dump(document) + "\n");
    } catch (const std::runtime_error&) {
        if (::ftruncate(out.get(), before) != 0) // a torn line would spoil the next one
            fail(file, "shorten");
        throw;
    }
}

} // namespace tsms::lab
