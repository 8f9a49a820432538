#include "lab/issuer/rule_proof.hpp"

#include "gp/card_failure.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

using gp::step;

const bytes ara_m = hex("A00000015141434C00");

gp::access_rule to_rule(const model::access_rule& rule) {
    return {hex(rule.aid), hex(rule.device_app), rule.apdu, rule.nfc};
}

bool is_told(const gp::response_apdu& answer) {
    return answer.sw == 0x9000 && !answer.data.empty();
}

} // namespace

rule_proof::rule_proof(gp::secured_batch& batch, const model::issuer_order& order, std::size_t more) {
    std::vector<gp::access_rule> named;
    for (const auto& rule : order.add_rules)
        wanted_.emplace_back(to_rule(rule), true);
    for (const auto& rule : order.remove_rules)
        wanted_.emplace_back(to_rule(rule), false);
    for (const auto& [rule, present] : wanted_)
        named.push_back(rule);
    rules_ = gp::list_rules(batch, ara_m, named, more);
    if (order.register_client.empty())
        return;
    client_ = hex(order.register_client);
    batch.add(step::install_for_personalization, gp::install_for_personalization(ara_m));
    clients_ = batch.add(step::access_rule_reading, gp::read_clients(), gp::secured_batch::tolerance::any);
}

bool rule_proof::are_told(const std::vector<gp::response_apdu>& answers) const {
    return std::ranges::all_of(rules_, [&](const auto& one) { return is_told(answers[one.parts.front()]); });
}

bool rule_proof::is_complete(const std::vector<gp::response_apdu>& answers) const {
    return !are_told(answers) || gp::is_complete(rules_, answers);
}

void rule_proof::check(const std::vector<gp::response_apdu>& answers) const {
    if (are_told(answers))
        gp::check_rules(wanted_, gp::rules_in(rules_, answers));
    if (!clients_ || !is_told(answers[*clients_]))
        return;
    const auto clients = gp::parse_clients(answers[*clients_].data);
    if (clients && std::ranges::find(*clients, client_) == clients->end())
        gp::not_proven(step::access_rule, "ARA-C " + to_hex(client_) + " is not registered according to ARA-M");
}

} // namespace tsms::lab
