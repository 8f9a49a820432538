#pragma once
// The least that the catalog takes of an entity, by the table of attributes.

#include "model/entities.hpp"
#include "json/json.hpp"

namespace tsms::unit {

/// A value of that type, an empty one where it can be empty.
inline json::value least_value(model::value_type type) {
    using enum model::value_type;
    switch (type) {
    case string:
        return "";
    case boolean:
        return false;
    case integer:
        return 0;
    case strings:
    case objects:
        return json::array();
    default:
        return json::object();
    }
}

/// With `more` beside and instead.
inline json::object least_document(model::entity_kind kind, const json::object& more = {}) {
    json::object out;
    for (const auto& a : model::describe(kind).attributes)
        if (a.mandatory == model::presence::mandatory)
            out.set(std::string(a.key()), least_value(a.type));
    for (const auto& [name, v] : more)
        out.set(name, v);
    return out;
}

} // namespace tsms::unit
