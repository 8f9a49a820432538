// Whole processes over every kind of card: mode, key length, "i", level, T=0, and what cards do differently.

#include "crypto/digest.hpp"
#include "gp/tlv.hpp"
#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using sim::world;
using enum model::instance_state;

namespace {

constexpr auto I = model::service_command::install;
constexpr auto A = model::service_command::activate;

const bytes package = hex("D2760001855453");
const bytes applet = hex("D276000185545301");
const std::set<std::string> deployed{"D2760001855453", "D276000185545301", "D27600016354534D0001",
                                     "D276000163544D5301000001"};

lab::personality like(std::string_view name) {
    return *lab::find_personality(name);
}

lab::personality card_with(std::uint8_t i, std::size_t key_octets) {
    auto p = like("jc305");
    p.scp03_i = i;
    p.key_octets = key_octets;
    return p;
}

/// A world whose profile tells the truth about the card.
world on(const lab::personality& p, std::size_t load_size = 2000) {
    world w(p);
    w.add_load_file(package, {applet}, load_size);
    auto& card = w.instance.target.card;
    card.key_bits = static_cast<int>(p.key_octets * 8);
    card.scp03_mode = (p.scp03_i & 1) != 0 ? 16 : 8;
    card.extended_length = p.extended_length;
    card.sd_install_parameters = "810203" + to_hex({&p.scp03_i, 1}) + "820120870120";
    return w;
}

std::uint16_t use(world& w) {
    return sim::use(w, applet);
}

/// In ARA-Cs.
std::size_t rules_on(const world& w) {
    std::size_t count = 0;
    for (const auto& [client, rules] : w.card.state().client_rules)
        count += rules.size();
    return count;
}

void check_story(world& w) {
    auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(outcome.details == "");
    BOOST_TEST_REQUIRE(static_cast<int>(outcome.status) == 0);
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(use(w) == 0x9000);
    BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x31);
    BOOST_TEST(w.component.tsm_domain->keys->bits == w.instance.target.card.key_bits);
    BOOST_TEST(!w.component.doubt);
    BOOST_TEST(w.suspend(true).details == "");
    BOOST_CHECK(w.instance.state == suspended);
    BOOST_TEST(use(w) != 0x9000);
    BOOST_TEST(w.suspend(false).details == "");
    BOOST_CHECK(w.instance.state == operational);
    BOOST_TEST(use(w) == 0x9000);
    // One order more for each listing whose length only the card knows (6310), and one for the rest of it.
    const bool in_parts = w.card.state().personality->one_entry_an_answer;
    BOOST_TEST(w.orders == (in_parts ? 5u : 2u));
    outcome = w.terminate();
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(outcome.instance_gone);
    BOOST_TEST(w.on_card().empty());
}

/// Counts what we (not the issuer) send of a step.
world::tamper count(gp::step what, std::size_t& sent) {
    return [what, &sent](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        sent += command.what == what;
        return std::nullopt;
    };
}

/// A load file of more than 64 KiB: a Debug component behind the others, which the card counts and does not read.
void enlarge(world& w, std::size_t octets) {
    auto& file = w.instance.target.load_files.at(0);
    auto& image = w.images.at(file.aid);
    const auto more = octets - image.size() - 3;
    append(image, bytes{12, static_cast<std::uint8_t>(more >> 8), static_cast<std::uint8_t>(more)});
    image.resize(octets, 0x42);
    file.size = image.size();
    file.sha256 = to_hex(crypto::sha256(image));
}

} // namespace

BOOST_AUTO_TEST_SUITE(cards)

BOOST_AUTO_TEST_CASE(every_personality) {
    for (const auto& p : lab::personalities()) {
        if (p.nv_memory < 16 * 1024 || p.blank_cplc)
            continue;
        BOOST_TEST_CONTEXT(p.name) {
            auto w = on(p);
            if (p.scp03_i == 0x00)
                w.instance.target.card.minimum_level = 0x03;
            w.instance.target.card.lock_with_applications = p.name != "jc304";
            check_story(w);
        }
    }
}

