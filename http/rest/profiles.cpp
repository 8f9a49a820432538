#include "http/rest/profiles.hpp"

#include "http/rest/entity_document.hpp"
#include "model/rest_error.hpp"
#include "store/catalog_facts.hpp"
#include "store/profile_internals.hpp"

#include <algorithm>
#include <tuple>

namespace tsms::rest {

namespace {

constexpr auto kind = model::entity_kind::secure_component_profile;

struct profile {
    std::string name;
    json::object document;  ///< the TR's attributes
    json::object internals; ///< "identification" and "card"
};

profile read_profile(const json::value& v) {
    profile out;
    auto attributes = json::root_object(v);
    if (const auto* part = attributes.find("identification")) {
        store::read_identification(json::root_object(*part));
        out.internals.set("identification", *part);
        attributes.erase("identification");
    }
    if (const auto* part = attributes.find("card")) {
        store::read_card_parameters(json::root_object(*part));
        out.internals.set("card", *part);
        attributes.erase("card");
    }
    out.document = created(kind, model::dialect::v1_0, attributes);
    out.name = json::reader(out.document).string("name");
    return out;
}

std::vector<profile> read_file(std::string_view file) {
    json::value document;
    try {
        document = json::parse(file, {.bytes = 8 << 20});
    } catch (const json::parse_error& e) {
        throw profile_error(std::string("the profile file is no JSON document: ") + e.what());
    }
    if (!document.as_array())
        throw profile_error("a profile file is an array of SecureComponentProfile objects; put the object into [ ]");
    std::vector<profile> out;
    for (const auto& v : *document.as_array()) {
        const auto place = "profile " + std::to_string(out.size() + 1) + " of the file: ";
        try {
            out.push_back(read_profile(v));
        } catch (const json::parse_error& e) {
            throw profile_error(place + e.what());
        } catch (const model::rest_error& e) {
            throw profile_error(place + e.what());
        }
    }
    return out;
}

/// Older versions took a Java Card version of two numbers; three are the same one (DIV-069).
void mend_java_card_version(json::object& document) {
    constexpr const char* name = "javaCardVersion";
    const auto version = json::reader(document).string_or(name, "");
    if (std::ranges::count(version, '.') == 1)
        document.set(name, version + ".0");
}

/// Everything but id and name (AMB-071).
json::object compared(json::object document) {
    document.erase("id");
    document.erase("name");
    mend_java_card_version(document);
    return presented(kind, model::dialect::v1_0, document);
}

std::string name_of(const store::entity_row& row) {
    return json::reader(row.document).string("name");
}

store::entity_row known_profile(const store::catalog_view& view, const std::string& id_or_name) {
    const auto rows = view.list(kind, "", "");
    const auto row = std::ranges::find_if(
        rows, [&](const store::entity_row& r) { return r.id == id_or_name || name_of(r) == id_or_name; });
    if (row == rows.end())
        throw profile_error("there is no profile '" + id_or_name + "'; `tsms profile list` shows them");
    return *row;
}

std::vector<affected_version> affected_by(const store::catalog_view& view, const std::string& profile) {
    std::vector<affected_version> found;
    for (const auto& version : view.versions_for_profile(profile)) {
        const auto service = view.find_any(model::entity_kind::service, version.parent);
        found.push_back({version.provider, version.parent,
                         service ? json::reader(service->document).string_or("name", "") : std::string(),
                         json::reader(version.document).string_or("tag", "")});
    }
    std::ranges::stable_sort(found, {}, [](const auto& v) { return std::tie(v.provider, v.service); });
    return found;
}

void mark(store::catalog_edit& edit, const std::string& id, json::object internals, bool deprecated) {
    internals.erase("deprecated");
    if (deprecated)
        internals.set("deprecated", true);
    edit.put_profile_internals(id, internals);
}

/// Facts about cards are not refused because somebody's Flavor contradicts them; the operator tells the provider.
std::vector<std::string> conflicts_with(const store::catalog_view& view, const store::entity_row& profile) {
    std::vector<std::string> out;
    const auto there = store::aids_of_profile(view, profile);
    for (const auto& flavor : view.flavors_for_profile(profile.id))
        if (const auto conflict = model::aid_conflict_of(store::content_of(view, flavor), there))
            out.push_back("Flavor " + flavor.id + " of service provider " + flavor.provider + ": " + conflict->aid +
                          " is the AID of " + conflict->holder);
    return out;
}

profile_summary import_one(store::catalog_edit& edit, const profile& p, crypto::random_source& random,
                           const std::string& now) {
    for (auto& row : edit.list(kind, "", "")) {
        const bool same = compared(row.document) == compared(p.document);
        if (name_of(row) == p.name && same) {
            mend_java_card_version(row.document);
            edit.update(row, {});
            const bool deprecated = is_deprecated(edit, row.id);
            mark(edit, row.id, p.internals, deprecated);
            return {row.id, p.name, false, deprecated, conflicts_with(edit, row)};
        }
        if (name_of(row) == p.name)
            throw profile_error("there is a profile '" + p.name +
                                "' with other attributes, and they cannot be modified (TR 4.1.4.5); "
                                "import it under another name, or remove the old one first");
        if (same)
            throw profile_error("profile '" + p.name + "' is identical to '" + name_of(row) +
                                "' (TR 3.3.1.2); use that one");
    }
    store::entity_row row;
    row.id = random.uuid();
    row.kind = kind;
    row.position = now;
    row.document = p.document;
    row.document.set("id", row.id);
    edit.insert(row, {});
    edit.put_profile_internals(row.id, p.internals);
    return {row.id, p.name, true};
}

} // namespace

std::vector<profile_summary> import_profiles(store::catalog& catalog, std::string_view file,
                                             crypto::random_source& random, wall_time now) {
    const auto profiles = read_file(file);
    return catalog.write([&](store::catalog_edit& edit) {
        std::vector<profile_summary> out;
        for (const auto& p : profiles)
            out.push_back(import_one(edit, p, random, iso8601(now)));
        return out;
    });
}

bool is_deprecated(const store::catalog_view& view, const std::string& id) {
    return json::reader(view.profile_internals(id)).boolean_or("deprecated", false);
}

std::vector<profile_summary> list_profiles(const store::catalog_reader& catalog) {
    return catalog.read([](const store::catalog_view& view) {
        std::vector<profile_summary> out;
        for (const auto& row : view.list(kind, "", ""))
            out.push_back({row.id, name_of(row), false, is_deprecated(view, row.id)});
        return out;
    });
}

std::vector<affected_version> deprecate_profile(store::catalog& catalog, const std::string& id_or_name,
                                                bool deprecated) {
    return catalog.write([&](store::catalog_edit& edit) {
        const auto row = known_profile(edit, id_or_name);
        mark(edit, row.id, edit.profile_internals(row.id), deprecated);
        return affected_by(edit, row.id);
    });
}

std::vector<affected_version> remove_profile(store::catalog& catalog, const std::string& id_or_name) {
    return catalog.write([&](store::catalog_edit& edit) {
        const auto row = known_profile(edit, id_or_name);
        auto by = affected_by(edit, row.id);
        if (by.empty())
            edit.remove(row.id);
        return by;
    });
}

} // namespace tsms::rest
