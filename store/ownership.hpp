#pragma once
// Whose the files of a data directory are. A command of root may make some beside those of the user that serves.

#include <filesystem>
#include <string>
#include <vector>

namespace tsms::store {

/// For root, who has made the open file or folder: it gets user and group of this neighbour. Nobody else changes
/// anything, and nothing happens where it has a second name: that could be somebody else's file.
void give_to_owner_of(const std::filesystem::path& neighbour, int made) noexcept;
void give_to_owner_of(const std::filesystem::path& neighbour, const std::filesystem::path& made) noexcept;

/// What of this a user may not use: " (data/rest.lock belongs to root, and this is tsms)"; empty if he may use all.
std::string whose(const std::vector<std::filesystem::path>& files);

} // namespace tsms::store