/// 9000 and nothing done, at every command of every operation of every card (docs/lab.md, DIV-064).
BOOST_AUTO_TEST_CASE(every_personality_pretends) {
    using outcome = process::process_outcome;
    struct operation {
        outcome (*run)(world&);
        bool (*is_true)(world&);
    };
    const operation operations[] = {
        {[](world& w) {
             return w.deploy({I, A}, true);
         },
         [](world& w) { return use(w) == 0x9000 && rules_on(w) == w.instance.target.device_apps.size(); }},
        {[](world& w) { return w.suspend(true); }, [](world& w) { return use(w) != 0x9000; }},
        {[](world& w) { return w.suspend(false); }, [](world& w) { return use(w) == 0x9000; }},
        {[](world& w) { return w.terminate(); }, [](world& w) { return w.on_card().empty() && rules_on(w) == 0; }},
    };
    for (const auto& p : lab::personalities()) {
        if (p.nv_memory < 16 * 1024 || p.blank_cplc)
            continue;
        for (std::size_t lied = 0; lied < std::size(operations); ++lied)
            for (std::size_t n = 1; n < 100; ++n)
                BOOST_TEST_CONTEXT(p.name << ", operation " << lied << ", pretend@any:" << n) {
                    auto w = on(p, 600);
                    auto& card = w.instance.target.card;
                    if (p.scp03_i == 0x00)
                        card.minimum_level = 0x03;
                    card.lock_with_applications = p.name != "jc304";
                    if (p.ara_c && p.rule_queries_refused == 0) {
                        card.ara = "arac";
                        w.instance.target.device_apps = {std::string(64, 'B')};
                    }
                    for (std::size_t before = 0; before < lied; ++before)
                        BOOST_TEST_REQUIRE(operations[before].run(w).details == "");
                    w.card.inject(lab::fault_plan::parse("pretend@any:" + std::to_string(n), w.random));
                    const auto told = operations[lied].run(w);
                    w.card.inject({});
                    const auto count = w.apdus;
                    if (told.status == model::error_category::none)
                        BOOST_TEST(operations[lied].is_true(w));
                    if (!told.instance_gone)
                        BOOST_TEST(w.terminate().details == "");
                    BOOST_TEST(w.on_card().empty());
                    if (n >= count)
                        break;
                }
    }
}

BOOST_AUTO_TEST_CASE(every_mode_key_length_and_i_at_every_level) {
    for (const std::uint8_t mode : {0x00, 0x01})
        for (const std::size_t key_octets : {16, 24, 32})
            for (const std::uint8_t features : {0x00, 0x10, 0x20, 0x30, 0x60, 0x70})
                for (const std::uint8_t level : {0x01, 0x03, 0x11, 0x13, 0x33}) {
                    const auto i = static_cast<std::uint8_t>(features | mode);
                    BOOST_TEST_CONTEXT("i=" << to_hex({&i, 1}) << " keys=" << key_octets * 8
                                            << " level=" << to_hex({&level, 1})) {
                        auto w = on(card_with(i, key_octets), 600);
                        w.instance.target.card.minimum_level = level;
                        const bool can = (level & 0x10) == 0 || ((i & 0x20) != 0 && (level != 0x33 || (i & 0x40) != 0));
                        if (can) {
                            check_story(w);
                            continue;
                        }
                        std::size_t authentications = 0;
                        w.on_the_way = count(gp::step::external_authenticate, authentications);
                        const auto outcome = w.deploy({I, A}, true);
                        BOOST_CHECK(outcome.status == model::error_category::sc_inaccessible);
                        BOOST_TEST(outcome.details.find("security level") != std::string::npos);
                        BOOST_TEST(authentications == 0u);
                        BOOST_CHECK(w.instance.state == not_deployed);
                    }
                }
}

