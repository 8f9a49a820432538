#include "tests/sim/bystanders.hpp"

#include "tests/sim/invariants.hpp"

#include <algorithm>

namespace tsms::sim {

namespace {

constexpr std::uint8_t versions_of_other_roles[] = {0x70, 0x7F};

const bytes others_domain = hex("D276000163544D53010000FE"); // beside those of our Services
const bytes sister_domain = hex("D27600016354534D00FE");     // beside the TSM's
const bytes others_file = hex("D276000185545300");           // goes on behind the Service's package

struct other_applet {
    bytes aid;
    std::uint8_t state;
};
const other_applet others_applets[] = {
    {hex("D27600018554530101"), lab::life_cycle::installed}, // goes on behind an applet of the Service
    {hex("D27600018554530F"), lab::life_cycle::selectable},
    {hex("D27600018554"), lab::life_cycle::selectable}, // the Service's begin with it
};

crypto::secret key(std::uint8_t octet) {
    return crypto::secret(bytes(16, octet));
}

lab::key_set key_set(std::uint8_t version) {
    return {version, {{1, key(0xA1)}, {2, key(0xA2)}, {3, key(0xA3)}}, 0, 0};
}

lab::application domain_of_another(const lab::card_state& card, const bytes& aid) {
    lab::application domain;
    domain.aid = aid;
    domain.state = lab::life_cycle::personalized;
    domain.privileges = lab::privilege::security_domain;
    domain.domain = card.registry.isd().aid;
    domain.sd.emplace().key_sets = {key_set(0x30)};
    return domain;
}

std::string text_of(const lab::key_set& set) {
    auto text = " keys " + std::to_string(set.version);
    for (const auto& [id, value] : set.keys)
        text += " " + to_hex(lab::key_check_value(value));
    return text;
}

std::string text_of(const lab::application& app) {
    auto text = to_hex(app.aid) + " in state " + std::to_string(app.state) + " with privileges " +
                std::to_string(app.privileges) + " below " + to_hex(app.domain) + ", given data " +
                std::to_string(app.personalized) + " times";
    if (app.sd)
        for (const auto& set : app.sd->key_sets)
            text += text_of(set);
    return text;
}

std::string objects_on(const lab::card_state& card) {
    std::string text;
    for (const auto& aid : {others_domain, sister_domain})
        if (const auto* domain = card.registry.find_application(aid))
            text += text_of(*domain) + "\n";
    for (const auto& other : others_applets)
        if (const auto* app = card.registry.find_application(other.aid))
            text += text_of(*app) + "\n";
    if (const auto* file = card.registry.find_load_file(others_file))
        text += to_hex(file->package.aid) + " below " + to_hex(file->domain) + "\n";
    return text;
}

std::string key_sets_on(const lab::card_state& card, const std::string& tsm_domain) {
    const auto* domain = card.registry.find_application(hex(tsm_domain));
    std::string text;
    if (domain && domain->sd)
        for (const auto& set : domain->sd->key_sets)
            if (bystanders::is_one(set.version))
                text += text_of(set);
    return text;
}

} // namespace

bool bystanders::is_one(std::uint8_t key_version) {
    return std::ranges::find(versions_of_other_roles, key_version) != std::end(versions_of_other_roles);
}

void bystanders::move_in(lab::card_state& card) {
    card.registry.add(domain_of_another(card, others_domain));
    card.registry.add(domain_of_another(card, sister_domain));
    lab::load_file file;
    file.package = {others_file, 1, 0};
    file.modules = {others_applets[0].aid};
    file.domain = others_domain;
    card.registry.add(std::move(file));
    for (const auto& other : others_applets) {
        lab::application app;
        app.aid = other.aid;
        app.state = other.state;
        app.load_file = others_file;
        app.module = others_applets[0].aid;
        app.domain = others_domain;
        card.registry.add(std::move(app));
    }
}

void bystanders::begin(const lab::card_state& card, const std::string& tsm_domain) {
    objects_ = objects_on(card);
    key_sets_ = key_sets_on(card, tsm_domain);
}

void bystanders::watch(lab::card_state& card, const std::string& tsm_domain) {
    auto* domain = card.registry.find_domain(hex(tsm_domain));
    if (!domain || domain->sd->key_sets.empty()) {
        key_sets_.clear(); // it is gone, or new: what comes in its place has none of them yet
        return;
    }
    if (!key_sets_.empty())
        return;
    for (const auto version : versions_of_other_roles)
        domain->sd->key_sets.push_back(key_set(version));
    key_sets_ = key_sets_on(card, tsm_domain);
}

void bystanders::check(const lab::card_state& card, const std::string& tsm_domain) const {
    if (const auto now = objects_on(card); now != objects_)
        throw broken_invariant("another provider's objects were\n" + objects_ + "and are\n" + now);
    if (const auto now = key_sets_on(card, tsm_domain); now != key_sets_)
        throw broken_invariant("the key sets of other roles were" + key_sets_ + " and are" + now);
}

} // namespace tsms::sim
