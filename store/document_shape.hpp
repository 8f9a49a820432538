#pragma once
// The shape of what the catalog keeps: what is there has its type, what is mandatory is there. It is looked at where a
// document leaves its file and where one is handed in, so that nobody in between has to ask. Only for store/.

#include "store/catalog.hpp"

namespace tsms::store {

/// What is wrong with the document of an entity of that kind; nothing where it has its shape.
std::optional<std::string> fault_of(model::entity_kind kind, const json::object& document);
/// The same of catalog_view::profile_internals(). What "identification" and "card" hold is for who reads them.
std::optional<std::string> fault_of_internals(const json::object& internals);

/// What nobody could read is not written either: a bug of the caller, std::logic_error.
void refuse_misshapen(const entity_row& row);
void refuse_misshapen_internals(const json::object& internals);

} // namespace tsms::store
