#include "http/rest/multipart.hpp"

#include "base/ascii.hpp"
#include "http/net/message.hpp"

#include <algorithm>
#include <map>

namespace tsms::rest {

namespace {

constexpr std::size_t most_parts = 16;
constexpr std::size_t most_head = 16384; ///< as for the head of a request
constexpr std::string_view crlf = "\r\n";

using parameters = std::map<std::string, std::string, std::less<>>;

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
    out = text::trimmed(text.substr(0, end));
    text.remove_prefix(end);
    if (out.empty() || out.find_first_of("\" \t") != std::string::npos)
        return std::nullopt;
    return out;
}

/// "value; a=b; c="d"" after its first value. Nothing if it is malformed or names a parameter twice.
std::optional<parameters> parse_parameters(std::string_view text, bool comma_separates) {
    parameters out;
    text = text::trimmed(text);
    while (!text.empty()) {
        if (text.front() != ';' && !(comma_separates && text.front() == ','))
            return std::nullopt;
        text = text::trimmed(text.substr(1));
        if (text.empty())
            break;
        const auto equals = text.find('=');
        if (equals == std::string_view::npos)
            return std::nullopt;
        auto name = text::lower(text::trimmed(text.substr(0, equals)));
        text = text::trimmed(text.substr(equals + 1));
        auto value = take_value(text, comma_separates);
        if (name.empty() || !value || !out.emplace(std::move(name), std::move(*value)).second)
            return std::nullopt;
        text = text::trimmed(text);
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
        const auto value = text::trimmed(line.substr(colon + 1));
        const auto type = value.substr(0, value.find_first_of(";,"));
        if (found || !net::same_token(text::trimmed(type), "form-data"))
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
    if (!net::same_token(text::trimmed(type), "multipart/form-data"))
        return std::nullopt;
    const auto given = parse_parameters(content_type.substr(type.size()), false);
    if (!given)
        return std::nullopt;
    const auto boundary = given->find("boundary");
    if (boundary == given->end() || boundary->second.empty() || boundary->second.size() > 70)
        return std::nullopt;
    return boundary->second;
}

form_reader::form_reader(std::string_view boundary, receiver to)
    : delimiter_("\r\n--" + std::string(boundary)), to_(std::move(to)), pending_(crlf) {
} // the first delimiter begins a line too

bool form_reader::feed(std::string_view octets) {
    pending_ += octets;
    std::string_view ahead = pending_;
    while (step(ahead)) {
    }
    pending_.erase(0, pending_.size() - ahead.size());
    return place_ != place::malformed;
}

bool form_reader::complete() const {
    return place_ == place::epilogue || (place_ == place::behind_end && pending_.empty());
}

bool form_reader::step(std::string_view& ahead) {
    switch (place_) {
    case place::start:
        return skip_preamble(ahead);
    case place::behind_delimiter:
        return choose(ahead);
    case place::head:
        return read_head(ahead);
    case place::content:
        return read_content(ahead);
    case place::behind_end:
        return end_line(ahead);
    case place::epilogue:
        return skip_epilogue(ahead);
    case place::malformed:
        ahead = {};
        return false;
    }
    return false;
}

bool form_reader::refuse(const char* why) {
    fault_ = why;
    place_ = place::malformed;
    return true;
}

bool form_reader::skip_preamble(std::string_view& ahead) {
    const auto skipped = up_to_delimiter(ahead, [](std::string_view) {});
    preamble_ += skipped; // with the line break that the reader has put in front
    return preamble_ > most_head + crlf.size() ? refuse("no delimiter in the first 16384 octets")
                                               : place_ == place::behind_delimiter;
}

bool form_reader::choose(std::string_view& ahead) {
    if (ahead.size() < 2)
        return false;
    const auto next = ahead.substr(0, 2);
    if (next == "--" && !padded_ && (parts_ > 0 || preamble_ == 0)) // else it is no form that somebody made
        place_ = place::behind_end;
    else if (next == crlf && parts_ < most_parts)
        place_ = place::head;
    else
        return skip_padding(ahead) ||
               refuse(parts_ < most_parts ? "a delimiter is followed by neither a part nor the end of the form"
                                          : "more than 16 parts");
    padded_ = false;
    ahead.remove_prefix(2);
    return true;
}

/// Blanks behind a delimiter, which gateways may have put there (RFC 2046 5.1.1, transport-padding).
bool form_reader::skip_padding(std::string_view& ahead) {
    const auto blanks = std::min(ahead.find_first_not_of(" \t"), ahead.size());
    padding_ += blanks;
    padded_ = padded_ || blanks > 0;
    ahead.remove_prefix(blanks);
    return blanks > 0 && (padding_ <= most_head || refuse("too many blanks behind delimiters"));
}

/// The line of the last delimiter. The body may end with it.
bool form_reader::end_line(std::string_view& ahead) {
    if (skip_padding(ahead))
        return true;
    if (ahead.size() < crlf.size() && crlf.starts_with(ahead))
        return false;
    if (!ahead.starts_with(crlf))
        return refuse("the last delimiter is followed by something in its line");
    ahead.remove_prefix(crlf.size());
    place_ = place::epilogue;
    return true;
}

bool form_reader::skip_epilogue(std::string_view& ahead) {
    epilogue_ += ahead.size();
    ahead = {};
    return epilogue_ > most_head && refuse("more than 16384 octets behind the last delimiter");
}

bool form_reader::read_head(std::string_view& ahead) {
    const auto end = ahead.substr(0, most_head).find("\r\n\r\n");
    if (end == std::string_view::npos)
        return ahead.size() >= most_head && refuse("the head of a part has more than 16384 octets");
    const auto parsed = disposition(ahead.substr(0, end));
    if (!parsed || !parsed->contains("name"))
        return refuse("a part has no well-formed Content-Disposition: form-data with a name");
    part_head head{parsed->at("name"), std::nullopt};
    if (const auto file = parsed->find("filename"); file != parsed->end())
        head.file_name = base_name(file->second);
    ++parts_;
    to_.begin(std::move(head));
    ahead.remove_prefix(end + 4);
    place_ = place::content;
    return true;
}

bool form_reader::read_content(std::string_view& ahead) {
    up_to_delimiter(ahead, to_.content);
    return place_ == place::behind_delimiter;
}

template <class Sink> std::size_t form_reader::up_to_delimiter(std::string_view& ahead, const Sink& sink) {
    const auto end = ahead.find(delimiter_);
    const bool ends = end != std::string_view::npos;
    // What is no delimiter yet may become one with the next octets.
    const auto sure = ends ? end : ahead.size() - std::min(ahead.size(), delimiter_.size() - 1);
    if (sure > 0)
        sink(ahead.substr(0, sure));
    ahead.remove_prefix(sure + (ends ? delimiter_.size() : 0));
    if (ends)
        place_ = place::behind_delimiter;
    return sure;
}

} // namespace tsms::rest
