#pragma once
// Reading documents of the catalog, whose shape was checked when they were written. Only for store/.

#include "store/catalog.hpp"

namespace tsms::store {

inline std::string text(const json::object& o, std::string_view key) {
    const auto* v = o.find(key);
    return v && v->as_string() ? *v->as_string() : std::string();
}
inline std::int64_t number(const json::object& o, std::string_view key, std::int64_t otherwise) {
    const auto* v = o.find(key);
    return v && v->as_integer() ? *v->as_integer() : otherwise;
}
inline bool flag(const json::object& o, std::string_view key, bool otherwise = false) {
    const auto* v = o.find(key);
    return v && v->as_boolean() ? *v->as_boolean() : otherwise;
}
inline const json::object& part(const json::object& o, std::string_view key) {
    static const json::object none;
    const auto* v = o.find(key);
    return v && v->as_object() ? *v->as_object() : none;
}
inline std::vector<std::string> texts(const json::object& o, std::string_view key) {
    return json::reader(o).strings(key);
}

/// What f finds in a row. A document that is not of its shape is damage, and nobody's request is at fault.
template <class F> auto found_in(const catalog_view& view, const entity_row& row, F f) {
    try {
        return f();
    } catch (const json::parse_error& e) {
        throw view.damaged("what is stored of " + std::string(model::entity_name(row.kind)) + " " + row.id + ": " +
                           e.what());
    }
}

} // namespace tsms::store
