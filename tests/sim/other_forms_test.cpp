// What a card takes in one form and refuses in another, and what real cards do beside the specification: key blocks
// with a length octet or bare, keys that are not confirmed, commands that are too long, R-MACs on errors, challenges
// without a counter, a CPLC that is told to nobody.

#include "model/eligibility.hpp"
#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

using key_block = lab::personality::key_block;

lab::personality card_like(std::string_view name) {
    return *lab::find_personality(name);
}
lab::personality card_with(key_block blocks) {
    auto p = card_like("jc305");
    p.key_blocks = blocks;
    return p;
}

world on(const lab::personality& p, std::size_t load_size = 2000) {
    world w(p);
    w.add_load_file(package, {applet_1, applet_2}, load_size);
    return w;
}

bool is_operational(world& w) {
    return w.on_card() == deployed && use(w, applet_1) == 0x9000 && use(w, applet_2) == 0x9000;
}

void check_deployed(world& w, const process::process_outcome& outcome) {
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(number(outcome) == 0);
    BOOST_TEST(is_operational(w));
    check_keys_are_ours(w);
}

void check_emptied(world& w) {
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

/// Counts what goes to the card.
world::tamper counting(gp::step what, std::size_t& sent) {
    return [what, &sent](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        sent += command.what == what;
        return std::nullopt;
    };
}

bool mentions(const std::string& text, std::string_view words) {
    return text.find(words) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(other_forms)

BOOST_AUTO_TEST_CASE(a_card_gets_its_keys_in_the_form_that_it_takes) {
    struct {
        key_block takes;
        const char* profile;
        bool told_beforehand;
    } const cards[] = {
        {key_block::with_length, "length", true}, {key_block::with_length, "bare", false},
        {key_block::bare, "bare", true},          {key_block::bare, "length", false},
        {key_block::either, "length", true},      {key_block::either, "bare", true},
    };
    for (const auto& [takes, profile, told_beforehand] : cards)
        BOOST_TEST_CONTEXT(static_cast<int>(takes) << ", the profile says " << profile) {
            auto w = on(card_with(takes));
            w.instance.target.card.key_form = profile;
            auto outcome = w.deploy({I, A}, true);
            check_deployed(w, outcome);
            const std::string form = takes == key_block::bare          ? "bare"
                                     : takes == key_block::with_length ? "length"
                                                                       : profile;
            BOOST_TEST(w.component.tsm_domain->key_form == form);
            if (takes != key_block::bare) // the lab's issuer has to find out, too
                BOOST_TEST(w.orders == (told_beforehand ? 5u : 9u));
            BOOST_TEST(mentions(outcome.for_operator, "keyForm of its profile should be " + form) != told_beforehand);
            // The row knows it from now on.
            BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
            std::size_t stored = 0;
            w.on_the_way = counting(gp::step::store_data, stored);
            check_deployed(w, w.deploy({I, A}, true));
            BOOST_TEST(stored == 1u);
            w.on_the_way = nullptr;
            check_emptied(w);
        }
}

// A crash at any moment of it: whoever comes next finds out what the card has.
BOOST_AUTO_TEST_CASE(broken_off_everywhere_on_a_card_of_the_other_form) {
    auto keys = card_with(key_block::bare);
    keys.confirms_keys = false;
    auto lengths = card_like("jc305");
    lengths.extended_length = false;
    lengths.told_longest = 0x7FFF;
    for (const auto& p : {keys, lengths})
        for (std::size_t n = 1;; ++n)
            BOOST_TEST_CONTEXT((p.extended_length ? "keys" : "lengths") << ", behind effect " << n) {
                auto w = on(p, 600);
                w.instance.target.card.extended_length = true;
                if (w.play(process::deploy(w.request(), {{I, {}, false}, {A, {}, false}}, true), n))
                    break;
                w.restart();
                check_deployed(w, w.deploy({I, A}, true));
                check_emptied(w);
            }
}

BOOST_AUTO_TEST_CASE(a_refusal_of_new_keys_is_believed_where_the_list_says_so) {
    for (const bool travels_alone : {false, true})
        for (const bool card_gets_them : {false, true})
            BOOST_TEST_CONTEXT((travels_alone ? "PUT KEY alone" : "in an installation")
                               << (card_gets_them ? ", done all the same" : ", not done")) {
                auto w = on(card_like("jc305"));
                if (travels_alone) {
                    check_deployed(w, w.deploy({I, A}, true));
                    w.component.tsm_domain->keys->issuer_knows = true;
                }
                std::size_t sent = 0;
                w.on_the_way = counting(gp::step::put_key, sent);
                w.card.inject(
                    lab::fault_plan::parse(card_gets_them ? "forge6A80@put-key" : "sw6A80@put-key", w.random));
                const auto outcome = travels_alone ? w.suspend(true) : w.deploy({I, A}, true);
                BOOST_TEST(outcome.details == "");
                BOOST_TEST(sent == (card_gets_them ? 1u : 2u));
                check_keys_are_ours(w);
                w.card.inject({});
                check_emptied(w);
            }
}

BOOST_AUTO_TEST_CASE(a_card_that_takes_keys_in_no_form) {
    for (const auto& [spec, installations] : {std::pair("sw6A80@put-key:1-", 1u), // what follows PUT KEY is done
                                              {"sw6A80@store-data:2-", 2u}})      // the first one is the issuer's
        BOOST_TEST_CONTEXT(spec) {
            auto w = on(card_like("jc305"));
            w.card.inject(lab::fault_plan::parse(spec, w.random));
            std::size_t begun = 0;
            w.on_the_way = counting(gp::step::install_for_load, begun);
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(begun == installations);
            w.on_the_way = nullptr;
            BOOST_TEST(number(outcome) == 2); // the profile's matter, not the provider's
            BOOST_TEST(mentions(outcome.details, "keyForm"), outcome.details);
            BOOST_TEST(mentions(outcome.for_operator, "who can help: the operator"), outcome.for_operator);
            w.card.inject({});
            check_deployed(w, w.deploy({I, A}, true));
            check_emptied(w);
        }
}

// 6A80 is honest, too: the version has keys of somebody else, which the row does not know.
BOOST_AUTO_TEST_CASE(a_version_that_is_taken_is_not_the_end) {
    for (const bool travels_alone : {false, true})
        BOOST_TEST_CONTEXT((travels_alone ? "PUT KEY alone" : "in an installation")) {
            auto w = on(card_like("jc305"));
            if (travels_alone) {
                check_deployed(w, w.deploy({I, A}, true));
                w.component.tsm_domain->keys->issuer_knows = true;
            }
            std::size_t sent = 0;
            w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
                if (command.what != gp::step::put_key || sent++ > 0)
                    return std::nullopt;
                auto& sets = w.card.state().registry.find_application(hex(tsm_domain))->sd->key_sets;
                auto foreign = sets.front();
                foreign.version = travels_alone ? 0x32 : 0x31;
                for (auto& [id, key] : foreign.keys)
                    key = w.random.take_secret(16);
                sets.push_back(std::move(foreign));
                return std::nullopt;
            };
            const auto outcome = travels_alone ? w.suspend(true) : w.deploy({I, A}, true);
            BOOST_TEST(outcome.details == "");
            BOOST_TEST(sent == 2u);
            check_keys_are_ours(w);
            w.on_the_way = nullptr;
            check_emptied(w);
        }
}

// No check values in the answer: the domain proves its new keys in the next channel.
BOOST_AUTO_TEST_CASE(keys_that_are_not_confirmed) {
    auto p = card_like("jc305");
    p.confirms_keys = false;
    auto w = on(p);
    check_deployed(w, w.deploy({I, A}, true));
    check_emptied(w);

    auto lying = on(p); // it has the version, and other keys
    lying.on_the_way = [&](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (command.what != gp::step::put_key)
            return std::nullopt;
        auto answer = card();
        for (auto& set : lying.card.state().registry.find_application(hex(tsm_domain))->sd->key_sets)
            if (set.version != 0x30 && !bystanders::is_one(set.version)) // 30 opened the channel
                for (auto& [id, key] : set.keys)
                    key = lying.random.take_secret(16);
        return answer;
    };
    const auto outcome = lying.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(outcome.details != "");
    lying.on_the_way = nullptr;
    check_deployed(lying, lying.deploy({I, A}, true)); // the issuer gives the domain new ones (DIV-040)
    check_emptied(lying);
}

// SCP03 6.2.5 has no R-MAC on errors. One that is there is verified.
BOOST_AUTO_TEST_CASE(an_r_mac_on_an_error) {
    for (const auto& [name, octets, forged] :
         {std::tuple("jc305", 8u, false), {"jc305", 8u, true}, {"s16", 16u, false}, {"s16", 16u, true}})
        BOOST_TEST_CONTEXT(name << (forged ? ", changed" : ", right")) {
            auto p = card_like(name);
            p.macs_errors = true;
            auto w = on(p);
            w.card.inject(lab::fault_plan::parse("sw6A84@load:2", w.random));
            w.on_the_way = [&](const gp::card_command&, const auto& card) -> std::optional<bytes> {
                auto answer = card();
                if (sw_of(answer) == 0x6A84) {
                    BOOST_TEST(answer.size() == octets + 2);
                    answer.front() ^= forged;
                }
                return answer;
            };
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(number(outcome) == (forged ? 9 : 7));
            BOOST_TEST(mentions(outcome.details, forged ? "wrong R-MAC" : "not enough memory"), outcome.details);
            w.card.inject({});
            w.on_the_way = nullptr;
            check_deployed(w, w.deploy({I, A}, true));
            check_emptied(w);
        }
}

// i announces a pseudo-random challenge, and INITIALIZE UPDATE has no sequence counter.
BOOST_AUTO_TEST_CASE(a_challenge_without_its_counter_is_the_profiles_matter) {
    auto p = card_like("jc305");
    p.sends_counter = false;
    auto w = on(p);
    BOOST_TEST(!w.instance.target.card.challenge_counter);
    check_deployed(w, w.deploy({I, A}, true));
    w.instance.target.card.challenge_counter = true;
    std::size_t authentications = 0;
    w.on_the_way = counting(gp::step::external_authenticate, authentications);
    const auto outcome = w.suspend(true);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(mentions(outcome.details, "challengeCounter of the profile"), outcome.details);
    BOOST_TEST(authentications == 0u);
    w.on_the_way = nullptr;
    w.instance.target.card.challenge_counter = false;
    check_emptied(w);
}

// The profile says extended length, and the card knows better.
BOOST_AUTO_TEST_CASE(a_card_that_refuses_long_commands) {
    auto p = card_like("jc305");
    p.extended_length = false;
    p.told_longest = 0x7FFF;
    auto w = on(p, 20'000);
    w.instance.target.card.extended_length = true;
    auto outcome = w.deploy({I, A}, true);
    check_deployed(w, outcome);
    BOOST_TEST(mentions(outcome.for_operator, "extendedLength of its profile should be false"), outcome.for_operator);
    check_emptied(w);
}

/// A card that takes long commands, and tells it.
world on_long_commands(std::size_t load_size) {
    auto p = card_like("jc305");
    p.told_longest = 0x7FFF;
    auto w = on(p, load_size);
    w.instance.target.card.extended_length = true;
    return w;
}

// 6700 has no R-MAC: a phone can say it of any card. It costs the process that heard it, and nothing that comes after.
BOOST_AUTO_TEST_CASE(a_claim_that_commands_are_too_long_is_forgotten) {
    for (const auto* spec : {"sw6700@load", "forge6700@load"})
        BOOST_TEST_CONTEXT(spec) {
            auto w = on_long_commands(20'000);
            w.card.inject(lab::fault_plan::parse(spec, w.random));
            std::size_t loads = 0;
            w.on_the_way = counting(gp::step::install_for_load, loads);
            const auto outcome = w.deploy({I, A}, true);
            check_deployed(w, outcome);
            BOOST_TEST(loads == 2u);
            BOOST_TEST(mentions(outcome.for_operator, "extendedLength"), outcome.for_operator);
            w.card.inject({});
            BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
            std::size_t blocks = 0;
            w.on_the_way = counting(gp::step::load, blocks);
            check_deployed(w, w.deploy({I, A}, true));
            BOOST_TEST(blocks == 1u); // 20,000 octets in one command
            w.on_the_way = nullptr;
            check_emptied(w);
        }
}

// Only a command with an extended length field can be too long for that reason.
BOOST_AUTO_TEST_CASE(a_short_command_is_not_too_long) {
    for (const auto* spec : {"sw6700@set-status:2", "sw6700@install-for-load", "sw6700@install-for-install",
                             "sw6700@put-key", "sw6700@install-for-extradition", "sw6700@store-data:2"})
        BOOST_TEST_CONTEXT(spec) {
            auto w = on_long_commands(20'000);
            w.card.inject(lab::fault_plan::parse(spec, w.random));
            std::size_t loads = 0;
            w.on_the_way = counting(gp::step::install_for_load, loads);
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(number(outcome) == 2);
            BOOST_TEST(loads == 1u);
            BOOST_TEST(!mentions(outcome.for_operator, "refused a command of more than 255 octets"),
                       outcome.for_operator);
            w.card.inject({});
            w.on_the_way = nullptr;
            check_deployed(w, w.deploy({I, A}, true));
            check_emptied(w);
        }
}

// The card refuses long commands, and the load file does not fit into short ones: the profile is wrong, not the file.
BOOST_AUTO_TEST_CASE(a_load_file_that_only_fits_into_commands_which_the_card_refuses) {
    auto p = card_like("jc305");
    p.extended_length = false;
    p.longest_data = 200;
    auto w = on(p, 50'000);
    w.instance.target.card.extended_length = true;
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 2);
    BOOST_TEST(mentions(outcome.details, "extendedLength, blockSize of the profile"), outcome.details);
    BOOST_TEST(mentions(outcome.for_operator, "who can help: the operator"), outcome.for_operator);
    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
    check_emptied(w);
}

// 9F65 says so beforehand: nothing is refused at all.
BOOST_AUTO_TEST_CASE(a_card_that_tells_that_it_takes_short_commands) {
    auto p = card_like("jc305");
    p.extended_length = false;
    auto w = on(p, 20'000);
    w.instance.target.card.extended_length = true;
    auto told = on(p, 20'000);
    check_deployed(w, w.deploy({I, A}, true));
    check_deployed(told, told.deploy({I, A}, true));
    BOOST_TEST(w.apdus == told.apdus);
    check_emptied(w);
}

// 6438, and what other cards say instead (field lesson 10): the text names what the load file needs.
BOOST_AUTO_TEST_CASE(missing_imports_are_named) {
    for (const auto* spec : {"sw6438@load:2", "sw6A80@load:2", "sw6985@load:2"})
        BOOST_TEST_CONTEXT(spec) {
            auto w = on(card_like("jc305"), 300); // two LOADs
            auto& imports = w.instance.target.load_files.at(0).imports;
            imports.push_back("A0000000090005FFFFFFFF8912000000");
            imports.push_back("D276000185999901");
            w.card.inject(lab::fault_plan::parse(spec, w.random));
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(number(outcome) == 7);
            BOOST_TEST(mentions(outcome.details, "A0000000090005FFFFFFFF8912000000 (uicc.toolkit), D276000185999901"),
                       outcome.details);
            BOOST_TEST(!mentions(outcome.details, "javacard.framework)"), outcome.details);
            BOOST_TEST(mentions(outcome.details, "load file D2760001855453"), outcome.details);
            w.card.inject({});
            check_emptied(w);
        }
}

// A CPLC that is told to nobody who has not authenticated: IIN and CIN tell the card.
BOOST_AUTO_TEST_CASE(a_card_that_hides_its_cplc_is_known_by_iin_and_cin) {
    auto w = on(card_like("jc305"));
    for (const auto* sw : {"6982", "6A88", "6985"})
        BOOST_TEST_CONTEXT(sw) {
            w.card.inject(lab::fault_plan::parse("sw" + std::string(sw) + "@get-data", w.random));
            const auto facts = w.identify().at(0);
            model::seen_card seen;
            seen.cplc = facts.cplc;
            seen.without_cplc = facts.without_cplc;
            seen.iin = facts.iin;
            seen.cin = facts.cin;
            BOOST_TEST(facts.cplc == "");
            BOOST_TEST(facts.iin == "4950");
            // 6985 is a state that passes: such a card would have two rows.
            BOOST_TEST(model::identity_of(seen).has_value() == (std::string_view(sw) != "6985"));
        }
}

BOOST_AUTO_TEST_SUITE_END()
