// tsms: the server and every administration command.

#include "app/tsms/commands.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <sys/stat.h>

int main(int argc, char** argv) {
    using namespace tsms::app;
    ::umask(S_IRWXG | S_IRWXO); // databases and what SQLite puts beside them hold wrapped keys and credentials
    CLI::App tsms("Trusted Service Management System after BSI TR-03165", "tsms");
    tsms.require_subcommand(1);
    for (const auto add :
         {add_init_command, add_serve_command, add_provider_command, add_profile_command, add_issuer_command,
          add_app_command, add_card_command, add_outbox_command, add_adopt_command})
        add(tsms);
    try {
        tsms.parse(argc, argv);
        return 0;
    } catch (const CLI::ParseError& e) {
        return tsms.exit(e);
    } catch (const std::exception& e) {
        std::cerr << "tsms: " << e.what() << std::endl;
        return 1;
    }
}
