#include "http/rest/entity_document.hpp"

#include "base/utf8.hpp"
#include "http/rest/text_formats.hpp"
#include "model/rest_error.hpp"
#include "json/known.hpp"

#include <algorithm>
#include <set>

namespace tsms::rest {

using model::attribute;
using model::dialect;
using model::entity;
using model::rest_category;
using model::rest_error;
using model::value_type;

std::string quoted(const json::value& v) {
    const auto* text = v.as_string();
    return text ? *text : json::dump(v);
}

namespace {

std::string child(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
}
std::string element(const std::string& path, std::size_t index) {
    return path + "[" + std::to_string(index) + "]";
}

std::string_view expected(const attribute& a) {
    switch (a.type) {
    case value_type::boolean:
        return "boolean";
    case value_type::integer:
        return a.maximum == 255 ? "integer from 1 to 255" : "integer in the range of the attribute";
    case value_type::string_map:
        return "Map<string, string>, values of at most 255 characters";
    case value_type::boolean_map:
        return "Map<string, boolean>";
    case value_type::object:
        return "object";
    case value_type::objects:
        return "list of objects";
    case value_type::strings_map:
        return a.format == model::text_format::any ? "Map<string, string[]>" : model::format_definition(a.format);
    case value_type::string:
        if (a.format == model::text_format::any)
            return "string of at most 255 characters";
        break;
    case value_type::strings:
        if (a.format == model::text_format::any)
            return "list of strings";
        break;
    }
    return model::format_definition(a.format);
}

[[noreturn]] void refuse(const json::value& v, const std::string& path, std::string_view format) {
    throw rest_error(rest_category::invalid_format, {quoted(v), path, format});
}

/// Calls visit(attribute, value, path) for every member in document order, parts included.
template <class Visit>
void walk(const entity& e, dialect d, const json::object& o, const std::string& path, Visit visit) {
    for (const auto& [name, v] : o) {
        const auto at = child(path, name);
        const auto* a = model::find_attribute(e, name, d);
        visit(a, v, at);
        if (!a)
            continue;
        if (const auto* part = v.as_object(); part && a->type == value_type::object)
            walk(model::describe(a->part), d, *part, at, visit);
        if (const auto* list = v.as_array(); list && a->type == value_type::objects)
            for (std::size_t i = 0; i < list->size(); ++i)
                if (const auto* item = (*list)[i].as_object())
                    walk(model::describe(a->part), d, *item, element(at, i), visit);
    }
}

/// 1007
void check_known(const entity& e, dialect d, const json::object& body) {
    walk(e, d, body, {}, [](const attribute* a, const json::value&, const std::string& path) {
        if (!a)
            throw rest_error(rest_category::unknown_attribute, {path});
    });
}

bool is_null_or_empty_text(const json::value& v) {
    return v.is_null() || (v.as_string() && v.as_string()->empty());
}

/// 1003 (AMB-030)
void check_not_assigned(const entity& e, dialect d, const json::object& body) {
    walk(e, d, body, {}, [](const attribute* a, const json::value& v, const std::string& path) {
        if (a->mandatory == model::presence::automatic && !a->editable && !is_null_or_empty_text(v))
            throw rest_error(rest_category::not_allowed_for_post, {path});
    });
}

/// Hexadecimal and UUIDs do not change with their case.
bool same_value(const attribute& a, const json::value& given, const json::value& current) {
    if (given == current)
        return true;
    const auto* x = given.as_string();
    const auto* y = current.as_string();
    if (!x || !y)
        return false;
    const auto canonical_x = canonical(a.format, *x, a.maximum);
    return canonical_x && *canonical_x == *y;
}

/// 1005 (AMB-033)
void check_not_modified(const entity& e, dialect d, const json::object& body, const json::object& stored) {
    const auto current = presented(e.kind, d, stored);
    for (const auto& [name, v] : body) {
        const auto* a = model::find_attribute(e, name, d);
        if (a->editable || is_null_or_empty_text(v))
            continue;
        const auto* now = current.find(name);
        if (!now || !same_value(*a, v, *now))
            throw rest_error(rest_category::not_allowed_for_put, {name});
    }
}

/// AMB-032, AMB-035
bool counts_as_missing(const attribute& a, const json::value* v) {
    if (!v || v->is_null())
        return true;
    switch (a.type) {
    case value_type::string:
        return v->as_string() && text::is_blank(*v->as_string());
    case value_type::strings:
    case value_type::objects:
        return v->as_array() && v->as_array()->empty() && !a.may_be_empty;
    case value_type::string_map:
    case value_type::boolean_map:
    case value_type::strings_map:
        return v->as_object() && v->as_object()->empty() && !a.may_be_empty;
    default:
        return false;
    }
}

/// 1004 and 1006
void check_mandatory(const entity& e, dialect d, const json::object& body, const std::string& path,
                     rest_category category) {
    for (const auto& a : e.attributes) {
        if (!contains(a.in, d))
            continue;
        const auto* v = body.find(a.name);
        const auto at = child(path, a.name);
        if (a.is_mandatory(d) && counts_as_missing(a, v))
            throw rest_error(category, {at, e.name});
        if (!v)
            continue;
        if (const auto* part = v->as_object(); part && a.type == value_type::object)
            check_mandatory(model::describe(a.part), d, *part, at, category);
        if (const auto* list = v->as_array(); list && a.type == value_type::objects)
            for (std::size_t i = 0; i < list->size(); ++i)
                if (const auto* item = (*list)[i].as_object())
                    check_mandatory(model::describe(a.part), d, *item, element(at, i), category);
    }
}

// 1008: values in canonical form. Null stands for "not set".

std::string checked_text(const attribute& a, const json::value& v, const std::string& path) {
    const auto* text = v.as_string();
    auto good = text ? canonical(a.format, *text, a.maximum) : std::nullopt;
    if (!good)
        refuse(v, path, expected(a));
    return std::move(*good);
}

json::array checked_list(const attribute& a, const json::value& v, const std::string& path) {
    const auto* list = v.as_array();
    if (!list)
        refuse(v, path, expected(a));
    json::array out;
    for (std::size_t i = 0; i < list->size(); ++i) {
        json::value item = checked_text(a, (*list)[i], element(path, i));
        if (std::ranges::find(out, item) == out.end())
            out.push_back(std::move(item));
    }
    return out;
}

/// TR 4.1.4.3, AMB-050: a profile once in a Version, over all Flavors; a Flavor once as key.
json::object checked_deployments(const attribute& a, const json::object& map, const std::string& path) {
    json::object out;
    std::set<std::string, std::less<>> profiles;
    for (const auto& [flavor, list] : map) {
        const auto key = canonical_uuid(flavor);
        const auto at = child(path, flavor);
        if (!key || out.find(*key))
            refuse(flavor, path, expected(a));
        if (!list.is_array())
            refuse(list, at, expected(a));
        json::array ids;
        for (std::size_t i = 0; i < json::array_of(list).size(); ++i) {
            auto id = checked_text(a, json::array_of(list)[i], element(at, i));
            if (!profiles.insert(id).second)
                refuse(id, element(at, i), expected(a));
            ids.push_back(std::move(id));
        }
        out.append(*key, std::move(ids));
    }
    return out;
}

json::value checked_map(const attribute& a, const json::value& v, const std::string& path) {
    const auto* map = v.as_object();
    if (!map)
        refuse(v, path, expected(a));
    if (a.format == model::text_format::deployments)
        return checked_deployments(a, *map, path);
    json::object out;
    for (const auto& [key, item] : *map) {
        const auto at = child(path, key);
        if (a.type == value_type::strings_map)
            out.append(key, checked_list(a, item, at));
        else if (a.type == value_type::string_map)
            out.append(key, checked_text(a, item, at));
        else if (item.as_boolean())
            out.append(key, item);
        else
            refuse(item, at, expected(a));
    }
    return out;
}

json::value checked_integer(const attribute& a, const json::value& v, const std::string& path) {
    const auto* number = v.as_integer();
    if (!number || *number < a.minimum || *number > a.maximum)
        refuse(v, path,
               a.maximum == 255 ? std::string(expected(a))
                                : "integer from " + std::to_string(a.minimum) + " to " + std::to_string(a.maximum));
    return *number;
}

void apply(const entity& e, dialect d, const json::object& body, const std::string& path, json::object& target);

json::value checked(const attribute& a, dialect d, const json::value& v, const std::string& path,
                    const json::value* current) {
    switch (a.type) {
    case value_type::string:
        if (is_null_or_empty_text(v))
            return {};
        return checked_text(a, v, path);
    case value_type::boolean:
        if (!v.as_boolean())
            refuse(v, path, expected(a));
        return v;
    case value_type::integer:
        return checked_integer(a, v, path);
    case value_type::strings:
        return checked_list(a, v, path);
    case value_type::string_map:
    case value_type::boolean_map:
    case value_type::strings_map:
        return checked_map(a, v, path);
    case value_type::object: {
        if (!v.is_object())
            refuse(v, path, expected(a));
        json::object part = current ? json::object_of(*current) : json::object();
        apply(model::describe(a.part), d, json::object_of(v), path, part);
        return part;
    }
    case value_type::objects: {
        if (!v.is_array())
            refuse(v, path, expected(a));
        json::array list;
        for (std::size_t i = 0; i < json::array_of(v).size(); ++i) {
            const auto& item = json::array_of(v)[i];
            if (!item.is_object())
                refuse(item, element(path, i), "object");
            json::object part;
            apply(model::describe(a.part), d, json::object_of(item), element(path, i), part);
            list.push_back(std::move(part));
        }
        return list;
    }
    }
    return {};
}

/// Merges the members of the body into the target: members that are missing keep their value, null clears (AMB-031,
/// AMB-200).
void apply(const entity& e, dialect d, const json::object& body, const std::string& path, json::object& target) {
    for (const auto& [name, v] : body) {
        const auto& a = *model::find_attribute(e, name, d);
        if (a.mandatory == model::presence::automatic && !a.editable)
            continue; // null, empty or unchanged: checked before
        const std::string key(a.key());
        auto value = v.is_null() ? json::value() : checked(a, d, v, child(path, name), target.find(key));
        if (value.is_null())
            target.erase(key);
        else
            target.set(key, std::move(value));
    }
}

const json::object& root(const json::value& body, const entity& e) {
    if (const auto* o = body.as_object())
        return *o;
    refuse(body, std::string(e.name), "object");
}

void collect(const entity& e, const json::object& o, const std::string& path, std::vector<document_reference>& out) {
    for (const auto& a : e.attributes) {
        const auto* v = o.find(a.key());
        const auto at = child(path, a.name);
        if (!v)
            continue;
        if (a.format == model::text_format::deployments) {
            for (const auto& [flavor, profiles] : json::object_of(*v)) {
                out.push_back({model::entity_kind::flavor, flavor, at, {}});
                for (const auto& profile : json::array_of(profiles))
                    out.push_back({model::entity_kind::secure_component_profile, json::string_of(profile),
                                   child(at, flavor), flavor});
            }
        } else if (a.type == value_type::string && a.target != model::entity_kind::none) {
            out.push_back({a.target, json::string_of(*v), at, {}});
        } else if (a.type == value_type::strings && a.target != model::entity_kind::none) {
            for (const auto& id : json::array_of(*v))
                out.push_back({a.target, json::string_of(id), at, {}});
        } else if (a.type == value_type::object) {
            collect(model::describe(a.part), json::object_of(*v), at, out);
        } else if (a.type == value_type::objects) {
            for (std::size_t i = 0; i < json::array_of(*v).size(); ++i)
                collect(model::describe(a.part), json::object_of(json::array_of(*v)[i]), element(at, i), out);
        }
    }
}

} // namespace

json::object created(model::entity_kind kind, dialect d, const json::value& body) {
    const auto& e = model::describe(kind);
    const auto& o = root(body, e);
    check_known(e, d, o);
    check_not_assigned(e, d, o);
    check_mandatory(e, d, o, {}, rest_category::missing_in_post);
    json::object out;
    apply(e, d, o, {}, out);
    return out;
}

json::object modified(model::entity_kind kind, dialect d, const json::value& body, const json::object& stored) {
    const auto& e = model::describe(kind);
    const auto& o = root(body, e);
    check_known(e, d, o);
    check_not_modified(e, d, o, stored);
    check_mandatory(e, d, o, {}, rest_category::missing_in_put);
    auto out = stored;
    apply(e, d, o, {}, out);
    return out;
}

std::vector<document_reference> references(model::entity_kind kind, const json::object& stored) {
    std::vector<document_reference> out;
    collect(model::describe(kind), stored, {}, out);
    // An ApplicationConfig is associated with the ExecutableModule beside it in the same
    // ApplicationInstantiationConfig.
    for (std::size_t i = 1; i < out.size(); ++i)
        if (out[i].target == model::entity_kind::application_config &&
            out[i - 1].target == model::entity_kind::executable_module)
            out[i].via = out[i - 1].id;
    return out;
}

json::object deployment_map(const json::value& body) {
    const auto& a =
        *model::find_attribute(model::describe(model::entity_kind::version), "allowedDeployments", dialect::v1_0);
    if (!body.is_object())
        refuse(body, std::string(a.name), expected(a));
    return checked_deployments(a, json::object_of(body), std::string(a.name));
}

std::vector<std::string> id_list(const json::value& body, std::string_view name) {
    const auto* list = body.as_array();
    const std::string path(name);
    if (!list)
        refuse(body, path, "list of UUIDs");
    std::vector<std::string> out;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto* text = (*list)[i].as_string();
        auto id = text ? canonical_uuid(*text) : std::nullopt;
        if (!id)
            refuse((*list)[i], element(path, i), "UUID");
        if (std::ranges::find(out, *id) == out.end())
            out.push_back(std::move(*id));
    }
    return out;
}

} // namespace tsms::rest
