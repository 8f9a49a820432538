// What applets of the lab keep (DIV-091), what it survives and what ends it.

#include "lab/cap_writer.hpp"
#include "lab/card/load_image.hpp"
#include "tests/unit/lab_some_card.hpp"

#include <filesystem>

using namespace tsms;
using namespace tsms::lab_test;

namespace {

constexpr auto other_applet = "D2760001680102";
constexpr auto service_sd = "A000000151AA02";
constexpr std::size_t instance_memory = 512;

lab::cap_request cap(bool keeps_data = true) {
    lab::cap_request r;
    r.package = hex(package);
    r.applets = {hex(applet), hex(other_applet)};
    r.keeps_data = keeps_data;
    return r;
}

/// Two applets of one load file, and the channel of the ISD; an app talks to them over logical channel 1.
struct two_applets : some_card {
    explicit two_applets(const lab::cap_request& r = cap(), std::string_view name = "jc305")
        : some_card(name), app(card) {
        open_isd();
        BOOST_REQUIRE(h.install(0x02, {package, "", "", "", ""}) == 0x9000);
        BOOST_REQUIRE(h.load(lab::load_file_block(r)) == 0x9000);
        for (const auto* aid : {applet, other_applet})
            BOOST_REQUIRE(instantiate(aid) == 0x9000);
        open_channel();
    }
    std::uint16_t instantiate(std::string_view aid, std::string_view parameters = "C900") {
        return h.install(0x0C, {package, aid, aid, "00", parameters, ""});
    }
    void open_channel() { BOOST_REQUIRE(app.plain("0070000001") == 0x9000); }
    std::uint16_t select(std::string_view aid) {
        return app.plain(gp::encode({0x01, 0xA4, 0x04, 0x00, hex(aid), gp::le_max_short}));
    }
    std::uint16_t put(std::uint8_t number, bytes_view value) {
        return app.plain(gp::encode({0x81, 0xDA, 0x01, number, to_bytes(value), {}}));
    }
    std::uint16_t get(std::uint8_t number) {
        return app.plain(gp::encode({0x81, 0xCA, 0x01, number, {}, gp::le_max_short}));
    }
    /// What the applet gives back, or the status word.
    std::string given(std::uint8_t number) {
        const auto sw = get(number);
        return sw == 0x9000 ? to_hex(app.data)
                            : to_hex(bytes{static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)});
    }
    std::uint16_t personalize(std::string_view aid, bytes_view chain) {
        const auto sw = h.install(0x20, {"", "", aid, "", "", ""});
        return sw == 0x9000 ? h.store(chain, 0x00) : sw;
    }
    const lab::application& entry(std::string_view aid) const {
        return *card.state().registry.find_application(hex(aid));
    }

    host app;
};

} // namespace

BOOST_AUTO_TEST_SUITE(lab_kept_data)

BOOST_AUTO_TEST_CASE(the_marker_is_a_static_array_that_loads) {
    for (const bool keeps : {true, false})
        for (const bool extended : {false, true}) {
            auto r = cap(keeps);
            r.extended = extended;
            if (extended)
                r.java_card = {1, 8};
            const auto image = lab::read_load_image(lab::load_file_block(r));
            BOOST_REQUIRE(image.has_value());
            BOOST_TEST(image->keeps_data == keeps);
        }
    // An array with one octet more, or another octet, is somebody else's.
    const auto block = lab::load_file_block(cap());
    const auto marker = as_bytes(lab::keeps_data_marker);
    const auto at = std::search(block.begin(), block.end(), marker.begin(), marker.end()) - block.begin();
    BOOST_REQUIRE(at < std::ssize(block));
    auto other = block;
    other[static_cast<std::size_t>(at)] ^= 1;
    BOOST_TEST(!lab::read_load_image(other)->keeps_data);
    auto longer = block; // than its component
    longer[static_cast<std::size_t>(at) - 1] += 1;
    longer.insert(longer.begin() + at, 0x00);
    BOOST_TEST(!lab::read_load_image(longer).has_value());
    auto torn = block; // an array that would end behind its component
    torn[static_cast<std::size_t>(at) - 2] = 0x01;
    BOOST_TEST(!lab::read_load_image(torn).has_value());
}

