#pragma once
// Rows of the instance database as JSON documents: one description of each type serves both directions. Names are
// stable: a document written by this version is read by the next one, which knows absent members as their defaults.

#include "model/device.hpp"
#include "model/process_result.hpp"

#include <string>
#include <string_view>

namespace tsms::store {

std::string encode(const model::service_instance& instance);
std::string encode(const model::secure_component& card);
std::string encode(const model::identification& cards);
std::string encode(const model::spos_target& spos);

// Each throws store::damaged_document.
model::service_instance decode_instance(std::string_view document);
model::secure_component decode_card(std::string_view document);
model::identification decode_identification(std::string_view document);
model::spos_target decode_spos(std::string_view document);

} // namespace tsms::store
