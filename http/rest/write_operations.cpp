#include "base/utf8.hpp"
#include "gp/commands.hpp"
#include "gp/scp03.hpp"
#include "http/rest/call.hpp"
#include "http/rest/text_formats.hpp"
#include "model/rest_error.hpp"
#include "model/version_tag.hpp"
#include "store/catalog_facts.hpp"
#include "store/profile_internals.hpp"
#include "json/known.hpp"

#include <algorithm>

namespace tsms::rest {

namespace {

using model::action;
using model::entity_kind;
using model::rest_category;
using model::rest_error;
using store::catalog_edit;
using store::entity_row;

/// AMB-041: below the TSM's RID, distinguished by chance, so that AIDs of deleted Services and of other installations
/// stay free.
std::string new_sd_aid(const call& c) {
    return "D276000163535344" + to_hex(c.random.take(8));
}

/// Values that the TSM assigns to a new entity.
void assign(const call& c, entity_row& row) {
    const auto now = now_text(c);
    row.id = c.random.uuid();
    row.position = now;
    if (row.kind == entity_kind::version) {
        row.position = model::parse_tag(json::reader(row.document).string("tag"))->sort_key();
    } else {
        row.document.set("id", row.id);
    }
    const auto& e = model::describe(row.kind);
    if (model::find_attribute(e, "creationDate", c.dialect))
        row.document.set("creationDate", now);
    if (row.kind == entity_kind::service)
        row.document.set("sdAid", new_sd_aid(c));
    if (row.parent.empty())
        row.document.set("spId", row.provider);
    else
        row.document.set("serviceId", row.parent);
}

/// AMB-039
void check_tag_is_new(const catalog_edit& edit, const entity_row& row) {
    const auto tag = json::reader(row.document).string("tag");
    const auto number = model::parse_tag(tag);
    for (const auto& other : edit.list(row.kind, row.provider, row.parent))
        if (model::parse_tag(json::reader(other.document).string("tag")) == number)
            throw rest_error(rest_category::invalid_format,
                             {tag, "tag", model::format_definition(model::text_format::tag)});
}

constexpr bool is_deployed(entity_kind kind) {
    return kind == entity_kind::flavor || kind == entity_kind::version;
}

/// What a change of it puts onto cards has AIDs (DIV-066).
constexpr bool meets_others(entity_kind kind) {
    return is_deployed(kind) || kind == entity_kind::application_config;
}

net::response create(catalog_edit& edit, const call& c, const path_entities& path) {
    entity_row row;
    row.kind = c.operation.entity;
    row.provider = c.provider;
    row.parent = path.empty() ? std::string() : path.last().id;
    row.document = created(row.kind, c.dialect, c.body);
    if (row.kind == entity_kind::version)
        check_tag_is_new(edit, row);
    check_references(edit, c, row);
    assign(c, row);
    edit.insert(row, edges_of(row));
    if (meets_others(row.kind))
        check_aids(edit, row);
    if (row.kind == entity_kind::version) // nothing refers to a new Flavor
        check_technical_requirements(edit, c, row);
    return answer(edit, c, row);
}

/// The end of every change: 1009, store, 1008 of what meets on one card, 1015, 1016.
net::response change(catalog_edit& edit, const call& c, const entity_row& before, json::object document,
                     const std::vector<std::string>& linked_anew = {}) {
    auto after = before;
    after.document = std::move(document);
    check_references(edit, c, after);
    auto known = meets_others(before.kind) ? meetings_before(edit, before, linked_anew) : known_meetings();
    edit.update(after, edges_of(after));
    if (meets_others(after.kind))
        check_aids(edit, after, std::move(known));
    check_not_frozen(edit, c, before, after.document);
    if (is_deployed(after.kind))
        check_technical_requirements(edit, c, after);
    return answer(edit, c, after);
}

net::response modify(catalog_edit& edit, const call& c, const path_entities& path) {
    const auto& row = path.last();
    return change(edit, c, row, modified(row.kind, c.dialect, c.body, row.document));
}

net::response remove(catalog_edit& edit, const path_entities& path) {
    const auto& row = path.last();
    if (const auto referrer = edit.first_referrer(row.id))
        throw rest_error(rest_category::still_referenced,
                         {model::entity_name(row.kind), model::entity_name(*referrer)});
    edit.remove(row.id);
    return {.status = 204, .headers = {}, .body = {}};
}

/// 1009 unless every id is an entity that this provider can link here.
void check_exist(const catalog_edit& edit, const call& c, entity_kind kind, const std::string& parent,
                 const std::vector<std::string>& ids) {
    for (const auto& id : ids) {
        const auto row = edit.find(kind, c.provider, id);
        if (!row || row->parent != parent)
            throw rest_error(rest_category::not_existing, {model::entity_name(kind), id});
    }
}

net::response link_load_files(catalog_edit& edit, const call& c, const path_entities& path) {
    const auto ids = id_list(c.body, "elfIds");
    check_exist(edit, c, entity_kind::executable_load_file, {}, ids);
    auto document = path.last().document;
    auto linked = json::reader(document).array_or_empty("executableLoadFileIds");
    for (const auto& id : ids)
        if (std::ranges::find(linked, json::value(id)) == linked.end())
            linked.push_back(id);
    document.set("executableLoadFileIds", std::move(linked));
    return change(edit, c, path.last(), std::move(document));
}

net::response unlink_load_files(catalog_edit& edit, const call& c, const path_entities& path) {
    const auto ids = id_list(c.body, "elfIds");
    check_exist(edit, c, entity_kind::executable_load_file, {}, ids);
    auto document = path.last().document;
    auto linked = json::reader(document).array_or_empty("executableLoadFileIds");
    std::erase_if(linked,
                  [&](const json::value& id) { return std::ranges::find(ids, json::string_of(id)) != ids.end(); });
    document.set("executableLoadFileIds", std::move(linked));
    // Not change(): Unlink ELFs is none of the operations that check the requirements (AMB-055).
    check_not_frozen(edit, c, path.last(), document);
    auto after = path.last();
    after.document = std::move(document);
    edit.update(after, edges_of(after));
    return answer(edit, c, after);
}

/// Plain octets of a LOAD block in short APDUs, as the deployment computes them (gp/procedures, "Sizes").
std::size_t load_block_of(const model::card_parameters& card) {
    const auto most =
        gp::max_plain_data(gp::short_data_field, static_cast<std::size_t>(card.scp03_mode), card.minimum_level);
    return card.block_size > 0 ? std::min(static_cast<std::size_t>(card.block_size), most) : most;
}

/// What a load file is too long for, in words; empty where it fits.
std::string too_long_for(std::size_t size, const model::card_parameters& card) {
    constexpr std::size_t most_blocks = 256; // the block number is one octet (GPCS 11.6.2.2)
    const auto block = load_block_of(card);
    if (card.extended_length || gp::load_block_count(size, block) <= most_blocks)
        return {};
    return "at most " + std::to_string(most_blocks * block) + " octets";
}

/// A load file that a profile's cards cannot take is no error of this operation; but its
/// deployment will be refused, so the operator is told now.
void warn_of_long_load_files(const catalog_edit& edit, const call& c, const entity_row& flavor,
                             const entity_row& service) {
    const auto name = [](const entity_row& row, const char* attribute) {
        return row.id + " ‘" + text::quotable(json::reader(row.document).string_or(attribute, "")) + "’";
    };
    store::walk_start start(flavor.provider);
    start.set(flavor.kind, flavor.id);
    const auto profiles = edit.related(model::relation::flavor_profiles, entity_kind::secure_component_profile, start);
    for (const auto& elf : store::load_files_of(edit, flavor)) {
        const auto size = static_cast<std::size_t>(json::reader(elf.document).object("loadImage").integer("size"));
        const auto warn = [&](const std::string& who, const std::string& what) {
            if (!what.empty())
                c.options.log({severity::warning,
                               "Flavor " + flavor.id + " was published with load file " + name(elf, "fileName") +
                                   " of " + std::to_string(size) + " octets (service " + name(service, "name") + "); " +
                                   who + " take " + what +
                                   ": set card.extendedLength of the profile if its cards take extended length, or "
                                   "have the package split",
                               {.provider = c.provider}});
        };
        for (const auto& profile : profiles) {
            const auto internals = edit.profile_internals(profile.id);
            const auto* part = internals.find("card");
            const auto card = part ? store::read_card_parameters(json::object_of(*part)) : model::card_parameters();
            warn("cards of profile " + name(profile, "name"), too_long_for(size, card));
        }
        if (profiles.empty()) // a Version can be linked later
            warn("cards without extended length", too_long_for(size, model::card_parameters()));
    }
}

/// AMB-059
net::response publish(catalog_edit& edit, const call& c, const path_entities& path) {
    auto flavor = path.last();
    const json::reader document(flavor.document);
    const auto linked = document.strings("executableLoadFileIds");
    for (const auto& aic : document.array_or_empty("applicationInstantiationConfigs")) {
        const auto id = json::reader(json::object_of(aic)).string("executableModuleId");
        const auto module = edit.find(entity_kind::executable_module, c.provider, id);
        if (!module || std::ranges::find(linked, module->parent) == linked.end())
            throw rest_error(rest_category::not_existing, {model::entity_name(entity_kind::executable_module), id});
    }
    check_aids(edit, flavor);
    check_key_provisioning(edit, c, flavor);
    warn_of_long_load_files(edit, c, flavor, path.of(entity_kind::service));
    flavor.document.set("published", true);
    edit.update(flavor, edges_of(flavor));
    return answer(edit, c, flavor);
}

json::object deployments_of(const entity_row& version) {
    return json::reader(version.document).object("allowedDeployments").raw();
}

net::response change_deployments(catalog_edit& edit, const call& c, const entity_row& version, json::object deployments,
                                 const std::vector<std::string>& linked_anew) {
    auto document = version.document;
    document.set("allowedDeployments", std::move(deployments));
    return change(edit, c, version, std::move(document), linked_anew);
}

/// The list given for a Flavor replaces its old one (AMB-052).
net::response link_flavors(catalog_edit& edit, const call& c, const path_entities& path) {
    const auto& version = path.of(entity_kind::version);
    const auto given = deployment_map(c.body);
    auto deployments = deployments_of(version);
    std::vector<std::string> linked;
    for (const auto& [flavor, profiles] : given) {
        deployments.set(flavor, profiles);
        linked.push_back(flavor);
    }
    // Existence comes before the conflict only in the body's own terms: both are decided on the whole map.
    return change_deployments(edit, c, version, deployment_map(deployments), linked);
}

net::response unlink_flavors(catalog_edit& edit, const call& c, const path_entities& path) {
    const auto ids = id_list(c.body, "flavorIds");
    check_exist(edit, c, entity_kind::flavor, path.of(entity_kind::service).id, ids);
    auto version = path.of(entity_kind::version);
    auto deployments = deployments_of(version);
    for (const auto& id : ids)
        deployments.erase(id);
    version.document.set("allowedDeployments", std::move(deployments));
    edit.update(version, edges_of(version));
    return answer(edit, c, version);
}

void remove_profile(json::object& deployments, const std::string& profile) {
    json::object out;
    for (const auto& [flavor, profiles] : deployments) {
        auto kept = json::array_of(profiles);
        std::erase(kept, json::value(profile));
        out.append(flavor, std::move(kept));
    }
    deployments = std::move(out);
}

/// The one Flavor of a profile: a list with one element or a string in 1.0, a string in 1.0.4 (AMB-051).
std::string flavor_of_profile(const call& c, const std::string& profile, const json::value& v) {
    const json::value* one = &v;
    if (const auto* list = v.as_array(); list && list->size() == 1 && c.dialect == model::dialect::v1_0)
        one = &list->front();
    const auto id = one->as_string() ? canonical_uuid(*one->as_string()) : std::nullopt;
    if (!id)
        throw rest_error(rest_category::invalid_format, {quoted(v), profile, "FlavorId of exactly one Flavor"});
    return *id;
}

/// A profile that is linked already is moved (AMB-051).
net::response link_profiles(catalog_edit& edit, const call& c, const path_entities& path) {
    constexpr std::string_view format = "Map of SecureComponentProfileIds to one FlavorId each";
    const auto& version = path.of(entity_kind::version);
    if (!c.body.is_object())
        throw rest_error(rest_category::invalid_format, {quoted(c.body), "secureComponentProfileIds", format});
    std::vector<std::pair<std::string, std::string>> links;
    for (const auto& [key, v] : json::object_of(c.body)) {
        const auto profile = canonical_uuid(key);
        const auto is_same = [&](const auto& link) { return link.first == profile; };
        if (!profile || std::ranges::any_of(links, is_same))
            throw rest_error(rest_category::invalid_format, {key, "secureComponentProfileIds", format});
        links.emplace_back(*profile, flavor_of_profile(c, key, v));
    }
    auto deployments = deployments_of(version);
    std::vector<std::string> linked;
    for (const auto& [profile, flavor] : links) {
        check_exist(edit, c, entity_kind::secure_component_profile, {}, {profile});
        check_exist(edit, c, entity_kind::flavor, version.parent, {flavor});
        remove_profile(deployments, profile);
        auto* present = deployments.find(flavor);
        json::array profiles = present ? json::array_of(*present) : json::array();
        profiles.push_back(profile);
        deployments.set(flavor, std::move(profiles));
        linked.push_back(flavor);
    }
    return change_deployments(edit, c, version, std::move(deployments), linked);
}

net::response unlink_profiles(catalog_edit& edit, const call& c, const path_entities& path) {
    const auto ids = id_list(c.body, "secureComponentProfileIds");
    check_exist(edit, c, entity_kind::secure_component_profile, {}, ids);
    auto version = path.of(entity_kind::version);
    auto deployments = deployments_of(version);
    for (const auto& id : ids)
        remove_profile(deployments, id);
    version.document.set("allowedDeployments", std::move(deployments));
    edit.update(version, edges_of(version));
    return answer(edit, c, version);
}

} // namespace

net::response write_operation(catalog_edit& edit, const call& c) {
    const path_entities path(edit, c);
    switch (c.operation.what) {
    case action::create:
        return create(edit, c, path);
    case action::modify:
        return modify(edit, c, path);
    case action::remove:
        return remove(edit, path);
    case action::link_load_files:
        return link_load_files(edit, c, path);
    case action::unlink_load_files:
        return unlink_load_files(edit, c, path);
    case action::publish:
        return publish(edit, c, path);
    case action::link_flavors:
        return link_flavors(edit, c, path);
    case action::unlink_flavors:
        return unlink_flavors(edit, c, path);
    case action::link_profiles:
        return link_profiles(edit, c, path);
    case action::unlink_profiles:
        return unlink_profiles(edit, c, path);
    default:
        throw std::logic_error("operation without implementation");
    }
}

} // namespace tsms::rest
