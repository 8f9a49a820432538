// tsms adopt: goes on with databases that do not belong together (DIV-049).

#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"
#include "app/tsms/data_lock.hpp"
#include "store/adoption.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace tsms::app {

namespace {

struct adopt_options {
    std::string data;
    bool as_json = false;
};

void adopt(const adopt_options& o) {
    const auto c = read_config(o.data);
    const data_lock rest(c.data, "rest"), device(c.data, "device");
    const auto done = store::adopt(c.databases());
    if (o.as_json) {
        json::array misfits;
        for (const auto& why : done.misfits)
            misfits.push_back(why);
        std::cout << json::dump(json::object{{"misfits", std::move(misfits)},
                                             {"cardsInDoubt", static_cast<std::int64_t>(done.cards_in_doubt)}})
                  << std::endl;
        return;
    }
    for (const auto& why : done.misfits)
        std::cout << why << "\n";
    std::cout << "The databases in " << o.data << " are one installation from now on, as they are.\n";
    if (done.cards_in_doubt > 0)
        std::cout << done.cards_in_doubt << " secure components are in doubt: the next process on each looks first.\n";
    else
        std::cout << "If instances.db is older than its cards: tsms card reconcile --all for each of them.\n";
    std::cout << std::flush;
}

} // namespace

void add_adopt_command(CLI::App& app) {
    auto* command = app.add_subcommand(
        "adopt", "Goes on with databases that do not belong together, for example after one was restored alone");
    command->footer("The server must be stopped. Restoring all three databases from one backup is better.\n"
                    "Example:\n  tsms adopt --data ./data");
    auto o = std::make_shared<adopt_options>();
    command->add_option("--data", o->data, "data directory")->required();
    command->add_flag("--json", o->as_json, "one JSON document on stdout");
    command->callback([o] { adopt(*o); });
}

} // namespace tsms::app
