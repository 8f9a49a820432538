#include "lab/card/state.hpp"

namespace tsms::lab {

namespace {

constexpr int format = 1;

json::array hex_array(const std::vector<bytes>& items) {
    json::array out;
    for (const auto& item : items)
        out.emplace_back(to_hex(item));
    return out;
}

json::value number(std::size_t n) {
    return static_cast<std::int64_t>(n);
}

json::object package_json(const package_version& p) {
    return {{"aid", to_hex(p.aid)}, {"major", int{p.major}}, {"minor", int{p.minor}}};
}

json::object keys_json(const key_set& set) {
    json::object keys;
    for (const auto& [id, key] : set.keys)
        keys.append(std::to_string(id), to_hex(key.view()));
    return {{"version", int{set.version}},
            {"keys", std::move(keys)},
            {"sequenceCounter", number(set.sequence_counter)},
            {"failedAttempts", set.failed_attempts}};
}

json::object domain_json(const security_domain& sd) {
    json::array sets;
    for (const auto& set : sd.key_sets)
        sets.emplace_back(keys_json(set));
    json::object data;
    for (const auto& [tag, value] : sd.data)
        data.append(std::to_string(tag), to_hex(value));
    return {{"scp03i", int{sd.scp03_i}},
            {"acceptsExtradition", sd.accepts_extradition},
            {"acceptsDeletion", sd.accepts_deletion},
            {"keySets", std::move(sets)},
            {"data", std::move(data)}};
}

json::object kept_json(const kept_data& kept) {
    json::object objects;
    for (const auto& [number, value] : kept.objects)
        objects.append(to_hex(bytes{number}), to_hex(value));
    return {{"personalization", to_hex(kept.personalization)}, {"objects", std::move(objects)}};
}

json::object application_json(const application& a) {
    json::object out{{"aid", to_hex(a.aid)},
                     {"state", int{a.state}},
                     {"privileges", number(a.privileges)},
                     {"loadFile", to_hex(a.load_file)},
                     {"module", to_hex(a.module)},
                     {"domain", to_hex(a.domain)},
                     {"memory", number(a.memory)},
                     {"parameters", to_hex(a.parameters)},
                     {"personalized", a.personalized}};
    if (a.sd)
        out.append("securityDomain", domain_json(*a.sd));
    if (a.kept.octets() > 0)
        out.append("kept", kept_json(a.kept));
    return out;
}

json::object load_file_json(const load_file& f) {
    json::array imports;
    for (const auto& import : f.imports)
        imports.emplace_back(package_json(import));
    json::array packages;
    for (const auto& package : f.packages)
        packages.emplace_back(package_json(package));
    return {{"package", package_json(f.package)}, {"packages", std::move(packages)},
            {"modules", hex_array(f.modules)},    {"imports", std::move(imports)},
            {"domain", to_hex(f.domain)},         {"memory", number(f.memory)},
            {"preloaded", f.preloaded},           {"listed", f.listed},
            {"keepsData", f.keeps_data}};
}

bytes octets(std::string_view text) {
    auto value = from_hex(text);
    if (!value)
        throw card_error("card file: '" + std::string(text) + "' is not hexadecimal; restore the file or delete it");
    return *value;
}

std::int64_t number_between(const json::reader& r, std::string_view key, std::int64_t most) {
    const auto n = r.integer(key);
    if (n < 0 || n > most)
        throw card_error("card file: " + std::string(key) + " is out of range; restore the file or delete it");
    return n;
}

std::uint8_t octet(const json::reader& r, std::string_view key) {
    return static_cast<std::uint8_t>(number_between(r, key, 0xFF));
}

std::vector<bytes> hex_list(const json::reader& r, std::string_view key) {
    std::vector<bytes> out;
    for (const auto& text : r.strings(key))
        out.push_back(octets(text));
    return out;
}

package_version package_from(const json::reader& r) {
    return {octets(r.string("aid")), octet(r, "major"), octet(r, "minor")};
}

security_domain domain_from(const json::reader& r) {
    security_domain sd;
    sd.scp03_i = octet(r, "scp03i");
    sd.accepts_extradition = r.boolean("acceptsExtradition");
    sd.accepts_deletion = r.boolean("acceptsDeletion");
    for (const auto& item : r.array("keySets")) {
        const json::reader s(json::root_object(item));
        key_set set;
        set.version = octet(s, "version");
        set.sequence_counter = static_cast<std::uint32_t>(number_between(s, "sequenceCounter", 0xFFFFFF));
        set.failed_attempts = static_cast<int>(number_between(s, "failedAttempts", 1000));
        for (const auto& [id, key] : s.string_map("keys"))
            set.keys.emplace(static_cast<std::uint8_t>(std::stoul(id)), crypto::secret(octets(key)));
        sd.key_sets.push_back(std::move(set));
    }
    for (const auto& [tag, value] : r.string_map("data"))
        sd.data.emplace(static_cast<std::uint32_t>(std::stoul(tag)), octets(value));
    return sd;
}

kept_data kept_from(const json::reader& r) {
    kept_data kept;
    kept.personalization = octets(r.string("personalization"));
    for (const auto& [number, value] : r.string_map("objects")) {
        const auto name = octets(number);
        if (name.size() != 1)
            throw card_error("card file: '" + number + "' is no object of an applet; restore the file or delete it");
        kept.objects.emplace(name[0], octets(value));
    }
    return kept;
}

application application_from(const json::reader& r) {
    application a;
    a.aid = octets(r.string("aid"));
    a.state = octet(r, "state");
    a.privileges = static_cast<std::uint32_t>(number_between(r, "privileges", 0xFFFFFF));
    a.load_file = octets(r.string("loadFile"));
    a.module = octets(r.string("module"));
    a.domain = octets(r.string("domain"));
    a.memory = static_cast<std::size_t>(number_between(r, "memory", 1 << 30));
    a.parameters = octets(r.string("parameters"));
    a.personalized = static_cast<int>(number_between(r, "personalized", 1 << 30));
    if (r.has("securityDomain"))
        a.sd = domain_from(r.object("securityDomain"));
    if (r.has("kept"))
        a.kept = kept_from(r.object("kept"));
    return a;
}

load_file load_file_from(const json::reader& r) {
    load_file f;
    f.package = package_from(r.object("package"));
    f.modules = hex_list(r, "modules");
    for (const auto& item : r.array("imports"))
        f.imports.push_back(package_from(json::reader(json::root_object(item))));
    for (const auto& item : r.array_or_empty("packages"))
        f.packages.push_back(package_from(json::reader(json::root_object(item))));
    f.domain = octets(r.string("domain"));
    f.memory = static_cast<std::size_t>(number_between(r, "memory", 1 << 30));
    f.preloaded = r.boolean("preloaded");
    f.listed = r.boolean("listed");
    f.keeps_data = r.has("keepsData") && r.boolean("keepsData"); // not in files of before
    return f;
}

} // namespace

json::value to_json(const card_state& card) {
    json::array applications;
    for (const auto& a : card.registry.applications())
        applications.emplace_back(application_json(a));
    json::array load_files;
    for (const auto& f : card.registry.load_files())
        load_files.emplace_back(load_file_json(f));
    json::array rules;
    for (const auto& rule : card.ara.rules)
        rules.emplace_back(json::object{{"reference", to_hex(rule.reference)}, {"rule", to_hex(rule.rule)}});
    json::array client_rules;
    for (const auto& [client, list] : card.client_rules)
        for (const auto& rule : list)
            client_rules.emplace_back(json::object{
                {"client", to_hex(client)}, {"reference", to_hex(rule.reference)}, {"rule", to_hex(rule.rule)}});
    return json::object{{"format", format},
                        {"personality", card.personality->name},
                        {"cplc", to_hex(card.cplc)},
                        {"applications", std::move(applications)},
                        {"loadFiles", std::move(load_files)},
                        {"accessRules", std::move(rules)},
                        {"accessClients", hex_array(card.ara.clients)},
                        {"clientRules", std::move(client_rules)},
                        {"refreshTag", to_hex(card.ara.refresh_tag)}};
}

card_state card_from_json(const json::value& v) {
    const json::reader r(json::root_object(v));
    if (r.integer("format") != format)
        throw card_error("card file: unknown format; it was written by another version");
    card_state card;
    card.personality = find_personality(r.string("personality"));
    if (!card.personality)
        throw card_error("card file: unknown personality '" + r.string("personality") + "'");
    card.cplc = octets(r.string("cplc"));
    for (const auto& item : r.array("applications"))
        card.registry.add(application_from(json::reader(json::root_object(item))));
    for (const auto& item : r.array("loadFiles"))
        card.registry.add(load_file_from(json::reader(json::root_object(item))));
    for (const auto& item : r.array("accessRules")) {
        const json::reader rule(json::root_object(item));
        card.ara.rules.push_back({octets(rule.string("reference")), octets(rule.string("rule"))});
    }
    card.ara.clients = hex_list(r, "accessClients");
    if (r.has("clientRules")) // not in files of before
        for (const auto& item : r.array("clientRules")) {
            const json::reader rule(json::root_object(item));
            card.client_rules[octets(rule.string("client"))].push_back(
                {octets(rule.string("reference")), octets(rule.string("rule"))});
        }
    card.ara.refresh_tag = octets(r.string("refreshTag"));
    if (card.cplc.size() != 42 || card.registry.applications().empty() || !card.registry.isd().sd)
        throw card_error("card file: no CPLC or no ISD; restore the file or delete it");
    return card;
}

} // namespace tsms::lab
