// STORE DATA (GPCS 11.11).

#include "gp/tlv.hpp"
#include "lab/card/commands.hpp"
#include "lab/card/store_data_keys.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

constexpr std::uint8_t last_block = 0x80;
constexpr std::uint8_t format_mask = 0x18;
constexpr std::uint8_t format_ber_tlv = 0x10;
constexpr std::uint8_t format_mixed = 0x18;
constexpr std::uint16_t dgi_data_objects = 0x0070;
constexpr std::size_t longest_chain = 16 * 1024;

constexpr std::uint32_t isd_aid = 0x4F;
/// Parts of the CPLC that are written when a card is issued: eight octets each, who, when and with what.
constexpr struct {
    std::uint32_t tag;
    std::size_t at;
} cplc_parts[] = {{0x9F67, 26}, {0x9F66, 34}}; // pre-personalization, personalization
constexpr std::size_t cplc_part_octets = 8;

/// Data objects that GET DATA gives back (GPCS 7.2: IIN, CIN, SD image number, SD manager URL, …).
constexpr std::uint32_t kept_objects[] = {0x42, 0x45, 0x5F50, 0x5F20, 0x9F6E};

const auto* cplc_part(std::uint32_t tag) {
    const auto* part = std::ranges::find_if(cplc_parts, [&](const auto& p) { return p.tag == tag; });
    return part == std::end(cplc_parts) ? nullptr : part;
}

bool is_object(std::uint32_t tag) {
    return tag == isd_aid || cplc_part(tag) || std::ranges::find(kept_objects, tag) != std::end(kept_objects);
}

/// Of the card as a whole: only the ISD takes it (GPCS 11.11.2.3).
void require_storable(const context& c, const application& domain, const gp::tlv& object) {
    require(is_object(object.tag), sw::wrong_data);
    const auto& r = c.registry();
    const bool to_isd = same(domain.aid, r.isd().aid);
    if (cplc_part(object.tag))
        require(to_isd && object.value.size() == cplc_part_octets, sw::wrong_data);
    if (object.tag == isd_aid) {
        require(to_isd && is_aid(object.value), sw::wrong_data);
        require(same(object.value, r.isd().aid) ||
                    (!r.find_application(object.value) && !r.find_load_file(object.value)),
                sw::conditions);
    }
}

/// The ISD has another AID from now on, in every place that names it. Its session goes on.
void rename_isd(context& c, bytes_view aid) {
    const auto before = c.registry().isd().aid;
    for (auto& channel : c.channels) {
        if (!channel)
            continue;
        for (auto* name : {&channel->selected, &channel->session_holder, &channel->personalizing})
            if (same(*name, before))
                *name = to_bytes(aid);
    }
    c.registry().rename(before, to_bytes(aid));
}

void store_object(context& c, application& domain, const gp::tlv& object) {
    if (object.tag == isd_aid)
        rename_isd(c, object.value);
    else if (const auto* part = cplc_part(object.tag))
        std::ranges::copy(object.value, c.card.cplc.begin() + static_cast<std::ptrdiff_t>(part->at));
    else
        domain.sd->data[object.tag] = to_bytes(object.value);
}

void store_objects(context& c, application& domain, const std::vector<gp::tlv>& objects) {
    for (const auto& object : objects)
        require_storable(c, domain, object);
    for (const auto& object : objects)
        store_object(c, domain, object);
}

std::vector<gp::tlv> objects_of(bytes_view value) {
    const auto objects = gp::parse_tlvs(value);
    require(objects.has_value(), sw::wrong_data);
    return *objects;
}

/// Data groups: keys, data objects together in 0070, and data objects whose tag is the group's.
void store_groups(context& c, application& domain, bytes_view chain) {
    std::vector<data_group> of_keys;
    std::vector<gp::tlv> objects;
    for (const auto& group : parse_data_groups(chain)) {
        if (group.tag == dgi_data_objects)
            for (const auto& object : objects_of(group.value))
                objects.push_back(object);
        else if (is_object(group.tag))
            objects.push_back({group.tag, group.value});
        else
            of_keys.push_back(group);
    }
    auto sets = read_key_sets(of_keys, c.channel.session->dek(), c.personality().key_blocks);
    store_objects(c, domain, objects);
    for (auto& set : sets)
        install_keys(c.personality(), domain, std::move(set));
}

void store_domain_data(context& c, application& domain, std::uint8_t p1, bytes_view chain) {
    const auto format = p1 & format_mask;
    require(format != format_mixed, sw::wrong_p1p2);
    if (format == format_ber_tlv)
        return store_objects(c, domain, objects_of(chain));
    // Without a word of the format (GPCS 11.11.2.1, bits 00) hosts send both.
    const auto objects = format == 0 ? gp::parse_tlvs(chain) : std::nullopt;
    if (objects && std::ranges::all_of(*objects, [](const auto& object) { return is_object(object.tag); }))
        return store_objects(c, domain, *objects);
    store_groups(c, domain, chain);
}

} // namespace

void install_keys(const lab::personality& p, application& domain, key_set set) {
    const bool opens = set.scp03().has_value();
    if (auto* old = domain.sd->find_keys(set.version))
        *old = std::move(set);
    else
        domain.sd->key_sets.push_back(std::move(set));
    if (opens && p.keys_personalize && domain.state == life_cycle::selectable)
        domain.state = life_cycle::personalized;
}

gp::response_apdu store_data(context& c, const gp::command_apdu& command) {
    auto& channel = c.channel;
    if (!channel.data)
        channel.data.emplace();
    auto& pending = *channel.data;
    const auto abandon = [&](std::uint16_t status) {
        channel.data.reset();
        channel.personalizing.clear();
        throw refused{status};
    };
    if (pending.next_block != command.p2)
        abandon(sw::wrong_p1p2);
    if (pending.data.size() + command.data.size() > longest_chain)
        abandon(sw::no_memory);
    append(pending.data, command.data);
    ++pending.next_block;
    const bool last = (command.p1 & last_block) != 0;

    auto* personalized = c.registry().find_application(channel.personalizing);
    if (!personalized && !channel.personalizing.empty())
        abandon(sw::conditions); // deleted over another channel meanwhile
    if (personalized && personalized->locked())
        abandon(sw::conditions); // locked over another channel meanwhile
    auto& target = personalized ? *personalized : c.domain();
    const int one_more = target.sd || keeps_access_rules(target) ? 0 : 1; // whose rules tell what it was given
    if (!last) {
        target.personalized += one_more;
        return {{}, sw::ok};
    }
    const auto chain = std::move(pending.data);
    channel.data.reset();
    channel.personalizing.clear();
    if (target.sd)
        store_domain_data(c, target, command.p1, chain);
    else if (keeps_access_rules(target))
        return ara_store(c, target, chain);
    else if (c.registry().keeps_data(target))
        keep_personalization(target, chain);
    target.personalized += one_more;
    return {{}, sw::ok};
}

} // namespace tsms::lab
