#include "sdk/cookies.hpp"

#include "base/ascii.hpp"
#include "http/net/message.hpp"

#include <algorithm>

namespace tsms::sdk {

namespace {

constexpr std::size_t longest_cookie = 4096; // RFC 6265 6.1
constexpr std::size_t most_cookies = 50;

/// The text up to the separator, which is taken away together with it.
std::string_view take_until(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return text::trimmed(part);
}

/// RFC 6265 5.1.4
std::string default_path(std::string_view request_path) {
    const auto slash = request_path.rfind('/');
    return std::string(slash == request_path.npos || slash == 0 ? "/" : request_path.substr(0, slash));
}

bool path_matches(std::string_view request_path, std::string_view path) {
    return request_path.starts_with(path) &&
           (request_path.size() == path.size() || path.ends_with('/') || request_path[path.size()] == '/');
}

/// RFC 6265 5.2.2: what is no number says nothing.
bool expired(std::string_view max_age) {
    const bool negative = max_age.starts_with('-');
    const auto digits = max_age.substr(negative ? 1 : 0);
    if (!text::is_digits(digits))
        return false;
    return negative || digits.find_first_not_of('0') == digits.npos;
}

} // namespace

void cookie_jar::take(std::string_view set_cookie, std::string_view request_path) {
    if (set_cookie.size() > longest_cookie)
        return;
    auto pair = take_until(set_cookie, ';');
    if (pair.find('=') == pair.npos)
        return;
    cookie c;
    c.name = take_until(pair, '=');
    c.value = text::trimmed(pair);
    c.path = default_path(request_path);
    const auto control = [](char x) { return static_cast<unsigned char>(x) < ' ' || x == '\x7f'; };
    if (c.name.empty() || std::ranges::any_of(c.name, control) || std::ranges::any_of(c.value, control))
        return;
    bool remove = false;
    while (!set_cookie.empty()) {
        auto attribute = take_until(set_cookie, ';');
        const auto name = take_until(attribute, '=');
        const auto value = text::trimmed(attribute);
        if (net::same_token(name, "Path") && value.starts_with('/'))
            c.path = value;
        else if (net::same_token(name, "Max-Age"))
            remove = expired(value);
    }
    std::erase_if(cookies_, [&](const cookie& old) { return old.name == c.name && old.path == c.path; });
    if (!remove && cookies_.size() < most_cookies)
        cookies_.push_back(std::move(c));
}

std::string cookie_jar::header(std::string_view request_path) const {
    std::string text;
    for (const auto& c : cookies_)
        if (path_matches(request_path, c.path))
            text += (text.empty() ? "" : "; ") + c.name + "=" + c.value;
    return text;
}

} // namespace tsms::sdk
