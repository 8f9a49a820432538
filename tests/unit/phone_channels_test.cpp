// How many logical channels a phone opens on its card, and that it closes them (GPD_SPE_075): a second one that stays
// open takes it from other apps, and some cards have no more than two.

#include "app/handset/phone_access.hpp"
#include "gp/tlv.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace tsms;

namespace {

struct seen_channels {
    std::set<std::uint8_t> open;
    std::size_t most = 0; ///< at once
    int opened = 0;
};

/// Has one applet, and an ARA-M with a rule for it where `rules` are given.
class counting_card final : public sdk::secure_component {
public:
    counting_card(seen_channels& seen, bytes rules, std::size_t limit)
        : seen_(seen), rules_(std::move(rules)), limit_(limit) {}
    std::string reader() const override { return "eSE1"; }
    std::string se_type() const override { return "eSE"; }
    bytes atr() const override { return {}; }
    void open() override { seen_.open.clear(); }
    void close() noexcept override { seen_.open.clear(); }

private:
    bytes exchange(bytes_view c) override {
        const auto ins = c[1];
        if (ins == 0x70 && c[2] == 0x00) {
            if (seen_.open.size() >= limit_)
                return hex("6A81");
            std::uint8_t free = 1;
            while (seen_.open.contains(free))
                ++free;
            seen_.open.insert(free);
            seen_.most = std::max(seen_.most, seen_.open.size());
            ++seen_.opened;
            return {free, 0x90, 0x00};
        }
        if (ins == 0x70) {
            BOOST_TEST(seen_.open.erase(c[3]) == 1u);
            return hex("9000");
        }
        const auto channel = static_cast<std::uint8_t>(c[0] & 0x40 ? 4 + (c[0] & 0x0F) : c[0] & 0x03);
        BOOST_TEST(seen_.open.contains(channel)); // what an app sends never goes over the basic channel
        if (ins == 0xA4) {
            const auto aid = to_hex(c.subspan(5, c[4]));
            const bool there = aid == "D276000101" || (aid == "A00000015141434C00" && !rules_.empty());
            return hex(there ? "9000" : "6A82");
        }
        if (to_hex(c.subspan(1, 3)) == "CADF20")
            return hex("DF200800000000000000019000");
        if (to_hex(c.subspan(1, 3)) == "CAFF40") {
            auto answer = gp::encode_tlv(0xFF40, rules_);
            append(answer, hex("9000"));
            return answer;
        }
        return hex("9000");
    }

    seen_channels& seen_;
    bytes rules_;
    std::size_t limit_;
};

const bytes app_hash(32, 0xAA);
constexpr const char* select_applet = "00A4040005D27600010100";
constexpr const char* select_nothing = "00A4040005D27600010200";

/// The app may use the applet (GPD_SPE_013 4.2).
bytes rule_for_app() {
    auto reference = hex("4F05D276000101");
    gp::append_tlv(reference, 0xC1, app_hash);
    auto content = gp::encode_tlv(0xE1, reference);
    append(content, hex("E303D00101"));
    return gp::encode_tlv(0xE2, content);
}

std::unique_ptr<sdk::secure_component> phone(seen_channels& seen, const app::phone_rules& rules,
                                             const bytes& on_card = {}, std::size_t limit = 19) {
    auto p = app::behind_phone(std::make_unique<counting_card>(seen, on_card, limit), rules);
    p->open();
    return p;
}

std::optional<sdk::transport_cause> problem_of(sdk::secure_component& card, const char* command) {
    try {
        card.transmit(hex(command));
    } catch (const sdk::transport_error& e) {
        return e.cause();
    }
    return std::nullopt;
}

} // namespace

BOOST_AUTO_TEST_SUITE(phone_channels)

BOOST_AUTO_TEST_CASE(one_channel_at_a_time) {
    seen_channels seen;
    const auto p = phone(seen, {});
    for (int k = 1; k <= 5; ++k) {
        BOOST_TEST(!problem_of(*p, select_applet));
        BOOST_TEST(seen.open.size() == 1u);
        BOOST_TEST(seen.opened == k);
    }
    BOOST_CHECK(problem_of(*p, select_nothing) == sdk::transport_cause::unavailable);
    BOOST_TEST(seen.open.empty());
    BOOST_CHECK(problem_of(*p, "80CA9F7F00") == sdk::transport_cause::no_channel);
    BOOST_TEST(!problem_of(*p, select_applet));
    p->close();
    BOOST_TEST(seen.open.empty());
    BOOST_CHECK(problem_of(*p, "80CA9F7F00") == sdk::transport_cause::no_channel);
    BOOST_TEST(seen.most == 1u);
}

BOOST_AUTO_TEST_CASE(the_channel_that_reads_the_rules_is_closed) {
    seen_channels seen;
    const auto p = phone(seen, {.app = {app_hash}}, rule_for_app());
    for (int k = 1; k <= 5; ++k) {
        BOOST_TEST(!problem_of(*p, select_applet));
        BOOST_TEST(seen.open.size() == 1u);
        BOOST_TEST(seen.opened == 2 * k); // one for the rules each time, one for the app
    }
    BOOST_CHECK(problem_of(*p, select_nothing) == sdk::transport_cause::access_denied);
    BOOST_TEST(seen.open.empty());
    BOOST_TEST(seen.most == 1u);

    seen_channels without; // a card without ARA-M lets nobody in, and loses no channel by that
    const auto q = phone(without, {.app = {app_hash}});
    for (int k = 0; k < 5; ++k)
        BOOST_CHECK(problem_of(*q, select_applet) == sdk::transport_cause::access_denied);
    BOOST_TEST(without.open.empty());
}

BOOST_AUTO_TEST_CASE(a_card_with_one_more_channel_than_the_basic_one_is_enough) {
    for (const auto& rules : {app::phone_rules{}, app::phone_rules{.app = {app_hash}}}) {
        seen_channels seen;
        const auto p = phone(seen, rules, rule_for_app(), 1);
        for (int k = 0; k < 3; ++k)
            BOOST_TEST(!problem_of(*p, select_applet));
        seen_channels none;
        const auto q = phone(none, rules, rule_for_app(), 0);
        BOOST_CHECK(problem_of(*q, select_applet) == sdk::transport_cause::no_channel);
    }
}

BOOST_AUTO_TEST_CASE(a_denied_application_costs_no_channel) {
    seen_channels seen;
    const auto p = phone(seen, {.denied = {hex("D276000102")}});
    BOOST_TEST(!problem_of(*p, select_applet));
    BOOST_CHECK(problem_of(*p, select_nothing) == sdk::transport_cause::access_denied);
    BOOST_TEST(seen.open.empty()); // and the one before is closed
    BOOST_TEST(seen.opened == 1);
}

BOOST_AUTO_TEST_CASE(others_may_have_taken_them_all) {
    seen_channels seen;
    const auto p = phone(seen, {.busy = true}, {}, 3);
    BOOST_TEST(seen.open.size() == 3u);
    BOOST_CHECK(problem_of(*p, select_applet) == sdk::transport_cause::no_channel);
    seen_channels many;
    phone(many, {.busy = true});
    BOOST_TEST(many.most == 19u); // ISO/IEC 7816-4 5.4.1: as many as there can be beside the basic one
}

BOOST_AUTO_TEST_SUITE_END()
