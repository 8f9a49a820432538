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

} // namespace

void add_card_command(CLI::App& app) {
    auto* card = app.add_subcommand("card", "Secure components seen: list, show");
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
    show->add_option("--card", o->card, "id of the secure component")->required();
    show->callback([o] { show_card(*o); });
}

} // namespace tsms::app
