// The built-in access rule application master and its clients (GPD_SPE_013).

#include "gp/tlv.hpp"
#include "lab/card/commands.hpp"

#include <utility>

namespace tsms::lab {

namespace {

constexpr std::uint32_t ref_ar_do = 0xE2;
constexpr std::uint32_t ref_do = 0xE1;
constexpr std::uint32_t ar_do = 0xE3;
constexpr std::uint32_t aid_ref_do = 0x4F;
constexpr std::uint32_t default_ref_do = 0xC0; ///< AID-REF-DO of the implicitly selected application
constexpr std::uint16_t all_rules = 0xFF40;
constexpr std::uint16_t specific_rules = 0xFF50;
constexpr std::uint16_t next_part = 0xFF60;
constexpr std::uint16_t client_aids = 0xFF70;
constexpr std::uint16_t refresh_tag = 0xDF20;

std::vector<gp::tlv> objects_of(bytes_view value) {
    const auto objects = gp::parse_tlvs(value);
    require(objects.has_value(), sw::wrong_data);
    return *objects;
}

/// REF-DO: an AID (4F, or C0 for the default application) and the hash of a certificate (C1; empty: every application).
void check_reference(bytes_view value) {
    const auto objects = objects_of(value);
    const auto aid = gp::find(objects, aid_ref_do);
    const auto hash = gp::find(objects, 0xC1);
    require(aid || gp::find(objects, default_ref_do), sw::wrong_data);
    require(!aid || aid->empty() || is_aid(*aid), sw::wrong_data);
    require(hash && (hash->empty() || hash->size() == 20 || hash->size() == 32), sw::wrong_data);
}

/// AR-DO: APDU rule (D0: 00, 01 or filters of eight octets) or NFC rule (D1: 00 or 01).
void check_rule(bytes_view value) {
    const auto objects = objects_of(value);
    require(!objects.empty(), sw::wrong_data);
    for (const auto& object : objects) {
        const auto octet = object.value.size() == 1 && object.value[0] <= 1;
        const auto filters = object.tag == 0xD0 && !object.value.empty() && object.value.size() % 8 == 0;
        require(octet || filters || (object.tag != 0xD0 && object.tag != 0xD1), sw::wrong_data);
    }
}

access_rule read_rule(bytes_view value) {
    const auto objects = objects_of(value);
    const auto reference = gp::find(objects, ref_do);
    const auto rule = gp::find(objects, ar_do);
    require(reference && rule, sw::wrong_data);
    check_reference(*reference);
    check_rule(*rule);
    return {to_bytes(*reference), to_bytes(*rule)};
}

void changed(access_rules& ara) {
    for (auto octet = ara.refresh_tag.rbegin(); octet != ara.refresh_tag.rend() && ++*octet == 0; ++octet) {
    }
}

/// Where a command's rules are: those of the master or of one client. The master's refresh tag tells the change of any
/// of them (GPD_SPE_013 4.1).
struct rule_store {
    access_rules& master;
    std::vector<access_rule>& rules;
    bool is_master;
};

std::uint16_t store_rule(rule_store& ara, bytes_view value) {
    const auto objects = objects_of(value);
    require(objects.size() == 1 && objects[0].tag == ref_ar_do, sw::wrong_data);
    auto rule = read_rule(objects[0].value);
    for (const auto& existing : ara.rules) {
        if (existing == rule)
            return sw::rule_exists;
        require(existing.reference != rule.reference, sw::rule_conflicts);
    }
    ara.rules.push_back(std::move(rule));
    changed(ara.master);
    return sw::ok;
}

/// Deletes by whole rule (E2), by reference (E1), by AID (4F), or everything (no data).
std::uint16_t delete_rules(rule_store& ara, bytes_view value) {
    const auto objects = objects_of(value);
    require(objects.size() <= 1, sw::wrong_data);
    const auto matches = [&](const access_rule& rule) {
        if (objects.empty())
            return true;
        const auto& wanted = objects[0];
        if (wanted.tag == ref_ar_do)
            return rule == read_rule(wanted.value);
        if (wanted.tag == ref_do)
            return same(rule.reference, wanted.value);
        require(wanted.tag == aid_ref_do, sw::wrong_data);
        const auto aid = gp::find(objects_of(rule.reference), aid_ref_do);
        return aid && same(*aid, wanted.value);
    };
    require(std::erase_if(ara.rules, matches) != 0, sw::reference_not_found);
    changed(ara.master);
    return sw::ok;
}

std::uint16_t update_refresh_tag(rule_store& ara, bytes_view) {
    changed(ara.master);
    return sw::ok;
}

std::uint16_t register_clients(rule_store& ara, bytes_view value) {
    require(ara.is_master, sw::wrong_data);
    auto& clients = ara.master.clients;
    for (const auto& object : objects_of(value)) {
        require(object.tag == aid_ref_do && is_aid(object.value), sw::wrong_data);
        const auto aid = to_bytes(object.value);
        if (std::find(clients.begin(), clients.end(), aid) == clients.end())
            clients.push_back(aid);
    }
    changed(ara.master);
    return sw::ok;
}

constexpr struct {
    std::uint32_t tag;
    std::uint16_t (*run)(rule_store&, bytes_view);
} store_commands[] = {
    {0xF0, store_rule},
    {0xF1, delete_rules},
    {0xF2, update_refresh_tag},
    {0xF7, register_clients},
};

bytes encoded(const std::vector<access_rule>& rules, const std::optional<bytes_view>& reference) {
    bytes out;
    for (const auto& rule : rules) {
        if (reference && !same(rule.reference, *reference))
            continue;
        auto content = gp::encode_tlv(ref_do, rule.reference);
        gp::append_tlv(content, ar_do, rule.rule);
        gp::append_tlv(out, reference ? ar_do : ref_ar_do, reference ? bytes_view(rule.rule) : bytes_view(content));
    }
    return out;
}

bool is_master(bytes_view aid) {
    return same(aid, hex(ara_m_aid));
}

/// What an ARA stores itself.
std::vector<access_rule> own_rules(const card_state& card, bytes_view ara) {
    if (is_master(ara))
        return card.ara.rules;
    const auto found = card.client_rules.find(to_bytes(ara));
    return found == card.client_rules.end() ? std::vector<access_rule>{} : found->second;
}

/// What an ARA tells: a client its own rules, the master its own and those of every registered client that is there and
/// not locked.
std::vector<access_rule> visible_rules(const card_state& card, bytes_view ara) {
    auto rules = own_rules(card, ara);
    if (!is_master(ara))
        return rules;
    for (const auto& client : card.ara.clients) {
        const auto* instance = card.registry.find_application(client);
        if (!instance || !keeps_access_rules(*instance) || instance->state != life_cycle::selectable)
            continue;
        for (auto& rule : own_rules(card, client))
            if (std::find(rules.begin(), rules.end(), rule) == rules.end())
                rules.push_back(std::move(rule));
    }
    return rules;
}

/// Command-Get (F3): the rules that the ARA itself stores, all or those for one AID (4F) or for the implicitly selected
/// application (C0).
bytes read_rules(const card_state& card, const application& ara, bytes_view value) {
    const auto objects = objects_of(value);
    auto rules = own_rules(card, ara.aid);
    if (!objects.empty()) {
        const auto& wanted = objects[0];
        require(objects.size() == 1 && (wanted.tag == aid_ref_do || wanted.tag == default_ref_do), sw::wrong_data);
        std::erase_if(rules, [&](const access_rule& rule) {
            const auto named = gp::find(objects_of(rule.reference), wanted.tag);
            return !named || !same(*named, wanted.value);
        });
    }
    return gp::encode_tlv(all_rules, encoded(rules, std::nullopt));
}

/// Command-Get-All (F4): what GET DATA [All] gives.
bytes read_all_rules(const card_state& card, const application& ara, bytes_view value) {
    require(value.empty(), sw::wrong_data);
    return gp::encode_tlv(all_rules, encoded(visible_rules(card, ara.aid), std::nullopt));
}

/// Command-Get-ClientAIDs (F6).
bytes read_clients(const card_state& card, const application& ara, bytes_view value) {
    require(value.empty() && is_master(ara.aid), sw::wrong_data);
    bytes out;
    for (const auto& client : card.ara.clients)
        gp::append_tlv(out, aid_ref_do, client);
    return gp::encode_tlv(client_aids, out);
}

constexpr std::uint32_t get_next = 0xF5;
constexpr struct {
    std::uint32_t tag;
    bytes (*read)(const card_state&, const application& ara, bytes_view);
} store_queries[] = {
    {0xF3, read_rules},
    {0xF4, read_all_rules},
    {0xF6, read_clients},
};

/// The next part of an answer that is too long for one response.
gp::response_apdu tell_rules(context& c, pending_rules pending) {
    const auto part = std::min(pending.rest.size(), c.channel.session->response_room());
    bytes answer(pending.rest.begin(), pending.rest.begin() + static_cast<std::ptrdiff_t>(part));
    pending.rest.erase(pending.rest.begin(), pending.rest.begin() + static_cast<std::ptrdiff_t>(part));
    if (!pending.rest.empty())
        c.channel.rules = std::move(pending);
    return {std::move(answer), sw::ok};
}

/// A query by STORE DATA; nothing where the command is none.
std::optional<gp::response_apdu> query(context& c, const application& target, const gp::tlv& command) {
    const auto* entry = std::find_if(std::begin(store_queries), std::end(store_queries),
                                     [&](const auto& row) { return row.tag == command.tag; });
    const bool starts = entry != std::end(store_queries);
    if (!starts && command.tag != get_next)
        return std::nullopt;
    const auto refusal = c.personality().rule_queries_refused;
    require(refusal == 0, refusal);
    auto pending = std::exchange(c.channel.rules, std::nullopt);
    if (starts)
        return tell_rules(c, {target.aid, entry->read(c.card, target, command.value)});
    require(command.value.empty(), sw::wrong_data);
    require(pending && pending->ara == target.aid, sw::conditions);
    return tell_rules(c, *std::move(pending));
}

} // namespace

bool keeps_access_rules(const application& a) {
    return is_master(a.aid) || same(a.module, hex(ara_c_module));
}

void ara_client_deleted(card_state& card, bytes_view aid) {
    if (card.client_rules.erase(to_bytes(aid)) != 0)
        changed(card.ara);
}

gp::response_apdu ara_store(context& c, const application& target, bytes_view data) {
    const auto commands = objects_of(data);
    require(commands.size() == 1, sw::wrong_data);
    if (auto answer = query(c, target, commands[0]))
        return *std::move(answer);
    c.channel.rules.reset(); // they may be other rules now
    const auto* entry = std::find_if(std::begin(store_commands), std::end(store_commands),
                                     [&](const auto& row) { return row.tag == commands[0].tag; });
    require(entry != std::end(store_commands), sw::wrong_data);
    auto& card = c.card;
    const bool master = is_master(target.aid);
    rule_store where{card.ara, master ? card.ara.rules : card.client_rules[target.aid], master};
    return {{}, entry->run(where, commands[0].value)};
}

gp::response_apdu ara_command(context& c, const gp::command_apdu& command) {
    require(command.ins == 0xCA, command.ins == 0xE2 ? sw::security_status : sw::ins_not_supported);
    const auto tag = static_cast<std::uint16_t>(command.p1 << 8 | command.p2);
    auto& listing = c.channel.listing;
    if (tag == refresh_tag)
        return {gp::encode_tlv(tag, c.card.ara.refresh_tag), sw::ok};
    if (tag == all_rules || tag == specific_rules) {
        std::optional<bytes_view> reference;
        if (tag == specific_rules) {
            reference = gp::find(objects_of(command.data), ref_do);
            require(reference.has_value(), sw::wrong_data);
        }
        listing =
            pending_listing{{}, {gp::encode_tlv(tag, encoded(visible_rules(c.card, c.channel.selected), reference))}};
    } else {
        require(tag == next_part, sw::reference_not_found);
    }
    require(listing.has_value(), sw::conditions);
    // What does not fit is fetched with FF60 (GPD_SPE_013 4.1); the length in the first part is that of the whole.
    auto& rest = listing->entries.front();
    const auto part =
        static_cast<std::ptrdiff_t>(std::min<std::size_t>(rest.size(), command.le.value_or(gp::le_max_short)));
    bytes answer(rest.begin(), rest.begin() + part);
    rest.erase(rest.begin(), rest.begin() + part);
    if (rest.empty())
        listing.reset();
    return {std::move(answer), sw::ok};
}

} // namespace tsms::lab
