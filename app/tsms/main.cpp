// tsms: the server and every administration command.

#include "app/cli/program.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/no_dumps.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <cstring>
#include <iostream>
#include <sys/stat.h>

namespace {

void add_version_command(CLI::App& app) {
    auto* command = app.add_subcommand("version", "Version of this program");
    tsms::cli::examples(*command, {"tsms version --json"});
    const auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "output for programs");
    command->add_option("--data", "data directory, as every command takes it; nothing is read");
    command->callback([as_json] {
        if (*as_json)
            std::cout << tsms::json::dump(tsms::json::object{{"version", tsms::cli::version_number()}}) << std::endl;
        else
            std::cout << tsms::cli::version_text("tsms") << std::endl;
    });
}

} // namespace

int main(int argc, char** argv) {
    using namespace tsms::app;
    if (!forbid_dumps()) { // before any secret is read
        std::cerr << "tsms: the system does not keep this program's memory out of core dumps: " << std::strerror(errno)
                  << std::endl;
        return 1;
    }
    ::umask(S_IRWXG | S_IRWXO); // databases and what SQLite puts beside them hold wrapped keys and credentials
    CLI::App program("Trusted Service Management System after BSI TR-03165", "tsms");
    program.require_subcommand(1);
    for (const auto add : {add_init_command, add_serve_command, add_provider_command, add_profile_command,
                           add_issuer_command, add_app_command, add_card_command, add_outbox_command, add_trace_command,
                           add_token_command, add_migrate_command, add_adopt_command, add_version_command})
        add(program);
    return tsms::cli::run(program, argc, argv);
}
