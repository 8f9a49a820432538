// Stored documents as the dialects show them.

#include "http/rest/entity_document.hpp"
#include "json/known.hpp"

#include <algorithm>
#include <optional>

namespace tsms::rest {

using model::attribute;
using model::dialect;
using model::value_type;

namespace {

/// What is answered for an attribute without value (AMB-036), parts and their lists excepted. Nothing for a reference:
/// it is left out, because the official OpenAPI knows neither null nor an empty UUID (AMB-244).
std::optional<json::value> unset(const attribute& a) {
    switch (a.type) {
    case value_type::string:
        return a.target == model::entity_kind::none ? std::optional(json::value("")) : std::nullopt;
    case value_type::boolean:
        return a.fallback != 0;
    case value_type::integer:
        return a.fallback;
    case value_type::strings:
        return json::array();
    default:
        return json::object();
    }
}

/// A part that was never given is shown with its defaults, like one that was given empty (DIV-069).
const json::object& shown_part(const json::value* v) {
    static const json::object defaults;
    return v ? json::object_of(*v) : defaults;
}

const json::array& shown_list(const json::value* v) {
    static const json::array none;
    return v ? json::array_of(*v) : none;
}

std::optional<json::value> presented_value(const attribute& a, dialect d, const json::value* v) {
    if (a.type == value_type::object)
        return presented(a.part, d, shown_part(v));
    if (a.type == value_type::objects) {
        json::array out;
        for (const auto& item : shown_list(v))
            out.push_back(presented(a.part, d, json::object_of(item)));
        return out;
    }
    return v ? *v : unset(a);
}

void print_member(const attribute& a, dialect d, const json::value* v, json::printer& out) {
    if (a.type == value_type::object) {
        out.key(a.name);
        print(a.part, d, shown_part(v), out);
    } else if (a.type == value_type::objects) {
        out.key(a.name);
        out.begin_array();
        for (const auto& item : shown_list(v))
            print(a.part, d, json::object_of(item), out);
        out.end_array();
    } else if (v) {
        out.key(a.name);
        out.put(*v);
    } else if (const auto value = unset(a)) {
        out.key(a.name);
        out.put(*value);
    }
}

} // namespace

json::object presented(model::entity_kind kind, dialect d, const json::object& stored) {
    json::object out;
    for (const auto& a : model::describe(kind).attributes)
        if (contains(a.in, d))
            if (auto value = presented_value(a, d, stored.find(a.key())))
                out.append(std::string(a.name), std::move(*value));
    return out;
}

void print(model::entity_kind kind, dialect d, const json::object& stored, json::printer& out) {
    out.begin_object();
    for (const auto& a : model::describe(kind).attributes)
        if (contains(a.in, d))
            print_member(a, d, stored.find(a.key()), out);
    out.end_object();
}

bool frozen_differs(model::entity_kind kind, dialect d, const json::object& before, const json::object& after) {
    return std::ranges::any_of(model::describe(kind).attributes, [&](const attribute& a) {
        if (!contains(a.in, d) || !contains(a.frozen_in, d))
            return false;
        if (a.type == value_type::object)
            return frozen_differs(a.part, d, shown_part(before.find(a.key())), shown_part(after.find(a.key())));
        return presented_value(a, d, before.find(a.key())) != presented_value(a, d, after.find(a.key()));
    });
}

} // namespace tsms::rest
