#include "base/bytes.hpp"
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

/// What is wrong with a command; null: nothing.
const char* fault_of_command(const json::value& v) {
    const auto* o = v.as_object();
    if (!o)
        return "is no object";
    if (!has_only(*o, {"tag", "header", "data", "le", "expect", "via", "encrypt"}))
        return "has another member than tag, header, data, le, expect, via and encrypt";
    const auto* tag = o->find("tag");
    if (!tag || !tag->as_string())
        return "has no text ‘tag’";
    if (!is_hex(o->find("header"), 4))
        return "has no ‘header’ of four octets in hexadecimal";
    if (const auto* data = o->find("data"); data && !is_template(*data))
        return "has ‘data’ that is not hexadecimal with ${key} between octets";
    if (const auto* le = o->find("le"); le && !is_hex(le, 1))
        return "has an ‘le’ that is not one octet in hexadecimal";
    if (const auto* via = o->find("via"); via && *via != json::value("store-data") && *via != json::value("select"))
        return "has a ‘via’ other than store-data and select";
    if (const auto* encrypt = o->find("encrypt"); encrypt && *encrypt != json::value("dek"))
        return "has an ‘encrypt’ other than dek";
    const auto* expect = o->find("expect");
    const bool good =
        !expect || (expect->as_array() && !expect->as_array()->empty() &&
                    std::ranges::all_of(*expect->as_array(), [](const auto& sw) { return is_hex(&sw, 2); }));
    return good ? nullptr : "has an ‘expect’ that is no list of status words in hexadecimal";
}

bool is_remote(const json::value& v) {
    const auto* o = v.as_object();
    const auto* url = o ? o->find("url") : nullptr;
    constexpr std::size_t most = 500; // as of a SposConfig
    return url && o->size() == 1 && url->as_string() && url->as_string()->size() <= most &&
           is_https_url(*url->as_string(), true);
}

} // namespace

std::optional<std::string> fault_of_script(std::string_view content) try {
    const auto document = json::parse(content, {.bytes = content.size()}); // its own limit is rest.script_kib
    const auto* o = document.as_object();
    const auto* version = o ? o->find("version") : nullptr;
    if (!version || *version != json::value(1))
        return "it has no ‘version’ 1";
    const auto* remote = o->find("remote");
    const auto* commands = o->find("commands");
    if (o->size() != 2 || (!remote && !commands))
        return "beside ‘version’ it has either ‘commands’ or ‘remote’ and nothing else";
    if (remote)
        return is_remote(*remote) ? std::optional<std::string>() : "‘remote’ is no object with an https ‘url’ alone";
    if (!commands->as_array())
        return "‘commands’ is no list";
    for (std::size_t i = 0; i < commands->as_array()->size(); ++i)
        if (const auto* fault = fault_of_command((*commands->as_array())[i]))
            return "commands[" + std::to_string(i) + "] " + fault;
    return std::nullopt;
} catch (const json::parse_error& e) {
    return "it is no JSON document: " + std::string(e.what());
}

} // namespace tsms::rest
