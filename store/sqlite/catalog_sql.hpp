#pragma once

#include "model/operations.hpp"

#include <string>

namespace tsms::store {

/// A SELECT for the entities of a related list (AMB-072). Parameter ?n is the id of the entity_kind with number n (?1:
/// the tenant), ?12 the kind of what is sought. Throws std::out_of_range for a relation without row.
const std::string& relation_query(model::relation walk);
inline constexpr std::size_t relation_kind_parameter = 12;

/// The columns of an entity row, in the order in which they are read.
inline constexpr const char* entity_columns = "id, kind, provider, parent, position, document";

} // namespace tsms::store
