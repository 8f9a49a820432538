#include "lab/card/card.hpp"
#include "app/tsms_lab/commands.hpp"
#include "lab/card/personality.hpp"
#include "lab/vpcd.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <stdexcept>

namespace tsms::lab_app {

namespace {

using namespace lab;

struct options {
    std::string state;
    std::string profile{default_personality};
    std::string vpcd;
    bool list = false;
    bool json = false;
};

void list_personalities(bool as_json) {
    json::array all;
    for (const auto& p : personalities()) {
        if (as_json)
            all.emplace_back(
                json::object{{"name", p.name}, {"about", p.about}, {"atr", to_hex(p.atr())}, {"isd", p.isd}});
        else
            std::cout << p.name << "\t" << p.about << "\n";
    }
    if (as_json)
        std::cout << json::dump(all) << "\n";
}

void run(const options& o) {
    if (o.list)
        return list_personalities(o.json);
    if (o.state.empty())
        throw std::runtime_error("which card? give --state FILE, or --list for the personalities");
    const auto* p = find_personality(o.profile);
    if (!p)
        throw std::runtime_error("no personality '" + o.profile + "'; tsms-lab card --list names them");
    stored_card card(o.state, *p, crypto::system_random());
    if (o.json)
        std::cout << json::dump(card.card().registry()) << "\n";
    else
        std::cout << card.card().registry_text();
    if (o.vpcd.empty())
        return;
    const auto colon = o.vpcd.rfind(':');
    if (colon == std::string::npos)
        throw std::runtime_error("--vpcd needs HOST:PORT, for instance 127.0.0.1:35963");
    std::cerr << "attached to " << o.vpcd << "; end with Ctrl-C\n";
    serve_vpcd(card, o.vpcd.substr(0, colon), o.vpcd.substr(colon + 1));
}

} // namespace

void add_card(CLI::App& lab) {
    auto o = std::make_shared<options>();
    auto* command = lab.add_subcommand(
        "card", "Simulated GlobalPlatform card in a file: shows it, or puts it into a virtual PC/SC reader");
    command->footer("Example:\n  tsms-lab card --state card.json --vpcd 127.0.0.1:35963");
    command->add_option("--state", o->state, "file of the card; made if it does not exist");
    command->add_option("--profile", o->profile, "personality of a new card")->capture_default_str();
    command->add_option("--vpcd", o->vpcd, "HOST:PORT of pcscd's virtual reader driver");
    command->add_flag("--list", o->list, "list the personalities");
    command->add_flag("--json", o->json, "print JSON");
    command->callback([o] { run(*o); });
}

} // namespace tsms::lab_app
