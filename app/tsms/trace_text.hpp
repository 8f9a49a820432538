#pragma once
// A trace for people, and for programs. What cards, phones, issuers and providers have said is hostile: no terminal
// obeys anything of it (cli::harmless).

#include "store/trace.hpp"
#include "json/json.hpp"

#include <iosfwd>

namespace tsms::app {

/// `id`: what was asked for.
void print_trace(std::ostream& out, const std::string& id, const store::trace& found);
json::object trace_as_json(const std::string& id, const store::trace& found);

} // namespace tsms::app