BOOST_AUTO_TEST_CASE(an_applet_of_others_answers_and_keeps_nothing) {
    two_applets f(cap(false));
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    const auto before = to_json(f.card.state());
    BOOST_TEST(f.put(0x01, hex("CAFE")) == 0x9000);
    BOOST_TEST(f.get(0x01) == 0x9000);
    BOOST_TEST(f.app.data.empty());
    BOOST_CHECK((to_json(f.card.state()) == before));
    // Its package does not import org.globalplatform: it cannot have the interface (GPCS 7.3.3, DIV-117).
    BOOST_TEST(f.personalize(applet, hex("0102")) == 0x6985);
    BOOST_TEST(f.entry(applet).kept.octets() == 0u);
    BOOST_TEST(f.entry(applet).personalized == 0);
}

BOOST_AUTO_TEST_CASE(each_applet_gives_back_what_it_was_given) {
    two_applets f;
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.given(0x00) == "6A88");
    BOOST_TEST(f.put(0x00, hex("01")) == 0x9000);
    BOOST_TEST(f.app.data.empty());
    BOOST_TEST(f.put(0x7F, hex("02")) == 0x9000);
    BOOST_TEST(f.put(0x00, hex("0304")) == 0x9000); // in its place
    BOOST_TEST(f.given(0x00) == "0304");
    BOOST_TEST(f.given(0x7F) == "02");
    BOOST_TEST(f.given(0x01) == "6A88");
    BOOST_TEST(f.app.plain("01DA010103AABBCC") == 0x9000); // of the interindustry class
    BOOST_TEST(f.app.plain("01CA010100") == 0x9000);
    BOOST_TEST(to_hex(f.app.data) == "AABBCC");
    BOOST_TEST(f.app.plain("8110000000") == 0x9000); // every other command does nothing
    BOOST_TEST(f.app.data.empty());
    BOOST_REQUIRE(f.select(other_applet) == 0x9000);
    BOOST_TEST(f.given(0x00) == "6A88");
    BOOST_TEST(f.entry(applet).kept.octets() == 2u + 2 + 2 + 1 + 2 + 3);
    const auto listed = f.card.registry_text();
    BOOST_TEST(listed.find("  keeps 12 octets\nAPP  D2760001680102") != std::string::npos, listed);
    BOOST_TEST(listed.find("  keeps ") == listed.rfind("  keeps "));
}

BOOST_AUTO_TEST_CASE(commands_are_refused_strictly) {
    two_applets f;
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.put(0x00, hex("01")) == 0x9000);
    const auto before = to_json(f.card.state());
    BOOST_TEST(f.app.plain("81DA0100") == 0x6700); // nothing to keep
    BOOST_TEST(f.app.plain("81DA010000000100" + to_hex(bytes(256, 1))) == 0x6700);
    BOOST_TEST(f.put(0x00, bytes(256, 0x01)) == 0x6700); // more than a short command brings
    BOOST_TEST(f.put(0x80, hex("01")) == 0x6985);        // is the Security Domain's to write
    BOOST_TEST(f.put(0xFF, hex("01")) == 0x6985);
    for (const auto* p1 : {"00", "02", "9F", "FF"}) {
        BOOST_TEST(f.app.plain("81DA" + std::string(p1) + "000101") == 0x6A86);
        BOOST_TEST(f.app.plain("81CA" + std::string(p1) + "0000") == 0x6A86);
    }
    BOOST_TEST(f.app.plain("81CA0100010100") == 0x6700); // GET DATA brings nothing
    BOOST_TEST(f.app.plain("85CA010000") == 0x6E00);     // and has no secure messaging
    BOOST_CHECK((to_json(f.card.state()) == before));
}

