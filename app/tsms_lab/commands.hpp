#pragma once
// The subcommands of tsms-lab, one file each: a function that adds its options to the program and a callback that runs
// it. A failure is an exception whose text says cause and remedy; main() prints it.

namespace CLI {
class App;
}

namespace tsms::lab_app {

void add_cap(CLI::App& lab);
void add_card(CLI::App& lab);
void add_issuer(CLI::App& lab);
void add_spos(CLI::App& lab);

} // namespace tsms::lab_app
