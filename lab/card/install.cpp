// INSTALL (GPCS 11.5): a table of its forms by P1.

#include "gp/tlv.hpp"
#include "lab/card/commands.hpp"

#include <algorithm>
#include <optional>

namespace tsms::lab {

namespace {

constexpr std::size_t instance_memory = 512;
constexpr std::size_t domain_memory = 1024;

/// Privileges that a Security Domain can only pass on if it has them itself (GPCS 6.6.2).
constexpr std::uint32_t not_granted_further = privilege::authorized_management | privilege::token_verification |
                                              privilege::global_delete | privilege::global_lock |
                                              privilege::global_registry;

std::uint32_t parse_privileges(bytes_view value) {
    require(value.size() == 1 || value.size() == 3, sw::wrong_data);
    std::uint32_t privileges = 0;
    for (std::size_t i = 0; i < 3; ++i)
        privileges = privileges << 8 | (i < value.size() ? value[i] : 0u);
    return privileges;
}

std::vector<gp::tlv> parse_parameters(bytes_view value) {
    const auto objects = gp::parse_tlvs(value);
    require(objects.has_value(), sw::wrong_data);
    return *objects;
}

std::size_t number(bytes_view value) {
    require(value.size() == 2 || value.size() == 4, sw::wrong_data);
    std::size_t n = 0;
    for (auto octet : value)
        n = n << 8 | octet;
    return n;
}

/// Memory limit in the system parameters (EF), 0 where there is none.
std::size_t memory_limit(const std::vector<gp::tlv>& parameters, std::uint32_t tag) {
    const auto system = gp::find(parameters, 0xEF);
    if (!system)
        return 0;
    const auto objects = parse_parameters(*system);
    const auto limit = gp::find(objects, tag);
    return limit ? number(*limit) : 0;
}

void require_content_management(const context& c) {
    // Delegated Management would need tokens, which this card does not verify.
    require(c.authorized() && (c.domain().state & life_cycle::personalized) == life_cycle::personalized,
            sw::conditions);
}

/// An AID that INSTALL names must be known and, for anything but the global privileges, below the selected SD.
application& require_application(const context& c, bytes_view aid) {
    auto* a = c.registry().find_application(aid);
    require(a, sw::reference_not_found);
    return *a;
}

// data: load file AID, SD AID, hash, parameters, token
gp::response_apdu install_for_load(context& c, bytes_view data) {
    const auto fields = length_values(data, 5);
    require_content_management(c);
    const auto aid = fields[0];
    require(is_aid(aid), sw::wrong_data);
    const auto domain_aid = fields[1].empty() ? bytes_view(c.channel.selected) : fields[1];
    auto* domain = c.registry().find_domain(domain_aid);
    require(domain, sw::reference_not_found);
    require(c.registry().within(domain_aid, c.channel.selected), sw::conditions);
    const bool own = same(domain_aid, c.channel.selected);
    require(own || (domain->state == life_cycle::personalized && domain->sd->accepts_extradition), sw::conditions);
    require(!c.registry().find_load_file(aid) && !c.registry().find_application(aid), sw::conditions);
    const auto hash = fields[2];
    require(hash.empty() || hash.size() == 20 || hash.size() == 32, sw::wrong_data);
    require(memory_limit(parse_parameters(fields[3]), 0xC6) <= c.card.free_memory(), sw::no_memory);
    require(fields[4].empty(), sw::wrong_data);

    c.channel.load = pending_load{to_bytes(aid), to_bytes(domain_aid), to_bytes(hash), 0, {}};
    return done();
}

/// The options of a new Security Domain (C9: 81 secure channel protocol, 82 and 87 acceptance).
security_domain parse_domain_options(const context& c, bytes_view c9) {
    security_domain sd;
    sd.scp03_i = c.personality().scp03_i;
    const auto options = parse_parameters(c9);
    const auto nonzero = [](std::optional<bytes_view> value) {
        return value && std::any_of(value->begin(), value->end(), [](auto octet) { return octet != 0; });
    };
    sd.accepts_extradition = nonzero(gp::find(options, 0x82));
    sd.accepts_deletion = nonzero(gp::find(options, 0x87));
    if (const auto protocol = gp::find(options, 0x81)) {
        require(protocol->size() == 2 && (*protocol)[0] == 0x03, sw::wrong_data);
        const auto i = (*protocol)[1];
        require(is_scp03_option(i, c.personality().scp03_i), sw::wrong_data);
        sd.scp03_i = i;
    }
    return sd;
}

/// Card Reset goes to one application at a time: it has to be taken away or deleted before another one gets it.
void require_card_reset_free(const context& c, const application& a, std::uint32_t privileges) {
    const auto* holder = (privileges & privilege::card_reset) != 0 ? c.registry().card_reset_holder() : nullptr;
    require(!holder || same(holder->aid, a.aid), sw::conditions);
}

/// SD of a new instance, which differs between cards.
bytes association(const context& c, const load_file& file, bool is_domain) {
    const bool follows = c.personality().instance_follows_load_file && !is_domain && !file.preloaded &&
                         c.registry().within(file.domain, c.channel.selected);
    return follows ? file.domain : c.channel.selected;
}

// data: load file AID, module AID, instance AID, privileges, parameters, token
void create_instance(context& c, const std::vector<bytes_view>& fields, std::uint8_t state) {
    require_content_management(c);
    const auto* file = c.registry().find_load_file(fields[0]);
    require(file, sw::reference_not_found);
    require(std::any_of(file->modules.begin(), file->modules.end(), [&](const auto& m) { return same(m, fields[1]); }),
            sw::reference_not_found);
    require(file->preloaded || c.registry().within(file->domain, c.channel.selected), sw::conditions);
    require(is_aid(fields[2]), sw::wrong_data);
    require(!c.registry().find_application(fields[2]) && !c.registry().find_load_file(fields[2]), sw::conditions);
    require(fields[5].empty(), sw::wrong_data);

    application a;
    a.aid = to_bytes(fields[2]);
    a.state = state;
    a.privileges = parse_privileges(fields[3]);
    require((a.privileges & not_granted_further & ~c.domain().privileges) == 0, sw::conditions);
    require_card_reset_free(c, a, a.privileges);
    const auto parameters = parse_parameters(fields[4]);
    const auto c9 = gp::find(parameters, 0xC9);
    require(c9.has_value(), sw::wrong_data);
    a.parameters = to_bytes(*c9);
    a.load_file = to_bytes(fields[0]);
    a.module = to_bytes(fields[1]);
    const bool is_domain = same(fields[1], hex(security_domain_module));
    require(is_domain == a.has(privilege::security_domain), sw::wrong_data);
    if (is_domain)
        a.sd = parse_domain_options(c, *c9);
    a.domain = association(c, *file, is_domain);
    a.memory = (is_domain ? domain_memory : instance_memory) + memory_limit(parameters, 0xC8);
    require(a.memory <= c.card.free_memory(), sw::no_memory);
    require(memory_limit(parameters, 0xC7) <= c.personality().ram, sw::no_memory);
    c.registry().add(std::move(a));
    c.registry().keep_one_card_reset();
}

gp::response_apdu install_for_install(context& c, bytes_view data) {
    create_instance(c, length_values(data, 6), life_cycle::installed);
    return done();
}

gp::response_apdu install_and_make_selectable(context& c, bytes_view data) {
    create_instance(c, length_values(data, 6), life_cycle::selectable);
    return done();
}

// data: empty, empty, instance AID, privileges, parameters, token
//
// Of the privileges only Card Reset can still be given (GPCS 11.5.2.3.3); the others say what INSTALL [for install]
// gave. One that is selectable already can be made the default application so, and is refused otherwise (DIV-075).
gp::response_apdu make_selectable(context& c, bytes_view data) {
    const auto fields = length_values(data, 6);
    require_content_management(c);
    auto& a = require_application(c, fields[2]);
    require(c.registry().within(a.domain, c.channel.selected), sw::conditions);
    const auto privileges = fields[3].empty() ? 0 : parse_privileges(fields[3]);
    const bool gives_reset = (privileges & privilege::card_reset) != 0;
    const bool selectable = (a.state & life_cycle::selectable) == life_cycle::selectable;
    require(!a.locked() && (a.state == life_cycle::installed || (selectable && gives_reset)), sw::conditions);
    require_card_reset_free(c, a, privileges);
    if (gives_reset)
        a.privileges |= privilege::card_reset;
    if (!selectable)
        a.state = life_cycle::selectable;
    c.registry().keep_one_card_reset();
    return done();
}

/// Moves an application or a load file to another Security Domain (GPCS 9.4.1): the selected SD must be its SD or an
/// ancestor, the new one PERSONALIZED and willing.
void extradite(context& c, bytes_view to, bytes_view aid) {
    auto* target = c.registry().find_domain(to);
    require(target, sw::reference_not_found);
    auto* a = c.registry().find_application(aid);
    auto* file = a ? nullptr : c.registry().find_load_file(aid);
    require(a || (file && !file->preloaded), sw::reference_not_found);
    auto& domain = a ? a->domain : file->domain;
    require(c.registry().within(domain, c.channel.selected), sw::conditions);
    if (same(domain, to))
        throw refused{c.personality().redundant_extradition};
    require((target->state & ~life_cycle::locked & life_cycle::personalized) == life_cycle::personalized,
            sw::conditions);
    require(!target->locked() && target->sd->accepts_extradition, sw::conditions);
    require(!a || !a->sd || !c.registry().within(to, a->aid), sw::conditions);
    domain = to_bytes(to);
}

// data: SD AID, empty, application or load file AID, empty, parameters, token
gp::response_apdu install_for_extradition(context& c, bytes_view data) {
    const auto fields = length_values(data, 6);
    require_content_management(c);
    extradite(c, fields[0], fields[2]);
    return done();
}

// data: SD AID or empty, empty, application AID, privileges or empty, parameters, token
gp::response_apdu install_for_registry_update(context& c, bytes_view data) {
    const auto fields = length_values(data, 6);
    require_content_management(c);
    auto& a = require_application(c, fields[2]);
    require(c.registry().within(a.domain, c.channel.selected), sw::conditions);
    const auto privileges = fields[3].empty() ? a.privileges : parse_privileges(fields[3]);
    require((privileges & not_granted_further & ~c.domain().privileges) == 0, sw::conditions);
    require(((privileges & privilege::security_domain) != 0) == a.sd.has_value(), sw::wrong_data);
    require_card_reset_free(c, a, privileges);
    if (!fields[0].empty() && !same(fields[0], a.domain))
        extradite(c, fields[0], fields[2]);
    a.privileges = privileges;
    c.registry().keep_one_card_reset();
    return done();
}

// data: empty, empty, application AID, empty, empty, empty
gp::response_apdu install_for_personalization(context& c, bytes_view data) {
    const auto fields = length_values(data, 6);
    auto& a = require_application(c, fields[2]);
    // Only by the SD to which it is directly associated (GPCS 7.3.3).
    require(same(a.domain, c.channel.selected), sw::conditions);
    const bool any_state = !a.sd && c.personality().personalizes_installed;
    const auto least = any_state ? life_cycle::installed : life_cycle::selectable;
    require(!a.locked() && (a.state & least) == least, sw::conditions);
    require(c.registry().takes_personalization(a), sw::conditions);
    c.channel.personalizing = a.aid;
    return done();
}

constexpr struct {
    std::uint8_t p1;
    gp::response_apdu (*run)(context&, bytes_view);
} forms[] = {
    {0x02, install_for_load},
    {0x04, install_for_install},
    {0x08, make_selectable},
    {0x0C, install_and_make_selectable},
    {0x10, install_for_extradition},
    {0x20, install_for_personalization},
    {0x40, install_for_registry_update},
};

/// `count` values, their lengths in one octet or, with `ber`, in the 81 and 82 forms.
std::optional<std::vector<bytes_view>> split_values(bytes_view data, std::size_t count, bool ber) {
    std::vector<bytes_view> values;
    while (values.size() < count) {
        if (data.empty())
            return std::nullopt;
        std::size_t length = data[0];
        std::size_t head = 1;
        if (ber && (data[0] == 0x81 || data[0] == 0x82)) {
            head += data[0] & 0x7Fu;
            if (data.size() < head)
                return std::nullopt;
            length = 0;
            for (auto octet : data.subspan(1, head - 1))
                length = length << 8 | octet;
        }
        if (data.size() - head < length)
            return std::nullopt;
        values.push_back(data.subspan(head, length));
        data = data.subspan(head + length);
    }
    return data.empty() ? std::optional(std::move(values)) : std::nullopt;
}

} // namespace

std::vector<bytes_view> length_values(bytes_view data, std::size_t count) {
    // Parameters of more than 127 octets come with a BER length (GPCS 11.5.2.3) or, from older hosts, with a plain
    // octet.
    auto values = split_values(data, count, true);
    if (!values)
        values = split_values(data, count, false);
    require(values.has_value(), sw::wrong_data);
    return *values;
}

gp::response_apdu install(context& c, const gp::command_apdu& command) {
    require(command.p2 == 0x00, sw::wrong_p1p2);
    const auto* form =
        std::find_if(std::begin(forms), std::end(forms), [&](const auto& f) { return f.p1 == command.p1; });
    require(form != std::end(forms), sw::wrong_p1p2);
    return form->run(c, command.data);
}

} // namespace tsms::lab
