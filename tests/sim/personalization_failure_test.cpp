// What goes wrong around a personalization script: an application that takes none, a script that wants to be somebody
// else's, and interruptions (DIV-115).

#include "gp/commands.hpp"
#include "process/effect_proof.hpp"
#include "process/offered_channel.hpp"
#include "process/personalization.hpp"
#include "process/removal.hpp"
#include "tests/sim/scripts.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

const std::map<std::string, std::string> pin{{"pin", "31323334"}};
constexpr const char* stored_pin = "01010431323334";

} // namespace

BOOST_AUTO_TEST_SUITE(personalization_failures)

// The hazard that decides the order (GPCS 7.3.3): STORE DATA behind a refused INSTALL [for personalization] is the
// domain's own. Nothing of a script leaves.
BOOST_AUTO_TEST_CASE(an_application_without_the_interface_gets_nothing) {
    for (const bool later : {false, true}) {
        auto w = without_interface();
        if (later)
            BOOST_TEST(run(w, {I}, {}, false).details == "");
        std::string before;
        std::size_t data = 0;
        w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
            if (command.what == gp::step::script_receiver)
                before = domains(w);
            data += command.what == gp::step::script_data;
            return std::nullopt;
        };
        const auto end = run(w, later ? std::vector{P, A} : std::vector{I, P, A}, pin);
        BOOST_TEST(number(end) == 7);
        BOOST_TEST(end.details.find("takes no data of its security domain") != std::string::npos, end.details);
        BOOST_TEST((statuses_of(end) == (later ? std::vector{1, 2} : std::vector{0, 1, 2})));
        BOOST_TEST(!end.personalize_at);
        BOOST_TEST(data == 0u);
        BOOST_TEST(before != "");
        BOOST_TEST(domains(w) == before);
        BOOST_TEST(number(w.instance.state) == (later ? number(installed) : number(in_error)));
        w.on_the_way = nullptr;
        BOOST_TEST(w.terminate().details == "");
        BOOST_TEST(w.on_card().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_card_that_personalizes_only_what_is_selectable) {
    auto strict = *lab::find_personality("jc305");
    strict.personalizes_installed = false;
    world w(strict);
    w.add_load_file(package, {applet_1});
    add_script(w, 0, {stores("pin", "010104${pin}")});
    const auto end = run(w, {I, P, A}, pin);
    BOOST_TEST(number(end) == 7);
    BOOST_TEST(end.details.find("has to be activated before") != std::string::npos);
    BOOST_TEST((statuses_of(end) == std::vector{0, 1, 2}));
    BOOST_TEST(run(w, {I, A, P}, pin).details == "");
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);
}

namespace {

/// A script as no upload and no call lets it through: names for the domain, and keys.
process::personalization hostile_script(const bytes& aid) {
    const auto command = [](std::uint8_t p1, bytes data) {
        return process::personal_command{"hostile", {0x80, 0xE2, p1, 0x00, std::move(data), {}}, {0x9000}, false};
    };
    const crypto::encrypted_key key{bytes(16, 0x41), {}};
    return {{to_hex(aid),
             {command(0x90, hex("4203AABBCC")), command(0x90, hex("4503AABBCC")),
              command(0x88, gp::key_dgis(0x40, 128, {key, key, key}))},
             {}}};
}

process::process<void> send_hostile(process::work* w, const process::personalization* scripts, bool named) {
    process::require_open(*w, co_await process::open_tsm_domain(w, {}));
    gp::service_presence what;
    what.domain_aid = process::octets(w->instance.target.sd_aid);
    const auto asked = what.questions = co_await process::ask_for_channel(w);
    auto shown = co_await process::prove_on_card(w, gp::check_service(w->link.channel, what), asked);
    if (named)
        co_return co_await process::personalize_below_domain(w, scripts, asked, std::move(shown));
    // As it would be without the order before: the INSTALL and the data together.
    auto opened = co_await process::open_offered(*w->instance.domain->keys, process::row_with_keys(w->instance),
                                                 {w->instance.domain->aid, asked.host_challenge, *shown.domain_offer},
                                                 0x33, gp::missing_counter::refused);
    w->link.channel = std::make_shared<gp::tsm_channel>(std::move(opened), bytes{});
    co_await process::write_intent(w, "personalize service");
    auto both = co_await process::stored_scripts(scripts, *w->instance.domain->keys);
    both.insert(both.begin(), both.front());
    both.front().commands.clear(); // so that the first one is named in the same order
    co_await process::on_card(w, gp::run_scripts(w->link.channel, both, {}));
}

process::process<process::process_outcome> hostile(process::process_request request, process::personalization scripts,
                                                   bool named) {
    process::work w(std::move(request), model::operation::service_deployment_personalization);
    const auto failure = co_await process::run(&w, send_hostile(&w, &scripts, named));
    co_return process::close_process(w, process::ending_of(failure), model::instance_state::installed);
}

} // namespace

