#pragma once
// A JSON document in a file: how the lab's servers keep their state.

#include "json/json.hpp"

#include <filesystem>

namespace tsms::lab {

/// Nothing if there is no such file. Throws std::runtime_error if it cannot be read, json::parse_error if it is no
/// document.
std::optional<json::value> load_json(const std::filesystem::path& file);

/// Replaces the file at once (temporary file and rename), readable by its owner only. Throws std::runtime_error.
void save_json(const std::filesystem::path& file, const json::value& document);

/// The same for text: certificates and keys.
void save_text(const std::filesystem::path& file, std::string_view text);

} // namespace tsms::lab
