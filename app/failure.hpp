#pragma once
// How a command-line program says that something went wrong: a line for people on standard error, and with --json one
// document for programs on standard output.

#include "base/utf8.hpp"
#include "json/json.hpp"

#include <iostream>
#include <string>
#include <string_view>

namespace tsms::app {

/// Also of a command line that cannot be understood.
inline bool asks_for_json(int argc, char** argv) {
    for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i)
        if (std::string_view(argv[i]) == "--json")
            return true;
    return false;
}

/// Octets that are no text, of a file's name, are escaped.
inline std::string readable(const std::string& text) {
    return text::is_utf8(text) ? text : text::escaped(text);
}

inline json::value failure_json(const std::string& text) {
    return json::object{{"error", readable(text)}};
}

/// The program's name stands before the text, unless the text begins with it: "tsms card show: …".
inline void tell_failure(const std::string& program, bool as_json, const std::string& text) {
    std::cerr << (text.starts_with(program) ? "" : program + ": ") << readable(text) << std::endl;
    if (as_json)
        std::cout << json::dump(failure_json(text)) << std::endl;
}

} // namespace tsms::app
