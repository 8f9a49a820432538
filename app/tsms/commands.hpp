#pragma once
// The subcommands of tsms. Each adds itself to the parser and runs from its callback; what goes wrong is thrown
// (std::exception), and main() prints it.

namespace CLI {
class App;
}

namespace tsms::app {

void add_init_command(CLI::App& app);
void add_serve_command(CLI::App& app);
void add_provider_command(CLI::App& app);
void add_profile_command(CLI::App& app);
void add_issuer_command(CLI::App& app);
void add_app_command(CLI::App& app);
void add_card_command(CLI::App& app);
void add_outbox_command(CLI::App& app);
void add_trace_command(CLI::App& app);
void add_token_command(CLI::App& app);
void add_migrate_command(CLI::App& app);
void add_adopt_command(CLI::App& app);

} // namespace tsms::app
