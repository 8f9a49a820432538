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

} // namespace

rule_proof::rule_proof(gp::secured_batch& batch, const model::issuer_order& order, std::size_t more) {
    if (!order.rules_read_back)
        return;
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
    clients_.push_back(gp::list_clients(batch, ara_m, more));
}

bool rule_proof::is_complete(const std::vector<gp::response_apdu>& answers) const {
    return gp::is_complete(rules_, answers) && gp::is_complete(clients_, answers);
}

void rule_proof::check(const std::vector<gp::response_apdu>& answers) const {
    gp::check_rules(wanted_, gp::rules_in(rules_, answers));
    for (const auto& question : clients_) {
        const auto clients = gp::clients_in(question, answers);
        if (std::ranges::find(clients, client_) == clients.end())
            gp::not_proven(step::access_rule, "ARA-C " + to_hex(client_) + " is not registered according to ARA-M");
    }
}

} // namespace tsms::lab
