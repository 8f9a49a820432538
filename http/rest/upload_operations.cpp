#include "http/rest/call.hpp"
#include "store/catalog_facts.hpp"

namespace tsms::rest {

namespace {

using model::entity_kind;
using model::rest_category;
using model::rest_error;
using store::catalog_edit;
using store::entity_row;

/// What the TSM reads out of a CAP (TR 4.1.4.9). "loadImage" is for the device role and never answered.
void describe_cap(const gp::cap_file& cap, json::object& document) {
    json::array imports;
    for (const auto& import : cap.imports)
        imports.push_back(to_hex(import.aid));
    json::array packages;
    for (const auto& package : cap.packages)
        packages.push_back(to_hex(package.aid));
    document.set("aid", to_hex(cap.package_aid))
        .set("type", "CAP")
        .set("packageName", cap.package_name)
        .set("importedPackages", std::move(imports))
        .set("packageVersion", gp::to_string(cap.package_version))
        .set("technicalRequirements",
             json::object{{"javaCardVersion", cap.java_card_version}, {"gpApiVersion", cap.gp_api_version}})
        .set("loadImage", json::object{{"sha256", to_hex(cap.sha256)},
                                       {"size", static_cast<std::int64_t>(cap.load_image.size())},
                                       {"extended", cap.extended()},
                                       {"packages", std::move(packages)}});
}

/// One ExecutableModule for each applet; those with an equal AID keep their id (AMB-061).
void store_modules(catalog_edit& edit, const call& c, const entity_row& elf, const gp::cap_file& cap) {
    std::vector<std::string> wanted;
    for (const auto& aid : cap.applets)
        wanted.push_back(to_hex(aid));
    for (const auto& module : edit.list(entity_kind::executable_module, elf.provider, elf.id)) {
        if (std::erase(wanted, store::aid_of(edit, module)) > 0)
            continue;
        if (edit.first_referrer(module.id))
            throw rest_error(rest_category::not_existing,
                             {model::entity_name(entity_kind::executable_module), module.id});
        edit.remove(module.id);
    }
    const auto now = now_text(c);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        entity_row row;
        row.id = c.random.uuid();
        row.kind = entity_kind::executable_module;
        row.provider = elf.provider;
        row.parent = elf.id;
        row.position = now + "/" + std::to_string(1000 + i); // the CAP's order
        row.document = {{"id", row.id}, {"aid", wanted[i]}, {"elfId", elf.id}};
        edit.insert(row, {});
    }
}

void store_content(catalog_edit& edit, const call& c, const entity_row& row, const upload& u) {
    edit.put_file(row.id, *u.content);
    if (!u.cap)
        return;
    edit.put_load_image(row.id, to_hex(u.cap->sha256), u.cap->load_image);
    store_modules(edit, c, row, *u.cap);
}

void apply(const call& c, entity_row& row, const upload& u) {
    if (u.name)
        row.document.set("fileName", *u.name);
    if (!u.content)
        return;
    row.document.set("uploadDate", now_text(c));
    if (u.cap)
        describe_cap(*u.cap, row.document);
}

net::response create(catalog_edit& edit, const call& c, upload u) {
    entity_row row;
    row.id = c.random.uuid();
    row.kind = c.operation.entity;
    row.provider = c.provider;
    row.position = now_text(c);
    row.document = {{"id", row.id}, {"creationDate", row.position}, {"spId", row.provider}};
    if (!u.name) // A/Yes: assigned where it is not given (TR 4.1.4)
        u.name = row.id + std::string(extension_of(row.kind));
    apply(c, row, u);
    edit.insert(row, {});
    store_content(edit, c, row, u);
    return answer(edit, c, row);
}

net::response replace(catalog_edit& edit, const call& c, entity_row row, const upload& u) {
    const bool is_elf = row.kind == entity_kind::executable_load_file;
    if (is_elf && u.content)
        if (const auto flavor = edit.published_flavor_of(row.id))
            throw rest_error(rest_category::already_published, {model::entity_name(row.kind), *flavor});
    auto known = is_elf && u.content ? meetings_before(edit, row) : known_meetings();
    apply(c, row, u);
    edit.update(row, {});
    if (u.content)
        store_content(edit, c, row, u);
    if (is_elf && u.content) {
        check_aids(edit, row, std::move(known));
        check_technical_requirements(edit, c, row);
    }
    return answer(edit, c, row);
}

} // namespace

net::response upload_operation(catalog_edit& edit, const call& c, const upload& u) {
    const path_entities path(edit, c);
    return c.operation.what == model::action::replace ? replace(edit, c, path.last(), u) : create(edit, c, u);
}

} // namespace tsms::rest
