#include "store/document_shape.hpp"

#include "model/entities.hpp"

#include <algorithm>
#include <stdexcept>

namespace tsms::store {

namespace {

using model::attribute;
using model::entity_kind;
using model::value_type;
using fault = std::optional<std::string>; ///< its path comes first: it is put before it on the way out

// What only the TSM knows, and no dialect shows.
constexpr attribute load_image_rows[] = {
    attribute{.name = "sha256"}.required(),
    attribute{.name = "size", .type = value_type::integer}.required(),
    {.name = "extended", .type = value_type::boolean},
    {.name = "packages", .type = value_type::strings},
};
constexpr attribute internals_rows[] = {
    {.name = "identification", .type = value_type::object},
    {.name = "card", .type = value_type::object},
    {.name = "deprecated", .type = value_type::boolean},
};

template <class Is> bool all(const json::array* list, Is is) {
    return list && std::ranges::all_of(*list, is);
}
template <class Is> bool all(const json::object* map, Is is) {
    return map && std::all_of(map->begin(), map->end(), [&](const json::member& m) { return is(m.v); });
}
bool is_text(const json::value& v) {
    return v.is_string();
}
bool is_texts(const json::value& v) {
    return all(v.as_array(), is_text);
}
bool is_flag(const json::value& v) {
    return v.as_boolean();
}
bool is_object(const json::value& v) {
    return v.is_object();
}

bool has_type(value_type type, const json::value& v) {
    switch (type) {
    case value_type::string:
        return is_text(v);
    case value_type::boolean:
        return is_flag(v);
    case value_type::integer:
        return v.as_integer();
    case value_type::strings:
        return is_texts(v);
    case value_type::string_map:
        return all(v.as_object(), is_text);
    case value_type::boolean_map:
        return all(v.as_object(), is_flag);
    case value_type::strings_map:
        return all(v.as_object(), is_texts);
    case value_type::object:
        return is_object(v);
    case value_type::objects:
        return all(v.as_array(), is_object);
    }
    return false;
}

constexpr std::string_view name_of(value_type type) {
    switch (type) {
    case value_type::string:
        return "a string";
    case value_type::boolean:
        return "true or false";
    case value_type::integer:
        return "an integer";
    case value_type::strings:
        return "a list of strings";
    case value_type::string_map:
        return "an object of strings";
    case value_type::boolean_map:
        return "an object of true or false";
    case value_type::strings_map:
        return "an object of lists of strings";
    case value_type::object:
        return "an object";
    case value_type::objects:
        return "a list of objects";
    }
    return "known";
}

fault fault_in(std::span<const attribute> attributes, const json::object& o);

fault below(std::string_view place, fault inner) {
    if (inner)
        inner->insert(0, std::string(place) + ".");
    return inner;
}

fault fault_of_member(const attribute& a, const json::value& v) {
    if (!has_type(a.type, v))
        return std::string(a.key()) + " must be " + std::string(name_of(a.type));
    if (a.part == entity_kind::none)
        return {};
    const auto part = model::describe(a.part).attributes;
    if (a.type == value_type::object)
        return below(a.key(), fault_in(part, *v.as_object()));
    for (const auto& item : *v.as_array())
        if (auto inner = fault_in(part, *item.as_object())) {
            const auto index = static_cast<std::size_t>(&item - v.as_array()->data());
            return below(std::string(a.key()) + "[" + std::to_string(index) + "]", std::move(inner));
        }
    return {};
}

fault fault_in(std::span<const attribute> attributes, const json::object& o) {
    for (const auto& a : attributes) {
        const auto* v = o.find(a.key());
        if (v) {
            if (auto found = fault_of_member(a, *v))
                return found;
        } else if (a.mandatory == model::presence::mandatory && a.optional_in == model::no_dialect) {
            return std::string(a.key()) + " is missing";
        }
    }
    return {};
}

} // namespace

std::optional<std::string> fault_of(entity_kind kind, const json::object& document) {
    if (auto found = fault_in(model::describe(kind).attributes, document))
        return found;
    const auto* image = kind == entity_kind::executable_load_file ? document.find("loadImage") : nullptr;
    if (!image)
        return {};
    return is_object(*image) ? below("loadImage", fault_in(load_image_rows, *image->as_object()))
                             : fault("loadImage must be an object");
}

std::optional<std::string> fault_of_internals(const json::object& internals) {
    return fault_in(internals_rows, internals);
}

void refuse_misshapen(const entity_row& row) {
    if (const auto found = fault_of(row.kind, row.document))
        throw std::logic_error("a document that cannot be read again, of " + std::string(model::entity_name(row.kind)) +
                               " " + row.id + ": " + *found);
}

void refuse_misshapen_internals(const json::object& internals) {
    if (const auto found = fault_of_internals(internals))
        throw std::logic_error("internals that cannot be read again: " + *found);
}

} // namespace tsms::store
