#include "store/catalog_facts.hpp"

#include "store/profile_internals.hpp"
#include "store/script_document.hpp"
#include "store/stored_document.hpp"

namespace tsms::store {

using model::entity_kind;

namespace {

std::vector<model::target_load_file> target_load_files(const catalog_view& view, const entity_row& flavor) {
    std::vector<model::target_load_file> out;
    for (const auto& elf : load_files_of(view, flavor)) {
        const json::reader document(elf.document);
        const auto image = document.object("loadImage");
        out.push_back({.elf_id = elf.id,
                       .aid = aid_of(view, elf),
                       .sha256 = image.string("sha256"),
                       .size = static_cast<std::size_t>(image.integer("size")),
                       .imports = document.strings("importedPackages"),
                       .packages = image.strings("packages")});
    }
    return out;
}

model::target_application target_application(const catalog_view& view, const entity_row& flavor,
                                             const json::object& aic) {
    const auto module = referred(view, flavor, entity_kind::executable_module, text(aic, "executableModuleId"));
    const auto config = referred(view, flavor, entity_kind::application_config, text(aic, "applicationConfigId"));
    const auto elf = referred(view, module, entity_kind::executable_load_file, module.parent);
    const auto& install = part(config.document, "installConfig");
    const auto& activation = part(config.document, "activationConfig");
    const auto& personalization = part(config.document, "personalizationConfig");
    const bool selectable = flag(activation, "makeSelectable", true);
    return {.elf_aid = aid_of(view, elf),
            .module_aid = aid_of(view, module),
            .instance_aid = text(config.document, "instanceAid"),
            .priority = static_cast<int>(number(aic, "priority", 255)),
            .privileges = texts(install, "privileges"),
            .install_parameters = text(install, "applicationSpecificInstallParameter"),
            .make_selectable = selectable,
            .accessible_via_apdu = selectable && flag(activation, "accessibleViaApdu"), // AMB-044
            .accessible_via_nfc = selectable && flag(activation, "accessibleViaNfc"),
            .has_personalization = !text(personalization, "personalizationScriptId").empty() ||
                                   flag(personalization, "provideAttestationToken")};
}

std::vector<model::target_application> target_applications(const catalog_view& view, const entity_row& flavor) {
    std::vector<model::target_application> out;
    for (const auto& aic : json::reader(flavor.document).array_or_empty("applicationInstantiationConfigs"))
        out.push_back(target_application(view, flavor, json::object_of(aic)));
    return out;
}

} // namespace

entity_row referred(const catalog_view& view, const entity_row& by, entity_kind kind, const std::string& id) {
    auto row = view.find(kind, by.provider, id);
    if (!row)
        throw view.damaged(std::string(model::entity_name(by.kind)) + " " + by.id + " refers to " +
                           std::string(model::entity_name(kind)) + " " + id + ", which is not there");
    return *std::move(row);
}

std::string aid_of(const catalog_view& view, const entity_row& row) {
    return found_in(view, row, [&] { return json::reader(row.document).string("aid"); });
}

std::vector<entity_row> load_files_of(const catalog_view& view, const entity_row& flavor) {
    std::vector<entity_row> out;
    for (const auto& id : texts(flavor.document, "executableLoadFileIds"))
        out.push_back(referred(view, flavor, entity_kind::executable_load_file, id));
    return out;
}

model::card_profile card_profile_of(const catalog_view& view, const entity_row& profile) {
    return found_in(view, profile, [&] {
        const auto internals = view.profile_internals(profile.id);
        return model::card_profile{.id = profile.id,
                                   .name = text(profile.document, "name"),
                                   .sc_type = static_cast<int>(number(profile.document, "scType", 0)),
                                   .csp = !part(profile.document, "csp").empty(),
                                   .recognised_by = read_identification(part(internals, "identification")),
                                   .card = read_card_parameters(part(internals, "card"))};
    });
}

model::technical_offer offer_of(const catalog_view& view, const entity_row& profile) {
    const auto cards = card_profile_of(view, profile);
    return {.java_card_version = text(profile.document, "javaCardVersion"),
            .gp_api_version = text(part(profile.document, "gpApiVersions"), "card"),
            .csp = cards.csp,
            .extended_cap = cards.card.extended_cap};
}

model::technical_requirement requirement_of(const json::object& load_file, bool csp) {
    const auto& needed = part(load_file, "technicalRequirements");
    return {.java_card_version = text(needed, "javaCardVersion"),
            .gp_api_version = text(needed, "gpApiVersion"),
            .csp = csp,
            .extended_cap = flag(part(load_file, "loadImage"), "extended")};
}

model::card_content content_of(const catalog_view& view, const entity_row& flavor) {
    return found_in(view, flavor, [&] {
        const auto service = referred(view, flavor, entity_kind::service, flavor.parent);
        return model::card_content{target_load_files(view, flavor), target_applications(view, flavor),
                                   json::reader(service.document).string("sdAid")};
    });
}

void read_scripts(const catalog_view& view, const entity_row& flavor, std::vector<model::target_application>& of) {
    for (const auto& aic : json::reader(flavor.document).array_or_empty("applicationInstantiationConfigs")) {
        const auto id = text(json::object_of(aic), "applicationConfigId");
        const auto config = referred(view, flavor, entity_kind::application_config, id);
        const auto script = text(part(config.document, "personalizationConfig"), "personalizationScriptId");
        if (script.empty())
            continue;
        for (auto& app : of)
            if (app.instance_aid == text(config.document, "instanceAid"))
                app.script = executable_script(view.file(script).value_or(""));
    }
}

std::vector<model::held_aid> aids_of_profile(const catalog_view& view, const entity_row& profile) {
    const auto cards = card_profile_of(view, profile);
    auto out = model::aids_of_cards(cards.card);
    for (auto& aid :
         found_in(view, profile, [&] { return read_preloaded_aids(part(view.profile_internals(profile.id), "card")); }))
        out.push_back({std::move(aid), "something preloaded"});
    // A prefix of the ISD's AID that is as long as an AID, as profiles have it that do not know `isdAid`.
    for (const auto& aid : cards.recognised_by.isd)
        if (const auto octets = from_hex(aid); octets && octets->size() >= 5)
            out.push_back({aid, "the issuer security domain"});
    return out;
}

} // namespace tsms::store
