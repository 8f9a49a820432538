// Faults on purpose: their language, and that a card stays a card while they happen.

#include "tests/unit/lab_some_card.hpp"

#include <chrono>
#include <filesystem>

using namespace tsms;
using namespace tsms::lab_test;

namespace {

constexpr auto list_applications = "80F24002024F0000";

struct faulty_card : some_card {
    using some_card::some_card;

    void inject(std::string_view spec) { card.inject(lab::fault_plan::parse(spec, random)); }
    bool has_sd() const { return knows(tsm_sd); }
    /// What the card gives for one plain command.
    std::string answer(std::string_view apdu) { return to_hex(card.transmit(hex(apdu))); }
};

std::string why_refused(std::string_view spec) {
    lab_test::counting_random random;
    try {
        lab::fault_plan::parse(spec, random);
    } catch (const lab::fault_error& e) {
        return e.what();
    }
    return {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(lab_faults)

BOOST_AUTO_TEST_CASE(specifications_are_strict_and_say_why) {
    lab_test::counting_random random;
    for (const auto* good :
         {"sw6A84@load:3", "forge9000@install:2-", "bad-rmac@get-status", "cut0@any:1-4", "slow20@any",
          "noise@any:~10,seed7", "tear-before@install-for-load,tear-after@any:~100,mute@delete:2", "short-rmac@put-key",
          "replay@select"})
        BOOST_TEST(!lab::fault_plan::parse(good, random).empty(), good);
    BOOST_TEST(lab::fault_plan::parse("none", random).empty());
    const std::pair<const char*, const char*> bad[] = {
        {"", "no faults are named"},
        {",", "ACTION@COMMAND"},
        {"none,mute@any", "ACTION@COMMAND"},
        {"mute@any,", "ACTION@COMMAND"},
        {"sw6A84", "ACTION@COMMAND"},
        {"explode@any", "no action"},
        {"mute5@any", "no action"},
        {"sw@any", "status word"},
        {"sw6A8@any", "status word"},
        {"sw6A84F@any", "status word"},
        {"swXYZW@any", "status word"},
        {"forge@any", "status word"},
        {"cut@any", "octets"},
        {"cut-1@any", "octets"},
        {"slow@any", "milliseconds"},
        {"slow60001@any", "milliseconds"},
        {"mute@loads", "no command"},
        {"mute@", "no command"},
        {"mute@any:", "position"},
        {"mute@any:0", "position"},
        {"mute@any:~0", "position"},
        {"mute@any:~", "position"},
        {"mute@any:3-2", "position"},
        {"mute@any:3-2-1", "position"},
        {"mute@any:1000001", "position"},
        {"mute@any: 1", "position"},
        {"mute@any:+1", "position"},
        {"seed7,seed8", "already"},
        {"seedling", "number"},
        {"seed4294967296", "number"},
    };
    for (const auto& [spec, reason] : bad)
        BOOST_TEST(why_refused(spec).find(reason) != std::string::npos, "'" << spec << "': " << why_refused(spec));
    std::string many = "mute@any";
    for (int i = 0; i < 64; ++i)
        many += ",mute@any";
    BOOST_TEST(why_refused(many).find("too many") != std::string::npos);
    BOOST_TEST(why_refused(std::string(100'000, 'x')).size() < 400u);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_the_cards_own) {
    faulty_card f;
    f.open_isd();
    f.inject("sw6A84@install-and-make-selectable:2");
    BOOST_TEST(f.create_sd() == 0x9000);
    BOOST_TEST(f.h.erase(tsm_sd) == 0x9000);
    BOOST_TEST(f.create_sd() == 0x6A84);
    BOOST_TEST(!f.has_sd());
    BOOST_TEST(f.h.secured(list_applications) == 0x9000); // the secure channel goes on
    BOOST_TEST(f.create_sd() == 0x9000);
    // A status word that is a success comes with its R-MAC, which h checks, and nothing was done.
    f.inject("sw9000@delete");
    BOOST_TEST(f.h.erase(tsm_sd) == 0x9000);
    BOOST_TEST(f.has_sd());
    // Who is not authenticated is told so first.
    f.inject("sw6A84@get-status:1-");
    f.h.spoil_next_mac = true;
    BOOST_TEST(f.h.secured(list_applications) == 0x6982);
    f.inject("sw6A82@select,sw6700@initialize-update");
    BOOST_TEST(f.answer("00A4040000") == "6A82");
    BOOST_TEST(f.answer("00A4040000").ends_with("9000"));
    BOOST_TEST(f.answer("80500000085A5A5A5A5A5A5A5A00") == "6700");
    BOOST_TEST(f.answer("80500000085A5A5A5A5A5A5A5A00").ends_with("9000"));
}

BOOST_AUTO_TEST_CASE(a_refused_load_is_over) {
    faulty_card f;
    f.open_isd();
    f.inject("sw6581@load:2");
    BOOST_TEST(f.h.install(0x02, {"D27600016801", "", "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.secured(0xE8, 0x00, 0, bytes(20, 0x01)) == 0x9000);
    BOOST_TEST(f.h.secured(0xE8, 0x00, 1, bytes(20, 0x01)) == 0x6581);
    BOOST_TEST(f.h.secured(0xE8, 0x00, 1, bytes(20, 0x01)) == 0x6985);
}

BOOST_AUTO_TEST_CASE(power_is_lost_before_or_after_a_command_never_within) {
    for (const bool after : {false, true}) {
        faulty_card f;
        f.open_isd();
        f.inject(after ? "tear-after@install" : "tear-before@install");
        BOOST_CHECK_EXCEPTION(f.create_sd(), lab::no_answer, [](const auto& e) { return !e.powered(); });
        BOOST_TEST(f.has_sd() == after);
        BOOST_CHECK_THROW(f.card.transmit(hex("00A4040000")), lab::no_answer); // without power: mute
        f.card.reset();
        BOOST_TEST(f.h.secured(list_applications) == 0x6982); // the session is gone
        f.open_isd();
        BOOST_TEST(f.create_sd() == (after ? 0x6985 : 0x9000));
    }
}

BOOST_AUTO_TEST_CASE(a_mute_card_keeps_power_and_session) {
    faulty_card f;
    f.open_isd();
    f.inject("mute@get-status");
    BOOST_CHECK_EXCEPTION(f.h.secured(list_applications), lab::no_answer, [](const auto& e) {
        return e.powered() && std::string(e.what()).find("mute@get-status") != std::string::npos;
    });
    // The command was done: its MAC is part of the chain, so the host, which has moved on as well, still fits.
    BOOST_TEST(f.h.secured(list_applications) == 0x9000);
}

BOOST_AUTO_TEST_CASE(answers_are_damaged_on_their_way) {
    faulty_card f;
    const auto honest = f.answer("80CA9F7F00");
    f.inject("forge6985@get-data:1,bad-rmac@get-data:2,short-rmac@get-data:3,cut1@get-data:4,cut0@get-data:5,"
             "replay@get-data:7,noise@get-data:8,seed1");
    BOOST_TEST(f.answer("80CA9F7F00") == "6985");
    auto flipped = hex(honest);
    flipped[flipped.size() - 3] ^= 1;
    BOOST_TEST(f.answer("80CA9F7F00") == to_hex(flipped));
    BOOST_TEST(f.answer("80CA9F7F00") == honest.substr(0, honest.size() - 6) + "9000");
    BOOST_TEST(f.answer("80CA9F7F00") == "9F");
    BOOST_TEST(f.answer("80CA9F7F00").empty());
    const auto other = f.answer("80CA006600");
    BOOST_TEST(f.answer("80CA9F7F00") == other);
    BOOST_TEST(f.answer("80CA9F7F00") != honest);
    BOOST_TEST(f.answer("80CA9F7F00") == honest);
}

BOOST_AUTO_TEST_CASE(several_faults_count_for_themselves_and_the_first_wins) {
    faulty_card f;
    f.inject("sw6A81@get-data:2,sw6A82@any:2-3,sw6A83@get-data:3-");
    BOOST_TEST(f.answer("80CA9F7F00").ends_with("9000"));
    BOOST_TEST(f.answer("80CA9F7F00") == "6A81");
    BOOST_TEST(f.answer("00A4040000") == "6A82");
    BOOST_TEST(f.answer("80CA9F7F00") == "6A83");
    BOOST_TEST(f.answer("80CA9F7F00") == "6A83");
}

BOOST_AUTO_TEST_CASE(chance_repeats_with_its_seed) {
    const auto play = [](std::string_view spec) {
        faulty_card f;
        f.inject(spec);
        std::string refusals;
        for (int i = 0; i < 200; ++i)
            refusals += f.answer("80CA9F7F00") == "6F00" ? '1' : '0';
        return std::pair(refusals, f.card.faults().text());
    };
    const auto [first, text] = play("sw6F00@any:~10");
    BOOST_TEST(play(text).first == first);
    BOOST_TEST(play("sw6F00@any:~10,seed1").first != play("sw6F00@any:~10,seed2").first);
    const auto hits = std::count(first.begin(), first.end(), '1');
    BOOST_TEST((hits > 5 && hits < 50));
}

BOOST_AUTO_TEST_CASE(a_slow_card_is_slow_at_every_command) {
    faulty_card f;
    f.inject("slow15@get-data,sw6985@get-data:2");
    const auto begin = std::chrono::steady_clock::now();
    BOOST_TEST(f.answer("80CA9F7F00").ends_with("9000"));
    BOOST_TEST(f.answer("80CA9F7F00") == "6985");
    BOOST_CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(30));
}

BOOST_AUTO_TEST_CASE(what_a_torn_card_did_is_in_its_file) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-lab-faults-" + crypto::system_random().uuid());
    lab_test::counting_random random;
    {
        lab::stored_card card(file, *lab::find_personality("jc305"), random, "tear-after@install");
        host h([&](bytes_view apdu) { return card.transmit(apdu); });
        BOOST_REQUIRE(h.plain("00A4040000") == 0x9000);
        BOOST_REQUIRE(h.open(lab_test::isd_keys(card.card())) == 0x9000);
        BOOST_CHECK_THROW(h.install(0x0C, {sd_package, sd_module, tsm_sd, "804000", options, ""}), lab::no_answer);
    }
    const auto again = lab::card::load(file, random);
    BOOST_TEST(again.state().registry.find_application(hex(tsm_sd)) != nullptr);
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_CASE(a_torn_card_whose_file_cannot_be_written_tells_both) {
    const auto folder = std::filesystem::temp_directory_path() / ("tsms-lab-faults-" + crypto::system_random().uuid());
    std::filesystem::create_directory(folder);
    lab_test::counting_random random;
    lab::stored_card card(folder / "card", *lab::find_personality("jc305"), random, "tear-after@install");
    host h([&](bytes_view apdu) { return card.transmit(apdu); });
    BOOST_REQUIRE(h.plain("00A4040000") == 0x9000);
    BOOST_REQUIRE(h.open(lab_test::isd_keys(card.card())) == 0x9000);
    std::filesystem::remove_all(folder);
    BOOST_CHECK_EXCEPTION(
        h.install(0x0C, {sd_package, sd_module, tsm_sd, "804000", options, ""}), lab::no_answer,
        [](const lab::no_answer& e) { return std::string(e.what()).ends_with("check the directory and free space"); });
}

BOOST_AUTO_TEST_CASE(a_personality_brings_its_faults_along) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-lab-faults-" + crypto::system_random().uuid());
    const auto& contactless = *lab::find_personality("contactless");
    lab_test::counting_random random;
    BOOST_TEST(!lab::stored_card(file, contactless, random).card().faults().empty());
    BOOST_TEST(lab::stored_card(file, contactless, random, "none").card().faults().empty());
    lab::stored_card torn(file, contactless, random);
    std::size_t tears = 0;
    for (int i = 0; i < 4000; ++i)
        try {
            torn.transmit(hex("80CA9F7F00"));
        } catch (const lab::no_answer&) {
            ++tears;
            torn.card().reset();
        }
    BOOST_TEST((tears > 5 && tears < 60));
    std::filesystem::remove(file);
    for (const auto& p : lab::personalities())
        BOOST_CHECK_NO_THROW(lab::fault_plan::parse(p.faults, random));
}

BOOST_AUTO_TEST_SUITE_END()
