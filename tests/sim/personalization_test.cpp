// PersonalizeServiceCommand with scripts (TR 4.2.3.4, AMB-211, 234, 242; docs/personalization.md) on the lab card.

#include "crypto/aes.hpp"
#include "process/functions/deploy_service.hpp"
#include "tests/sim/scripts.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

const std::map<std::string, std::string> pin{{"pin", "31323334"}};
constexpr const char* stored_pin = "01010431323334";

} // namespace

BOOST_AUTO_TEST_SUITE(personalization)

BOOST_AUTO_TEST_CASE(install_personalize_activate) {
    auto w = scripted({stores("pin", "010104${pin}")});
    const auto end = run(w, {I, P, A}, pin);
    BOOST_TEST(end.details == "");
    BOOST_TEST(number(w.instance.state) == number(operational));
    BOOST_TEST((statuses_of(end) == std::vector{0, 0, 0}));
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);
    BOOST_TEST(kept_by(w, applet_2) == "");
    BOOST_TEST(use(w, applet_1) == 0x9000);
    BOOST_TEST(results_of(end) == "D276000185545301: pin 80E288000701010431323334 9000; ");
    BOOST_TEST(w.orders == 6u); // one more than without
    BOOST_TEST(w.instance.target.applications[0].personalized);
    BOOST_TEST(!w.instance.target.applications[1].personalized);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// Whatever the number of scripts, commands and applications: one order more.
BOOST_AUTO_TEST_CASE(many_scripts_cost_one_order) {
    auto w = scripted({stores("a", "0101${pin}", "80E20800"), stores("b", "02", "80E28801")});
    add_script(w, 1, {stores("c", "010100"), stores("d", "020101"), stores("e", "030102")});
    const auto end = run(w, {I, P, A}, pin);
    BOOST_TEST(end.details == "");
    BOOST_TEST(w.orders == 6u);
    BOOST_TEST(kept_by(w, applet_1) == "01013132333402"); // one chain
    BOOST_TEST(kept_by(w, applet_2) == "030102");         // the last of three
    BOOST_TEST(w.card.state().registry.find_application(applet_1)->personalized == 2);
    BOOST_TEST(w.card.state().registry.find_application(applet_2)->personalized == 3); // each chain had its INSTALL
    BOOST_TEST(results_of(end) == "D276000185545301: a 80E2080006010131323334 9000, b 80E288010102 9000; "
                                  "D276000185545302: c 80E2880003010100 9000, d 80E2880003020101 9000, "
                                  "e 80E2880003030102 9000; ");
}

// In the steps that TR 4.2.5.3 allows: what the Service's domain has by then goes through its own channel.
BOOST_AUTO_TEST_CASE(later) {
    for (const bool together : {false, true}) {
        auto w = scripted({stores("pin", "010104${pin}")});
        BOOST_TEST(run(w, {I}, {}, false).details == "");
        auto end = together ? run(w, {P, A}, pin) : run(w, {P}, pin, false);
        BOOST_TEST(end.details == "");
        BOOST_TEST(results_of(end) == "D276000185545301: pin 80E288000701010431323334 9000; ");
        BOOST_TEST(kept_by(w, applet_1) == stored_pin);
        if (!together) {
            BOOST_TEST(w.orders == 4u); // two more than without: a channel, and the names
            BOOST_TEST(number(w.instance.state) == number(personalized));
            BOOST_TEST(run(w, {A}, {}).details == "");
        }
        BOOST_TEST(number(w.instance.state) == number(operational));
        BOOST_TEST(use(w, applet_1) == 0x9000);
        BOOST_TEST(!w.instance.half_personalized);
    }
    auto w = scripted({stores("pin", "010104${pin}")});
    run(w, {I}, {}, false);
    BOOST_TEST(run(w, {A, P}, pin).details == "");
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);
    BOOST_TEST(number(w.instance.state) == number(operational));
}

