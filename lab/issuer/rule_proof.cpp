#include "lab/issuer/rule_proof.hpp"

#include "gp/access_rules.hpp"
#include "gp/card_failure.hpp"
#include "gp/commands.hpp"
#include "gp/tlv.hpp"

#include <algorithm>
#include <map>

namespace tsms::lab {

namespace {

using gp::step;
using tolerance = gp::secured_batch::tolerance;

const bytes ara_m = hex("A00000015141434C00");
constexpr std::uint32_t get = 0xF3;
constexpr std::uint32_t get_next = 0xF5;
constexpr std::uint32_t get_clients = 0xF6;
constexpr std::uint32_t clients = 0xFF70;
constexpr std::uint32_t aid_ref = 0x4F;
constexpr std::uint8_t response_expected = 0x01; ///< bit of P1 (GPCS 11.11.2.1)
constexpr std::uint16_t ok = 0x9000;
constexpr std::size_t longest_rule = 72;   ///< REF-AR-DO with AID, SHA-256 and two rules
constexpr std::size_t shortest_part = 200; ///< of an answer, whatever its protection

std::size_t ask(gp::secured_batch& batch, std::uint32_t command, bytes_view content, std::size_t block) {
    auto commands = gp::store_data(gp::encode_tlv(command, content), block, gp::store_data_format::ber_tlv);
    commands.back().p1 |= response_expected;
    commands.back().le = gp::le_max_short;
    batch.add(step::install_for_personalization, gp::install_for_personalization(ara_m));
    return batch.add_all(step::access_rule, std::move(commands), tolerance::any);
}

bool has_reference(const gp::access_rule& on_card, const model::access_rule& rule) {
    return on_card.aid == hex(rule.aid) && on_card.app_hash == hex(rule.device_app);
}

bool is_among(const std::vector<gp::access_rule>& rules, const model::access_rule& wanted) {
    return std::ranges::any_of(
        rules, [&](const auto& r) { return has_reference(r, wanted) && r.apdu == wanted.apdu && r.nfc == wanted.nfc; });
}

bool is_referred_to(const std::vector<gp::access_rule>& rules, const model::access_rule& removed) {
    return std::ranges::any_of(rules, [&](const auto& r) { return has_reference(r, removed); });
}

[[noreturn]] void contradicted(step what, const model::access_rule& rule, const char* how) {
    gp::not_proven(what, "the access rule for application " + rule.aid + " " + how + " according to ARA-M");
}

} // namespace

rule_proof::rule_proof(gp::secured_batch& batch, const model::issuer_order& order, std::size_t block) {
    std::map<std::string, std::size_t> rules_of;
    for (const auto* list : {&order.add_rules, &order.remove_rules})
        for (const auto& rule : *list)
            ++rules_of[rule.aid];
    for (const auto& [aid, count] : rules_of) {
        question q{aid, 0, 0};
        q.begin = ask(batch, get, gp::encode_tlv(aid_ref, hex(aid)), block);
        q.end = q.begin + 1;
        // As many parts as our own rules can take. Rules of others may need more: then nothing is proven.
        for (std::size_t part = 1; part * shortest_part < count * longest_rule; ++part)
            q.end = ask(batch, get_next, {}, block) + 1;
        questions_.push_back(std::move(q));
    }
    if (!order.register_client.empty())
        clients_ = ask(batch, get_clients, {}, block);
}

void rule_proof::check(const model::issuer_order& order, const std::vector<gp::response_apdu>& answers) const {
    for (const auto& q : questions_) {
        std::vector<bytes> parts;
        for (auto n = q.begin; n < q.end && answers.at(n).sw == ok; n += 2) // an INSTALL stands between two parts
            parts.push_back(answers[n].data);
        const auto rules = gp::parse_rules(parts);
        if (parts.empty() || parts[0].empty() || !rules)
            continue;
        for (const auto& rule : order.add_rules)
            if (rule.aid == q.aid && !is_among(*rules, rule))
                contradicted(step::access_rule, rule, "is not there");
        for (const auto& rule : order.remove_rules)
            if (rule.aid == q.aid && is_referred_to(*rules, rule))
                contradicted(step::access_rule_removal, rule, "is still there");
    }
    if (!clients_ || answers.at(*clients_).sw != ok)
        return;
    const auto listed = gp::find_path(answers[*clients_].data, {clients});
    const auto objects = listed ? gp::parse_tlvs(*listed) : std::nullopt;
    const auto is_ours = [&](const auto& o) {
        return o.tag == aid_ref && to_bytes(o.value) == hex(order.register_client);
    };
    if (objects && std::ranges::none_of(*objects, is_ours))
        gp::not_proven(step::access_rule, "ARA-C " + order.register_client + " is not registered according to ARA-M");
}

} // namespace tsms::lab
