// STORE DATA (GPCS 11.11) and PUT KEY (GPCS 11.8).

#include "gp/tlv.hpp"
#include "lab/card/commands.hpp"
#include "lab/card/store_data_keys.hpp"

namespace tsms::lab {

namespace {

constexpr std::uint8_t last_block = 0x80;
constexpr std::uint8_t format_mask = 0x18;
constexpr std::uint8_t format_ber_tlv = 0x10;
constexpr std::uint8_t format_mixed = 0x18;
constexpr std::uint16_t dgi_data_objects = 0x0070;
constexpr std::size_t longest_chain = 16 * 1024;

/// Data objects that GET DATA gives back (GPCS 7.2: IIN, CIN, SD image number, SD manager URL, …).
void store_objects(application& domain, bytes_view value) {
    const auto objects = gp::parse_tlvs(value);
    require(objects.has_value(), sw::wrong_data);
    constexpr std::uint32_t known[] = {0x42, 0x45, 0x5F50, 0x5F20, 0x9F6E};
    for (const auto& object : *objects)
        require(std::find(std::begin(known), std::end(known), object.tag) != std::end(known), sw::wrong_data);
    for (const auto& object : *objects)
        domain.sd->data[object.tag] = to_bytes(object.value);
}

void store_domain_data(context& c, application& domain, std::uint8_t p1, bytes_view chain) {
    require((p1 & format_mask) != format_mixed, sw::wrong_p1p2);
    if ((p1 & format_mask) == format_ber_tlv)
        return store_objects(domain, chain);
    auto groups = parse_data_groups(chain);
    if (groups.size() == 1 && groups[0].tag == dgi_data_objects)
        return store_objects(domain, groups[0].value);
    for (auto& set : read_key_sets(groups, c.channel.session->dek(), c.personality().key_blocks))
        install_keys(c.personality(), domain, std::move(set));
}

} // namespace

void install_keys(const lab::personality& p, application& domain, key_set set) {
    if (auto* old = domain.sd->find_keys(set.version))
        *old = std::move(set);
    else
        domain.sd->key_sets.push_back(std::move(set));
    if (p.keys_personalize && domain.state == life_cycle::selectable)
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
    auto& target = personalized ? *personalized : c.domain();
    if (!target.sd && !keeps_access_rules(target)) // whose rules tell what it was given
        ++target.personalized;
    if (!last)
        return {{}, sw::ok};
    const auto chain = std::move(pending.data);
    channel.data.reset();
    channel.personalizing.clear();
    if (target.sd)
        store_domain_data(c, target, command.p1, chain);
    else if (keeps_access_rules(target))
        return ara_store(c, target, chain);
    return {{}, sw::ok};
}

namespace {

/// One key of PUT KEY: type, length, key block, KCV. A bare block says nothing of a key of 24 octets, which is filled
/// up to the 32 of its cryptogram.
crypto::secret read_put_key(bytes_view& rest, const crypto::secret& dek, personality::key_block taken) {
    const auto take = [&](std::size_t count) {
        require(rest.size() >= count, sw::wrong_data);
        const auto out = rest.first(count);
        rest = rest.subspan(count);
        return out;
    };
    require(take(1)[0] == 0x88, sw::wrong_data);
    const auto length = take(1)[0];
    const auto block = take(length);
    const auto kcv = take(take(1)[0]);
    require(kcv.empty() || kcv.size() == 3, sw::wrong_data);
    const auto key = read_key_block(block, taken);
    return decrypt_key(key.cryptogram, key.octets.value_or(key.cryptogram.size()), kcv, dek);
}

struct brought_keys {
    key_set set;
    bytes confirmation; ///< version and key check values (GPCS 11.8.3.1)
};

brought_keys read_put_keys(const context& c, const gp::command_apdu& command) {
    constexpr std::uint8_t several_from_first = 0x81;
    require(command.p1 <= 0x7F && command.p2 == several_from_first, sw::wrong_p1p2);
    require(!command.data.empty(), sw::wrong_data);
    brought_keys brought;
    auto& set = brought.set;
    set.version = command.data[0];
    require(set.version >= 1 && set.version <= 0x7F, sw::wrong_data);
    auto rest = bytes_view(command.data).subspan(1);
    brought.confirmation = {set.version};
    for (std::uint8_t id = 1; id <= 3; ++id) {
        auto key = read_put_key(rest, c.channel.session->dek(), c.personality().key_blocks);
        require(id == 1 || key.size() == set.keys.at(1).size(), sw::wrong_data);
        append(brought.confirmation, key_check_value(key));
        set.keys.emplace(id, std::move(key));
    }
    require(rest.empty(), sw::wrong_data);
    return brought;
}

} // namespace

gp::response_apdu pretend_put_key(context& c, const gp::command_apdu& command) {
    const auto brought = read_put_keys(c, command);
    return {c.personality().confirms_keys ? brought.confirmation : bytes{}, sw::ok};
}

gp::response_apdu put_key(context& c, const gp::command_apdu& command) {
    auto [set, answer] = read_put_keys(c, command);
    auto& domain = c.domain();
    auto& sets = domain.sd->key_sets;
    const bool adds = command.p1 == 0x00;
    require(adds || domain.sd->find_keys(command.p1), sw::reference_not_found);
    require((adds ? domain.sd->find_keys(set.version) == nullptr : true), sw::wrong_data);
    require(adds || set.version == command.p1 || !domain.sd->find_keys(set.version), sw::wrong_data);
    if (!adds && set.version != command.p1)
        std::erase_if(sets, [&](const auto& s) { return s.version == command.p1; });
    install_keys(c.personality(), domain, std::move(set));
    return {c.personality().confirms_keys ? std::move(answer) : bytes{}, sw::ok};
}

} // namespace tsms::lab
