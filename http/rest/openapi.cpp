#include "http/rest/openapi.hpp"

#include "base/ascii.hpp"
#include "http/rest/reason.hpp"
#include "model/operations.hpp"

#include <algorithm>
#include <vector>

namespace tsms::rest {

namespace {

using model::action;
using model::attribute;
using model::dialect;
using model::entity_kind;
using model::rest_operation;
using model::text_format;
using model::value_type;

json::object reference(entity_kind kind) {
    return {{"$ref", "#/components/schemas/" + std::string(model::entity_name(kind))}};
}
json::object array_of(json::object items) {
    return {{"type", "array"}, {"items", std::move(items)}};
}
json::object map_of(json::object values) {
    return {{"type", "object"}, {"additionalProperties", std::move(values)}};
}
json::object uuid() {
    return {{"type", "string"}, {"format", "uuid"}};
}

/// A string of the attribute, or one element of its list.
json::object text_schema(const attribute& a) {
    json::object out{{"type", "string"}};
    if (a.format == text_format::uuid || a.format == text_format::deployments)
        return uuid();
    if (a.format == text_format::date_time)
        out.set("format", "date-time");
    else if (a.format == text_format::https_url)
        out.set("format", "uri");
    out.set("maxLength", a.maximum);
    if (a.format != text_format::any)
        out.set("description", model::format_definition(a.format));
    return out;
}

json::object value_schema(const attribute& a) {
    switch (a.type) {
    case value_type::string:
        return text_schema(a);
    case value_type::boolean:
        return {{"type", "boolean"}, {"default", a.fallback != 0}};
    case value_type::integer: {
        json::object out{{"type", "integer"}, {"minimum", a.minimum}, {"maximum", a.maximum}};
        if (a.mandatory != model::presence::mandatory)
            out.set("default", a.fallback);
        return out;
    }
    case value_type::strings:
        return array_of(text_schema(a));
    case value_type::string_map:
        return map_of(text_schema(a));
    case value_type::boolean_map:
        return map_of({{"type", "boolean"}});
    case value_type::strings_map:
        return map_of(array_of(text_schema(a)));
    case value_type::objects:
        return array_of(reference(a.part));
    case value_type::object:
        return {{"allOf", json::array{reference(a.part)}}}; // beside a $ref nothing may stand (OpenAPI 3.0)
    }
    return {};
}

json::object attribute_schema(const attribute& a) {
    auto out = value_schema(a);
    if (a.mandatory == model::presence::automatic && !a.editable)
        out.set("readOnly", true);
    return out;
}

json::object entity_schema(const model::entity& e, dialect d) {
    json::object properties;
    json::array required;
    for (const auto& a : e.attributes) {
        if (!contains(a.in, d))
            continue;
        properties.append(std::string(a.name), attribute_schema(a));
        if (a.is_mandatory(d))
            required.push_back(a.name);
    }
    json::object out{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty())
        out.set("required", std::move(required));
    return out;
}

json::object content(std::string_view type, json::object schema) {
    return {{std::string(type), json::object{{"schema", std::move(schema)}}}};
}

json::object success(const rest_operation& o) {
    const auto json_answer = [](json::object schema) {
        return json::object{{"description", "Ok"}, {"content", content("application/json", std::move(schema))}};
    };
    switch (o.what) {
    case action::authenticate:
        return json_answer({{"type", "string"}, {"description", "short-term access token"}});
    case action::list:
    case action::related:
        return json_answer(array_of(reference(o.entity)));
    case action::remove:
        return {{"description", "Deleted"}};
    case action::download:
        return {{"description", "The file as it was uploaded"},
                {"headers",
                 json::object{{"Content-Disposition", json::object{{"schema", json::object{{"type", "string"}}}}}}},
                {"content", content("application/octet-stream", {{"type", "string"}, {"format", "binary"}})}};
    default:
        return json_answer(reference(o.entity));
    }
}

/// Names of the parts of an upload: as the TR of the dialect spells them; both are accepted (AMB-062).
json::object form_schema(const rest_operation& o, dialect d) {
    const std::string kind = o.entity == entity_kind::executable_load_file     ? "elf"
                             : o.entity == entity_kind::personalization_script ? "script"
                                                                               : "cert";
    const bool camel_case = d == dialect::v1_0_4;
    return {
        {"type", "object"},
        {"properties", json::object{{kind + (camel_case ? "Filename" : "-filename"), json::object{{"type", "string"}}},
                                    {kind + (camel_case ? "File" : "-file"),
                                     json::object{{"type", "string"}, {"format", "binary"}}}}}};
}

json::object json_schema(const rest_operation& o, dialect d) {
    switch (o.what) {
    case action::link_flavors:
        return map_of(array_of(uuid()));
    case action::link_profiles: // AMB-051
        return map_of(d == dialect::v1_0_4 ? uuid() : array_of(uuid()));
    case action::link_load_files:
    case action::unlink_load_files:
    case action::unlink_flavors:
    case action::unlink_profiles:
        return array_of(uuid());
    default:
        return reference(o.entity);
    }
}

json::object error(std::string_view description) {
    return {{"description", description},
            {"content", content("application/json", reference(entity_kind::general_error))}};
}

json::object responses(const rest_operation& o) {
    auto refused = error("Refused: error categories 1002 to 1016 (TR 4.1.5.2)");
    if (o.what != action::authenticate && (o.method == "POST" || o.method == "PUT")) // DIV-067
        refused.set("headers",
                    json::object{{std::string(reason_field),
                                  json::object{{"description", "The cause, in printable ASCII"},
                                               {"schema", json::object{{"type", "string"},
                                                                       {"maxLength", std::int64_t{reason_limit}}}}}}});
    return {{o.what == action::remove ? "204" : "200", success(o)},
            {"400", std::move(refused)},
            {"401", error(o.what == action::authenticate ? "Error category 1001" : "Error category 1000")},
            {"500", error("Error category 2000")}};
}

/// "listScpRelatedElfs": "List scp related elfs"
std::string summary(std::string_view operation_id) {
    std::string out;
    for (const char c : operation_id) {
        const bool upper = c >= 'A' && c <= 'Z';
        if (upper)
            out += ' ';
        out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    out[0] = static_cast<char>(out[0] - 'a' + 'A');
    return out;
}

json::array parameters(std::string_view path) {
    json::array out;
    for (auto at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1)) {
        const auto name = path.substr(at + 1, path.find('}', at) - at - 1);
        out.push_back(json::object{{"name", name},
                                   {"in", "path"},
                                   {"required", true},
                                   {"schema", name == "tag" ? json::object{{"type", "string"}} : uuid()}});
    }
    return out;
}

json::object operation(const rest_operation& o, dialect d) {
    const auto segment = o.path.substr(1, o.path.find('/', 1) - 1);
    json::object out{
        {"operationId", o.id},
        {"summary", summary(o.id)},
        {"tags", json::array{segment}},
        {"security",
         json::array{json::object{{o.what == action::authenticate ? "longTermToken" : "accessToken", json::array()}}}}};
    if (auto list = parameters(o.path); !list.empty())
        out.set("parameters", std::move(list));
    const auto body = model::body_of(o.what);
    if (body == model::body_kind::json)
        out.set("requestBody",
                json::object{{"required", true}, {"content", content("application/json", json_schema(o, d))}});
    else if (body == model::body_kind::multipart)
        out.set("requestBody",
                json::object{{"required", true}, {"content", content("multipart/form-data", form_schema(o, d))}});
    out.set("responses", responses(o));
    return out;
}

json::object bearer(std::string_view description) {
    return {{"type", "http"}, {"scheme", "bearer"}, {"description", description}};
}

} // namespace

json::object openapi_document(dialect d) {
    const std::string version = d == dialect::v1_0 ? "1.0" : "1.0.4";
    json::object paths;
    for (const auto& o : model::operations()) {
        const std::string path(o.path);
        if (!paths.find(path))
            paths.append(path, json::object());
        paths.find(path)->as_object()->append(text::lower(o.method), operation(o, d));
    }
    json::object schemas;
    for (const auto& e : model::entities())
        schemas.append(std::string(e.name), entity_schema(e, d));
    return {
        {"openapi", "3.0.3"},
        {"info", json::object{{"title", "tsms: TSM-Backend REST API"},
                              {"version", version},
                              {"description",
                               "The API of BSI TR-03165 " + version +
                                   ", section 4.1, as this server speaks it. Ask your TSM for a long-term token."},
                              {"license", json::object{{"name", "Apache-2.0"}}}}},
        {"servers", json::array{json::object{{"url", "/sptsm/" + version}}}},
        {"paths", std::move(paths)},
        {"components",
         json::object{
             {"securitySchemes", json::object{{"longTermToken", bearer("given to the service provider by the TSM")},
                                              {"accessToken", bearer("the answer of POST /auth, valid for minutes")}}},
             {"schemas", std::move(schemas)}}},
    };
}

} // namespace tsms::rest
