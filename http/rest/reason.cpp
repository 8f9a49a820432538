#include "http/rest/reason.hpp"

#include "base/utf8.hpp"

#include <algorithm>

namespace tsms::rest {

namespace {

/// Characters of our own messages that ASCII writes otherwise.
struct spelling {
    std::string_view utf8;
    std::string_view ascii;
};
constexpr spelling spellings[] = {{"‘", "'"},  {"’", "'"},   {"“", "\""},
                                  {"”", "\""}, {"…", "..."}, {"\xEF\xBF\xBD", "?"}};

std::string_view ascii_of(std::string_view character) {
    if (character.size() == 1)
        return character;
    for (const auto& s : spellings)
        if (s.utf8 == character)
            return s.ascii;
    return "?";
}

} // namespace

std::string field_text(std::string_view text) {
    const auto clean = text::quotable(text); // UTF-8 without control characters
    std::string out;
    for (std::size_t at = 0; at < clean.size() && out.size() < reason_limit;) {
        auto end = at + 1;
        while (end < clean.size() && (static_cast<unsigned char>(clean[end]) & 0xC0) == 0x80)
            ++end;
        out += ascii_of(std::string_view(clean).substr(at, end - at));
        at = end;
    }
    out.resize(std::min(out.size(), reason_limit));
    while (out.ends_with(' '))
        out.pop_back();
    return out.substr(std::min(out.size(), out.find_first_not_of(' ')));
}

} // namespace tsms::rest
