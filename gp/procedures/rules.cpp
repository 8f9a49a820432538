#include "gp/procedures/rules.hpp"

#include <algorithm>
#include <map>

namespace tsms::gp {

namespace {

constexpr auto any = secured_batch::tolerance::any;

/// Every STORE DATA to an ARA names its receiver anew: a last block ends the personalization (GPCS 7.3.3).
std::size_t query(secured_batch& card, bytes_view ara_aid, command_apdu command) {
    card.add(step::install_for_personalization, install_for_personalization(ara_aid));
    return card.add(step::access_rule_reading, std::move(command), any);
}

/// The parts of one answer, as far as they belong to it; nothing if some are missing. Only 9000 has an R-MAC.
std::optional<std::vector<bytes>> parts_of(const rule_answers& at, const std::vector<response_apdu>& answers) {
    const auto& first = answers[at.parts.front()];
    const auto whole = first.sw == 0x9000 ? announced_octets(first.data, at.tag) : std::nullopt;
    if (!whole) {
        const std::uint8_t sw[] = {static_cast<std::uint8_t>(first.sw >> 8), static_cast<std::uint8_t>(first.sw)};
        throw card_failure(card_failure::kind::status, step::access_rule_reading, 9,
                           std::string("the secure component does not tell its ") +
                               (at.tag == clients_tag ? "registered ARA-Cs" : "access rules") + ", status word " +
                               to_hex(sw) + "; for cards that cannot, rulesReadBack of the profile is false",
                           at.parts.front(), first.sw);
    }
    std::vector<bytes> parts;
    std::size_t octets = 0;
    for (auto next = at.parts.begin(); octets < *whole && next != at.parts.end(); ++next) {
        const auto& answer = answers[*next];
        if (answer.sw != 0x9000 || answer.data.empty())
            return std::nullopt;
        octets += answer.data.size();
        parts.push_back(answer.data);
    }
    return octets < *whole ? std::nullopt : std::optional(std::move(parts));
}

} // namespace

rule_listing list_rules(secured_batch& card, bytes_view ara_aid, const std::vector<access_rule>& expected,
                        std::size_t more) {
    constexpr std::size_t octets_an_answer = 223;
    std::map<bytes, std::size_t> octets; // by application
    for (const auto& rule : expected)
        octets[rule.aid] += encode_rule(rule).size();
    rule_listing listing;
    for (const auto& [aid, size] : octets) {
        rule_answers at{{query(card, ara_aid, read_rules(aid))}};
        constexpr std::size_t tag_and_length = 6;
        for (auto parts = more + (size + tag_and_length - 1) / octets_an_answer; parts > 0; --parts)
            at.parts.push_back(query(card, ara_aid, read_next_rules()));
        listing.push_back(std::move(at));
    }
    return listing;
}

rule_answers list_clients(secured_batch& card, bytes_view ara_m_aid, std::size_t more) {
    rule_answers at{{query(card, ara_m_aid, read_clients())}, clients_tag};
    for (; more > 0; --more)
        at.parts.push_back(query(card, ara_m_aid, read_next_rules()));
    return at;
}

bool is_complete(const rule_listing& at, const std::vector<response_apdu>& answers) {
    for (const auto& one : at)
        if (!parts_of(one, answers))
            return false;
    return true;
}

std::vector<access_rule> rules_in(const rule_listing& at, const std::vector<response_apdu>& answers) {
    std::vector<access_rule> told;
    for (const auto& one : at) {
        const auto parts = parts_of(one, answers);
        const auto rules = parts ? parse_rules(*parts) : std::nullopt;
        if (!rules)
            throw card_failure(card_failure::kind::malformed, step::access_rule_reading, 9,
                               "the access rules that the secure component tells are malformed");
        told.insert(told.end(), rules->begin(), rules->end());
    }
    return told;
}

std::vector<bytes> clients_in(const rule_answers& at, const std::vector<response_apdu>& answers) {
    bytes whole;
    if (const auto parts = parts_of(at, answers))
        for (const auto& part : *parts)
            append(whole, part);
    auto clients = parse_clients(whole);
    if (!clients)
        throw card_failure(card_failure::kind::malformed, step::access_rule_reading, 9,
                           "the registered ARA-Cs that the secure component tells are malformed");
    return *std::move(clients);
}

void check_rules(const std::vector<wanted_rule>& wanted, const std::vector<access_rule>& told,
                 std::optional<phase> during) {
    for (const auto& [rule, present] : wanted) {
        const auto name = "the access rule for application " + to_hex(rule.aid) + " and app " + to_hex(rule.app_hash);
        const auto same_reference = [&rule = rule](const access_rule& other) {
            return other.aid == rule.aid && other.app_hash == rule.app_hash;
        };
        if (present && std::ranges::find(told, rule) == told.end())
            not_proven(step::access_rule, name + " is not on the secure component", during);
        if (!present && std::ranges::any_of(told, same_reference))
            not_proven(step::access_rule_removal, name + " is still on the secure component", during);
    }
}

} // namespace tsms::gp