BOOST_AUTO_TEST_CASE(a_selected_application_gets_its_commands) {
    const std::vector<model::script_command> both{stores("pin", "010104${pin}"), selects("put", "00DA0101", "${pin}"),
                                                  selects("get", "00CA0101", "", "00")},
        one{selects("put", "00DA0101", "${pin}")};
    const std::string of_both = "D276000185545301: pin 80E288000701010431323334 9000, put 00DA01010431323334 9000, "
                                "get 00CA010100 313233349000; ",
                      of_one = "D276000185545301: put 00DA01010431323334 9000; ";
    struct {
        const std::vector<model::script_command>& script;
        const std::string& results;
        bool later;
        std::size_t orders; ///< one more for the part via `select`
    } rows[] = {{both, of_both, false, 7}, {one, of_one, false, 6}, {both, of_both, true, 5}, {one, of_one, true, 3}};
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.results << (row.later ? "later" : "at once")) {
            auto w = scripted(row.script);
            if (row.later)
                BOOST_TEST(run(w, {I, A}, {}, false).details == "");
            const auto end = run(w, row.later ? std::vector{P} : std::vector{I, A, P}, pin);
            BOOST_TEST(end.details == "");
            BOOST_TEST(results_of(end) == row.results);
            BOOST_TEST(w.orders == row.orders);
            BOOST_TEST(number(w.instance.state) == number(operational));
        }
}

// AMB-234: without a word of the way.
BOOST_AUTO_TEST_CASE(the_way_follows_the_state) {
    auto command = stores("pin", "010104${pin}");
    command.via = model::script_way::by_state;
    auto w = scripted({command});
    BOOST_TEST(run(w, {I, P, A}, pin).details == "");
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);
    auto selectable = scripted({command});
    BOOST_TEST(run(selectable, {I, A, P}, pin).details == "");
    BOOST_TEST(kept_by(selectable, applet_1) == ""); // to the application, which answers everything with 9000
}

// Only the domain of the Service: whoever has the TSM's encrypt data of his choice can make a key for it.
BOOST_AUTO_TEST_CASE(data_under_the_dek) {
    const std::string plain = "01010D000102030405060708090A0B0C";
    auto command = stores("key", plain);
    command.encrypt = true;
    auto w = scripted({command});
    BOOST_TEST(run(w, {I, P}, {}, false).details.find("the key of the TSM's own domain") != std::string::npos);
    BOOST_TEST(run(w, {I}, {}, false).details == "");
    std::optional<crypto::secret> dek; // of the domain that hands the data on, at that moment
    w.on_the_way = [&](const gp::card_command& sent, const auto&) -> std::optional<bytes> {
        if (sent.what != gp::step::script_data)
            return std::nullopt;
        const auto& row = w.instance.domain;
        auto* domain = w.card.state().registry.find_application(hex(row->aid));
        dek.emplace(domain->sd->find_keys(row->keys->version)->keys.at(3).view());
        return std::nullopt;
    };
    const auto end = run(w, {P}, {}, false);
    BOOST_TEST(end.details == "");
    const auto sent = kept_by(w, applet_1);
    BOOST_REQUIRE(dek.has_value());
    BOOST_TEST(to_hex(crypto::aes_cbc(*dek).encrypt({}, hex(plain))) == sent);
    BOOST_TEST(results_of(end) == "D276000185545301: key 80E2880010" + sent + " 9000; ");
}

BOOST_AUTO_TEST_CASE(an_unexpected_status_word_is_named) {
    std::string much; // data groups 0101 of one octet
    for (int group = 0; group < 50; ++group)
        much += "01010101";
    std::vector<model::script_command> script;
    for (int block = 0; block < 4; ++block)
        script.push_back(stores("block " + std::to_string(block), much,
                                (block == 3 ? "80E2880" : "80E2080") + std::to_string(block)));
    auto w = scripted(script); // more than the memory of an instance
    auto end = run(w, {I, P}, {}, false);
    BOOST_TEST(number(end) == 7);
    BOOST_TEST(end.details ==
               "command ‘block 3’ of the personalization script of application D276000185545301 was answered 6A84");
    BOOST_TEST((statuses_of(end) == std::vector{0, 1}));
    BOOST_TEST(number(w.instance.state) == number(in_error));

    script.back().expect = {"9000", "6A84"};
    auto expecting = scripted(script);
    end = run(expecting, {I, P}, {}, false);
    BOOST_TEST(end.details == "");
    BOOST_TEST(results_of(end).ends_with(" 6A84; "));
}

