#include "http/net/message.hpp"
#include "base/ascii.hpp"

#include <algorithm>

namespace tsms::net {

namespace {

bool unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

} // namespace

bool same_token(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return text::lower(x) == text::lower(y); });
}

std::optional<std::string_view> behind_https(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    if (!same_token(url.substr(0, scheme.size()), scheme))
        return std::nullopt;
    return url.substr(scheme.size());
}

void header_fields::set(std::string_view name, std::string value) {
    std::erase_if(fields_, [&](const field& f) { return same_token(f.name, name); });
    add(std::string(name), std::move(value));
}

const std::string* header_fields::find(std::string_view name) const {
    for (const auto& f : fields_)
        if (same_token(f.name, name))
            return &f.value;
    return nullptr;
}

std::string_view header_fields::get(std::string_view name) const {
    const auto* value = find(name);
    return value ? std::string_view(*value) : std::string_view();
}

std::vector<std::string_view> header_fields::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& f : fields_)
        if (same_token(f.name, name))
            values.push_back(f.value);
    return values;
}

std::optional<std::string> request::parameter(const std::string& name) const {
    const auto found = query.find(name);
    if (found == query.end() || query.count(name) != 1)
        return std::nullopt;
    return found->second;
}

response json_response(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        const auto octet = text.size() - i > 2 ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
        if (!octet)
            return std::nullopt;
        out.push_back(static_cast<char>(octet->front()));
        i += 2;
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (char c : text)
        if (unreserved(c))
            out.push_back(c);
        else
            out += "%" + to_hex(as_bytes({&c, 1}));
    return out;
}

std::optional<std::multimap<std::string, std::string>> parse_query(std::string_view text) {
    std::multimap<std::string, std::string> query;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        std::string pair(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty())
            continue;
        std::ranges::replace(pair, '+', ' ');
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(std::string_view(pair).substr(0, equals));
        auto value = percent_decode(std::string_view(pair).substr(std::min(equals + 1, pair.size())));
        if (!name || !value)
            return std::nullopt;
        query.emplace(*std::move(name), *std::move(value));
    }
    return query;
}

} // namespace tsms::net