// What the two orders are for: the same commands in one order rename and key the domain.
BOOST_AUTO_TEST_CASE(a_hostile_script_reaches_no_domain) {
    for (const bool named : {true, false}) {
        auto w = without_interface();
        BOOST_TEST(run(w, {I}, {}, false).details == "");
        const auto before = domains(w);
        const auto end = *w.play(hostile(w.request(), hostile_script(applet_1), named));
        BOOST_TEST(number(end) == 7);
        BOOST_TEST((domains(w) == before) == named);
        if (named)
            BOOST_TEST(w.terminate().details == "");
    }
}

// The application had let itself be named, and then its card does not do it again: for one application that is too
// late to matter, and for another one the keys of the domain are looked at.
BOOST_AUTO_TEST_CASE(a_name_that_is_refused_the_second_time) {
    auto w = scripted({stores("pin", "010104${pin}")});
    add_script(w, 1, {stores("pin", "010104${pin}")});
    std::string before;
    std::size_t names = 0;
    w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        if (command.what != gp::step::script_receiver)
            return std::nullopt;
        before = domains(w);
        if (++names == 3)
            w.card.inject(lab::fault_plan::parse("sw6985@any:1", w.random));
        return std::nullopt;
    };
    const auto end = run(w, {I, P, A}, pin);
    BOOST_TEST(names == 3u); // both, and the second one again
    BOOST_TEST(number(end) == 7);
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);
    BOOST_TEST(kept_by(w, applet_2) == "");
    BOOST_TEST(number(w.instance.state) == number(in_error));
    w.on_the_way = nullptr;
    w.card.inject({});
    BOOST_TEST(run(w, {I, P, A}, pin).details == "");
    BOOST_TEST(kept_by(w, applet_2) == stored_pin);
}

// DIV-115: nobody sees what an applet holds, so nothing of a script is repeated on one that may have had a part of it.
BOOST_AUTO_TEST_CASE(a_script_that_was_interrupted_is_not_repeated) {
    for (const auto* fault : {"tear-after@any:1", "tear-before@any:1", "bad-rmac@any:1", "mute@any:1"}) {
        auto w = scripted({stores("pin", "010104${pin}")});
        run(w, {I}, {}, false);
        w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
            if (command.what == gp::step::script_data)
                w.card.inject(lab::fault_plan::parse(fault, w.random));
            return std::nullopt;
        };
        BOOST_TEST(run(w, {P}, pin, false).details != "");
        w.on_the_way = nullptr;
        w.card.inject({});
        BOOST_TEST(number(w.instance.state) == number(in_error));
        BOOST_TEST(w.instance.half_personalized);
        BOOST_TEST(model::refuse_deploy(w.instance, {P}, false, false).has_value());
        BOOST_TEST(!model::refuse_deploy(w.instance, {I, P, A}, true, false).has_value());
        BOOST_TEST(run(w, {I, P, A}, pin).details == "");
        BOOST_TEST(kept_by(w, applet_1) == stored_pin);
        BOOST_TEST(!w.instance.half_personalized);
        BOOST_TEST(number(w.instance.state) == number(operational));
    }
    // Before its data have left it is.
    auto w = scripted({stores("pin", "010104${pin}")});
    run(w, {I}, {}, false);
    w.card.inject(lab::fault_plan::parse("tear-after@install-for-personalization:1", w.random));
    BOOST_TEST(run(w, {P}, pin, false).details != "");
    w.card.inject({});
    BOOST_TEST(!w.instance.half_personalized);
    BOOST_TEST(run(w, {P}, pin, false).details == "");
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);
}

// The server dies behind each effect and the same process is entered again (DIV-108): each script runs once on an
// instance, or the Service is installed anew.
BOOST_AUTO_TEST_CASE(a_server_that_dies_repeats_no_script) {
    struct {
        bool later;
        std::vector<model::service_command> commands;
        bool finalize;
    } rows[] = {{false, {I, P, A}, true}, {true, {P}, false}, {true, {P}, true}, {true, {P, A}, true}};
    for (const auto& [later, what, finalize] : rows)
        for (std::size_t n = 1;; ++n) {
            auto w = scripted({stores("pin", "010104${pin}")});
            if (later)
                run(w, {I}, {}, false);
            const auto commands = requests(what, pin);
            if (w.play(process::deploy(w.request(), commands, finalize), n))
                break;
            w.restart();
            auto again = w.request();
            const auto blocks = [&] {
                const auto* app = w.card.state().registry.find_application(applet_1);
                return app ? app->personalized : 0;
            };
            const auto had = blocks();
            BOOST_TEST_CONTEXT((later ? "later, " : "at once, ") << what.size() << ", behind effect " << n) {
                const auto end = *w.play(process::deploy(again, commands, finalize));
                BOOST_TEST(blocks() <= 1);
                BOOST_TEST((had == 0 || !later || end.status != model::error_category::none));
                if (end.status != model::error_category::none) {
                    BOOST_TEST(number(w.instance.state) == number(in_error));
                    BOOST_TEST(run(w, {I, P, A}, pin).details == "");
                }
                BOOST_TEST(kept_by(w, applet_1) == stored_pin);
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
            }
        }
}

BOOST_AUTO_TEST_SUITE_END()