BOOST_AUTO_TEST_CASE(it_keeps_as_much_as_it_was_installed_for) {
    two_applets f;
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.put(0x00, bytes(255, 0x01)) == 0x9000);
    BOOST_TEST(f.put(0x01, bytes(254, 0x02)) == 0x6A84); // 257 and 256
    BOOST_TEST(f.put(0x01, bytes(253, 0x02)) == 0x9000); // 257 and 255: all of it
    BOOST_TEST(f.entry(applet).kept.octets() == instance_memory);
    BOOST_TEST(f.put(0x02, hex("01")) == 0x6A84);
    BOOST_TEST(f.given(0x02) == "6A88");
    BOOST_TEST(f.put(0x00, bytes(255, 0x03)) == 0x9000); // another value needs no more
    BOOST_TEST(f.given(0x00) == to_hex(bytes(255, 0x03)));
    BOOST_TEST(f.personalize(applet, hex("01")) == 0x6A84);
    BOOST_TEST(f.personalize(other_applet, bytes(instance_memory + 1, 0x01)) == 0x6A84);
    BOOST_TEST(f.entry(other_applet).kept.octets() == 0u);
    BOOST_TEST(f.personalize(other_applet, bytes(instance_memory, 0x01)) == 0x9000);

    // C8 asks for more.
    BOOST_REQUIRE(f.select("A0000001510000") == 0x9000); // what is selected cannot be deleted
    BOOST_REQUIRE(f.h.erase(other_applet) == 0x9000);
    BOOST_REQUIRE(f.instantiate(other_applet, "EF04C8020100C900") == 0x9000);
    BOOST_TEST(f.personalize(other_applet, bytes(instance_memory + 0x100 + 1, 0x01)) == 0x6A84);
    BOOST_TEST(f.personalize(other_applet, bytes(instance_memory + 0x100, 0x01)) == 0x9000);
}

BOOST_AUTO_TEST_CASE(personalization_is_kept_as_a_whole) {
    two_applets f;
    bytes chain;
    for (int i = 0; i < 400; ++i)
        chain.push_back(static_cast<std::uint8_t>(i));
    BOOST_TEST(f.personalize(applet, chain) == 0x9000); // two blocks
    BOOST_TEST(f.entry(applet).personalized == 2);
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.given(0x80) == to_hex(bytes_view(chain).first(256)));
    BOOST_TEST(f.given(0x81) == to_hex(bytes_view(chain).subspan(256)));
    BOOST_TEST(f.given(0x82) == "6A88");
    BOOST_TEST(f.given(0xFF) == "6A88");
    // One that breaks off has changed nothing: another command, a wrong block number, an applet that was locked.
    const auto begin = [&] {
        BOOST_REQUIRE(f.h.install(0x20, {"", "", applet, "", "", ""}) == 0x9000);
        BOOST_REQUIRE(f.h.secured(0xE2, 0x00, 0x00, hex("AA")) == 0x9000);
    };
    begin();
    BOOST_TEST(f.h.secured("80F24002024F0000") == 0x9000);
    BOOST_TEST(f.given(0x80) == to_hex(bytes_view(chain).first(256)));
    begin();
    BOOST_TEST(f.h.secured(0xE2, 0x80, 0x02, hex("BB")) == 0x6A86);
    BOOST_TEST(f.given(0x80) == to_hex(bytes_view(chain).first(256)));
    begin();
    f.card.state().registry.find_application(hex(applet))->state |= lab::life_cycle::locked;
    BOOST_TEST(f.h.secured(0xE2, 0x80, 0x01, hex("BB")) == 0x6985);
    f.card.state().registry.find_application(hex(applet))->state = lab::life_cycle::selectable;
    BOOST_TEST(f.given(0x80) == to_hex(bytes_view(chain).first(256)));
    // The next one takes its place, and the objects of the app stay.
    BOOST_TEST(f.put(0x05, hex("05")) == 0x9000);
    begin();
    BOOST_TEST(f.h.secured(0xE2, 0x80, 0x01, hex("BB")) == 0x9000);
    BOOST_TEST(f.given(0x80) == "AABB");
    BOOST_TEST(f.given(0x81) == "6A88");
    BOOST_TEST(f.given(0x05) == "05");
}