// AMB-147: before a process begins.
BOOST_AUTO_TEST_CASE(values_that_do_not_fit_are_refused) {
    const auto refused = [](const std::vector<model::script_command>& script,
                            const std::map<std::string, std::string>& data,
                            const std::vector<model::service_command>& commands = {I, P, A}) {
        auto w = scripted(script);
        w.instance.target.sp_parameters = {{"of flavor", "00"}, {"sp", "AA"}};
        model::deploy_service call{w.instance.id, {}, true};
        for (const auto what : commands)
            call.commands.push_back({what, what == P ? data : std::map<std::string, std::string>{}, false});
        const auto why = process::conduct<model::deploy_service>::refuse(call, {w.instance, true, true});
        if (why)
            BOOST_TEST(static_cast<int>(why->category) == 4);
        return why ? why->details : "";
    };
    const std::string of = "personalization script of application D276000185545301, command ‘t’: ";
    BOOST_TEST(refused({stores("t", "0101${sp}")}, {}) == "");
    BOOST_TEST(refused({stores("t", "0101${pin}")}, {}) == of + "no value for placeholder ${pin}");
    BOOST_TEST(refused({stores("t", "0101${pin}")}, {{"pin", "1"}}) ==
               of + "the value of placeholder ${pin} is not an even number of hexadecimal digits");
    BOOST_TEST(refused({stores("t", "${pin}")}, {{"pin", std::string(2 * 240, '1')}}) ==
               of + "its data are 240 octets, at most 239 fit into its command");
    BOOST_TEST(refused({selects("t", "00DA0101", "${pin}")}, {{"pin", std::string(2 * 256, '1')}}, {I, A, P}) ==
               of + "its data are 256 octets, at most 255 fit into its command");
    // What a placeholder hid from the upload.
    for (const auto* data : {"00B9030001FF", "8113030001FF", "010101AA00B900"})
        BOOST_TEST(refused({stores("t", "${pin}")}, {{"pin", data}}).find("means something to a security domain") !=
                       std::string::npos,
                   data);
    for (const auto* data : {"420101", "4F05A000000151", "01004500", "5F200100", "CF00"})
        BOOST_TEST(refused({stores("t", "${pin}", "80E29000")}, {{"pin", data}})
                           .find("means something to a security domain") != std::string::npos,
                   data);
    BOOST_TEST(refused({stores("t", "01${pin}", "80E29000")}, {{"pin", "00420101"}}) ==
               of + "it stores tag 42, which means something to a security domain");
    BOOST_TEST(refused({selects("t", "00DA0101", "")}, {}) ==
               of + "it goes via select, and the application is not selectable by then");
    auto other = selects("t", "00DA0101", "");
    other.via = model::script_way::by_state;
    BOOST_TEST(refused({other}, {}) ==
               of + "the application is not selectable, and the security domain hands on STORE DATA alone");
    auto encrypted = stores("t", "${pin}");
    encrypted.encrypt = true;
    BOOST_TEST(refused({encrypted}, {{"pin", "00"}}) ==
               of + "its data are to be encrypted, and are no multiple of 16 octets");
    const std::map<std::string, std::string> key{{"pin", std::string(32, '1')}};
    BOOST_TEST(refused({encrypted}, key).find("the key of the TSM's own domain") != std::string::npos);
    BOOST_TEST(
        refused({stores("t", "${pin}", "80E20800")}, {{"pin", "010100"}}).ends_with("no last block (P1, bit 80)"));
    BOOST_TEST(refused({stores("t", "${pin}")}, {}, {I, A}) == ""); // nothing of it is executed
}

BOOST_AUTO_TEST_CASE(what_cannot_be_executed_ends_the_process_before_the_card_changes) {
    auto w = ready();
    w.instance.target.applications[0].has_personalization = true;
    w.instance.target.applications[0].script = {{}, "scripts of the remote kind are not supported yet"};
    const auto end = run(w, {I, P, A}, {});
    BOOST_TEST(number(end) == 100);
    BOOST_TEST(end.details.find("remote kind") != std::string::npos);
    BOOST_TEST(w.on_card().empty());
    BOOST_TEST(number(w.instance.state) == number(not_deployed));
}

BOOST_AUTO_TEST_CASE(a_suspended_service_is_personalized_before) {
    auto w = scripted({stores("pin", "010104${pin}")});
    auto commands = requests({I, P, A}, pin);
    commands.back().suspension_control = true;
    BOOST_TEST(w.play(process::deploy(w.request(), commands, true))->details == "");
    BOOST_TEST(number(w.instance.state) == number(suspended));
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);
    auto selected = scripted({selects("put", "00DA0101", "${pin}")});
    commands = requests({I, A, P}, pin);
    commands[1].suspension_control = true;
    BOOST_TEST(number(*selected.play(process::deploy(selected.request(), commands, true))) == 4);
    BOOST_TEST(selected.instance.executed.empty());
}

