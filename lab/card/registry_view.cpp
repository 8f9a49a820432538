// The Registry for people and tests.

#include "gp/tlv.hpp"
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

/// An access rule in words: to which application, for which app, and what (GPD_SPE_013 6).
struct rule_words {
    std::string application, app, apdu, nfc;

    explicit rule_words(const access_rule& r) {
        const auto names = gp::parse_tlvs(r.reference).value_or(std::vector<gp::tlv>());
        const auto aid = gp::find(names, 0x4F);
        application = !aid ? "the default one" : aid->empty() ? "all" : to_hex(*aid);
        const auto hash = gp::find(names, 0xC1).value_or(bytes_view());
        app = hash.empty() ? "all" : to_hex(hash);
        const auto rights = gp::parse_tlvs(r.rule).value_or(std::vector<gp::tlv>());
        apdu = access(gp::find(rights, 0xD0));
        nfc = access(gp::find(rights, 0xD1));
    }

private:
    static std::string access(std::optional<bytes_view> value) {
        if (!value)
            return "not said";
        if (value->size() == 1)
            return (*value)[0] == 0 ? "never" : "always";
        return std::to_string(value->size() / 8) + " filters";
    }
};

json::object rule_view(const access_rule& rule) {
    const rule_words words(rule);
    return {{"reference", to_hex(rule.reference)},
            {"rule", to_hex(rule.rule)},
            {"application", words.application},
            {"app", words.app},
            {"apdu", words.apdu},
            {"nfc", words.nfc}};
}

std::string rule_text(const access_rule& rule) {
    const rule_words words(rule);
    return "RULE application " + words.application + "  app " + words.app + "  APDU " + words.apdu + "  NFC " +
           words.nfc;
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
                     {"storeDataBlocks", a.personalized},
                     {"keptOctets", static_cast<std::int64_t>(a.kept.octets())}};
    if (a.sd) {
        json::array sets;
        for (const auto& set : a.sd->key_sets)
            sets.emplace_back(
                json::object{{"version", to_hex(bytes{set.version})},
                             {"octets", set.keys.empty() ? 0 : static_cast<int>(set.keys.begin()->second.size())},
                             {"sequenceCounter", static_cast<std::int64_t>(set.sequence_counter)},
                             {"failedAttempts", set.failed_attempts}});
        out.append("keySets", std::move(sets));
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
        rules.emplace_back(rule_view(rule));
    for (const auto& [client, list] : s.client_rules)
        for (const auto& rule : list)
            rules.emplace_back(rule_view(rule).set("client", to_hex(client)));
    return json::object{{"personality", s.personality->name},
                        {"atr", to_hex(atr())},
                        {"cplc", to_hex(s.cplc)},
                        {"memory", static_cast<std::int64_t>(s.personality->nv_memory)},
                        {"freeMemory", static_cast<std::int64_t>(s.free_memory())},
                        {"applications", std::move(applications)},
                        {"loadFiles", std::move(load_files)},
                        {"accessRules", std::move(rules)}};
}

std::string card::registry_text() const {
    const auto& s = state();
    std::string out = "card " + std::string(s.personality->name) + " (" + std::string(s.personality->about) + "), " +
                      std::to_string(s.free_memory()) + " of " + std::to_string(s.personality->nv_memory) +
                      " octets free\n     serial " + to_hex(bytes_view(s.cplc).subspan(12, 4)) + "  ATR " +
                      to_hex(atr()) + "\n";
    for (const auto& a : s.registry.applications()) {
        const bool is_isd = &a == &s.registry.isd();
        out += std::string(is_isd ? "ISD  "
                           : a.sd ? "SD   "
                                  : "APP  ") +
               to_hex(a.aid) + "  " + state_name(a, is_isd) + "  privileges " + privileges_text(a.privileges) +
               "  under " + to_hex(a.domain);
        if (a.sd)
            for (const auto& set : a.sd->key_sets) {
                out += "  keys " + to_hex(bytes{set.version});
                if (set.failed_attempts > 0)
                    out += " (" + std::to_string(set.failed_attempts) + " of " +
                           std::to_string(s.personality->attempts) + " attempts failed)";
            }
        if (const auto octets = a.kept.octets(); octets > 0)
            out += "  keeps " + std::to_string(octets) + " octets";
        out += "\n";
    }
    for (const auto& f : s.registry.load_files())
        if (f.listed)
            out += "ELF  " + to_hex(f.package.aid) + "  " + version_text(f.package) + "  under " + to_hex(f.domain) +
                   "  " + std::to_string(f.memory) + " octets\n";
    auto rules = s.ara.rules.size();
    for (const auto& [client, list] : s.client_rules)
        rules += list.size();
    out += "access rules: " + std::to_string(rules) + "\n";
    for (const auto& rule : s.ara.rules)
        out += rule_text(rule) + "\n";
    for (const auto& [client, list] : s.client_rules)
        for (const auto& rule : list)
            out += rule_text(rule) + "  in " + to_hex(client) + "\n";
    return out;
}

} // namespace tsms::lab