BOOST_AUTO_TEST_CASE(what_is_kept_survives_the_life_of_a_card) {
    two_applets f;
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.put(0x00, hex("C0FFEE")) == 0x9000);
    BOOST_TEST(f.personalize(applet, hex("0102")) == 0x9000);
    const auto is_there = [&](lab::card& card) {
        host app(card);
        BOOST_REQUIRE(app.select(applet) == 0x9000);
        BOOST_TEST(app.plain("80CA010000") == 0x9000);
        BOOST_TEST(to_hex(app.data) == "C0FFEE");
        BOOST_TEST(app.plain("80CA018000") == 0x9000);
        BOOST_TEST(to_hex(app.data) == "0102");
    };
    BOOST_REQUIRE(f.select(other_applet) == 0x9000);
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.given(0x00) == "C0FFEE");
    f.card.reset();
    is_there(f.card);

    // Its file.
    const auto file = std::filesystem::temp_directory_path() / "tsms_lab_kept_data_test.card";
    f.card.save(file);
    auto again = lab::card::load(file, f.random);
    std::filesystem::remove(file);
    BOOST_CHECK((to_json(again.state()) == to_json(f.card.state())));
    is_there(again);

    // Extradition, the other instance, another load file.
    f.card.reset();
    f.open_isd();
    BOOST_REQUIRE(f.create_sd(service_sd, "800000") == 0x9000);
    BOOST_REQUIRE(f.give_keys(service_sd, test_keys(0x60), 0x31) == 0x9000);
    BOOST_REQUIRE(f.h.install(0x10, {service_sd, "", applet, "", "", ""}) == 0x9000);
    BOOST_REQUIRE(f.h.install(0x10, {service_sd, "", package, "", "", ""}) == 0x9000);
    BOOST_REQUIRE(f.h.erase(other_applet) == 0x9000);
    auto next = cap();
    next.package = hex("D27600016802");
    next.applets = {hex("D2760001680201")};
    BOOST_REQUIRE(f.h.install(0x02, {"D27600016802", "", "", "", ""}) == 0x9000);
    BOOST_REQUIRE(f.h.load(lab::load_file_block(next)) == 0x9000);
    const auto isd = to_hex(f.card.state().registry.isd().aid);
    BOOST_REQUIRE(f.h.install(0x10, {isd, "", applet, "", "", ""}) == 0x9000);
    is_there(f.card);
}

BOOST_AUTO_TEST_CASE(locked_nobody_has_it_and_unlocked_it_is_there) {
    two_applets f;
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.put(0x00, hex("C0FFEE")) == 0x9000);
    BOOST_REQUIRE(f.h.secured(0xF0, 0x40, 0x80, hex(applet)) == 0x9000);
    BOOST_TEST(f.given(0x00) == "6985"); // it is selected still, and executes nothing
    BOOST_TEST(f.put(0x00, hex("00")) == 0x6985);
    BOOST_TEST(f.select(applet) == 0x6A82);
    BOOST_TEST(f.h.install(0x20, {"", "", applet, "", "", ""}) == 0x6985);
    BOOST_REQUIRE(f.h.secured(0xF0, 0x40, 0x07, hex(applet)) == 0x9000);
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.given(0x00) == "C0FFEE");

    BOOST_REQUIRE(f.h.secured(0xF0, 0x80, 0x7F, hex("")) == 0x9000); // CARD_LOCKED
    BOOST_TEST(f.given(0x00) == "6985");
    BOOST_TEST(f.put(0x00, hex("00")) == 0x6985);
    BOOST_TEST(f.select(applet) == 0x6A82);
    BOOST_REQUIRE(f.h.secured(0xF0, 0x80, 0x0F, hex("")) == 0x9000);
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.given(0x00) == "C0FFEE");
}