// The profile says S8, the card is S16, and the other way round: one exchange more, once.
BOOST_AUTO_TEST_CASE(a_wrong_mode_is_corrected) {
    for (const std::uint8_t i : {0x70, 0x71})
        BOOST_TEST_CONTEXT("i=" << to_hex({&i, 1})) {
            auto w = on(card_with(i, 32));
            w.instance.target.card.scp03_mode = i == 0x70 ? 16 : 8;
            BOOST_TEST(w.deploy({I}, false).details == "");
            auto told = on(card_with(i, 32));
            BOOST_TEST(told.deploy({I}, false).details == "");
            BOOST_TEST(w.orders == told.orders + 1);
            BOOST_TEST(w.component.tsm_domain->scp03_mode == (i == 0x70 ? 8 : 16));
            BOOST_TEST(w.deploy({A}, true).details == "");
            BOOST_TEST(w.orders == 2u);             // known from now on
            w.component.tsm_domain->scp03_mode = 0; // a row from before it was kept
            BOOST_TEST(w.suspend(true).details == "");
            BOOST_TEST(w.orders == 3u);
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

// Mode and keys both in question: a rotation whose answer was lost, on a card whose mode nobody has noted.
BOOST_AUTO_TEST_CASE(a_wrong_mode_while_a_rotation_is_in_doubt) {
    for (const bool card_has_new_keys : {true, false}) {
        auto w = on(card_with(0x71, 32));
        w.on_the_way = sim::leaves_the_rotation_in_doubt(card_has_new_keys);
        BOOST_TEST(w.deploy({I, A}, true).details != "");
        BOOST_REQUIRE(!w.component.tsm_domain->other_keys.empty());
        w.on_the_way = nullptr;
        w.component.tsm_domain->scp03_mode = 8;
        BOOST_TEST(w.deploy({I, A}, true).details == "");
        // What the card has it says itself (GET DATA E0), so that no version is taken twice and none is left.
        BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x31);
        BOOST_TEST(w.terminate().details == "");
        BOOST_TEST(w.on_card().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_phone_that_always_says_6700_ends_the_process) {
    auto w = on(like("jc305"));
    BOOST_TEST(w.deploy({I}, false).details == "");
    w.on_the_way = [](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        return command.what == gp::step::initialize_update ? std::optional(hex("6700")) : std::nullopt;
    };
    const auto outcome = w.deploy({A}, true);
    BOOST_CHECK(outcome.status == model::error_category::sc_inaccessible);
    BOOST_TEST(w.orders == 2u);
    BOOST_CHECK(w.instance.state == installed);
}

// K-ENC is proven before EXTERNAL AUTHENTICATE where the challenge is pseudo-random (field lesson 2).
BOOST_AUTO_TEST_CASE(a_forged_challenge_or_counter_gets_no_external_authenticate) {
    for (const std::size_t at : {13, 29 + 2}) {
        auto w = on(like("jc305"));
        BOOST_TEST(w.deploy({I}, false).details == "");
        std::size_t authentications = 0;
        w.on_the_way = [&](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
            authentications += command.what == gp::step::external_authenticate;
            if (command.what != gp::step::initialize_update)
                return std::nullopt;
            auto response = card();
            response.at(at) ^= 0x01;
            return response;
        };
        const auto outcome = w.deploy({A}, true);
        BOOST_CHECK(outcome.status == model::error_category::sc_inaccessible);
        BOOST_TEST(outcome.details.find("card challenge") != std::string::npos, outcome.details);
        BOOST_TEST(authentications == 0u);
        BOOST_TEST(w.component.strikes == 0);
    }
}

BOOST_AUTO_TEST_CASE(another_key_version_in_the_answer_is_refused) {
    auto w = on(card_with(0x60, 16));
    BOOST_TEST(w.deploy({I}, false).details == "");
    std::size_t authentications = 0;
    w.on_the_way = [&](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        authentications += command.what == gp::step::external_authenticate;
        if (command.what != gp::step::initialize_update)
            return std::nullopt;
        auto response = card();
        response.at(10) = 0x30;
        return response;
    };
    BOOST_CHECK(w.deploy({A}, true).status == model::error_category::sc_inaccessible);
    BOOST_TEST(authentications == 0u);
}

BOOST_AUTO_TEST_CASE(privileges_in_one_octet) {
    auto w = on(like("jc305"));
    w.instance.target.card.privilege_bytes = 1;
    w.instance.target.applications[0].privileges = {"CVMManagement"};
    check_story(w);
    auto three = on(like("jc305"));
    three.instance.target.card.privilege_bytes = 1;
    three.instance.target.applications[0].privileges = {"ContactlessSelfActivation"};
    const auto outcome = three.deploy({I, A}, true);
    BOOST_CHECK(outcome.status == model::error_category::content_related_error);
    BOOST_TEST(three.orders == 1u); // the start
    BOOST_CHECK(three.instance.state == not_deployed);
}

BOOST_AUTO_TEST_CASE(long_load_files_need_extended_length) {
    auto w = on(like("jc305"), 50'000);
    enlarge(w, 100'000);
    check_story(w);

    auto without = on(like("jc304"));
    enlarge(without, 62'000);
    const auto outcome = without.deploy({I, A}, true);
    BOOST_CHECK(outcome.status == model::error_category::content_related_error);
    BOOST_TEST(outcome.details.find("extended length") != std::string::npos);
    BOOST_TEST(without.orders == 1u); // the issuer has not even been asked
    BOOST_CHECK(without.instance.state == not_deployed);
}

// LOAD numbers its blocks in one octet: 256 × 239 octets in S8, 256 × 223 in S16, tag C4 and its length included.
BOOST_AUTO_TEST_CASE(the_longest_load_file_with_short_apdus) {
    struct {
        std::uint8_t i;
        std::size_t most;
    } const modes[] = {{0x70, 61'184 - 4}, {0x71, 57'088 - 4}};
    for (const auto& [i, most] : modes)
        for (const std::size_t octets : {most, most + 1}) {
            auto p = card_with(i, 16);
            p.extended_length = false;
            auto w = on(p);
            enlarge(w, octets);
            const auto outcome = w.deploy({I, A}, true);
            if (octets == most) {
                BOOST_TEST(outcome.details == "");
                BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
                BOOST_TEST(w.orders ==
                           (i == 0x70 ? 5u : 6u)); // the lab's issuer does not know the mode of its own domain
            } else {
                BOOST_CHECK(outcome.status == model::error_category::content_related_error);
                BOOST_TEST(w.orders == 1u); // the start
                BOOST_TEST(w.on_card().empty());
            }
        }
    // Only the card knows that it is S16: nothing of the Service has been changed when it turns out.
    auto p = card_with(0x71, 16);
    p.extended_length = false;
    auto w = on(p);
    w.instance.target.card.scp03_mode = 8;
    enlarge(w, 60'000);
    BOOST_CHECK(w.deploy({I, A}, true).status == model::error_category::content_related_error);
    BOOST_CHECK(w.instance.state == not_deployed);
    BOOST_TEST(w.on_card() == std::set<std::string>{"D27600016354534D0001"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_operator_s_block_size_counts) {
    auto w = on(like("jc305"), 20'000);
    w.instance.target.card.block_size = 100;
    std::size_t longest = 0;
    w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        if (command.what == gp::step::load)
            longest = std::max(longest, command.apdu.size());
        return std::nullopt;
    };
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(longest == 5u + 112 + 8 + 1);
}

// 9F65 of the domain's FCI bounds the blocks (field lesson 6).
BOOST_AUTO_TEST_CASE(the_card_s_longest_command_counts) {
    struct {
        std::string_view told;
        bool extended;
        std::size_t field;
    } const cases[] = {{"9F6501B0", false, 0xB0},
                       {"9F650203E8", true, 1000},
                       {"9F6501FF", true, 255},
                       {"9F65011E", false, 255},
                       {"", true, 20'004}};
    for (const auto& [told, extended, field] : cases)
        BOOST_TEST_CONTEXT(told) {
            auto w = on(like("jc305"), 20'000);
            w.instance.target.card.extended_length = extended;
            std::size_t longest = 0;
            w.on_the_way = [&](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
                if (command.what == gp::step::load)
                    longest = std::max(longest, gp::parse_command(command.apdu)->data.size());
                if (command.what != gp::step::select)
                    return std::nullopt;
                auto fci = gp::encode_tlv(0x6F, gp::encode_tlv(0xA5, hex(std::string(told))));
                card();
                append(fci, hex("9000"));
                return fci;
            };
            BOOST_TEST(w.deploy({I, A}, true).details == "");
            BOOST_TEST(longest <= field + (field == 20'004 ? 28 : 0));
            BOOST_TEST(longest + 24 > field);
        }
}

// A card that fills its answers of GET STATUS: entries go on in the next one (field lesson 7), in processes as well.
BOOST_AUTO_TEST_CASE(split_registry_entries) {
    auto p = card_with(0x71, 16);
    p.splits_entries = true;
    world w = on(p);
    std::vector<bytes> applets;
    for (std::uint8_t k = 0; k < 12; ++k)
        applets.push_back(hex("D27600018554560000000000000000" + to_hex({&k, 1})));
    w.add_load_file(hex("D2760001855456"), applets);
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(w.on_card().size() == 2u + 2 + 1 + 12);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(an_install_command_that_does_not_fit_is_refused_first) {
    auto w = on(like("jc304"));
    w.instance.target.applications[0].install_parameters = "C981D0" + std::string(2 * 0xD0, 'A');
    const auto outcome = w.deploy({I, A}, true);
    BOOST_CHECK(outcome.status == model::error_category::content_related_error);
    BOOST_TEST(outcome.details.find("install parameters") != std::string::npos);
    BOOST_TEST(w.orders == 1u); // the start
    auto extended = on(like("jc305"));
    extended.instance.target.applications[0].install_parameters = w.instance.target.applications[0].install_parameters;
    check_story(extended);
}

BOOST_AUTO_TEST_SUITE_END()
