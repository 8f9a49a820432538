#pragma once

#include "actors/catalog_port.hpp"

#include <filesystem>
#include <memory>

namespace tsms::actors {

/// The catalog port over catalog.db, read only. Throws store::error where the file is not there or of another schema
/// version.
std::shared_ptr<catalog_port> open_catalog(const std::filesystem::path& catalog_file);

} // namespace tsms::actors
