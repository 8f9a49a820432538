#include "gp/procedures/expectation.hpp"

#include "gp/status_words.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

void check(const bytes& aid, const expected_object& wanted, const registry_entry* entry, const char* kind) {
    const auto name = std::string(wanted.is_domain ? "security domain " : kind) + to_hex(aid);
    const auto not_shown = [&](const effect_of& effect, const std::string& what) {
        not_proven(effect.what, name + " " + what + " according to the card's registry", effect.during);
    };
    if (wanted.absent) {
        if (entry)
            not_proven(wanted.effect.what, name + " is still in the card's registry", wanted.effect.during);
        return;
    }
    if (!entry)
        not_proven(wanted.effect.what, name + " is not in the card's registry", wanted.effect.during);
    // A card need not tell load file (C4) and association (CC).
    if (!wanted.load_file.empty() && !entry->load_file_aid.empty() && entry->load_file_aid != wanted.load_file)
        not_shown(wanted.effect, "comes from load file " + to_hex(entry->load_file_aid));
    if ((entry->rights & wanted.has) != wanted.has)
        not_shown(wanted.effect, "lacks privileges");
    if ((entry->rights & wanted.never_has) != 0)
        not_shown(wanted.effect, "has privileges that it must not have");
    if (wanted.personalized && (entry->life_cycle & ~life_cycle::locked) != life_cycle::personalized)
        not_shown(wanted.effect, "is not personalized");
    if (wanted.below && !entry->security_domain_aid.empty() && entry->security_domain_aid != *wanted.below)
        not_shown(wanted.extradition, "is associated with another security domain");
    if (wanted.selectable && (entry->life_cycle & life_cycle::selectable) != life_cycle::selectable)
        not_shown(wanted.selection, "is not selectable");
    const bool locked = (entry->life_cycle & life_cycle::locked) != 0;
    if (wanted.locked && locked != *wanted.locked)
        not_shown(wanted.locking, locked ? "is not unlocked" : "is not locked");
}

void check_registry(const expectation& wanted, const card_contents& found) {
    for (const auto& [aid, object] : wanted.load_files)
        check(aid, object, find_entry(found.load_files, aid), "load file ");
    for (const auto& [aid, object] : wanted.applications)
        check(aid, object, find_entry(found.applications, aid), "application ");
}

std::vector<access_rule> rules_of(const expectation& wanted) {
    std::vector<access_rule> rules;
    for (const auto& [rule, present] : wanted.rules)
        rules.push_back(rule);
    return rules;
}

} // namespace

namespace {

listings ask_registry(channel_batch& card, const expectation& wanted, std::size_t others) {
    if (wanted.by_name) {
        std::vector<bytes> aids;
        for (const auto& [aid, object] : wanted.applications)
            aids.push_back(aid);
        return list_applications(card, aids);
    }
    const auto expected = wanted.applications.size() + others;
    return wanted.everything ? list_all(card, expected) : list_registry(card, expected);
}

} // namespace

shown_at ask(channel_batch& card, const expectation& wanted, std::size_t others) {
    shown_at at;
    if (wanted.client)
        at.rules = list_rules(card, *wanted.client, rules_of(wanted));
    if (wanted.master)
        at.clients = list_clients(card, *wanted.master);
    at.registry = ask_registry(card, wanted, others);
    if (wanted.keys && !at.registry.keys)
        at.registry.keys = list_keys(card);
    return at;
}

bool is_complete(const shown_at& at, const std::vector<response_apdu>& answers) {
    return is_complete(at.registry, answers) && (!at.rules || is_complete(*at.rules, answers)) &&
           (!at.clients || is_complete(rule_listing{*at.clients}, answers));
}

namespace {

constexpr std::size_t most = 64; // answers to one question: an end for a card that never ends

[[noreturn]] void no_end(const char* what) {
    throw card_failure(card_failure::kind::malformed, step::access_rule_reading, 9,
                       std::string(what) + " that the secure component tells have no end");
}

/// Other rules may stand beside those of the Service: then there is more to read, in an order of its own.
procedure<std::vector<access_rule>> complete_rules(channel_ptr channel, expectation wanted, rule_listing at,
                                                   std::vector<response_apdu> answers) {
    for (std::size_t more = 4; !is_complete(at, answers); more *= 4) {
        if (more > most)
            no_end("the access rules");
        channel_batch card(channel);
        at = list_rules(card, *wanted.client, rules_of(wanted), more);
        answers = card.accept(co_await card.take());
    }
    co_return rules_in(at, answers);
}

procedure<std::vector<bytes>> complete_clients(channel_ptr channel, bytes master, rule_answers at,
                                               std::vector<response_apdu> answers) {
    for (std::size_t more = 4; !is_complete(rule_listing{at}, answers); more *= 4) {
        if (more > most)
            no_end("the registered ARA-Cs");
        channel_batch card(channel);
        at = list_clients(card, master, more);
        answers = card.accept(co_await card.take());
    }
    co_return clients_in(at, answers);
}

/// ARA-M is the issuer's, and no content of a Service.
void check_clients(const std::vector<bytes>& wanted, const std::vector<bytes>& told) {
    for (const auto& client : wanted) {
        if (std::ranges::find(told, client) != told.end())
            continue;
        card_failure failure(card_failure::kind::status, step::access_rule, 9,
                             "ARA-C " + to_hex(client) + " is not registered according to ARA-M");
        failure.mender = to_string(mender::issuer);
        throw failure;
    }
}

} // namespace

procedure<card_contents> show(channel_ptr channel, expectation wanted, shown_at at,
                              std::vector<response_apdu> answers) {
    if (at.rules)
        check_rules(wanted.rules, co_await complete_rules(channel, wanted, *at.rules, answers), wanted.rules_during);
    if (at.clients)
        check_clients(wanted.registered, co_await complete_clients(channel, *wanted.master, *at.clients, answers));
    auto found = co_await contents(channel, at.registry, std::move(answers));
    check_registry(wanted, found);
    co_return found;
}

procedure<card_contents> show_again(channel_ptr channel, expectation wanted) {
    channel_batch card(channel);
    const auto at = ask(card, wanted, 0);
    auto answers = card.accept(co_await card.take());
    co_return co_await show(channel, std::move(wanted), at, std::move(answers));
}

} // namespace tsms::gp
