// tsms card: the secure components that this TSM has seen.

#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"
#include "json/json.hpp"
#include "store/instances.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace tsms::app {

namespace {

struct card_options {
    std::string data, card;
    bool as_json = false;
};

std::string condition(const model::secure_component& card) {
    return card.quarantined ? "quarantined" : card.doubt ? "in doubt" : "good";
}

json::object as_json(const store::instance_db& db, const model::secure_component& card) {
    json::array instances;
    for (const auto& i : db.instances_on_card(card.id))
        instances.push_back(json::object{{"id", i.id},
                                         {"service", i.target.service_id},
                                         {"version", i.target.version_tag},
                                         {"state", static_cast<int>(i.state)},
                                         {"securityDomain", i.domain ? i.domain->aid : std::string()},
                                         {"runningProcess", i.running_process}});
    return {{"id", card.id},
            {"identity", card.identity},
            {"profile", card.profile_id},
            {"issuer", card.issuer},
            {"condition", condition(card)},
            {"strikes", card.strikes},
            {"tsmDomain", card.tsm_domain ? json::value(card.tsm_domain->aid) : json::value()},
            {"instances", std::move(instances)}};
}

void list_cards(const card_options& o) {
    const store::instance_db db(read_config(o.data).instances_db());
    json::array list;
    for (const auto& card : db.cards()) {
        if (o.as_json)
            list.push_back(as_json(db, card));
        else
            std::cout << card.id << "\t" << condition(card) << "\t" << db.instances_on(card.id) << " instances\n";
    }
    if (o.as_json)
        std::cout << json::dump(list) << std::endl;
}

void show_card(const card_options& o) {
    const store::instance_db db(read_config(o.data).instances_db());
    const auto card = db.card(o.card);
    if (!card)
        throw config_error("there is no secure component ‘" + o.card + "’ (tsms card list)");
    const auto document = as_json(db, *card);
    std::cout << (o.as_json ? json::dump(document) : json::pretty(document)) << std::endl;
}

using card_change = store::instance_db::card_change;

void change_card(const card_options& o, card_change (store::instance_db::*change)(const std::string&), const std::string& done) {
    store::instance_db db(read_config(o.data).instances_db());
    switch ((db.*change)(o.card)) {
    case card_change::unknown_card:
        throw config_error("there is no secure component ‘" + o.card + "’ (tsms card list)");
    case card_change::process_running:
        throw config_error("a process works on this secure component; try again when it has ended. If the server is down, start it: "
                           "it ends what its last run left");
    case card_change::done:
        break;
    }
    if (o.as_json)
        std::cout << json::dump(as_json(db, *db.card(o.card))) << std::endl;
    else
        std::cout << done << std::endl;
}

} // namespace

void add_card_command(CLI::App& app) {
    auto* card = app.add_subcommand("card", "Secure components seen: list, show, reconcile, release");
    card->require_subcommand(1);
    auto o = std::make_shared<card_options>();
    const auto common = [o](CLI::App* command) {
        command->add_option("--data", o->data, "data directory")->required();
        command->add_flag("--json", o->as_json, "output for programs");
        return command;
    };
    common(card->add_subcommand("list", "Lists secure components"))->callback([o] { list_cards(*o); });
    auto* show = common(card->add_subcommand("show", "Shows one with what is on it"));
    show->footer("Example:\n  tsms card show --data ./data --card 1b9d6bcd-…");
    show->callback([o] { show_card(*o); });
    auto* reconcile = common(card->add_subcommand("reconcile", "Has the next process look at what is on the card before it believes it"));
    reconcile->footer("For a card that was changed behind the TSM's back, or a restored database.\n"
                      "Example:\n  tsms card reconcile --data ./data --card 1b9d6bcd-…");
    reconcile->callback([o] {
        change_card(*o, &store::instance_db::doubt_card,
                    "in doubt: the next deployService or terminateService lists the card's registry first, and removes what is ours");
    });
    auto* release = common(card->add_subcommand("release", "Ends the quarantine after failed authentications"));
    release->footer("Find out first why they failed: a card that gets too many wrong cryptograms blocks its keys for ever.\n"
                    "Example:\n  tsms card release --data ./data --card 1b9d6bcd-…");
    release->callback([o] { change_card(*o, &store::instance_db::release_card, "released"); });
    for (auto* command : {show, reconcile, release})
        command->add_option("--card", o->card, "id of the secure component")->required();
}

} // namespace tsms::app
