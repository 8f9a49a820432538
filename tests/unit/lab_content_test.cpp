// Content management on the simulated card: Security Domains, load files, instances, access rules.

#include "crypto/digest.hpp"
#include "lab/cap_writer.hpp"
#include "tests/unit/lab_some_card.hpp"

#include <cstdio>

using namespace tsms;
using namespace tsms::lab_test;

namespace {

constexpr auto service_sd = "A000000151AA02";

lab::cap_request cap(std::size_t size = 0) {
    lab::cap_request r;
    r.package = hex(package);
    r.applets = {hex(applet)};
    r.load_size = size;
    return r;
}

struct managed_card : some_card {
    using some_card::some_card;

    /// The TSM's SD with keys of its own and Authorized Management, and a session with it.
    void open_tsm_sd() {
        open_isd();
        BOOST_REQUIRE(create_sd() == 0x9000);
        BOOST_REQUIRE(give_keys(tsm_sd, tsm_keys, 0x30) == 0x9000);
        h.secured(0xF0, 0x40, 0x0F, hex(tsm_sd));
        BOOST_REQUIRE(h.select(tsm_sd) == 0x9000);
        BOOST_REQUIRE(h.open(tsm_keys, 0x33, 0x30) == 0x9000);
    }
    void create_service_sd() {
        BOOST_REQUIRE(create_sd(service_sd, "800000") == 0x9000);
        BOOST_REQUIRE(give_keys(service_sd, test_keys(0x60), 0x31) == 0x9000);
    }
    std::uint16_t load(const lab::cap_request& r, std::string_view domain = "") {
        const auto sw = h.install(0x02, {to_hex(r.package), domain, "", "", ""});
        return sw == 0x9000 ? h.load(lab::load_file_block(r)) : sw;
    }
    const lab::application& entry(std::string_view aid) const {
        return *card.state().registry.find_application(hex(aid));
    }

    lab::static_keys tsm_keys = lab_test::test_keys(0x40);
};

} // namespace

BOOST_AUTO_TEST_SUITE(lab_content)

BOOST_AUTO_TEST_CASE(extended_cap_files_are_for_cards_that_take_them) {
    auto r = cap(100000); // more than 64 KiB
    r.extended = true;
    r.java_card = {1, 6};
    for (const auto& [name, sw] : {std::pair<const char*, std::uint16_t>{"jc305", 0x6A80}, {"euicc", 0x9000}}) {
        managed_card m(name);
        m.open_isd();
        BOOST_TEST(m.h.install(0x02, {package, "", "", "", ""}) == 0x9000);
        const auto image = gp::encode_tlv(0xC4, lab::load_file_block(r));
        std::uint16_t last = 0x9000;
        for (std::size_t at = 0, block = 0; last == 0x9000 && at < image.size(); at += 4000, ++block) {
            const auto part = bytes_view(image).subspan(at, std::min<std::size_t>(4000, image.size() - at));
            last = m.h.secured(0xE8, at + 4000 >= image.size() ? 0x80 : 0x00, static_cast<std::uint8_t>(block), part);
        }
        BOOST_TEST(last == sw);
        const auto* file = m.card.state().registry.find_load_file(hex(package));
        BOOST_TEST((file != nullptr) == (sw == 0x9000));
        if (!file)
            continue;
        BOOST_TEST(m.h.install(0x04, {package, applet, applet, "00", "C900", ""}) == 0x9000);
        // What is in it can be imported, and then it cannot be deleted.
        lab::cap_request importing;
        importing.package = hex("D27600016802");
        importing.applets = {hex("D2760001680201")};
        importing.library = lab::package_in_extended(r);
        BOOST_TEST(m.load(importing) == 0x9000);
        importing.package.back() = 0x03;
        importing.applets[0] = hex("D2760001680301");
        importing.library->back() = 0x51;
        BOOST_TEST(m.load(importing) == 0x6438);
        BOOST_TEST(m.h.erase(package, 0x80) == 0x6985);
        BOOST_TEST(m.h.erase("D27600016802") == 0x9000);
        BOOST_TEST(m.h.erase(package, 0x80) == 0x9000);
    }
}

