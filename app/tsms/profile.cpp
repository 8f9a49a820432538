#include "app/cli/program.hpp"
#include "app/cli/table.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"

#include "base/time.hpp"
#include "base/utf8.hpp"
#include "http/rest/profiles.hpp"
#include "store/access.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

namespace tsms::app {

namespace {

struct options {
    std::filesystem::path data;
    std::filesystem::path file;
    std::string profile;
    bool undo = false;
    bool json = false;
};

void print(const options& o, const std::vector<rest::profile_summary>& profiles, bool imported) {
    json::array out;
    cli::table shown({"ID", "NAME", "STATE"}, 40);
    for (const auto& p : profiles) {
        json::object entry{{"id", p.id}, {"name", p.name}, {"deprecated", p.deprecated}};
        if (imported)
            entry.set("new", p.is_new).set("conflicts", json::array(p.conflicts.begin(), p.conflicts.end()));
        for (const auto& conflict : p.conflicts)
            std::cerr << "profile ‘" << p.name << "’ gets no new instances of " << conflict
                      << "; its provider has to change the AID, or to unlink the profile\n";
        out.push_back(std::move(entry));
        const std::string now = p.deprecated ? "deprecated" : "in use";
        shown.add({p.id, p.name, imported ? (p.is_new ? "added" : "updated, " + now) : now});
    }
    if (o.json)
        std::cout << json::dump(out) << '\n';
    else
        shown.print(std::cout, "There is no profile (tsms profile import).");
}

void import(const options& o) {
    const auto catalog = store::open_catalog(read_config(o.data).catalog_db());
    print(o, rest::import_profiles(*catalog, read_text(o.file), crypto::system_random(), system_time().wall()), true);
}

void list(const options& o) {
    const auto catalog = store::open_catalog(read_config(o.data).catalog_db());
    print(o, rest::list_profiles(*catalog), false);
}

/// TR 3.3.1.2: whom the operator has to inform, and of what.
struct affected {
    json::array list;
    std::string text; ///< a line each
};
affected whom_it_affects(const config& c, const std::vector<rest::affected_version>& versions) {
    affected out;
    if (versions.empty())
        return out;
    const auto access = store::open_access(c.access_db());
    for (const auto& v : versions) {
        const auto provider = access->provider(v.provider);
        const auto name = provider ? provider->name : std::string();
        out.text += "service provider " + text::quotable(name) + " (" + v.provider + "), Service " +
                    text::quotable(v.service_name) + " (" + v.service + "), Version " + v.tag + "\n";
        out.list.push_back(json::object{{"provider", v.provider},
                                        {"providerName", name},
                                        {"service", v.service},
                                        {"serviceName", v.service_name},
                                        {"version", v.tag}});
    }
    return out;
}

void deprecate(const options& o) {
    const auto c = read_config(o.data);
    const auto catalog = store::open_catalog(c.catalog_db());
    const auto whom = whom_it_affects(c, rest::deprecate_profile(*catalog, o.profile, !o.undo));
    const auto* what = o.undo ? "reinstated" : "deprecated";
    if (o.json)
        std::cout << json::dump(json::object{{what, o.profile}, {"affects", whom.list}}) << '\n';
    else
        std::cout << o.profile << ' ' << what
                  << (whom.list.empty() ? "; no Version refers to it\n" : "; inform these service providers:\n")
                  << whom.text;
}

void remove(const options& o) {
    const auto c = read_config(o.data);
    const auto catalog = store::open_catalog(c.catalog_db());
    if (const auto whom = whom_it_affects(c, rest::remove_profile(*catalog, o.profile)); !whom.list.empty())
        throw config_error("profile '" + o.profile +
                           "' is linked to a Version; its service provider has to unlink it first (AMB-070):\n" +
                           whom.text);
    if (o.json)
        std::cout << json::dump(json::object{{"removed", o.profile}}) << '\n';
    else
        std::cout << o.profile << " removed\n";
}

void add_common(CLI::App& command, options& o) {
    command.add_option("--data", o.data, "data directory")->required();
    command.add_flag("--json", o.json, "one JSON document on stdout");
}

} // namespace

void add_profile_command(CLI::App& app) {
    const auto o = std::make_shared<options>();
    auto* profile = app.add_subcommand(
        "profile", "SecureComponentProfiles: which secure components are served, and how they are told apart");
    profile->require_subcommand(1);

    auto* import_command =
        profile->add_subcommand("import", "Adds the profiles of a file, or replaces their TSM-internal part");
    add_common(*import_command, *o);
    import_command->add_option("FILE", o->file, "array of SecureComponentProfile objects (JSON)")->required();
    cli::examples(*import_command, {"tsms profile import --data ./data lab/profiles.json"});
    import_command->callback([o] { import(*o); });

    auto* list_command = profile->add_subcommand("list", "Shows id and name of every profile");
    add_common(*list_command, *o);
    cli::examples(*list_command, {"tsms profile list --data ./data"});
    list_command->callback([o] { list(*o); });

    auto* deprecate_command = profile->add_subcommand(
        "deprecate", "Gives no new instances to secure components of the profile; inform the service providers");
    add_common(*deprecate_command, *o);
    deprecate_command->add_option("PROFILE", o->profile, "id or name")->required();
    deprecate_command->add_flag("--undo", o->undo, "takes it back");
    cli::examples(*deprecate_command, {"tsms profile deprecate --data ./data 'tsms-lab t0'"});
    deprecate_command->callback([o] { deprecate(*o); });

    auto* remove_command = profile->add_subcommand("remove", "Removes a profile that no Version refers to");
    add_common(*remove_command, *o);
    remove_command->add_option("PROFILE", o->profile, "id or name")->required();
    cli::examples(*remove_command, {"tsms profile remove --data ./data 'tsms-lab t0'"});
    remove_command->callback([o] { remove(*o); });
}

} // namespace tsms::app
