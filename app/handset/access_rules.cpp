#include "app/handset/access_rules.hpp"

#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::app {

namespace {

constexpr std::uint32_t tag_ref_ar = 0xE2;
constexpr std::uint32_t tag_ref = 0xE1;
constexpr std::uint32_t tag_ar = 0xE3;
constexpr std::uint32_t tag_aid = 0x4F;
constexpr std::uint32_t tag_default_application = 0xC0;
constexpr std::uint32_t tag_hash = 0xC1;
constexpr std::uint32_t tag_apdu = 0xD0;
constexpr std::size_t filter_octets = 8;

std::optional<access_decision> parse_apdu_rule(const std::vector<gp::tlv>& rule) {
    access_decision decision;
    const auto value = gp::find(rule, tag_apdu);
    if (!value)
        return decision;
    if (value->size() == 1 && (*value)[0] <= 1) {
        decision.allowed = (*value)[0] == 1;
        return decision;
    }
    if (value->empty() || value->size() % filter_octets != 0)
        return std::nullopt;
    decision.allowed = true;
    for (std::size_t at = 0; at < value->size(); at += filter_octets)
        decision.filters.push_back(to_bytes(value->subspan(at, filter_octets)));
    return decision;
}

std::optional<access_rule_entry> parse_entry(bytes_view value) {
    const auto objects = gp::parse_tlvs(value);
    const auto reference = objects ? gp::find(*objects, tag_ref) : std::nullopt;
    const auto rule = objects ? gp::find(*objects, tag_ar) : std::nullopt;
    const auto names = reference ? gp::parse_tlvs(*reference) : std::nullopt;
    const auto rules = rule ? gp::parse_tlvs(*rule) : std::nullopt;
    if (!names || !rules)
        return std::nullopt;
    access_rule_entry entry;
    if (const auto aid = gp::find(*names, tag_aid))
        entry.aid = to_bytes(*aid);
    else if (!gp::find(*names, tag_default_application))
        return std::nullopt;
    const auto hash = gp::find(*names, tag_hash);
    if (!hash || (!hash->empty() && hash->size() != 20 && hash->size() != 32))
        return std::nullopt;
    entry.hash = to_bytes(*hash);
    auto decision = parse_apdu_rule(*rules);
    if (!decision)
        return std::nullopt;
    entry.apdu = *std::move(decision);
    return entry;
}

/// GPD_SPE_013 3.2: what may be done under several rules of the same rank. A rule that forbids wins; a rule with
/// filters is stronger than one that allows everything.
std::optional<access_decision> combined(const std::vector<const access_rule_entry*>& rules) {
    if (rules.empty())
        return std::nullopt;
    access_decision all{true, {}};
    for (const auto* rule : rules) {
        if (!rule->apdu.allowed)
            return access_decision{};
        all.filters.insert(all.filters.end(), rule->apdu.filters.begin(), rule->apdu.filters.end());
    }
    return all;
}

} // namespace

bool access_decision::permits(bytes_view c_apdu) const {
    if (!allowed || c_apdu.size() < 4)
        return false;
    return filters.empty() || std::ranges::any_of(filters, [&](const bytes& filter) {
               for (std::size_t i = 0; i < 4; ++i)
                   if ((c_apdu[i] & filter[4 + i]) != filter[i])
                       return false;
               return true;
           });
}

std::optional<std::vector<access_rule_entry>> parse_access_rules(bytes_view value) {
    const auto objects = gp::parse_tlvs(value);
    if (!objects)
        return std::nullopt;
    std::vector<access_rule_entry> rules;
    for (const auto& object : *objects) {
        auto entry = object.tag == tag_ref_ar ? parse_entry(object.value) : std::nullopt;
        if (!entry)
            return std::nullopt;
        rules.push_back(*std::move(entry));
    }
    return rules;
}

access_decision decide(const std::vector<access_rule_entry>& rules, bytes_view aid, const std::vector<bytes>& hashes) {
    const auto names_this = [&](const access_rule_entry& rule) {
        return aid.empty() ? !rule.aid : rule.aid && !rule.aid->empty() && std::ranges::equal(*rule.aid, aid);
    };
    const auto names_all = [](const access_rule_entry& rule) { return rule.aid && rule.aid->empty(); };
    const auto is_app = [&](const access_rule_entry& rule) {
        return std::ranges::find(hashes, rule.hash) != hashes.end();
    };
    for (const bool specific : {true, false}) {
        std::vector<const access_rule_entry*> of_app, of_all;
        bool of_others = false;
        for (const auto& rule : rules) {
            if (specific ? !names_this(rule) : !names_all(rule))
                continue;
            if (rule.hash.empty())
                of_all.push_back(&rule);
            else if (is_app(rule))
                of_app.push_back(&rule);
            else
                of_others = true;
        }
        if (const auto decision = combined(of_app))
            return *decision;
        if (of_others)
            return {};
        if (const auto decision = combined(of_all))
            return *decision;
    }
    return {}; // no rule: no access
}

} // namespace tsms::app
