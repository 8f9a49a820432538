#include "http/wire/issuer.hpp"

#include "base/bytes.hpp"

namespace tsms::wire {

namespace {

using model::access_rule;
using model::issuer_key_material;
using model::issuer_order;

const json::object& as_object(const json::value& v, const char* what) {
    if (const auto* o = v.as_object())
        return *o;
    throw json::parse_error(std::string(what) + ": an object is expected");
}

[[noreturn]] void refuse(std::string_view key, const char* expected) {
    throw json::parse_error(std::string(key) + ": " + expected);
}

bytes octets(const json::reader& r, std::string_view key, std::size_t least, std::size_t most) {
    auto value = from_hex(r.string_or(key, ""));
    if (!value || value->size() < least || value->size() > most)
        refuse(key, "hexadecimal of an allowed length is expected");
    return std::move(*value);
}

std::string hex_text(const json::reader& r, std::string_view key, std::size_t least, std::size_t most) {
    return to_hex(octets(r, key, least, most));
}

// AIDs have 5 to 16 octets (ISO/IEC 7816-4 8.2.1.2).
std::string aid(const json::reader& r, std::string_view key) {
    return hex_text(r, key, 5, 16);
}

/// One octet or three (GPCS 11.5.2.3.2).
std::string privileges(const json::reader& r) {
    auto text = hex_text(r, "privileges", 1, 3);
    if (text.size() == 4)
        refuse("privileges", "one or three octets are expected");
    return text;
}

json::value rules(const std::vector<access_rule>& list) {
    json::array out;
    for (const auto& rule : list)
        out.push_back(
            json::object{{"aid", rule.aid}, {"deviceApp", rule.device_app}, {"apdu", rule.apdu}, {"nfc", rule.nfc}});
    return out;
}

std::vector<access_rule> parse_rules(const json::reader& r, std::string_view key) {
    std::vector<access_rule> list;
    for (const auto& element : r.array_or_empty(key)) {
        json::reader rule(as_object(element, "accessRules"), "accessRules");
        auto device_app = hex_text(rule, "deviceApp", 20, 32);
        if (device_app.size() != 40 && device_app.size() != 64)
            refuse("deviceApp", "20 or 32 octets are expected");
        list.push_back(
            {aid(rule, "aid"), std::move(device_app), rule.boolean_or("apdu", false), rule.boolean_or("nfc", false)});
    }
    return list;
}

json::value key_json(const issuer_key_material::key& key) {
    return json::object{{"wrapped", to_hex(key.wrapped)}, {"kcv", to_hex(key.kcv)}};
}

issuer_key_material::key parse_key(const json::reader& r, int bits) {
    const auto wrapped_size = static_cast<std::size_t>(bits / 8 + 8); // RFC 3394 2.2.1
    return {octets(r, "wrapped", wrapped_size, wrapped_size), octets(r, "kcv", 3, 3)};
}

std::uint8_t octet(std::int64_t number, std::string_view key) {
    if (number < 0 || number > 255)
        refuse(key, "a number of one octet is expected");
    return static_cast<std::uint8_t>(number);
}

/// SCP03 7.1.2.1
std::uint8_t security_level(const json::reader& domain) {
    const auto level = octet(domain.integer("minimumLevel"), "minimumLevel");
    if (level != 0x01 && level != 0x03 && level != 0x11 && level != 0x13 && level != 0x33)
        refuse("minimumLevel", "1, 3, 17, 19 or 51 is expected");
    return level;
}

} // namespace

json::value to_json(const issuer_order& order) {
    json::object identity{{"cplc", order.secure_component_identity}};
    if (!order.cin_iin.empty())
        identity.append("cinIin", order.cin_iin);
    json::object management{{"orderId", order.id}, {"identity", std::move(identity)}, {"isdAid", order.isd_aid}};
    if (!order.device_app.empty())
        management.append("deviceApp", order.device_app);
    if (order.domain != issuer_order::domain_change::none) {
        const bool create = order.domain == issuer_order::domain_change::create;
        json::object domain{{"operation", create ? "create" : "delete"}, {"aid", order.domain_aid}};
        if (create)
            domain.append("privileges", order.privileges);
        if (create && order.minimum_level != 0)
            domain.append("minimumLevel", static_cast<int>(order.minimum_level));
        management.append("securityDomain", std::move(domain));
    }
    if (!order.add_rules.empty() || !order.remove_rules.empty())
        management.append("accessRules",
                          json::object{{"add", rules(order.add_rules)}, {"remove", rules(order.remove_rules)}});
    if (!order.register_client.empty())
        management.append("accessRuleClient", order.register_client);
    if (order.rules_read_back && order.changes_rules())
        management.append("rulesReadBack", true);
    json::array elements;
    elements.push_back(json::object{{"seType", order.se_type}, {"seId", order.secure_component_identity}});
    return json::object{{"secureElement", std::move(elements)}, {"remoteManagementOrder", std::move(management)}};
}

issuer_order parse_issuer_order(const json::value& document) {
    json::reader r(json::root_object(document));
    issuer_order order;
    const auto& elements = r.array("secureElement");
    if (elements.size() != 1)
        refuse("secureElement", "exactly one secure component is expected");
    order.se_type = json::reader(as_object(elements.front(), "secureElement"), "secureElement").string("seType");

    const auto management = r.object("remoteManagementOrder");
    order.id = management.string("orderId");
    if (order.id.empty() || order.id.size() > 128)
        refuse("orderId", "1 to 128 characters are expected");
    const auto identity = management.object("identity");
    order.secure_component_identity = hex_text(identity, "cplc", 1, 64);
    order.cin_iin = hex_text(identity, "cinIin", 0, 64);
    order.isd_aid = aid(management, "isdAid");
    order.device_app = management.string_or("deviceApp", "");
    if (order.device_app.size() > 128)
        refuse("deviceApp", "at most 128 characters are expected");
    if (management.has("securityDomain")) {
        const auto domain = management.object("securityDomain");
        const auto operation = domain.string("operation");
        if (operation != "create" && operation != "delete")
            refuse("securityDomain.operation", "\"create\" or \"delete\" is expected");
        const bool create = operation == "create";
        order.domain = create ? issuer_order::domain_change::create : issuer_order::domain_change::remove;
        order.domain_aid = aid(domain, "aid");
        if (create)
            order.privileges = privileges(domain);
        if (create && domain.has("minimumLevel"))
            order.minimum_level = security_level(domain);
    }
    if (management.has("accessRules")) {
        const auto access = management.object("accessRules");
        order.add_rules = parse_rules(access, "add");
        order.remove_rules = parse_rules(access, "remove");
    }
    if (management.has("accessRuleClient"))
        order.register_client = aid(management, "accessRuleClient");
    order.rules_read_back = management.boolean_or("rulesReadBack", false);
    return order;
}

json::value to_json(const issuer_key_material& keys) {
    return json::object{
        {"aid", keys.aid},
        {"keyVersion", static_cast<int>(keys.key_version)},
        {"keyType", "AES"},
        {"keyLength", keys.bits},
        {"scp", "03"},
        {"i", to_hex(bytes{keys.scp_i})},
        {"privileges", keys.privileges},
        {"identity", json::object{{"cplc", keys.secure_component_identity}}},
        {"keys", json::object{{"enc", key_json(keys.enc)}, {"mac", key_json(keys.mac)}, {"dek", key_json(keys.dek)}}},
    };
}

issuer_key_material parse_issuer_keys(const json::value& document) {
    json::reader r(json::root_object(document));
    if (r.string("keyType") != "AES" || r.string("scp") != "03")
        refuse("scp", "AES keys for SCP03 are expected");
    issuer_key_material keys;
    keys.aid = aid(r, "aid");
    keys.key_version = octet(r.integer("keyVersion"), "keyVersion");
    if (keys.key_version < 0x01 || keys.key_version > 0x7F) // GPCS 11.8.2.1
        refuse("keyVersion", "1 to 127 is expected");
    const auto length = r.integer("keyLength");
    if (length != 128 && length != 192 && length != 256)
        refuse("keyLength", "128, 192 or 256 is expected");
    keys.bits = static_cast<int>(length);
    keys.scp_i = octets(r, "i", 1, 1).front();
    keys.privileges = privileges(r);
    keys.secure_component_identity = hex_text(r.object("identity"), "cplc", 1, 64);
    const auto set = r.object("keys");
    keys.enc = parse_key(set.object("enc"), keys.bits);
    keys.mac = parse_key(set.object("mac"), keys.bits);
    keys.dek = parse_key(set.object("dek"), keys.bits);
    return keys;
}

std::string to_text(const issuer_notice& notice) {
    json::object o;
    if (notice.last_commands)
        o.append("lastCommands", true);
    if (notice.error) {
        o.append("error", *notice.error);
        o.append("cause", notice.card_failed ? "card" : "refused");
    }
    return json::dump(o);
}

std::optional<issuer_notice> parse_issuer_notice(std::string_view text) try {
    const auto document = json::parse(text, {.bytes = 4096, .depth = 4, .values = 64});
    json::reader r(json::root_object(document));
    issuer_notice notice;
    notice.last_commands = r.boolean_or("lastCommands", false);
    if (r.has("error")) {
        notice.error = r.string("error");
        notice.card_failed = r.string_or("cause", "") == "card";
    }
    return notice;
} catch (const json::parse_error&) {
    return std::nullopt;
}

} // namespace tsms::wire
