#pragma once
// What the fuzz targets share. A target reads hostile octets; an exception that it does not name, a `require` that does
// not hold, a sanitizer's report and an input that takes too long are findings.

#include "base/bytes.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace tsms::fuzz {

inline void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// The octets of one run, taken from the front; zeros behind their end.
class input {
public:
    input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    bool empty() const { return rest_.empty(); }
    std::uint8_t octet() { return rest_.empty() ? std::uint8_t{0} : take(1)[0]; }
    /// As many as there are, at most `count`.
    bytes_view take(std::size_t count) {
        const auto taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    bytes_view rest() const { return rest_; }
    std::string_view text() const { return {reinterpret_cast<const char*>(rest_.data()), rest_.size()}; }
    /// The first line, without its end: which reader the rest is for. Corpora stay readable.
    std::string_view line() {
        const auto all = text();
        const auto end = std::min(all.find('\n'), all.size());
        take(std::min(end + 1, all.size()));
        return all.substr(0, end);
    }

private:
    bytes_view rest_;
};

/// What `read` returns, or nothing where it refuses with the one exception that its contract names.
template <class Refusal, class F> auto attempt(F&& read) -> std::optional<decltype(read())> try {
    return read();
} catch (const Refusal&) {
    return std::nullopt;
}

/// Each target's own.
void run(input in);

} // namespace tsms::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tsms::fuzz::run({data, size});
    return 0;
}
