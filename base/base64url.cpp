#include "base/base64url.hpp"

namespace tsms {

namespace {

/// -1: none of the alphabet.
int value_of(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

} // namespace

std::optional<bytes> from_base64url(std::string_view text) {
    if (text.size() % 4 == 1)
        return std::nullopt;
    bytes out;
    out.reserve(text.size() * 3 / 4);
    unsigned waiting = 0; ///< bits that are no octet yet
    int count = 0;        ///< of them
    for (const char c : text) {
        const int value = value_of(c);
        if (value < 0)
            return std::nullopt;
        waiting = waiting << 6 | static_cast<unsigned>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.push_back(static_cast<std::uint8_t>(waiting >> count));
            waiting &= (1U << count) - 1;
        }
    }
    return waiting == 0 ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace tsms
