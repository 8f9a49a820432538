#include "http/rest/multipart.hpp"

#include "http/net/message.hpp"

#include <algorithm>
#include <map>

namespace tsms::rest {

namespace {

constexpr std::size_t most_parts = 16;
constexpr std::size_t most_head = 4096;
constexpr std::string_view crlf = "\r\n";

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

using parameters = std::map<std::string, std::string, std::less<>>;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

/// A quoted string or a token at the start of the text, which it consumes.
std::optional<std::string> take_value(std::string_view& text, bool comma_ends) {
    std::string out;
    if (text.starts_with('"')) {
        for (std::size_t i = 1; i < text.size(); ++i) {
            if (text[i] == '"') {
                text.remove_prefix(i + 1);
                return out;
            }
            if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\'))
                ++i;
            out += text[i];
        }
        return std::nullopt;
    }
    const auto end = std::min(text.find_first_of(comma_ends ? ";," : ";"), text.size());
    out = trimmed(text.substr(0, end));
    text.remove_prefix(end);
    if (out.empty() || out.find_first_of("\" \t") != std::string::npos)
        return std::nullopt;
    return out;
}

/// "value; a=b; c="d"" after its first value. Nothing if it is malformed or names a parameter twice.
std::optional<parameters> parse_parameters(std::string_view text, bool comma_separates) {
    parameters out;
    text = trimmed(text);
    while (!text.empty()) {
        if (text.front() != ';' && !(comma_separates && text.front() == ','))
            return std::nullopt;
        text = trimmed(text.substr(1));
        if (text.empty())
            break;
        const auto equals = text.find('=');
        if (equals == std::string_view::npos)
            return std::nullopt;
        auto name = lower(trimmed(text.substr(0, equals)));
        text = trimmed(text.substr(equals + 1));
        auto value = take_value(text, comma_separates);
        if (name.empty() || !value || !out.emplace(std::move(name), std::move(*value)).second)
            return std::nullopt;
        text = trimmed(text);
    }
    return out;
}

/// The parameters of the part's Content-Disposition: form-data.
std::optional<parameters> disposition(std::string_view head) {
    std::optional<parameters> found;
    while (!head.empty()) {
        const auto line = head.substr(0, head.find(crlf));
        head.remove_prefix(std::min(head.size(), line.size() + crlf.size()));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            return std::nullopt;
        if (!net::same_token(line.substr(0, colon), "Content-Disposition"))
            continue;
        const auto value = trimmed(line.substr(colon + 1));
        const auto type = value.substr(0, value.find_first_of(";,"));
        if (found || !net::same_token(trimmed(type), "form-data"))
            return std::nullopt;
        found = parse_parameters(value.substr(type.size()), true);
        if (!found)
            return std::nullopt;
    }
    return found;
}

std::string base_name(std::string_view path) {
    const auto slash = path.find_last_of("/\\");
    return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

} // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
    const auto type = content_type.substr(0, content_type.find(';'));
    if (!net::same_token(trimmed(type), "multipart/form-data"))
        return std::nullopt;
    const auto given = parse_parameters(content_type.substr(type.size()), false);
    if (!given)
        return std::nullopt;
    const auto boundary = given->find("boundary");
    if (boundary == given->end() || boundary->second.empty() || boundary->second.size() > 70)
        return std::nullopt;
    return boundary->second;
}

std::optional<std::vector<form_part>> parse_multipart(std::string_view body, std::string_view boundary) {
    const auto delimiter = "--" + std::string(boundary);
    const auto next_delimiter = "\r\n" + delimiter;
    // A preamble is allowed by RFC 2046 but nobody sends one: refusing it keeps one reading.
    if (!body.starts_with(delimiter))
        return std::nullopt;
    body.remove_prefix(delimiter.size());
    std::vector<form_part> parts;
    while (!body.starts_with("--")) {
        if (!body.starts_with(crlf) || parts.size() == most_parts)
            return std::nullopt;
        body.remove_prefix(crlf.size());
        const auto head_end = body.substr(0, most_head).find("\r\n\r\n");
        if (head_end == std::string_view::npos)
            return std::nullopt;
        const auto parsed = disposition(body.substr(0, head_end));
        if (!parsed || !parsed->contains("name"))
            return std::nullopt;
        body.remove_prefix(head_end + 4);
        const auto end = body.find(next_delimiter);
        if (end == std::string_view::npos)
            return std::nullopt;
        form_part part{parsed->at("name"), std::nullopt, body.substr(0, end)};
        if (const auto file = parsed->find("filename"); file != parsed->end())
            part.file_name = base_name(file->second);
        parts.push_back(std::move(part));
        body.remove_prefix(end + next_delimiter.size());
    }
    const auto epilogue = body.substr(2);
    if (!epilogue.empty() && epilogue != crlf)
        return std::nullopt;
    return parts;
}

} // namespace tsms::rest
