// DELETE (GPCS 11.2): applications, Security Domains, load files, keys.

#include "gp/tlv.hpp"
#include "lab/card/commands.hpp"

namespace tsms::lab {

namespace {

/// What belongs to another Security Domain may only be deleted by an ancestor if that SD accepts it (C9 tag 87).
void require_accepted(const context& c, bytes_view domain_aid) {
    if (same(domain_aid, c.channel.selected) || c.domain().has(privilege::global_delete))
        return;
    const auto* domain = c.registry().find_domain(domain_aid);
    require(domain && domain->sd->accepts_deletion, sw::conditions);
}

void require_deletable(const context& c, const application& a) {
    require(!same(a.aid, c.registry().isd().aid), sw::conditions);
    require(c.in_reach(a.domain, privilege::global_delete), sw::conditions);
    require_accepted(c, a.domain);
    require(!c.selected_anywhere(a.aid), sw::conditions);
    require(!a.sd || !c.registry().has_content(a.aid), sw::conditions);
}

void delete_load_file(context& c, const load_file& file, bool with_instances) {
    require(!file.preloaded && c.in_reach(file.domain, privilege::global_delete), sw::conditions);
    require_accepted(c, file.domain);
    const auto aid = file.package.aid;
    require(!c.registry().imported_by_another(aid), sw::conditions);
    const auto instances = c.registry().instances_of(aid);
    require(instances.empty() || with_instances, sw::conditions);
    std::vector<bytes> names;
    for (const auto* instance : instances) {
        require_deletable(c, *instance);
        names.push_back(instance->aid);
    }
    for (const auto& name : names)
        c.registry().erase_application(name);
    c.registry().erase_load_file(aid);
}

gp::response_apdu delete_content(context& c, bytes_view aid, bool related) {
    require(c.authorized() || c.domain().has(privilege::global_delete), sw::conditions);
    if (const auto* a = c.registry().find_application(aid)) {
        require_deletable(c, *a);
        c.registry().erase_application(to_bytes(aid));
        ara_client_deleted(c.card, aid);
        return done();
    }
    const auto* file = c.registry().find_load_file(aid);
    require(file, sw::reference_not_found);
    delete_load_file(c, *file, related);
    return done();
}

std::optional<std::uint8_t> single_octet(std::optional<bytes_view> value) {
    require(!value || value->size() == 1, sw::wrong_data);
    return value ? std::optional((*value)[0]) : std::nullopt;
}

/// Of the selected Security Domain one key (D0 and D2), a whole key set (D2 alone), or the keys of one identifier in
/// every set (D0 alone) (GPCS 11.2.2.3.2).
gp::response_apdu delete_key(context& c, std::optional<std::uint8_t> identifier, std::optional<std::uint8_t> version) {
    require(version || identifier, sw::wrong_data);
    auto& domain = c.domain();
    auto left = domain.sd->key_sets;
    std::size_t deleted = 0;
    for (auto& set : left) {
        if (version && set.version != *version)
            continue;
        deleted += identifier ? set.keys.erase(*identifier) : set.keys.size();
        if (!identifier)
            set.keys.clear();
    }
    require(deleted != 0, sw::reference_not_found);
    std::erase_if(left, [](const auto& set) { return set.keys.empty(); });
    // Without any key nobody could ever reach the ISD again.
    require(!left.empty() || !same(domain.aid, c.registry().isd().aid), sw::conditions);
    domain.sd->key_sets = std::move(left);
    return done();
}

} // namespace

gp::response_apdu delete_object(context& c, const gp::command_apdu& command) {
    require(command.p1 == 0x00 && (command.p2 & 0x7F) == 0x00, sw::wrong_p1p2);
    const auto objects = gp::parse_tlvs(command.data);
    require(objects.has_value(), sw::wrong_data);
    if (const auto aid = gp::find(*objects, 0x4F))
        return delete_content(c, *aid, command.p2 == 0x80);
    return delete_key(c, single_octet(gp::find(*objects, 0xD0)), single_octet(gp::find(*objects, 0xD2)));
}

} // namespace tsms::lab
