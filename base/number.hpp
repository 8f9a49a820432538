#pragma once
// Numbers in texts that others have written: the whole text or nothing, without sign +, spaces or a beginning like 0x.

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace tsms::text {

/// Nothing where the text is anything else than digits of the base (before them a '-' for a signed type), or does not
/// fit. Leading zeros are taken.
template <std::integral T> std::optional<T> number(std::string_view text, int base = 10) {
    T value{};
    const auto* end = text.data() + text.size();
    const auto [at, problem] = std::from_chars(text.data(), end, value, base);
    return problem == std::errc() && at == end ? std::optional(value) : std::nullopt;
}

} // namespace tsms::text
