#pragma once
// A Service of two load files with three applets, Versions of it, and an update from one to another.

#include "lab/cap_writer.hpp"
#include "tests/sim/service.hpp"

namespace tsms::sim {

inline const bytes package_2 = hex("D2760001855463");
inline const bytes package_3 = hex("D2760001855473");
inline const bytes applet_3 = hex("D276000185546301");
inline const bytes applet_4 = hex("D276000185547301");

/// A load file with applets, and nothing of the target changed. Another `load_size` is another content.
inline model::target_load_file load_file_of(world& w, bytes package_aid, std::vector<bytes> applets,
                                            std::size_t load_size, std::optional<bytes> library = std::nullopt) {
    lab::cap_request wanted;
    wanted.package = std::move(package_aid);
    wanted.applets = std::move(applets);
    wanted.load_size = load_size;
    wanted.library = std::move(library);
    const auto cap = gp::parse_cap(lab::write_cap(wanted));
    model::target_load_file file;
    file.elf_id = file.aid = to_hex(cap.package_aid);
    file.sha256 = to_hex(cap.sha256);
    file.size = cap.load_image.size();
    for (const auto& import : cap.imports)
        file.imports.push_back(to_hex(import.aid));
    w.images[file.sha256] = cap.load_image;
    return file;
}

inline model::target_application application_of(const model::target_load_file& file, const bytes& aid) {
    model::target_application app;
    app.elf_aid = file.aid;
    app.module_aid = app.instance_aid = to_hex(aid);
    app.accessible_via_apdu = true;
    return app;
}

/// Commands that can be read: the channel has no encryption.
inline void two_load_files(world& w, const char* rules, std::size_t load_size) {
    auto& target = w.instance.target;
    target.card.minimum_level = 0x11;
    target.card.ara = rules;
    if (std::string_view(rules) != "none")
        target.device_apps = {std::string(64, 'B')};
    target.load_files = {load_file_of(w, package, {applet_1, applet_2}, load_size),
                         load_file_of(w, package_2, {applet_3}, load_size)};
    target.applications = {application_of(target.load_files[0], applet_1),
                           application_of(target.load_files[0], applet_2),
                           application_of(target.load_files[1], applet_3)};
}

inline world ready_with_two_load_files(const char* rules = "none", std::size_t load_size = 600) {
    world w;
    two_load_files(w, rules, load_size);
    return w;
}

inline model::deployment_target next_version(const world& w) {
    auto target = w.instance.target;
    target.version_tag = "2.0.0";
    target.beside = {};
    for (auto& app : target.applications)
        app.parameters_digest.clear();
    return target;
}

inline std::vector<process::command_request> commands_of(const std::vector<model::service_command>& kinds,
                                                         bool suspended = false) {
    std::vector<process::command_request> list;
    for (const auto what : kinds)
        list.push_back({what, {}, suspended && what == A});
    return list;
}

inline process::process<process::process_outcome> update(world& w, model::deployment_target wanted,
                                                         std::vector<process::command_request> commands,
                                                         bool finalize = true) {
    auto request = w.request();
    request.new_target = std::move(wanted);
    return process::update(std::move(request), std::move(commands), finalize);
}

inline std::size_t rules_on(const world& w) {
    auto count = w.card.state().ara.rules.size();
    for (const auto& [aid, rules] : w.card.state().client_rules)
        count += rules.size();
    return count;
}

/// AIDs that the card has of a target, and the TSM's domain.
inline std::set<std::string> contents_of(const model::deployment_target& target) {
    std::set<std::string> aids{tsm_domain, target.sd_aid};
    for (const auto& file : target.load_files)
        aids.insert(file.aid);
    for (const auto& app : target.applications)
        aids.insert(app.instance_aid);
    return aids;
}

/// The same AIDs with another content of this load file.
model::deployment_target& other_content(world& w, model::deployment_target& t, std::size_t file);

/// From now on every command that changes the card or names an application, in words: "delete a3", "load P2".
void listen(world& w, std::vector<std::string>& words);
std::string joined(const std::vector<std::string>& words);

/// Each applet has stored something: what a new installation of it would not have.
void store_data(world& w);
bool has_data(const world& w, const bytes& aid);

/// Deployed, activated, with data.
world operational_service(const char* rules = "none", std::size_t load_size = 600);

/// The card has exactly the target's content, below the Service's domain, and it can be used.
void check_card(world& w);

} // namespace tsms::sim
