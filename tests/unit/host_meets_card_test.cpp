// The host's side of GlobalPlatform (gp/) against the simulated card (lab/): each has passed foreign vectors alone.

#include "gp/cap.hpp"
#include "gp/registry.hpp"
#include "lab/cap_writer.hpp"
#include "tests/unit/meeting.hpp"

using namespace tsms;
using namespace tsms::gp;
using lab_test::meeting;

BOOST_AUTO_TEST_SUITE(host_meets_card)

BOOST_AUTO_TEST_CASE(every_personality_rotates_its_keys) {
    for (const auto& p : lab::personalities()) {
        BOOST_TEST_CONTEXT(p.name) {
            meeting m(p);
            const std::uint8_t level = p.scp03_i == 0 ? 0x03 : 0x33;
            auto channel = m.open(m.keys, level);
            const auto next = m.vault->generate(0x31, m.keys.bits);
            const auto encrypted = m.vault->encrypt_keys(m.keys, next);

            const bool bare = p.key_blocks == lab::personality::key_block::bare;
            const auto form = bare ? key_form::bare : key_form::with_length;

            secured_batch orders(channel);
            orders.add(step::delete_object, delete_object(hex("D27600016301"))); // 6A88 breaks no channel
            if (p.key_blocks != lab::personality::key_block::either) {           // nor does 6A80
                const auto refused = orders.add(step::put_key, put_keys(0x00, 0x31, next.bits, encrypted, other(form)),
                                                secured_batch::tolerance::other_form);
                BOOST_TEST(refused == 1u);
            }
            const auto put = orders.add(step::put_key, put_keys(0x00, 0x31, next.bits, encrypted, form));
            const auto listed = orders.add(step::get_status, get_status(registry_scope::issuer_security_domain));
            const auto answers = m.run(orders);
            BOOST_TEST(put_keys_confirmed(answers[put].data, 0x31, encrypted) == p.confirms_keys);
            BOOST_TEST(put_keys_untold(answers[put].data, 0x31) != p.confirms_keys);
            for (auto before = put - 1; before > 0; --before)
                BOOST_TEST(answers[before].sw == 0x6A80);
            BOOST_TEST(!answers[listed].data.empty());

            auto rotated = m.open(next, level);
            secured_batch again(rotated);
            again.add(step::get_status, get_status(registry_scope::applications));
            BOOST_CHECK_NO_THROW(m.run(again));
        }
    }
}

BOOST_AUTO_TEST_CASE(package_is_loaded_installed_and_deleted) {
    const lab::cap_request request{
        .package = hex("D27600016301"), .applets = {hex("D2760001630101")}, .load_size = 5000};
    const auto cap = parse_cap(lab::write_cap(request));
    BOOST_CHECK(cap.load_image == lab::load_file_block(request));
    BOOST_TEST(cap.java_card_version == "3.0.4");

    meeting m(*lab::find_personality(lab::default_personality));
    auto channel = m.open(m.keys, 0x33);
    const auto isd = hex(m.card.state().personality->isd);
    const auto instance = hex("D276000163010101");
    secured_batch orders(channel);
    orders.add(step::install_for_load, install_for_load(cap.package_aid, isd, cap.sha256));
    orders.add_all(step::load, load(cap.load_image, channel.max_data()));
    orders.add(step::install_for_install,
               install_for_install({cap.package_aid, cap.applets.front(), instance, 0, 3, {}}));
    orders.add(step::make_selectable, install_for_make_selectable(instance, 0));
    const auto applications = orders.add(step::get_status, get_status(registry_scope::applications));
    const auto files =
        orders.add(step::get_status, get_status(registry_scope::load_files_and_modules, cap.package_aid));
    const auto answers = m.run(orders);
    const auto found = parse_registry({answers[applications].data}).value();
    const auto* entry = find_entry(found, instance);
    BOOST_REQUIRE(entry != nullptr);
    BOOST_TEST(entry->life_cycle == life_cycle::selectable);
    BOOST_CHECK(entry->load_file_aid == cap.package_aid);
    const auto loaded = parse_registry({answers[files].data}).value();
    BOOST_REQUIRE(loaded.size() == 1);
    BOOST_CHECK(loaded.front().modules == cap.applets);

    secured_batch again(channel);
    again.add(step::install_for_load, install_for_load(cap.package_aid, isd, cap.sha256));
    const auto repeat = [&] { m.run(again); };
    BOOST_CHECK_EXCEPTION(repeat(), card_failure, [](const card_failure& f) {
        return f.sw == 0x6985 && f.category == 7 && f.details().starts_with("package already present");
    });

    secured_batch away(channel);
    away.add(step::delete_object, delete_object(cap.package_aid, true), secured_batch::tolerance::success);
    const auto left = away.add(step::get_status, get_status(registry_scope::load_files, cap.package_aid));
    BOOST_TEST(m.run(away)[left].sw == 0x6A88);
}

BOOST_AUTO_TEST_CASE(other_keys_never_get_as_far_as_external_authenticate) {
    meeting m(*lab::find_personality(lab::default_personality));
    auto wrong = m.vault->generate(m.keys.version, m.keys.bits);
    BOOST_CHECK_THROW(m.open(wrong, 0x33), scp03_error);
    BOOST_CHECK_NO_THROW(m.open(m.keys, 0x33)); // and no attempt was spent
    wrong.version = 0x55;
    const auto unknown = [&] { m.open(wrong, 0x33); };
    BOOST_CHECK_EXCEPTION(unknown(), card_failure,
                          [](const card_failure& f) { return f.what == step::initialize_update && f.sw == 0x6A88; });
}

BOOST_AUTO_TEST_SUITE_END()
