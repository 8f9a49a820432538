#include "http/rest/call.hpp"
#include "http/rest/notice.hpp"
#include "http/rest/text_formats.hpp"
#include "model/rest_error.hpp"
#include "store/catalog_facts.hpp"
#include "json/known.hpp"

#include <algorithm>

namespace tsms::rest {

using model::entity_kind;
using model::relation;
using model::rest_category;
using model::rest_error;
using store::catalog_view;
using store::entity_row;

path_entities::path_entities(const catalog_view& view, const call& c) : start_(c.provider) {
    for (const auto& [kind, value] : c.parameters) {
        std::optional<entity_row> row;
        if (kind == entity_kind::version) {
            row = view.find_version(c.provider, of(entity_kind::service).id, value);
        } else if (const auto id = canonical_uuid(value)) {
            row = view.find(kind, c.provider, *id);
            const auto* owner = kind == entity_kind::flavor              ? find(entity_kind::service)
                                : kind == entity_kind::executable_module ? find(entity_kind::executable_load_file)
                                                                         : nullptr;
            if (row && owner && row->parent != owner->id)
                row.reset();
        }
        if (!row)
            throw rest_error(rest_category::not_existing, {model::entity_name(kind), value});
        start_.set(kind, row->id);
        rows_.push_back(std::move(*row));
    }
}

const entity_row* path_entities::find(entity_kind kind) const {
    const auto row = std::ranges::find(rows_, kind, &entity_row::kind);
    return row == rows_.end() ? nullptr : &*row;
}

const entity_row& path_entities::of(entity_kind kind) const {
    return *find(kind);
}

net::response answer(const catalog_view& view, const call& c, const entity_row& row) {
    json::printer out;
    print(row.kind, c.dialect, row.document, out);
    auto shown = net::json_response(200, out.text());
    add_notices(shown, view, {row});
    return shown;
}

std::string now_text(const call& c) {
    return iso8601(c.options.time->wall());
}

namespace {

/// What the ApplicationConfigs of a Flavor ask of its key provisioning.
struct token_wishes {
    bool token = false;
    bool diversification_data = false; ///< only with a token (AMB-044)
};

token_wishes wishes_of(const catalog_view& view, const entity_row& flavor, const entity_row* changed) {
    token_wishes out;
    for (const auto& aic : json::reader(flavor.document).array_or_empty("applicationInstantiationConfigs")) {
        const auto id = json::reader(json::object_of(aic)).string("applicationConfigId");
        const auto stored = store::referred(view, flavor, entity_kind::application_config, id);
        const auto& config = changed && changed->id == id ? changed->document : stored.document;
        if (!json::reader(config).has("personalizationConfig"))
            continue;
        const auto perso = json::reader(config).object("personalizationConfig");
        if (!perso.boolean_or("provideAttestationToken", false))
            continue;
        out.token = true;
        out.diversification_data |= perso.boolean_or("includeKeyDiversificationData", false);
    }
    return out;
}

/// The Flavor by which an entity is published: itself, or the first published one that refers to it.
std::optional<std::string> publishing_flavor(const catalog_view& view, const entity_row& row) {
    if (row.kind == entity_kind::flavor)
        return json::reader(row.document).boolean_or("published", false) ? std::optional(row.id) : std::nullopt;
    return view.published_flavor_of(row.id);
}

std::vector<entity_row> concerned_flavors(const catalog_view& view, const entity_row& changed) {
    store::walk_start start(changed.provider);
    start.set(changed.kind, changed.id);
    if (changed.kind == entity_kind::flavor)
        return {changed};
    if (changed.kind == entity_kind::version)
        return view.related(relation::version_flavors, entity_kind::flavor, start);
    if (changed.kind == entity_kind::application_config)
        return view.related(relation::config_flavors, entity_kind::flavor, start);
    std::vector<entity_row> out;
    for (const auto& service : view.related(relation::load_file_services, entity_kind::service, start)) {
        start.set(entity_kind::service, service.id);
        for (auto& flavor : view.related(relation::load_file_flavors, entity_kind::flavor, start))
            out.push_back(std::move(flavor));
    }
    return out;
}

/// An AID of a Flavor that meets another one.
struct meeting {
    entity_row flavor;
    model::aid_conflict conflict;
    std::string profile; ///< name; empty: on every card
    std::string key;     ///< the same before and after a change that has nothing to do with it
};

/// Everything that meets in one Flavor, and on the cards of each profile that Versions link it to.
std::vector<meeting> meetings_of(const catalog_view& view, const entity_row& flavor) {
    std::vector<meeting> out;
    const auto content = store::content_of(view, flavor);
    const auto add = [&](const std::vector<model::held_aid>& there, const std::string& id, const std::string& name) {
        for (auto& conflict : model::aid_conflicts_of(content, there)) {
            auto key = flavor.id + "/" + id + "/" + std::string(model::name_of(conflict.what)) + "/" + conflict.aid +
                       "/" + conflict.holder;
            out.push_back({flavor, std::move(conflict), name, std::move(key)});
        }
    };
    add({}, {}, {});
    store::walk_start start(flavor.provider);
    start.set(entity_kind::flavor, flavor.id);
    for (const auto& profile : view.related(relation::flavor_profiles, entity_kind::secure_component_profile, start))
        add(store::aids_of_profile(view, profile), profile.id, json::reader(profile.document).string("name"));
    return out;
}

/// 1008 in the words of what was changed.
rest_error aid_error(const entity_row& changed, const meeting& m) {
    using part = model::aid_conflict::part;
    const auto& conflict = m.conflict;
    std::string value = conflict.aid;
    std::string attribute = changed.kind == entity_kind::application_config ? "instanceAid" : "aid";
    if (changed.kind == entity_kind::version) {
        value = m.flavor.id;
        attribute = "allowedDeployments";
    } else if (conflict.what == part::domain) {
        attribute = "sdAid";
    } else if (changed.kind == entity_kind::flavor) {
        const json::reader document(m.flavor.document);
        const auto place = "[" + std::to_string(conflict.index) + "]";
        const bool of_application = conflict.what == part::application;
        attribute = of_application ? "applicationInstantiationConfigs" + place + ".applicationConfigId"
                                   : "executableLoadFileIds" + place;
        value = of_application
                    ? json::reader(
                          json::object_of(document.array_or_empty("applicationInstantiationConfigs")[conflict.index]))
                          .string("applicationConfigId")
                    : document.strings("executableLoadFileIds")[conflict.index];
    }
    const auto who = conflict.aid + " is the AID of " + conflict.holder +
                     (m.profile.empty() ? "" : " on cards of profile ‘" + m.profile + "’");
    const auto format = conflict.holder == model::an_application
                            ? "ApplicationConfigs with different instanceAids in one Flavor"
                            : "AIDs that are different on one card: " + who;
    const auto name = conflict.what == part::application ? "instanceAid" : model::name_of(conflict.what);
    return rest_error(rest_category::invalid_format, {value, attribute, format})
        .because("Flavor " + m.flavor.id + ": " + std::string(name) + " " + who);
}

/// What 1016 has no place for: which file, which profile, which versions.
std::string unmet_text(const entity_row& elf, const model::technical_requirement& needed, const entity_row& profile,
                       const model::technical_offer& offered) {
    const auto versions = [](const std::string& java_card, const std::string& gp_api) {
        const auto told = [](const std::string& version) { return version.empty() ? "(none told)" : version; };
        return "Java Card " + told(java_card) + ", GlobalPlatform API " + told(gp_api);
    };
    const auto format = [&](bool extended) {
        if (!needed.extended_cap)
            return "";
        return extended ? ", the extended CAP format" : ", not the extended CAP format";
    };
    return "load file " + elf.id + " needs " + versions(needed.java_card_version, needed.gp_api_version) +
           format(true) + "; profile ‘" + json::reader(profile.document).string("name") + "’ offers " +
           versions(offered.java_card_version, offered.gp_api_version) + format(offered.extended_cap);
}

void check_flavor(const catalog_view& view, const call& c, const entity_row& flavor) {
    store::walk_start start(flavor.provider);
    start.set(entity_kind::flavor, flavor.id);
    const json::reader document(flavor.document);
    // In 1.0.4 the flag no longer asks anything of the secure component (delta 1.1).
    const bool csp = c.dialect == model::dialect::v1_0 && document.has("featureConfig") &&
                     document.object("featureConfig").boolean_or("cspFull", false);
    const auto load_files = view.related(relation::flavor_load_files, entity_kind::executable_load_file, start);
    for (const auto& profile : view.related(relation::flavor_profiles, entity_kind::secure_component_profile, start)) {
        const auto offered = store::offer_of(view, profile);
        auto unmet = model::first_unmet({.csp = csp}, offered);
        auto why = "the Flavor needs a CSP, profile ‘" + json::reader(profile.document).string("name") + "’ has none";
        for (const auto& elf : load_files)
            if (const auto needed = store::requirement_of(elf.document, csp);
                const auto reason = model::first_unmet(needed, offered)) {
                unmet = reason;
                if (*reason != "csp")
                    why = unmet_text(elf, needed, profile, offered);
                if (needed.extended_cap && !offered.extended_cap) // 1016 names the platform, not the format
                    c.options.log({severity::warning,
                                   "load file " + elf.id + " is a CAP file of the extended format; profile " +
                                       profile.id + " does not take it unless its card.extendedCap is true",
                                   {.provider = c.provider}});
                break;
            }
        if (unmet)
            throw rest_error(rest_category::constraints_failed, {*unmet}).because(why);
    }
}

} // namespace

known_meetings meetings_before(const catalog_view& view, const entity_row& row,
                               const std::vector<std::string>& linked_anew) {
    known_meetings out;
    for (const auto& flavor : concerned_flavors(view, row))
        if (std::ranges::find(linked_anew, flavor.id) == linked_anew.end())
            for (const auto& m : meetings_of(view, flavor))
                ++out[m.key];
    return out;
}

void check_aids(const catalog_view& view, const entity_row& changed, known_meetings known) {
    for (const auto& flavor : concerned_flavors(view, changed))
        for (const auto& m : meetings_of(view, flavor))
            if (--known[m.key] < 0)
                throw aid_error(changed, m);
}

void check_key_provisioning(const catalog_view& view, const call& c, const entity_row& flavor,
                            const entity_row* changed) {
    if (c.dialect != model::dialect::v1_0_4)
        return;
    static const json::object defaults;
    const json::reader document(flavor.document);
    const auto features = document.has("featureConfig") ? document.object("featureConfig") : json::reader(defaults);
    const auto mode = features.integer_or("keyProvisioningMode", 0);
    const auto index = features.string_or("keyIndex", "");
    const auto wishes = wishes_of(view, flavor, changed);
    const auto refuse = [&](std::string_view value, std::string_view attribute, std::string_view format) {
        throw rest_error(rest_category::invalid_format, {value, attribute, format});
    };
    const auto number = std::to_string(mode);
    if (mode == 2) // how its keys would reach the service provider is not agreed (AMB-170)
        refuse(number, "featureConfig.keyProvisioningMode", "0, 1 or 3");
    if (mode == 0 && !index.empty())
        refuse(index, "featureConfig.keyIndex", "empty without keyProvisioningMode");
    if (mode != 0 && index.empty())
        refuse(index, "featureConfig.keyIndex", "index of the key of keyProvisioningMode");
    if (wishes.token && mode == 0)
        refuse(number, "featureConfig.keyProvisioningMode", "1 or 3 with provideAttestationToken");
    if (wishes.diversification_data && mode != 1)
        refuse(number, "featureConfig.keyProvisioningMode", "1 with includeSecurityDomainDiversificationData");
}

void check_references(const catalog_view& view, const call& c, const entity_row& row) {
    for (const auto& r : references(row.kind, row.document)) {
        const auto target = view.find(r.target, c.provider, r.id);
        const bool in_service = r.target != entity_kind::flavor || (target && target->parent == row.parent);
        if (!target || !in_service)
            throw rest_error(rest_category::not_existing, {model::entity_name(r.target), r.id});
    }
    if (row.kind == entity_kind::flavor)
        check_key_provisioning(view, c, row);
    if (row.kind == entity_kind::application_config && !row.id.empty()) {
        store::walk_start start(c.provider);
        start.set(row.kind, row.id);
        for (const auto& flavor : view.related(relation::config_flavors, entity_kind::flavor, start))
            check_key_provisioning(view, c, flavor, &row);
    }
}

void check_not_frozen(const catalog_view& view, const call& c, const entity_row& before, const json::object& after) {
    if (!frozen_differs(before.kind, c.dialect, before.document, after))
        return;
    if (const auto flavor = publishing_flavor(view, before))
        throw rest_error(rest_category::already_published, {model::entity_name(before.kind), *flavor});
}

void check_technical_requirements(const catalog_view& view, const call& c, const entity_row& changed) {
    for (const auto& flavor : concerned_flavors(view, changed))
        check_flavor(view, c, flavor);
}

std::vector<store::entity_reference> edges_of(const entity_row& row) {
    std::vector<store::entity_reference> out;
    for (const auto& r : references(row.kind, row.document))
        out.push_back({r.id, r.via});
    return out;
}

} // namespace tsms::rest
