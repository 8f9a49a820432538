#pragma once
// What is kept of the call behind a process (DIV-108), and of calls that run none (DIV-107), as JSON documents
// (store/documents.hpp).

#include "model/records.hpp"

#include <string_view>

namespace tsms::store {

std::string encode(const model::session_proof& proof);
std::string encode(const model::asked_call& asked);
std::string encode(const model::life_cycle_result& result);
std::string encode(const model::create_service_instance_result& result);

// Each throws store::damaged_document.
model::session_proof decode_proof(std::string_view document);
model::asked_call decode_asked(std::string_view document);
model::life_cycle_result decode_result(std::string_view document);
model::create_service_instance_result decode_creation(std::string_view document);

} // namespace tsms::store
