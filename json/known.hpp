#pragma once
// Values whose kind is known: a parse_error where it is another one, never a null pointer.

#include "json/json.hpp"

namespace tsms::json {

inline const std::string& string_of(const value& v) {
    if (const auto* s = v.as_string())
        return *s;
    throw parse_error("a value must be a string");
}
inline const array& array_of(const value& v) {
    if (const auto* a = v.as_array())
        return *a;
    throw parse_error("a value must be an array");
}
inline const object& object_of(const value& v) {
    if (const auto* o = v.as_object())
        return *o;
    throw parse_error("a value must be an object");
}

} // namespace tsms::json