BOOST_AUTO_TEST_CASE(some_cards_personalize_only_what_is_selectable) {
    BOOST_TEST(!lab::find_personality("odd")->personalizes_installed);
    managed_card f;
    auto strict = *f.card.state().personality;
    strict.personalizes_installed = false;
    f.card.state().personality = &strict;
    f.open_tsm_sd();
    BOOST_TEST(f.load(cap(5000)) == 0x9000);
    BOOST_TEST(f.h.install(0x04, {package, applet, applet, "00", "C900", ""}) == 0x9000);
    BOOST_TEST(f.h.install(0x20, {"", "", applet, "", "", ""}) == 0x6985);
    BOOST_TEST(f.h.install(0x08, {"", "", applet, "00", "", ""}) == 0x9000);
    BOOST_TEST(f.h.install(0x20, {"", "", applet, "", "", ""}) == 0x9000);
}

BOOST_AUTO_TEST_CASE(a_service_is_deployed_used_and_terminated) {
    managed_card f;
    f.open_tsm_sd();
    f.create_service_sd();
    BOOST_TEST(f.entry(service_sd).state == lab::life_cycle::personalized);
    BOOST_TEST(f.load(cap(5000)) == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "00");
    BOOST_TEST(f.h.install(0x04, {package, applet, applet, "00", "C900", ""}) == 0x9000);
    BOOST_TEST(f.h.install(0x20, {"", "", applet, "", "", ""}) == 0x9000); // not selectable yet
    BOOST_TEST(f.h.install(0x08, {"", "", applet, "00", "", ""}) == 0x9000);
    BOOST_TEST(f.h.install(0x20, {"", "", applet, "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.secured("80E2800003010203") == 0x9000);
    BOOST_TEST(f.entry(applet).personalized == 1);
    BOOST_TEST(f.h.install(0x10, {service_sd, "", applet, "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.install(0x10, {service_sd, "", package, "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.install(0x10, {service_sd, "", package, "", "", ""}) == 0x6985); // already there
    BOOST_TEST(to_hex(f.entry(applet).domain) == service_sd);

    BOOST_TEST(f.h.secured("80F240020B4F005C074F9F70C5CCC4CE00") == 0x9000);
    BOOST_TEST(gp::parse_tlvs(f.h.data)->size() == 3u);

    // Suspended, it cannot be selected; resumed, it answers.
    BOOST_TEST(f.h.secured(0xF0, 0x40, 0x80, hex(applet)) == 0x9000);
    BOOST_TEST(f.entry(applet).state == 0x87);
    host user(f.card);
    BOOST_TEST(user.select(applet) == 0x6A82);
    BOOST_TEST(f.h.secured(0xF0, 0x40, 0x07, hex(applet)) == 0x9000);
    BOOST_TEST(user.plain("0070000001") == 0x9000);
    BOOST_TEST(user.plain("01A4040007D276000168010100") == 0x9000);
    BOOST_TEST(user.plain("8110000000") == 0x9000);
    BOOST_TEST(user.data.empty());

    // Terminate: a selected applet, a load file in use, and a domain with content are refused.
    BOOST_TEST(f.h.erase(applet) == 0x6985);
    BOOST_TEST(user.plain("00708001") == 0x9000);
    BOOST_TEST(f.h.erase(package) == 0x6985);
    BOOST_TEST(f.h.erase(service_sd) == 0x6985);
    BOOST_TEST(f.h.erase(package, 0x80) == 0x9000);
    BOOST_TEST(!f.knows(applet));
    BOOST_TEST(f.h.erase(service_sd) == 0x9000);
    BOOST_TEST(f.h.erase(service_sd) == 0x6A88);
    BOOST_TEST(f.h.secured("80F22002024F0000") == 0x6A88);
}

BOOST_AUTO_TEST_CASE(loads_fail_as_cards_fail) {
    managed_card f("small");
    f.open_tsm_sd();
    BOOST_TEST(f.h.secured("80E88000010000") == 0x6985); // nothing announced
    BOOST_TEST(f.load(cap(20000)) == 0x6A84);
    auto newer = cap();
    newer.java_card = {1, 9};
    BOOST_TEST(f.load(newer) == 0x6438);
    // A wrong block number aborts the load.
    BOOST_TEST(f.h.install(0x02, {package, "", "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.secured("80E8000101C400") == 0x6A86);
    BOOST_TEST(f.h.secured("80E8000001C400") == 0x6985);
    // Another package than announced; a wrong hash; the right one.
    const auto block = lab::load_file_block(cap());
    BOOST_TEST(f.h.install(0x02, {"D27600016802", "", "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.load(block) == 0x6A80);
    BOOST_TEST(f.h.install(0x02, {package, "", to_hex(bytes(32, 0xAA)), "", ""}) == 0x9000);
    BOOST_TEST(f.h.load(block) == 0x6A80);
    BOOST_TEST(f.h.install(0x02, {package, "", to_hex(crypto::sha256(block)), "", ""}) == 0x9000);
    BOOST_TEST(f.h.load(block) == 0x9000);
    BOOST_TEST(f.load(cap()) == 0x6985); // already there
    BOOST_TEST(f.h.install(0x0C, {package, "D276000168019999", applet, "00", "C900", ""}) == 0x6A88);
    BOOST_TEST(f.h.install(0x0C, {package, applet, applet, "00", "", ""}) == 0x6A80); // C9 is mandatory
    BOOST_TEST(f.h.install(0x0C, {package, applet, applet, "00", "EF04C802FFFFC900", ""}) == 0x6A84);
    BOOST_TEST(f.h.install(0x0C, {package, applet, applet, "00", "C900", ""}) == 0x9000);
    BOOST_TEST(f.h.install(0x0C, {package, applet, applet, "00", "C900", ""}) == 0x6985);
    // A failed load left nothing behind.
    BOOST_TEST(f.card.state().free_memory() == 12u * 1024 - 1024 - 512 - block.size());
}

BOOST_AUTO_TEST_CASE(imports_bind_load_files) {
    managed_card f;
    f.open_tsm_sd();
    BOOST_TEST(f.load(cap()) == 0x9000);
    auto& registry = f.card.state().registry;
    lab::load_file user;
    user.package = {hex("D27600016803"), 1, 0};
    user.imports = {{hex(package), 1, 0}};
    user.domain = hex(tsm_sd);
    registry.add(user);
    BOOST_TEST(f.h.erase(package, 0x80) == 0x6985);
    BOOST_TEST(f.h.erase("D27600016803") == 0x9000);
    BOOST_TEST(f.h.erase(package, 0x80) == 0x9000);
}

BOOST_AUTO_TEST_CASE(a_security_domain_stays_in_its_hierarchy) {
    managed_card f;
    f.open_tsm_sd();
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x6A88); // the ISD is not its to see
    BOOST_TEST(f.h.secured("80F24002024F0000") == 0x9000);
    BOOST_TEST(gp::parse_tlvs(f.h.data)->size() == 1u); // itself
    BOOST_TEST(f.h.erase("A00000015141434C00") == 0x6985);
    BOOST_TEST(f.h.erase(tsm_sd) == 0x6985);
    BOOST_TEST(f.h.secured(0xF0, 0x40, 0x80, hex("A00000015141434C00")) == 0x6985);
    BOOST_TEST(f.h.install(0x0C, {sd_package, sd_module, service_sd, "801000", options, ""}) ==
               0x6985); // Global Delete
    BOOST_TEST(f.h.install(0x0C, {sd_package, sd_module, service_sd, "000000", options, ""}) == 0x6A80);
    f.create_service_sd();
    // A domain without Authorized Management manages nothing.
    BOOST_REQUIRE(f.h.select(service_sd) == 0x9000);
    BOOST_REQUIRE(f.h.open(lab_test::test_keys(0x60), 0x33, 0x31) == 0x9000);
    BOOST_TEST(f.load(cap()) == 0x6985);
    BOOST_TEST(f.h.erase(service_sd) == 0x6985);
}

BOOST_AUTO_TEST_CASE(domains_accept_what_their_options_say) {
    managed_card f;
    f.open_tsm_sd();
    BOOST_TEST(f.h.install(0x0C, {sd_package, sd_module, service_sd, "800000", "C90481020370", ""}) == 0x9000);
    BOOST_TEST(f.load(cap()) == 0x9000);
    BOOST_TEST(f.h.install(0x10, {service_sd, "", package, "", "", ""}) == 0x6985); // SELECTABLE
    BOOST_TEST(f.h.secured(0xF0, 0x40, 0x0F, hex(service_sd)) == 0x6985);           // without keys
    BOOST_TEST(f.h.install(0x20, {"", "", service_sd, "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.store(f.h.key_groups(lab_test::test_keys(0x60), 0x31)) == 0x9000);
    BOOST_TEST(f.h.install(0x10, {service_sd, "", package, "", "", ""}) == 0x6985); // does not accept
    f.card.state().registry.find_domain(hex(service_sd))->sd->accepts_extradition = true;
    BOOST_TEST(f.h.install(0x10, {service_sd, "", package, "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.erase(package) == 0x6985); // the service's SD does not accept deletion
    BOOST_TEST(f.h.install(0x0C, {sd_package, sd_module, "A000000151AA03", "800000", "C90481020371", ""}) == 0x6A80);
}

BOOST_AUTO_TEST_CASE(keys_personalize_only_where_the_personality_says) {
    managed_card f("jc304");
    f.open_tsm_sd();
    f.create_service_sd();
    BOOST_TEST(f.entry(service_sd).state == lab::life_cycle::selectable);
    BOOST_TEST(f.h.secured(0xF0, 0x40, 0x0F, hex(service_sd)) == 0x9000);
    BOOST_TEST(f.entry(service_sd).state == lab::life_cycle::personalized);
    // Instances follow their load file's domain.
    BOOST_TEST(f.load(cap(), service_sd) == 0x9000);
    BOOST_TEST(f.h.install(0x0C, {package, applet, applet, "00", "C900", ""}) == 0x9000);
    BOOST_TEST(to_hex(f.entry(applet).domain) == service_sd);
    // Locking a domain with its content, and back.
    BOOST_TEST(f.h.secured(0xF0, 0x60, 0x80, hex(service_sd)) == 0x9000);
    BOOST_TEST(f.entry(applet).state == 0x87);
    BOOST_TEST(f.entry(service_sd).state == 0x8F);
    BOOST_TEST(f.h.secured(0xF0, 0x60, 0x00, hex(service_sd)) == 0x9000);
    BOOST_TEST(f.entry(applet).state == 0x07);
}

BOOST_AUTO_TEST_CASE(long_listings_come_in_parts) {
    managed_card f;
    f.open_isd();
    for (int i = 0; i < 12; ++i) {
        char aid[32];
        std::snprintf(aid, sizeof aid, "A0000001510000BB%02X", i);
        BOOST_REQUIRE(f.h.install(0x0C, {sd_package, sd_module, aid, "80", "C900", ""}) == 0x9000);
    }
    std::size_t entries = 0;
    auto sw = f.h.secured("80F24002024F0000");
    BOOST_TEST(sw == 0x6310);
    for (int part = 0; part < 10; ++part) {
        entries += gp::parse_tlvs(f.h.data)->size();
        if (sw != 0x6310)
            break;
        sw = f.h.secured("80F24003024F0000");
    }
    BOOST_TEST(sw == 0x9000);
    BOOST_TEST(entries == 13u);
    BOOST_TEST(f.h.secured("80F24003024F0000") == 0x6985); // nothing to continue
    BOOST_TEST(f.h.secured("80F2400008"
                           "4F06A00000015100"
                           "00") == 0x9000); // the old format
    BOOST_TEST(f.h.data.size() == 12u * (1 + 9 + 2));
    BOOST_TEST(f.h.secured("80F2200007"
                           "4F05A000000999"
                           "00") == 0x6A88);
}

BOOST_AUTO_TEST_CASE(put_key_adds_replaces_and_answers_check_values) {
    managed_card f;
    f.open_isd();
    const auto keys = lab_test::test_keys(0x70);
    const auto command = [&](std::uint8_t version) {
        bytes content{version};
        for (const auto* key : {&keys.enc, &keys.mac, &keys.dek}) {
            append(content, hex("881110"));
            append(content, crypto::aes_cbc(f.h.dek).encrypt({}, key->view()));
            gp::append_lv(content, lab::key_check_value(*key));
        }
        return content;
    };
    bytes expected{0x02};
    for (const auto* key : {&keys.enc, &keys.mac, &keys.dek})
        append(expected, lab::key_check_value(*key));
    BOOST_TEST(f.h.secured(0xD8, 0x05, 0x81, command(0x02)) == 0x6A88);
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, command(0x02)) == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == to_hex(expected));
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, command(0x02)) == 0x6A80);
    auto spoilt = command(0x03);
    spoilt.back() ^= 1;
    BOOST_TEST(f.h.secured(0xD8, 0x01, 0x81, spoilt) == 0x9485);
    BOOST_TEST(f.h.secured(0xD8, 0x01, 0x81, command(0x03)) == 0x9000); // the factory's set is gone
    BOOST_REQUIRE(f.h.plain("00A4040000") == 0x9000);
    BOOST_TEST(f.h.open(keys, 0x33, 0x01) == 0x6A88);
    BOOST_TEST(f.h.open(keys, 0x33, 0x03) == 0x9000);
    BOOST_TEST(f.h.open(keys, 0x33, 0x00) == 0x9000);
}

BOOST_AUTO_TEST_CASE(access_rules_are_stored_read_and_deleted) {
    managed_card f;
    f.open_isd();
    constexpr auto ara = "A00000015141434C00";
    const auto store = [&](std::string_view rule) {
        BOOST_REQUIRE(f.h.install(0x20, {"", "", ara, "", "", ""}) == 0x9000);
        return f.h.store(hex(rule), 0x10);
    };
    const std::string reference = "E11F4F07D2760001680101C114"
                                  "0102030405060708090A0B0C0D0E0F1011121314";
    const std::string rule = "E226" + reference + "E303D00101";
    BOOST_TEST(store("F028" + rule) == 0x9000);
    BOOST_TEST(store("F028" + rule) == 0x6381);
    BOOST_TEST(store("F028"
                     "E226" +
                     reference + "E303D00100") == 0x6A89);
    BOOST_TEST(store("F007"
                     "E205"
                     "E303D00101") == 0x6A80);
    BOOST_TEST(store("F70B4F09A00000015141434301") == 0x9000);
    BOOST_TEST(f.card.state().ara.clients.size() == 1u);
    host phone(f.card);
    BOOST_TEST(phone.select(ara) == 0x9000);
    BOOST_TEST(phone.plain("80CADF2000") == 0x9000);
    const auto tag = phone.data;
    BOOST_TEST(phone.plain("80CAFF4000") == 0x9000);
    BOOST_TEST(to_hex(phone.data) == "FF4028" + rule);
    BOOST_TEST(phone.plain("80CAFF401400") == 0x6700);
    BOOST_TEST(phone.plain("80CAFF400A") == 0x9000);
    auto first = phone.data;
    BOOST_TEST(first.size() == 10u);
    BOOST_TEST(phone.plain("80CAFF6000") == 0x9000);
    append(first, phone.data);
    BOOST_TEST(to_hex(first) == "FF4028" + rule);
    BOOST_TEST(phone.plain("80E2900000") == 0x6982);
    f.open_isd();
    BOOST_TEST(store("F121" + reference) == 0x9000);
    BOOST_TEST(store("F121" + reference) == 0x6A88);
    BOOST_TEST(phone.select(ara) == 0x9000);
    BOOST_TEST(phone.plain("80CAFF4000") == 0x9000);
    BOOST_TEST(to_hex(phone.data) == "FF4000");
    BOOST_TEST(phone.plain("80CADF2000") == 0x9000);
    BOOST_TEST((phone.data != tag));
}

BOOST_AUTO_TEST_CASE(a_target_deleted_meanwhile_is_no_target) {
    managed_card f;
    f.open_isd();
    BOOST_REQUIRE(f.h.install(0x0C, {sd_package, sd_module, tsm_sd, "804000", options, ""}) == 0x9000);
    BOOST_REQUIRE(f.h.install(0x20, {"", "", tsm_sd, "", "", ""}) == 0x9000);
    f.card.state().registry.erase_application(hex(tsm_sd)); // as over another channel
    BOOST_TEST(f.h.store(f.h.key_groups(f.tsm_keys, 0x30)) == 0x6985);
    BOOST_TEST(f.card.state().registry.isd().sd->key_sets.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_stored_card_survives) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-lab-card-" + crypto::system_random().uuid());
    const auto& personality = *lab::find_personality("jc305");
    lab_test::counting_random random;
    bytes counter;
    {
        lab::stored_card card(file, personality, random);
        host h([&](bytes_view apdu) { return card.transmit(apdu); });
        BOOST_REQUIRE(h.open(lab_test::isd_keys(card.card())) == 0x9000);
        BOOST_TEST(h.install(0x0C, {sd_package, sd_module, tsm_sd, "804000", options, ""}) == 0x9000);
        BOOST_TEST(h.store(h.key_groups(lab_test::test_keys(0x40), 0x30)) == 0x9000);
        BOOST_TEST(h.plain("80500000085A5A5A5A5A5A5A5A00") == 0x9000);
        counter = to_bytes(bytes_view(h.data).last(3));
    }
    {
        lab::stored_card card(file, *lab::find_personality("small"), random); // an old card keeps its personality
        BOOST_TEST(card.card().state().personality->name == "jc305");
        host h([&](bytes_view apdu) { return card.transmit(apdu); });
        BOOST_TEST(h.select(tsm_sd) == 0x9000);
        BOOST_TEST(h.plain("00A4040000") == 0x9000);
        BOOST_TEST(h.plain("80500000085A5A5A5A5A5A5A5A00") == 0x9000);
        BOOST_TEST(h.data.back() == counter.back() + 1);
        BOOST_TEST(h.open(lab_test::test_keys(0x40), 0x33, 0x30) == 0x9000);
        BOOST_TEST((to_json(lab::card::load(file, random).state()) == to_json(card.card().state())));
    }
    std::FILE* damaged = std::fopen(file.c_str(), "w");
    std::fputs("{\"format\": 2}", damaged);
    std::fclose(damaged);
    BOOST_CHECK_THROW(lab::card::load(file, random), lab::card_error);
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_CASE(t0_cards_let_responses_be_fetched) {
    managed_card f("t0");
    BOOST_TEST(f.h.plain("00A4040007A0000001510000") == 0x6110 + 2);
    for (const auto* other : {"00C0000005", "00C0000013", "00C00000FF", "00C0000000"}) // exactly P3 octets, or none
        BOOST_TEST(f.h.plain(other) == 0x6C12, other);
    BOOST_TEST(f.h.plain("00C0000012") == 0x9000);
    BOOST_TEST(to_hex(*gp::find_path(f.h.data, {0x6F, 0x84})) == "A000000151000000");
    BOOST_TEST(f.h.plain("00C0000012") == 0x6985);
    BOOST_TEST(f.h.plain("0070000001") == 0x6A81);
    BOOST_TEST(f.h.plain("80E80000000003AABBCC") == 0x6700);
}

BOOST_AUTO_TEST_SUITE_END()
