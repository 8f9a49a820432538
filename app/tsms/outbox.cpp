// tsms outbox: results on their way to SPOS-Services (AMB-180). A server that runs follows within seconds.

#include "app/cli/table.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"
#include "app/tsms/named_damage.hpp"
#include "app/tsms/references.hpp"
#include "store/access.hpp"
#include "store/device_store.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>

namespace tsms::app {

namespace {

struct outbox_options {
    std::string data, process, provider;
    std::vector<std::int64_t> ids;
    bool all = false;
    bool given_up = false;
    bool as_json = false;
};

using names = std::map<std::string, std::string>; ///< of service providers, by id

names provider_names(const config& c) {
    names known;
    for (const auto& provider : store::open_access(c.access_db())->providers())
        known[provider.id] = provider.name;
    return known;
}

std::string name_of(const names& known, const std::string& provider) {
    const auto found = known.find(provider);
    return found == known.end() ? provider : found->second;
}

std::string condition(const model::outbox_entry& d) {
    return d.given_up ? "given up" : "waiting";
}

json::object as_json(const names& known, const model::outbox_entry& d) {
    return {{"id", d.id},
            {"process", d.process},
            {"provider", d.provider},
            {"providerName", name_of(known, d.provider)},
            {"url", d.spos.url},
            {"condition", condition(d)},
            {"attempts", d.attempts},
            {"waitedSeconds", static_cast<std::int64_t>(d.waited.count())},
            {"created", iso8601(d.created)},
            {"lastError", d.last_error}};
}

/// Deliveries that the options mean, in the order in which they came.
std::vector<model::outbox_entry> chosen(const config& c, const store::device_store& db, const outbox_options& o) {
    auto found = db.outbox.all();
    auto provider = o.provider;
    const bool is_id = std::ranges::find(found, provider, &model::outbox_entry::provider) != found.end();
    if (!provider.empty() && !is_id) // an id with results may be one of a provider that is gone
        provider = known_provider(*store::open_access(c.access_db()), provider).id;
    std::erase_if(found, [&](const model::outbox_entry& d) {
        const bool wanted = (o.ids.empty() || std::ranges::find(o.ids, d.id) != o.ids.end()) &&
                            (o.process.empty() || d.process == o.process) &&
                            (provider.empty() || d.provider == provider) && (!o.given_up || d.given_up);
        return !wanted;
    });
    return found;
}

void list_deliveries(const outbox_options& o) {
    const auto c = read_config(o.data);
    store::device_store db(c.instances_db());
    name_damage(db);
    const auto known = provider_names(c);
    const auto found = chosen(c, db, o);
    if (o.as_json) {
        json::array list;
        for (const auto& d : found)
            list.push_back(as_json(known, d));
        std::cout << json::dump(list) << std::endl;
        return;
    }
    cli::table shown({"ID", "STATE", "ATTEMPTS", "WAITED (S)", "PROCESS", "PROVIDER", "URL", "LAST ERROR"});
    for (const auto& d : found)
        shown.add({std::to_string(d.id), condition(d), std::to_string(d.attempts), std::to_string(d.waited.count()),
                   d.process.empty() ? "(eligibility check)" : d.process,
                   d.provider.empty() ? "?" : name_of(known, d.provider), d.spos.url, d.last_error});
    const bool of_all = o.ids.empty() && o.process.empty() && o.provider.empty() && !o.given_up;
    shown.print(std::cout,
                of_all ? "No result waits for an SPOS-Service." : "No such result waits (tsms outbox list).");
}

/// One after the other, each with its audit record. A delivery that was made in the meantime does not count.
void change(const outbox_options& o, bool (store::outbox::*what)(std::int64_t) const, const char* counted,
            const std::string& done) {
    const auto c = read_config(o.data);
    store::device_store db(c.instances_db());
    auto ids = o.ids; // one that cannot be read can be dropped
    if (ids.empty())
        for (const auto& d : chosen(c, db, o))
            ids.push_back(d.id);
    int changed = 0;
    for (const auto id : ids)
        changed += (db.outbox.*what)(id);
    if (changed == 0 && !o.all)
        throw config_error("no such result waits (tsms outbox list)");
    if (o.as_json)
        std::cout << json::dump(json::object{{counted, changed}}) << std::endl;
    else
        std::cout << changed << (changed == 1 ? " result " : " results ") << done << std::endl;
}

} // namespace

void add_outbox_command(CLI::App& app) {
    auto* outbox = app.add_subcommand("outbox", "Results on their way to SPOS-Services: list, retry, drop");
    outbox->require_subcommand(1);
    auto o = std::make_shared<outbox_options>();
    const auto common = [o](CLI::App* command) {
        command->add_option("--data", o->data, "data directory")->required();
        command->add_flag("--json", o->as_json, "output for programs");
        return command;
    };
    const auto choosing = [o](CLI::App* command) {
        auto* which = command->add_option_group("which");
        which->add_option("--id", o->ids, "ids of results, as listed");
        which->add_option("--process", o->process, "id of the process that it is the result of");
        which->add_option("--provider", o->provider, "every one of this service provider (name or id)");
        return which;
    };
    auto* list = common(outbox->add_subcommand("list", "Lists results that wait or were given up"));
    list->footer("Example:\n  tsms outbox list --data ./data\n  tsms outbox list --data ./data --given-up --json");
    list->add_flag("--given-up", o->given_up, "only those that are not attempted any more");
    choosing(list)->require_option(0, 1);
    list->callback([o] { list_deliveries(*o); });

    auto* retry = common(outbox->add_subcommand("retry", "Has results delivered now, given up or not"));
    retry->footer("They are tried as patiently as new ones. Where the server does not run, when it starts.\n"
                  "Example:\n  tsms outbox retry --data ./data --provider demo\n"
                  "  tsms outbox retry --data ./data --all");
    auto* retried = choosing(retry);
    retried->add_flag("--all", o->all, "every one");
    retried->require_option(1);
    retry->callback([o] { change(*o, &store::outbox::retry, "retried", "to be delivered now"); });

    auto* drop = common(outbox->add_subcommand("drop", "Forgets results: their SPOS-Service is never told"));
    drop->footer("A delivery that is on its way may still arrive.\n"
                 "Example:\n  tsms outbox drop --data ./data --id 17");
    auto* dropped = choosing(drop);
    dropped->add_flag("--all", o->all, "every one, also those that only wait");
    dropped->require_option(1);
    drop->callback([o] { change(*o, &store::outbox::drop, "dropped", "dropped"); });
}

} // namespace tsms::app
