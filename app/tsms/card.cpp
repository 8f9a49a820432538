// tsms card: the secure components that this TSM has seen.

#include "app/cli/program.hpp"
#include "app/cli/table.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"
#include "app/tsms/named_damage.hpp"
#include "model/eligibility.hpp"
#include "store/device_store.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

namespace tsms::app {

namespace {

struct card_options {
    std::string data, card, of, issuer;
    bool as_json = false;
    bool force = false;
    bool all = false;
    bool lease = false;
};

std::string condition(const model::secure_component& card) {
    return card.quarantined ? "quarantined" : card.doubt ? "in doubt" : "good";
}

/// Why the row names this issuer.
std::string basis(const model::secure_component& card) {
    return card.assigned ? "assigned" : model::rests_on_claims(card) ? "claimed" : "proven";
}

/// By what the card is known again.
std::string known_by(const model::secure_component& card) {
    const auto identity = model::identity_of(card);
    if (!identity)
        return "nothing";
    return identity->kind() == model::card_identity::basis::cplc ? "CPLC" : "IIN and CIN";
}

json::object as_json(const model::service_instance& i) {
    return {{"id", i.id},
            {"service", i.target.service_id},
            {"version", i.target.version_tag},
            {"state", static_cast<int>(i.state)},
            {"securityDomain", i.domain ? i.domain->aid : std::string()},
            {"runningProcess", i.running_process}};
}

json::object as_json(const std::string& process, const store::process_lease& lease) {
    return {{"process", process},
            {"server", lease.owner},
            {"epoch", lease.epoch},
            {"until", iso8601(lease.ends)},
            {"holdsCard", lease.holds_card}};
}

json::object as_json(const store::device_store& db, const model::secure_component& card) {
    json::array instances, tombstones, leases;
    for (const auto& [process, lease] : db.processes.leases_on(card.id))
        leases.push_back(as_json(process, lease));
    for (const auto& i : db.instances.on(card.id))
        instances.push_back(as_json(i));
    for (const auto& i : db.instances.tombstones_on(card.id))
        tombstones.push_back(as_json(i));
    return {{"id", card.id},
            {"identity", card.identity},
            {"knownBy", known_by(card)},
            {"profile", card.profile_id},
            {"issuer", card.issuer},
            {"basis", basis(card)},
            {"condition", condition(card)},
            {"strikes", card.strikes},
            {"tsmDomain", card.tsm_domain ? json::value(card.tsm_domain->aid) : json::value()},
            {"instances", std::move(instances)},
            {"tombstones", std::move(tombstones)},
            {"leases", std::move(leases)}};
}

void list_cards(const card_options& o) {
    store::device_store db(read_config(o.data).instances_db());
    name_damage(db);
    json::array list;
    cli::table shown({"CARD", "CONDITION", "INSTANCES", "TOMBSTONES", "ISSUER", "BASIS", "KNOWN BY"});
    for (const auto& card : db.cards.all()) {
        list.push_back(as_json(db, card));
        shown.add({card.id, condition(card), std::to_string(db.instances.count_on(card.id)),
                   std::to_string(db.instances.tombstones_on(card.id).size()),
                   card.issuer.empty() ? "none" : card.issuer, basis(card),
                   known_by(card) +
                       (model::identity_of(card) ? "" : ": cannot be told from others, no claim finds it again")});
    }
    if (o.as_json)
        std::cout << json::dump(list) << std::endl;
    else
        shown.print(std::cout, "No secure component was seen yet.");
}

void show_card(const card_options& o) {
    const store::device_store db(read_config(o.data).instances_db());
    const auto card = db.cards.find(o.card);
    if (!card)
        throw config_error("there is no secure component ‘" + o.card + "’ (tsms card list)");
    const auto document = as_json(db, *card);
    std::cout << (o.as_json ? json::dump(document) : json::pretty(document)) << std::endl;
}

using card_change = store::card_change;

/// Nothing where it was done.
std::string why_not(card_change outcome, const card_options& o) {
    switch (outcome) {
    case card_change::unknown_card:
        return "there is no secure component ‘" + o.card + "’ (tsms card list)";
    case card_change::process_running:
        return "a process works on this secure component; try again when it has ended. If the server is down, start "
               "it: it ends what its last run left. If the server that ‘tsms card show’ names is gone for good: tsms "
               "card release --lease";
    case card_change::unknown_issuer:
        return "there is no issuer ‘" + o.issuer + "’ (tsms issuer list)";
    case card_change::would_strand:
        return "the issuer of now has created, or may have created, a security domain of ours on it, which another one "
               "cannot remove: have its "
               "services terminated first. --force gives it away all the same, for an issuer that only has another "
               "name or address now; "
               "our keys for the domain are kept";
    case card_change::done:
        break;
    }
    return {};
}

template <class F> void change_card(const card_options& o, F change, const std::string& done) {
    store::device_store db(read_config(o.data).instances_db());
    if (const auto refusal = why_not(change(db), o); !refusal.empty())
        throw config_error(refusal);
    if (o.as_json)
        std::cout << json::dump(as_json(db, *db.cards.find(o.card))) << std::endl;
    else
        std::cout << done << std::endl;
}

void assign_card(const card_options& o) {
    change_card(
        o, [&](store::device_store& db) { return db.cards.assign(o.card, o.issuer, o.force); },
        "assigned to issuer ‘" + o.issuer + "’: what phones say of the card does not change that any more");
}

bool knows_issuer(const store::device_store& db, const std::string& name) {
    const auto issuers = db.issuers.all();
    return std::ranges::find(issuers, name, &model::issuer_record::name) != issuers.end();
}

/// Every card of an issuer; those that cannot be given away are named, and the others are.
void assign_cards(const card_options& o) {
    store::device_store db(read_config(o.data).instances_db());
    if (!knows_issuer(db, o.issuer))
        throw config_error(why_not(card_change::unknown_issuer, o));
    const auto cards = db.cards.all();
    if (!knows_issuer(db, o.of) && std::ranges::find(cards, o.of, &model::secure_component::issuer) == cards.end())
        throw config_error("no secure component has an issuer ‘" + o.of + "’ (tsms card list), and there is none of " +
                           "that name (tsms issuer list)");
    int assigned = 0;
    std::string refused;
    for (const auto& card : cards) {
        if (card.issuer != o.of)
            continue;
        const auto why = why_not(db.cards.assign(card.id, o.issuer, o.force), o);
        assigned += why.empty();
        if (!why.empty())
            refused += "\n  " + card.id + ": " + why;
    }
    if (o.as_json)
        std::cout << json::dump(json::object{{"assigned", assigned}}) << std::endl;
    else
        std::cout << assigned << " secure components assigned to issuer ‘" << o.issuer << "’" << std::endl;
    if (!refused.empty())
        throw config_error("not assigned:" + refused);
}

/// Also of a card whose row is missing or damaged.
void break_leases(const card_options& o) {
    store::device_store db(read_config(o.data).instances_db());
    const auto broken = db.processes.break_leases(o.card);
    if (broken == 0 && !db.cards.find(o.card))
        throw config_error(why_not(card_change::unknown_card, o));
    if (o.as_json)
        std::cout << json::dump(json::object{{"broken", static_cast<std::int64_t>(broken)}}) << std::endl;
    else if (broken == 0)
        std::cout << "no process works on this secure component: nothing was changed" << std::endl;
    else
        std::cout << "broken: a server that runs ends the process when the card is used next or within the hour, else "
                     "the one that starts next"
                  << std::endl;
}

void add_release(CLI::App* release, const std::shared_ptr<card_options>& o) {
    release->footer(
        "Find out first why they failed: a card that gets too many wrong cryptograms blocks its keys for ever.\n"
        "--lease is for a server that is gone for good: ‘tsms card show’ tells which one has the card, and until when "
        "nobody else takes it over. Should\nthat server still run after all, it writes nothing for this process any "
        "more. The process ends with 6, and the next one looks at the card first\nwhere it may have changed it.\n"
        "Example:\n  tsms card release --data ./data --card 1b9d6bcd-…\n"
        "  tsms card release --data ./data --card 1b9d6bcd-… --lease");
    release->add_flag("--lease", o->lease, "take the card from the server that has it instead; the quarantine stays");
    release->callback([o] {
        if (o->lease)
            return break_leases(*o);
        change_card(
            *o, [o](store::device_store& db) { return db.cards.release(o->card); }, "released");
    });
}

void add_reconcile(CLI::App* reconcile, const std::shared_ptr<card_options>& o) {
    reconcile->footer("For a card that was changed behind the TSM's back, or a restored database (--all, if it is "
                      "older than a first deployment).\n"
                      "Nothing is sent now, and no state changes: what getServiceInstances shows and "
                      "suspendOrResumeService believes stays.\n"
                      "Example:\n  tsms card reconcile --data ./data --card 1b9d6bcd-…");
    reconcile->add_flag("--all", o->all, "mark instances too that were never deployed as far as this database knows");
    reconcile->callback([o] {
        change_card(
            *o, [o](store::device_store& db) { return db.cards.doubt(o->card, o->all); },
            "in doubt: the next deployService with install, or terminateService, of an instance on this card lists the "
            "card's registry first and "
            "removes what it finds of that service; other services stay. Every instance that may be on the card is "
            "marked and has its own "
            "looked for when its turn comes");
    });
}

void add_assign(CLI::App* assign, const std::shared_ptr<card_options>& o) {
    assign->footer(
        "What a phone says decides until an issuer has proven to own the card; this decides instead, for good.\n"
        "Example:\n  tsms card assign --data ./data --card 1b9d6bcd-… --issuer lab\n"
        "  tsms card assign --data ./data --of old --issuer lab --force  # every card of ‘old’, which is ‘lab’ now");
    auto* which = assign->add_option_group("which");
    which->add_option("--card", o->card, "id of the secure component");
    which->add_option("--of", o->of, "every secure component of this issuer");
    which->require_option(1);
    assign->add_option("--issuer", o->issuer, "name of the issuer")->required();
    assign->add_flag("--force", o->force, "also where a security domain of ours is on the card");
    assign->callback([o] { o->card.empty() ? assign_cards(*o) : assign_card(*o); });
}

} // namespace

void add_card_command(CLI::App& app) {
    auto* card =
        app.add_subcommand("card", "Secure components seen: list, show, assign, reconcile, release, lost, found, "
                                   "forget");
    card->require_subcommand(1);
    auto o = std::make_shared<card_options>();
    const auto common = [o](CLI::App* command) {
        command->add_option("--data", o->data, "data directory")->required();
        command->add_flag("--json", o->as_json, "output for programs");
        return command;
    };
    auto* list = common(card->add_subcommand("list", "Lists secure components"));
    cli::examples(*list, {"tsms card list --data ./data"});
    list->callback([o] { list_cards(*o); });
    auto* show = common(card->add_subcommand("show", "Shows one with what is on it"));
    show->footer("‘knownBy’ is ‘nothing’ for a row of an older version whose identity more than one card may have (a "
                 "blank CPLC): no phone's claim finds it\nagain, its issuer is asked for nothing, and ‘tsms card lost’ "
                 "ends its instances.\nExample:\n  tsms card show --data ./data --card 1b9d6bcd-…");
    show->callback([o] { show_card(*o); });
    auto* reconcile = common(
        card->add_subcommand("reconcile", "Has the next process look at what is on the card before it believes it"));
    add_reconcile(reconcile, o);
    auto* release = common(card->add_subcommand("release", "Ends the quarantine after failed authentications, or a "
                                                           "lease"));
    add_release(release, o);
    add_assign(common(card->add_subcommand("assign", "Says which issuer a secure component belongs to")), o);
    auto* lost =
        common(card->add_subcommand("lost", "Ends the instances on a secure component that is not coming back"));
    lost->footer("Their ids are invalid for apps from now on. What may be on the card is kept as tombstones: should it "
                 "come back, the next deployService or\n"
                 "terminateService on it removes that first; ‘tsms card found’ makes them instances again instead.\n"
                 "Example:\n  tsms card lost --data ./data --card 1b9d6bcd-…");
    lost->callback([o] {
        change_card(
            *o, [o](store::device_store& db) { return db.cards.lost(o->card); },
            "its instances are invalid for apps now; what may be on the card is kept as tombstones (tsms card show)");
    });
    auto* found = common(card->add_subcommand("found", "Takes ‘lost’ back: the card is there again"));
    found->footer("Its tombstones are instances again, with the ids that apps may still have. One stays a tombstone "
                  "where its service has a newer instance on the card.\n"
                  "Example:\n  tsms card found --data ./data --card 1b9d6bcd-…");
    found->callback([o] {
        change_card(
            *o, [o](store::device_store& db) { return db.cards.found(o->card); },
            "its tombstones are instances again (tsms card show)");
    });
    auto* forget = common(card->add_subcommand("forget", "Drops the tombstones of a secure component"));
    forget->footer("What they name stays on the card if it is there: nobody removes it any more, and a later service "
                   "with the same AIDs fails.\n"
                   "Example:\n  tsms card forget --data ./data --card 1b9d6bcd-…");
    forget->callback([o] {
        change_card(
            *o, [o](store::device_store& db) { return db.cards.drop_tombstones(o->card); },
            "its tombstones are dropped");
    });
    for (auto* command : {show, reconcile, release, lost, found, forget})
        command->add_option("--card", o->card, "id of the secure component")->required();
}

} // namespace tsms::app
