#include "app/tsms/log_line.hpp"

#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "json/json.hpp"

#include <utility>

namespace tsms::app {

namespace {

constexpr std::pair<const char*, std::string log_subject::*> subjects[] = {
    {"process", &log_subject::process}, {"session", &log_subject::session},   {"instance", &log_subject::instance},
    {"card", &log_subject::card},       {"provider", &log_subject::provider},
};

std::string name_of(severity level) {
    switch (level) {
    case severity::info:
        break;
    case severity::warning:
        return "warning";
    case severity::error:
        return "error";
    }
    return "info";
}

/// JSON has no way to write what is no UTF-8.
std::string readable(const std::string& text) {
    return text::is_utf8(text) ? text : text::quotable(text);
}

/// A JSON document with what a terminal obeys beyond the controls that JSON escapes: DEL and U+0080…009F.
std::string without_controls(const std::string& document) {
    std::string out;
    for (std::size_t i = 0; i < document.size(); ++i) {
        const auto octet = static_cast<unsigned char>(document[i]);
        const auto next = i + 1 < document.size() ? static_cast<unsigned char>(document[i + 1]) : 0;
        if (octet == 0x7F)
            out += "\\u007F";
        else if (octet == 0xC2 && next < 0xA0)
            out += "\\u00" + to_hex(bytes{static_cast<std::uint8_t>(document[++i])});
        else
            out += document[i];
    }
    return out;
}

} // namespace

std::string human_line(const log_event& e, wall_time at, const std::string& role) {
    auto level = name_of(e.level);
    level.resize(std::string_view("warning").size(), ' ');
    std::string of;
    for (const auto& [name, id] : subjects)
        if (!(e.of.*id).empty())
            of.append(of.empty() ? "" : ", ").append(name).append(" ").append(e.of.*id);
    return iso8601(at) + " " + level + " " + role + ": " + text::quotable(of.empty() ? e.text : of + ": " + e.text);
}

std::string json_line(const log_event& e, wall_time at, const std::string& role) {
    json::object line{{"time", iso8601(at)}, {"level", name_of(e.level)}, {"role", role}};
    for (const auto& [name, id] : subjects)
        if (!(e.of.*id).empty())
            line.append(name, readable(e.of.*id));
    line.append("message", readable(e.text));
    return without_controls(json::dump(line));
}

} // namespace tsms::app
