// Stored documents as the dialects show them.

#include "http/rest/entity_document.hpp"

#include <algorithm>

namespace tsms::rest {

using model::attribute;
using model::dialect;
using model::value_type;

namespace {

/// What is answered for an attribute without value (AMB-036), parts and their lists excepted.
json::value unset(const attribute& a) {
    switch (a.type) {
    case value_type::string:
        return a.target == model::entity_kind::none ? json::value("") : json::value();
    case value_type::boolean:
        return a.fallback != 0;
    case value_type::integer:
        return a.fallback;
    case value_type::strings:
        return json::array();
    case value_type::string_map:
    case value_type::boolean_map:
    case value_type::strings_map:
        return json::object();
    default:
        return {};
    }
}

/// The part to be shown, or null for one that was never provided. Where another dialect lets a mandatory part out, this
/// one shows its defaults (M is never null).
const json::object* shown_part(const attribute& a, dialect d, const json::value* v) {
    static const json::object defaults;
    if (v && v->as_object())
        return v->as_object();
    return a.default_object || a.is_mandatory(d) ? &defaults : nullptr;
}

const json::array& shown_list(const json::value* v) {
    static const json::array none;
    return v && v->as_array() ? *v->as_array() : none;
}

json::value presented_value(const attribute& a, dialect d, const json::value* v) {
    if (a.type == value_type::object) {
        const auto* part = shown_part(a, d, v);
        return part ? json::value(presented(a.part, d, *part)) : json::value();
    }
    if (a.type == value_type::objects) {
        json::array out;
        for (const auto& item : shown_list(v))
            out.push_back(presented(a.part, d, *item.as_object()));
        return out;
    }
    return v ? *v : unset(a);
}

void print_value(const attribute& a, dialect d, const json::value* v, json::printer& out) {
    if (a.type == value_type::object) {
        if (const auto* part = shown_part(a, d, v))
            print(a.part, d, *part, out);
        else
            out.put({});
    } else if (a.type == value_type::objects) {
        out.begin_array();
        for (const auto& item : shown_list(v))
            print(a.part, d, *item.as_object(), out);
        out.end_array();
    } else if (v) {
        out.put(*v);
    } else {
        out.put(unset(a));
    }
}

} // namespace

json::object presented(model::entity_kind kind, dialect d, const json::object& stored) {
    json::object out;
    for (const auto& a : model::describe(kind).attributes)
        if (contains(a.in, d))
            out.append(std::string(a.name), presented_value(a, d, stored.find(a.key())));
    return out;
}

void print(model::entity_kind kind, dialect d, const json::object& stored, json::printer& out) {
    out.begin_object();
    for (const auto& a : model::describe(kind).attributes) {
        if (!contains(a.in, d))
            continue;
        out.key(a.name);
        print_value(a, d, stored.find(a.key()), out);
    }
    out.end_object();
}

bool frozen_differs(model::entity_kind kind, dialect d, const json::object& before, const json::object& after) {
    return std::ranges::any_of(model::describe(kind).attributes, [&](const attribute& a) {
        if (!contains(a.in, d) || !contains(a.frozen_in, d))
            return false;
        if (a.type == value_type::object) {
            static const json::object nothing;
            const auto part = [&](const json::object& o) -> const json::object& {
                const auto* v = o.find(a.key());
                return v && v->as_object() ? *v->as_object() : nothing;
            };
            return frozen_differs(a.part, d, part(before), part(after));
        }
        return presented_value(a, d, before.find(a.key())) != presented_value(a, d, after.find(a.key()));
    });
}

} // namespace tsms::rest
