#include "crypto/bytes.hpp"
#include "http/rest/text_formats.hpp"
#include "http/rest/upload.hpp"
#include "json/json.hpp"

#include <algorithm>

namespace tsms::rest {

namespace {

bool has_only(const json::object& o, std::initializer_list<std::string_view> names) {
    return std::ranges::all_of(o,
                               [&](const json::member& m) { return std::ranges::find(names, m.key) != names.end(); });
}

bool is_hex(const json::value* v, std::size_t octets) {
    const auto* text = v ? v->as_string() : nullptr;
    const auto data = text ? from_hex(*text) : std::nullopt;
    return data && data->size() == octets;
}

bool is_name(std::string_view key) {
    return !key.empty() && std::ranges::all_of(key, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

/// Hexadecimal octets with ${key} between them.
bool is_template(const json::value& v) {
    if (!v.as_string())
        return false;
    std::string_view rest = *v.as_string();
    while (!rest.empty()) {
        const auto plain = rest.substr(0, rest.find("${"));
        if (!plain.empty() && !from_hex(plain))
            return false;
        rest.remove_prefix(plain.size());
        if (rest.empty())
            return true;
        const auto end = rest.find('}');
        if (end == std::string_view::npos || !is_name(rest.substr(2, end - 2)))
            return false;
        rest.remove_prefix(end + 1);
    }
    return true;
}

bool is_command(const json::value& v) {
    const auto* o = v.as_object();
    if (!o || !has_only(*o, {"tag", "header", "data", "le", "expect", "via", "encrypt"}))
        return false;
    const auto* tag = o->find("tag");
    if (!tag || !tag->as_string() || !is_hex(o->find("header"), 4))
        return false;
    if (const auto* data = o->find("data"); data && !is_template(*data))
        return false;
    if (const auto* le = o->find("le"); le && !is_hex(le, 1))
        return false;
    if (const auto* via = o->find("via"); via && *via != json::value("store-data") && *via != json::value("select"))
        return false;
    if (const auto* encrypt = o->find("encrypt"); encrypt && *encrypt != json::value("dek"))
        return false;
    const auto* expect = o->find("expect");
    return !expect || (expect->as_array() && !expect->as_array()->empty() &&
                       std::ranges::all_of(*expect->as_array(), [](const json::value& sw) { return is_hex(&sw, 2); }));
}

bool is_remote(const json::value& v) {
    const auto* o = v.as_object();
    const auto* url = o ? o->find("url") : nullptr;
    return url && o->size() == 1 && url->as_string() &&
           canonical(model::text_format::https_url, *url->as_string(), 500);
}

} // namespace

bool is_personalization_script(std::string_view content) try {
    const auto document = json::parse(content, {.bytes = content.size()}); // its own limit is rest.script_kib
    const auto* o = document.as_object();
    const auto* version = o ? o->find("version") : nullptr;
    if (!version || *version != json::value(1) || o->size() != 2)
        return false;
    if (const auto* remote = o->find("remote"))
        return is_remote(*remote);
    const auto* commands = o->find("commands");
    return commands && commands->as_array() && std::ranges::all_of(*commands->as_array(), is_command);
} catch (const json::parse_error&) {
    return false;
}

} // namespace tsms::rest
