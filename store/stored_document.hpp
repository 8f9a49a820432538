#pragma once
// Reading documents of the catalog. They have their shape (store/document_shape.hpp), so that what is not there is what
// was not given. Only for store/.

#include "store/catalog.hpp"
#include "json/known.hpp"

namespace tsms::store {

inline std::string text(const json::object& o, std::string_view key) {
    return json::reader(o).string_or(key, "");
}
inline std::int64_t number(const json::object& o, std::string_view key, std::int64_t otherwise) {
    return json::reader(o).integer_or(key, otherwise);
}
inline bool flag(const json::object& o, std::string_view key, bool otherwise = false) {
    return json::reader(o).boolean_or(key, otherwise);
}
inline const json::object& part(const json::object& o, std::string_view key) {
    static const json::object none;
    const auto* v = o.find(key);
    return v ? json::object_of(*v) : none;
}
inline std::vector<std::string> texts(const json::object& o, std::string_view key) {
    return json::reader(o).strings(key);
}

/// What f finds in a row. Where it is not what is always written there, that is damage, and nobody's request is at
/// fault.
template <class F> auto found_in(const catalog_view& view, const entity_row& row, F f) {
    try {
        return f();
    } catch (const json::parse_error& e) {
        throw view.damaged("what is stored of " + std::string(model::entity_name(row.kind)) + " " + row.id + ": " +
                           e.what());
    }
}

} // namespace tsms::store