// AMB-111: what stays keeps its data and gets no script; a changed script is a changed application.
BOOST_AUTO_TEST_CASE(update) {
    auto w = scripted({stores("pin", "010104${pin}")});
    add_script(w, 1, {stores("sp", "0101${sp}")});
    w.instance.target.sp_parameters = {{"sp", "AA"}};
    BOOST_TEST(run(w, {I, P, A}, pin).details == "");
    const auto update_with = [&](const std::function<void(model::deployment_target&)>& change) {
        auto wanted = next_version(w);
        wanted.version_tag = w.instance.target.version_tag + "1";
        change(wanted);
        return *w.play(sim::update(w, wanted, requests({I, P, A}, {{"pin", "99"}})));
    };
    auto end = update_with([](auto&) {});
    BOOST_TEST(end.details == "");
    BOOST_TEST(results_of(end) == "");
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);

    end = update_with([](auto& t) { t.applications[0].script->commands[0].data = "020101${pin}"; });
    BOOST_TEST(end.details == "");
    BOOST_TEST(results_of(end) == "D276000185545301: pin 80E288000402010199 9000; ");
    BOOST_TEST(kept_by(w, applet_1) == "02010199");
    BOOST_TEST(kept_by(w, applet_2) == "0101AA");

    end = update_with([](auto& t) { t.sp_parameters["sp"] = "BB"; });
    BOOST_TEST(end.details == "");
    BOOST_TEST(kept_by(w, applet_1) == "02010199");
    BOOST_TEST(kept_by(w, applet_2) == "0101BB");
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// A new instance of a load file that stays: some cards put it below the domain of the load file, which is the Service's
// by now, and only a domain of its own names an application (AMB-231).
BOOST_AUTO_TEST_CASE(an_update_on_a_card_whose_instances_follow_their_load_file) {
    auto follows = *lab::find_personality("jc305");
    follows.instance_follows_load_file = true;
    world w(follows);
    w.add_load_file(package, {applet_1, applet_2});
    add_script(w, 0, {stores("pin", "010104${pin}")});
    BOOST_TEST(run(w, {I, P, A}, pin).details == "");
    auto wanted = next_version(w);
    wanted.applications[0].script->commands[0].data = "020104${pin}";
    const auto end = *w.play(sim::update(w, wanted, requests({I, P, A}, pin)));
    BOOST_TEST(end.details == "");
    BOOST_TEST(kept_by(w, applet_1) == "02010431323334");
}

BOOST_AUTO_TEST_CASE(on_every_card) {
    for (const auto& personality : lab::personalities())
        for (const bool later : {false, true})
            BOOST_TEST_CONTEXT(personality.name << (later ? ", later" : ", at once")) {
                if (personality.name == std::string_view("blank")) // nobody can tell its cards apart (DIV-056)
                    continue;
                world w(personality);
                w.add_load_file(package, {applet_1, applet_2});
                auto& card = w.instance.target.card;
                card.key_bits = static_cast<int>(personality.key_octets * 8);
                card.scp03_mode = (personality.scp03_i & 1) != 0 ? 16 : 8;
                card.sd_install_parameters = "810203" + to_hex({&personality.scp03_i, 1}) + "820120870120";
                card.minimum_level = (personality.scp03_i & 0x60) == 0x60 ? 0x33 : 0x03;
                add_script(w, 0,
                           {stores("pin", "010104${pin}"), selects("put", "00DA0101", "${pin}"),
                            selects("get", "00CA0101", "", "00")});
                add_script(w, 1, {stores("one", "03", "80E20800"), stores("two", "0100", "80E28801")});
                if (later)
                    BOOST_TEST(run(w, {I, A}, {}, false).details == "");
                const auto end = run(w, later ? std::vector{P} : std::vector{I, A, P}, pin);
                BOOST_TEST(end.details == "");
                BOOST_TEST(kept_by(w, applet_1) == stored_pin);
                BOOST_TEST(kept_by(w, applet_2) == "030100");
                BOOST_TEST(results_of(end).find("get 00CA010100 313233349000") != std::string::npos);
                BOOST_TEST(w.terminate().details == "");
            }
}

BOOST_AUTO_TEST_CASE(an_update_personalizes_what_never_was) {
    auto w = scripted({stores("pin", "010104${pin}")});
    BOOST_TEST(run(w, {I, A}, {}).details == "");
    const auto end = *w.play(sim::update(w, next_version(w), requests({I, P, A}, pin)));
    BOOST_TEST(end.details == "");
    BOOST_TEST(kept_by(w, applet_1) == stored_pin);
}

BOOST_AUTO_TEST_SUITE_END()
