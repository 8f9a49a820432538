// A card that only pretends: the answer of an honest one, its R-MAC valid, and nothing done.

#include "tests/unit/lab_some_card.hpp"

using namespace tsms;
using namespace tsms::lab_test;

namespace {

constexpr auto list_applications = "80F24002024F0000";
constexpr auto ara_m = "A00000015141434C00";
constexpr auto rule = "F028E226"
                      "E11F4F07D2760001680101C1140102030405060708090A0B0C0D0E0F1011121314"
                      "E303D00101";

/// The host checks every R-MAC of it.
struct pretender : some_card {
    explicit pretender(std::string_view name = "jc305") : some_card(name) {
        open_isd();
        BOOST_REQUIRE(create_sd() == 0x9000);
    }

    void inject(std::string_view spec) { card.inject(lab::fault_plan::parse(spec, random)); }
    /// The command is answered like this, and the card is what it was.
    void pretends(std::uint16_t status, std::string_view data) {
        BOOST_TEST(status == 0x9000);
        BOOST_TEST(to_hex(h.data) == data);
        BOOST_CHECK((to_json(card.state()) == before_));
    }
    void look() { before_ = to_json(card.state()); }
    std::uint16_t personalize(std::string_view aid) { return h.install(0x20, {"", "", aid, "", "", ""}); }
    std::size_t key_sets(std::string_view aid) {
        return card.state().registry.find_application(hex(aid))->sd->key_sets.size();
    }

private:
    json::value before_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(lab_pretend)

BOOST_AUTO_TEST_CASE(each_command_that_changes_a_card_can_be_pretended) {
    pretender f;
    constexpr auto other = "A000000151AA02";
    f.look();
    f.inject("pretend@install-and-make-selectable,pretend@delete,pretend@set-status,pretend@install-for-extradition,"
             "pretend@install-for-registry-update,pretend@install-for-install,pretend@install-for-make-selectable");
    f.pretends(f.create_sd(other), "00");
    f.pretends(f.h.erase(tsm_sd), "00");
    f.pretends(f.h.secured(0xF0, 0x40, 0x80, hex(tsm_sd)), "");
    f.pretends(f.h.install(0x10, {tsm_sd, "", package, "", "", ""}), "00");
    f.pretends(f.h.install(0x40, {"", "", tsm_sd, "", "", ""}), "00");
    f.pretends(f.h.install(0x04, {package, applet, applet, "00", "C900", ""}), "00");
    f.pretends(f.h.install(0x08, {"", "", applet, "00", "", ""}), "00");
    BOOST_TEST(f.create_sd(other) == 0x9000); // and the channel goes on
    BOOST_TEST(f.knows(other));
}

BOOST_AUTO_TEST_CASE(a_pretended_load_leaves_the_blocks_behind_it_nowhere) {
    pretender f;
    const auto begin = [&] { return f.h.install(0x02, {package, "", "", "", ""}); };
    const auto block = [&](std::uint8_t p1, std::uint8_t number) {
        return f.h.secured(0xE8, p1, number, bytes(20, 0x01));
    };
    f.look();
    f.inject("pretend@install-for-load");
    f.pretends(begin(), "00");
    BOOST_TEST(block(0x00, 0) == 0x6985);
    f.inject("pretend@load");
    BOOST_TEST(begin() == 0x9000);
    f.pretends(block(0x00, 0), "00");
    BOOST_TEST(block(0x00, 1) == 0x6985);
    f.inject("pretend@load:1-");
    BOOST_TEST(begin() == 0x9000);
    f.pretends(block(0x00, 0), "00");
    f.pretends(block(0x80, 1), "00");
    BOOST_TEST(f.h.secured("80F22002024F0000") == 0x9000); // the factory's alone
    BOOST_TEST(to_hex(f.h.data).find(package) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(pretended_keys_are_confirmed_and_not_there) {
    pretender f;
    const auto keys = lab_test::test_keys(0x70);
    bytes command{0x02};
    for (const auto* key : {&keys.enc, &keys.mac, &keys.dek}) {
        append(command, hex("881110"));
        append(command, crypto::aes_cbc(f.h.dek).encrypt({}, key->view()));
        gp::append_lv(command, lab::key_check_value(*key));
    }
    bytes confirmation{0x02};
    for (const auto* key : {&keys.enc, &keys.mac, &keys.dek})
        append(confirmation, lab::key_check_value(*key));
    f.look();
    f.inject("pretend@put-key:1-2");
    f.pretends(f.h.secured(0xD8, 0x00, 0x81, command), to_hex(confirmation));
    BOOST_TEST(f.h.plain("80500200085A5A5A5A5A5A5A5A00") == 0x6A88);
    f.open_isd();
    command[0] = 0xFF; // no key set can have this version: there is nothing to confirm
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, command) == 0x6A80);
}

BOOST_AUTO_TEST_CASE(store_data_behind_a_pretended_install_goes_to_the_selected_domain) {
    pretender f;
    f.look();
    f.inject("pretend@install-for-personalization");
    f.pretends(f.personalize(tsm_sd), "00");
    BOOST_TEST(f.h.store(f.h.key_groups(lab_test::test_keys(0x40), 0x30)) == 0x9000); // GPCS 7.3.3
    BOOST_TEST(f.key_sets(tsm_sd) == 0u);
    BOOST_TEST(f.key_sets("A000000151000000") == 2u);
}

BOOST_AUTO_TEST_CASE(pretended_data_is_not_stored) {
    pretender f;
    BOOST_TEST(f.personalize(ara_m) == 0x9000);
    f.look();
    f.inject("pretend@store-data");
    f.pretends(f.h.store(hex(rule), 0x10), "");
    BOOST_TEST(f.h.store(hex(rule), 0x10) == 0x6A80); // the personalization is over: the selected domain's
    BOOST_TEST(f.card.state().ara.rules.empty());
    // The first of two blocks: the second one has none to follow.
    const auto keys = f.h.key_groups(lab_test::test_keys(0x40), 0x30);
    BOOST_TEST(f.personalize(tsm_sd) == 0x9000);
    f.inject("pretend@store-data");
    BOOST_TEST(f.h.secured(0xE2, 0x08, 0, bytes_view(keys).first(100)) == 0x9000);
    BOOST_TEST(f.h.secured(0xE2, 0x88, 1, bytes_view(keys).subspan(100)) == 0x6A86);
    f.inject("pretend@store-data:2");
    BOOST_TEST(f.personalize(tsm_sd) == 0x9000);
    BOOST_TEST(f.h.store(keys) == 0x9000);
    BOOST_TEST(f.personalize(ara_m) == 0x9000);
    BOOST_TEST(f.h.store(hex(rule), 0x10) == 0x9000);
    BOOST_TEST(f.key_sets(tsm_sd) == 1u);
    BOOST_TEST(f.card.state().ara.rules.empty());
}

BOOST_AUTO_TEST_CASE(a_pretended_authentication_opens_no_channel) {
    some_card f;
    f.card.inject(lab::fault_plan::parse("pretend@external-authenticate", f.random));
    BOOST_TEST(f.h.plain("00A4040000") == 0x9000);
    BOOST_TEST(f.h.open(isd_keys(f.card)) == 0x9000);
    BOOST_TEST(f.h.secured(list_applications) == 0x6982);
}

BOOST_AUTO_TEST_CASE(who_is_not_authenticated_is_told_so_and_what_only_reads_is_read) {
    pretender f;
    f.inject("pretend@any:1-");
    BOOST_TEST(f.h.secured(list_applications) == 0x9000);
    BOOST_TEST(to_hex(f.h.data).find(tsm_sd) != std::string::npos);
    BOOST_TEST(f.h.secured("80CA9F7F00") == 0x9000);
    BOOST_TEST(f.h.data.size() == 45u);
    f.look();
    f.pretends(f.h.erase(tsm_sd), "00");
    f.h.spoil_next_mac = true;
    BOOST_TEST(f.h.erase(tsm_sd) == 0x6982);
    BOOST_TEST(f.h.plain("80E400000A4F08A000000151AA0100") == 0x6982);
    BOOST_TEST(f.h.plain("00A4040000") == 0x9000);
    BOOST_TEST(f.h.plain("80500000085A5A5A5A5A5A5A5A00") == 0x9000);
}

BOOST_AUTO_TEST_CASE(only_what_changes_a_card_is_pretended_and_only_by_a_card) {
    lab_test::counting_random random;
    for (const auto* asks : {"select", "manage-channel", "get-response", "initialize-update", "get-data", "get-status"})
        BOOST_CHECK_EXCEPTION(
            lab::fault_plan::parse("pretend@" + std::string(asks), random), lab::fault_error,
            [](const auto& e) { return std::string(e.what()).find("changes nothing") != std::string::npos; });
    BOOST_CHECK_THROW(lab::fault_plan::parse("pretend9000@delete", random), lab::fault_error);
    auto plan = lab::fault_plan::parse("pretend@delete:3-", random);
    BOOST_CHECK_THROW(plan.require_on_the_way(), lab::fault_error);
    BOOST_CHECK_THROW(plan.play(hex("80E40000"), [](std::optional<std::uint16_t>) { return bytes{}; }),
                      lab::fault_error);
    BOOST_CHECK_NO_THROW(lab::fault_plan::parse("sw9000@delete", random).require_on_the_way());
}

BOOST_AUTO_TEST_SUITE_END()
