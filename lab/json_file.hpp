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

/// One document with everything, as these servers kept their state before they had journals: an array, or indented.
bool is_single_document(const std::filesystem::path& file);

/// A journal: one object a line, the latest last. Nothing if there is no such file. A last line that is not whole was
/// never acknowledged and is left out. Throws as load_json.
std::optional<std::vector<json::value>> load_journal(const std::filesystem::path& file);
/// Replaces it at once, as save_json.
void save_journal(const std::filesystem::path& file, const std::vector<json::value>& documents);
/// Adds one line to a journal that is there; it is on disk when this returns, and not there at all where it throws
/// std::runtime_error. So what one line costs does not depend on how many there are.
void append_to_journal(const std::filesystem::path& file, const json::value& document);

/// The same for text: certificates and keys.
void save_text(const std::filesystem::path& file, std::string_view text);

} // namespace tsms::lab