BOOST_AUTO_TEST_CASE(it_goes_with_the_application) {
    for (const bool with_load_file : {false, true}) {
        two_applets f;
        BOOST_REQUIRE(f.select(applet) == 0x9000);
        BOOST_TEST(f.put(0x00, hex("C0FFEE")) == 0x9000);
        BOOST_TEST(f.personalize(applet, hex("0102")) == 0x9000);
        BOOST_REQUIRE(f.app.plain("00708001") == 0x9000);
        if (with_load_file) {
            BOOST_REQUIRE(f.h.erase(package, 0x80) == 0x9000);
            BOOST_REQUIRE(f.h.install(0x02, {package, "", "", "", ""}) == 0x9000);
            BOOST_REQUIRE(f.h.load(lab::load_file_block(cap())) == 0x9000);
        } else {
            BOOST_REQUIRE(f.h.erase(applet) == 0x9000);
        }
        BOOST_REQUIRE(f.instantiate(applet) == 0x9000);
        BOOST_TEST(f.entry(applet).kept.octets() == 0u);
        f.open_channel();
        BOOST_REQUIRE(f.select(applet) == 0x9000);
        BOOST_TEST(f.given(0x00) == "6A88");
        BOOST_TEST(f.given(0x80) == "6A88");
    }
}

BOOST_AUTO_TEST_CASE(a_card_that_fails_or_pretends_keeps_what_it_had) {
    two_applets f;
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.put(0x00, hex("C0FFEE")) == 0x9000);
    BOOST_TEST(f.personalize(applet, hex("0102")) == 0x9000);
    const auto before = to_json(f.card.state());
    const auto inject = [&](std::string_view spec) { f.card.inject(lab::fault_plan::parse(spec, f.random)); };
    inject("pretend@any");
    BOOST_TEST(f.put(0x00, hex("00")) == 0x9000);
    inject("sw6581@any");
    BOOST_TEST(f.put(0x00, hex("00")) == 0x6581);
    inject("none");
    BOOST_CHECK((to_json(f.card.state()) == before));
    BOOST_REQUIRE(f.h.install(0x20, {"", "", applet, "", "", ""}) == 0x9000);
    inject("tear-before@store-data");
    BOOST_CHECK_THROW(f.h.secured(0xE2, 0x80, 0x00, hex("FF")), lab::no_answer);
    f.card.reset();
    f.open_channel();
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.given(0x00) == "C0FFEE");
    BOOST_TEST(f.given(0x80) == "0102");
}

BOOST_AUTO_TEST_CASE(files_of_cards_are_read_strictly) {
    two_applets f;
    BOOST_REQUIRE(f.select(applet) == 0x9000);
    BOOST_TEST(f.put(0x0A, hex("C0FFEE")) == 0x9000);
    const auto text = json::dump(to_json(f.card.state()));
    const auto with = [&](std::string_view from, std::string_view to) {
        auto changed = text;
        const auto at = changed.find(from);
        BOOST_REQUIRE(at != std::string::npos);
        changed.replace(at, from.size(), to);
        return lab::card_from_json(json::parse(changed));
    };
    BOOST_TEST(with("C0FFEE", "C0FFEF").registry.find_application(hex(applet))->kept.octets() == 5u);
    BOOST_CHECK_THROW(with("C0FFEE", "C0FFE"), lab::card_error);
    BOOST_CHECK_THROW(with("\"0A\"", "\"0A0B\""), lab::card_error);
    BOOST_CHECK_THROW(with("\"0A\"", "\"\""), lab::card_error);
    // A card of before: no applet of it keeps anything.
    const auto old = with(",\"keepsData\":true", "");
    BOOST_TEST(!old.registry.keeps_data(*old.registry.find_application(hex(applet))));
}

BOOST_AUTO_TEST_SUITE_END()
