// tsms migrate: databases that a former program wrote become what this one needs (DIV-099).

#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"
#include "app/tsms/data_lock.hpp"
#include "base/time.hpp"
#include "store/backup.hpp"
#include "store/migration.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

namespace tsms::app {

namespace {

struct migrate_options {
    std::string data;
    bool dry_run = false;
    bool as_json = false;
};

/// DIR/backup-20261129T063012Z
std::filesystem::path backup_folder(const config& c, wall_time now) {
    auto when = iso8601(now).substr(0, std::string("2026-11-29T06:30:12").size());
    std::erase_if(when, [](char ch) { return ch == '-' || ch == ':'; });
    return c.data / ("backup-" + when + "Z");
}

json::value document_of(const store::migration_step& step) {
    return json::object{{"database", step.database},
                        {"from", static_cast<std::int64_t>(step.from)},
                        {"to", static_cast<std::int64_t>(step.to)},
                        {"what", step.what}};
}

std::string line_of(const store::migration_step& step) {
    return step.database + "  " + std::to_string(step.from) + " → " + std::to_string(step.to) + "  " + step.what + "\n";
}

void print(const migrate_options& o, const std::filesystem::path& backup,
           const std::vector<store::migration_step>& steps) {
    json::array list;
    for (const auto& step : steps)
        list.push_back(document_of(step));
    std::cout << json::dump(json::object{{"migrated", !o.dry_run && !steps.empty()},
                                         {"backup", backup.empty() ? json::value() : json::value(backup.string())},
                                         {"steps", std::move(list)}})
              << std::endl;
}

void tell_pending(const migrate_options& o, const std::vector<store::migration_step>& steps) {
    if (o.as_json)
        return print(o, {}, steps);
    if (steps.empty())
        std::cout << "Nothing to do: the databases in " << o.data << " have the schema versions of this program.\n";
    for (const auto& step : steps)
        std::cout << line_of(step);
    std::cout << std::flush;
}

void run_pending(const migrate_options& o, const config& c) {
    const auto backup = backup_folder(c, system_time().wall());
    store::back_up(c.databases(), backup);
    if (!o.as_json)
        std::cout << "Backup of the databases as they were: " << backup.string() << std::endl;
    std::vector<store::migration_step> steps;
    store::migrate(c.databases(), [&](const store::migration_step& step) {
        steps.push_back(step);
        if (!o.as_json)
            std::cout << line_of(step) << std::flush;
    });
    if (o.as_json)
        return print(o, backup, steps);
    std::cout << "The databases in " << o.data << " have the schema versions of this program: tsms serve --data "
              << o.data << std::endl;
}

void migrate(const migrate_options& o) {
    const auto c = read_config(o.data);
    if (o.dry_run)
        return tell_pending(o, store::pending_migrations(c.databases()));
    const data_lock rest(c.data, "rest"), device(c.data, "device");
    const auto steps = store::pending_migrations(c.databases()); // refuses all before it changes one
    if (steps.empty())
        return tell_pending(o, steps);
    run_pending(o, c);
}

} // namespace

void add_migrate_command(CLI::App& app) {
    auto* command = app.add_subcommand(
        "migrate", "Brings databases of a former version to the one of this program, and copies them before");
    command->footer("The server must be stopped. Interrupted, it is to be run again.\n"
                    "Example:\n  tsms migrate --data ./data --dry-run\n  tsms migrate --data ./data");
    auto o = std::make_shared<migrate_options>();
    command->add_option("--data", o->data, "data directory")->required();
    command->add_flag("--dry-run", o->dry_run, "only say what there is to do");
    command->add_flag("--json", o->as_json, "one JSON document on stdout");
    command->callback([o] { migrate(*o); });
}

} // namespace tsms::app
