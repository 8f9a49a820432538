// The Registry for people and tests.

#include "lab/card/card.hpp"
#include "lab/card/state.hpp"

namespace tsms::lab {

namespace {

const char* state_name(const application& a, bool is_isd) {
    if (is_isd)
        return a.state == life_cycle::card_locked       ? "CARD_LOCKED"
               : a.state == life_cycle::card_terminated ? "TERMINATED"
                                                        : "SECURED";
    if (a.locked())
        return "LOCKED";
    return a.state == life_cycle::installed      ? "INSTALLED"
           : a.state == life_cycle::personalized ? "PERSONALIZED"
                                                 : "SELECTABLE";
}

std::string privileges_text(std::uint32_t p) {
    return to_hex(
        bytes{static_cast<std::uint8_t>(p >> 16), static_cast<std::uint8_t>(p >> 8), static_cast<std::uint8_t>(p)});
}

std::string version_text(const package_version& p) {
    return std::to_string(p.major) + "." + std::to_string(p.minor);
}

json::object application_view(const application& a, bool is_isd) {
    json::object out{{"aid", to_hex(a.aid)},
                     {"kind", is_isd ? "ISD"
                              : a.sd ? "SD"
                                     : "application"},
                     {"state", state_name(a, is_isd)},
                     {"lifeCycle", to_hex(bytes{a.state})},
                     {"privileges", privileges_text(a.privileges)},
                     {"loadFile", to_hex(a.load_file)},
                     {"module", to_hex(a.module)},
                     {"domain", to_hex(a.domain)},
                     {"parameters", to_hex(a.parameters)},
                     {"storeDataBlocks", a.personalized}};
    if (a.sd) {
        json::array versions;
        for (const auto& set : a.sd->key_sets)
            versions.emplace_back(to_hex(bytes{set.version}));
        out.append("keyVersions", std::move(versions));
    }
    return out;
}

json::object load_file_view(const load_file& f) {
    json::array modules;
    for (const auto& module : f.modules)
        modules.emplace_back(to_hex(module));
    return {{"aid", to_hex(f.package.aid)},
            {"version", version_text(f.package)},
            {"modules", std::move(modules)},
            {"domain", to_hex(f.domain)},
            {"octets", static_cast<std::int64_t>(f.memory)},
            {"preloaded", f.preloaded}};
}

} // namespace

json::value card::registry() const {
    const auto& s = state();
    json::array applications;
    for (const auto& a : s.registry.applications())
        applications.emplace_back(application_view(a, &a == &s.registry.isd()));
    json::array load_files;
    for (const auto& f : s.registry.load_files())
        if (f.listed)
            load_files.emplace_back(load_file_view(f));
    json::array rules;
    for (const auto& rule : s.ara.rules)
        rules.emplace_back(json::object{{"reference", to_hex(rule.reference)}, {"rule", to_hex(rule.rule)}});
    for (const auto& [client, list] : s.client_rules)
        for (const auto& rule : list)
            rules.emplace_back(json::object{
                {"client", to_hex(client)}, {"reference", to_hex(rule.reference)}, {"rule", to_hex(rule.rule)}});
    return json::object{{"personality", s.personality->name},
                        {"cplc", to_hex(s.cplc)},
                        {"freeMemory", static_cast<std::int64_t>(s.free_memory())},
                        {"applications", std::move(applications)},
                        {"loadFiles", std::move(load_files)},
                        {"accessRules", std::move(rules)}};
}

std::string card::registry_text() const {
    const auto& s = state();
    std::string out = "card " + std::string(s.personality->name) + " (" + std::string(s.personality->about) + "), " +
                      std::to_string(s.free_memory()) + " octets free\n";
    for (const auto& a : s.registry.applications()) {
        const bool is_isd = &a == &s.registry.isd();
        out += std::string(is_isd ? "ISD  "
                           : a.sd ? "SD   "
                                  : "APP  ") +
               to_hex(a.aid) + "  " + state_name(a, is_isd) + "  privileges " + privileges_text(a.privileges) +
               "  under " + to_hex(a.domain);
        if (a.sd)
            for (const auto& set : a.sd->key_sets)
                out += "  keys " + to_hex(bytes{set.version});
        out += "\n";
    }
    for (const auto& f : s.registry.load_files())
        if (f.listed)
            out += "ELF  " + to_hex(f.package.aid) + "  " + version_text(f.package) + "  under " + to_hex(f.domain) +
                   "  " + std::to_string(f.memory) + " octets\n";
    out += "access rules: " + std::to_string(s.ara.rules.size()) + "\n";
    for (const auto& [client, list] : s.client_rules)
        out += "access rules of client " + to_hex(client) + ": " + std::to_string(list.size()) + "\n";
    return out;
}

} // namespace tsms::lab
