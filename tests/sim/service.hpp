#pragma once
// A service of one load file with two applets, and what is asked of it in every test of the processes.

#include "model/life_cycle.hpp"
#include "tests/lab_reader.hpp"
#include "tests/sim/world.hpp"

#include <boost/test/unit_test.hpp>

namespace tsms::sim {

using enum model::instance_state;

inline constexpr auto I = model::service_command::install;
inline constexpr auto P = model::service_command::personalize;
inline constexpr auto A = model::service_command::activate;

inline const bytes package = hex("D2760001855453");
inline const bytes applet_1 = hex("D276000185545301");
inline const bytes applet_2 = hex("D276000185545302");
inline constexpr const char* tsm_domain = "D27600016354534D0001";
inline constexpr const char* service_domain = "D276000163544D5301000001";

inline const std::set<std::string> deployed{"D2760001855453", "D276000185545301", "D276000185545302", tsm_domain,
                                            service_domain};

inline world ready(std::string_view personality = "jc305", std::size_t load_size = 2000) {
    world w(personality);
    w.add_load_file(package, {applet_1, applet_2}, load_size);
    return w;
}

/// Access rules make the issuer part of every deploy, also of one that finds the TSM's domain there.
inline world ready_with_rules() {
    auto w = ready();
    w.instance.target.card.ara = "aram-issuer";
    w.instance.target.device_apps = {std::string(40, 'A'), std::string(64, 'B')};
    return w;
}

inline int number(const process::process_outcome& outcome) {
    return static_cast<int>(outcome.status);
}
inline int number(model::instance_state state) {
    return static_cast<int>(state);
}

inline std::uint16_t sw_of(const bytes& response) {
    return gp::parse_response(response)->sw;
}

/// "Used": the application can be selected and answers.
inline std::uint16_t use(world& w, const bytes& aid) {
    w.card.reset();
    gp::command_apdu select{0x00, 0xA4, 0x04, 0x00, aid, 256};
    if (const auto sw = sw_of(lab_reader(w.card).transmit(gp::encode(select))); sw != 0x9000)
        return sw;
    return sw_of(w.card.transmit(hex("00010000")));
}

/// As where another service is on the card: the TSM's own domain stays.
inline process::process_outcome terminate_but_keep_the_domain(world& w) {
    auto r = w.request();
    r.last_service_on_card = false;
    return *w.play(process::terminate(r));
}

/// But for those of other roles, which stay whatever happens.
inline std::set<int> key_versions_of(world& w, const char* domain) {
    std::set<int> versions;
    for (const auto& set : w.card.state().registry.find_application(hex(domain))->sd->key_sets)
        if (!bystanders::is_one(set.version))
            versions.insert(set.version);
    return versions;
}

/// The card has one key set in the TSM's domain, it is the row's, and the issuer does not know it.
inline void check_keys_are_ours(world& w) {
    const auto& domain = *w.component.tsm_domain;
    BOOST_TEST(key_versions_of(w, tsm_domain) == std::set<int>{domain.keys->version}, boost::test_tools::per_element());
    BOOST_TEST(!domain.keys->issuer_knows);
    BOOST_TEST(domain.other_keys.empty());
}

/// A phone that says of the TSM's domain that it is not there.
inline world::tamper hides_the_domain() {
    return [](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        const bool of_ours =
            command.what == gp::step::select && to_hex(command.apdu).find(tsm_domain) != std::string::npos;
        return of_ours ? std::optional(hex("6A82")) : std::nullopt;
    };
}

/// A phone that answers PUT KEY with an error, whether the card has got it or not.
inline world::tamper leaves_the_rotation_in_doubt(bool card_gets_it) {
    return [card_gets_it](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (command.what != gp::step::put_key)
            return std::nullopt;
        if (card_gets_it)
            card();
        return hex("6F00");
    };
}

/// A second service with the same package on the same card (AMB-125).
inline void second_service(world& w) {
    w.instance.id = "instance-2";
    w.instance.state = not_deployed;
    w.instance.executed.clear();
    w.instance.on_card = false;
    w.instance.target.service_id = "service-2";
    w.instance.target.sd_aid = "D276000163544D5301000002";
}

} // namespace tsms::sim
