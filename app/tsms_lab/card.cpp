#include "lab/card/card.hpp"
#include "app/cli/table.hpp"
#include "app/tsms_lab/commands.hpp"
#include "gp/tlv.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"
#include "lab/vpcd.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <stdexcept>

namespace tsms::lab_app {

namespace {

using namespace lab;

struct options {
    std::string state;
    std::string profile{default_personality};
    std::string vpcd;
    std::string faults;
    std::vector<std::string> allowed;
    bool list = false;
    bool json = false;
};

void list_personalities(bool as_json) {
    json::array all;
    cli::table shown({"PERSONALITY", "ABOUT"});
    for (const auto& p : personalities()) {
        all.emplace_back(json::object{{"name", p.name}, {"about", p.about}, {"atr", to_hex(p.atr())}, {"isd", p.isd}});
        shown.add({std::string(p.name), std::string(p.about)});
    }
    if (as_json)
        std::cout << json::dump(all) << "\n";
    else
        shown.print(std::cout, "");
}

/// HASH or HASH@AID: a rule as the issuer of a phone's chip writes it before a TSM can come (GPD_SPE_013 6).
void allow(card_state& card, const std::string& text) {
    const auto at = std::min(text.find('@'), text.size());
    const auto hash = from_hex(std::string_view(text).substr(0, at));
    const auto aid = from_hex(std::string_view(text).substr(std::min(at + 1, text.size())));
    const bool valid = hash && (hash->size() == 20 || hash->size() == 32) && aid &&
                       (at == text.size() || (aid->size() >= 5 && aid->size() <= 16));
    if (!valid)
        throw std::runtime_error("--allow '" + text.substr(0, 120) +
                                 "': write the SHA-1 or SHA-256 of the app's certificate, and behind @ an AID of 5 to "
                                 "16 octets or nothing for all applications, in hexadecimal");
    access_rule rule;
    gp::append_tlv(rule.reference, 0x4F, *aid);
    gp::append_tlv(rule.reference, 0xC1, *hash);
    rule.rule = hex("D00101");
    if (std::find(card.ara.rules.begin(), card.ara.rules.end(), rule) != card.ara.rules.end())
        return;
    card.ara.rules.push_back(std::move(rule));
    card.ara.refresh_tag = crypto::system_random().take(8);
}

void run(const options& o) {
    if (o.list)
        return list_personalities(o.json);
    if (o.state.empty())
        throw std::runtime_error("which card? give --state FILE, or --list for the personalities");
    const auto* p = find_personality(o.profile);
    if (!p)
        throw std::runtime_error("no personality '" + o.profile + "'; tsms-lab card --list names them");
    stored_card card(o.state, *p, crypto::system_random(), o.faults);
    if (!o.allowed.empty()) {
        if (!card.card().state().personality->ara_m)
            throw std::runtime_error("--allow: this card has no ARA-M");
        for (const auto& rule : o.allowed)
            allow(card.card().state(), rule);
        card.card().save(o.state);
    }
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
    if (!card.card().faults().empty())
        std::cerr << "faults: " << card.card().faults().text() << "\n";
    serve_vpcd(card, o.vpcd.substr(0, colon), o.vpcd.substr(colon + 1));
}

} // namespace

void add_card(CLI::App& lab) {
    auto o = std::make_shared<options>();
    auto* command = lab.add_subcommand(
        "card", "Simulated GlobalPlatform card in a file: shows it, or puts it into a virtual PC/SC reader");
    command->footer("Example:\n  tsms-lab card --list\n  tsms-lab card --state phone.card --profile jc305\n"
                    "  tsms-lab card --state phone.card --vpcd 127.0.0.1:35963");
    command->add_option("--state", o->state, "file of the card; made if it does not exist");
    command->add_option("--profile", o->profile, "personality of a new card")->capture_default_str();
    command->add_option("--vpcd", o->vpcd, "HOST:PORT of pcscd's virtual reader driver");
    command->add_option(
        "--faults", o->faults,
        "what goes wrong, for instance sw6A84@load:3,tear-after@any:~100,slow20@any (docs/lab.md); none: "
        "nothing, not even what is usual for the personality");
    command
        ->add_option("--allow", o->allowed,
                     "HASH or HASH@AID: an access rule that lets the app with this certificate in, repeatable")
        ->allow_extra_args(false);
    command->add_flag("--list", o->list, "list the personalities");
    command->add_flag("--json", o->json, "print JSON");
    command->callback([o] { run(*o); });
}

} // namespace tsms::lab_app
