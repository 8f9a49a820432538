// The simulated issuer on cards that tell less, take less or refuse: it is a host as ours, and uses the same
// procedures.

#include "tests/unit/issuer_story.hpp"

#include <fstream>
#include <sstream>

using namespace tsms;
using namespace tsms::issuer_test;

namespace {

constexpr auto longer_aid = "D27600016354534D000101"; ///< begins with that of the TSM's domain

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

void write_text(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(issuer_cards)

// GPCS 11.9.3.1: 9F65 is the longest data field that the selected domain takes; `terse` answers 6700 beyond.
BOOST_AUTO_TEST_CASE(no_command_is_longer_than_the_card_takes) {
    story s("terse");
    auto order = s.order("1", change::create);
    order.add_rules = {{rule_aid, std::string(64, 'B'), true, true}};
    order.rules_read_back = true;
    const auto done = s.run(order);
    BOOST_TEST(done.error == "");
    s.channel(s.keys(done.session));
    BOOST_TEST(s.rules() == 1u);
    for (const auto& apdu : s.sent)
        BOOST_TEST((apdu.size() < 6 || apdu[4] <= 128), to_hex(apdu));
    BOOST_TEST(s.run(s.order("2", change::remove)).error == "");
    BOOST_TEST(!s.has_domain());
}

// GPCS 11.4.3.2: 6310 says that there is more; a partial AID is one of the reasons.
BOOST_AUTO_TEST_CASE(a_listing_in_parts_is_read_to_its_end) {
    for (const std::string name : {"terse", "jc305"})
        BOOST_TEST_CONTEXT(name) {
            story s(name);
            s.goes_on = name == "terse"; // the listing behind the last commands has more parts
            BOOST_TEST(s.run(s.order("0", change::create)).error == "");
            for (const auto* aid : {longer_aid, "D27600016354534D000102", "D27600016354534D000103"}) {
                lab::application other;
                other.aid = hex(aid);
                other.state = lab::life_cycle::selectable;
                other.load_file = hex("A0000001515350");
                other.module = hex("A000000151535041");
                other.domain = s.card.state().registry.isd().aid;
                s.card.state().registry.add(other);
            }
            const auto done = s.run(s.order("1", change::create)); // it is there, and personalized again
            BOOST_TEST(done.error == "");
            s.channel(s.keys(done.session));
            s.card.reset();
            BOOST_TEST(s.run(s.order("2", change::remove)).error == "");
            BOOST_TEST(!s.has_domain());
            BOOST_TEST(s.card.state().registry.find_application(hex(longer_aid)) != nullptr);
        }
}

// "Not found" has no R-MAC, of DELETE nor of GET STATUS: the phone says so of a domain that is full and stays.
BOOST_AUTO_TEST_CASE(a_removal_is_proven_by_the_card) {
    for (const auto* listed : {"1", "1-"})
        BOOST_TEST_CONTEXT("GET STATUS " << listed) {
            story s;
            s.goes_on = true;
            BOOST_TEST(s.run(s.order("1", change::create)).error == "");
            lab::application content;
            content.aid = hex(longer_aid);
            content.state = lab::life_cycle::selectable;
            content.load_file = hex("A0000001515350");
            content.module = hex("A000000151535041");
            content.domain = hex(domain_aid);
            s.card.state().registry.add(content);
            s.card.inject(lab::fault_plan::parse("forge6A88@delete,forge6A88@get-status:" + std::string(listed),
                                                 crypto::system_random()));
            const auto told = s.run(s.order("2", change::remove)).error;
            BOOST_TEST_REQUIRE(s.has_domain());
            BOOST_TEST(told.find(std::string_view(listed) == "1"
                                     ? "is still in the card's registry"
                                     : "has no applications, which it cannot prove") != std::string::npos,
                       told);
        }
}

// Where it is gone the card proves that, too: by a list of what else it has, or by a domain that it takes and deletes.
BOOST_AUTO_TEST_CASE(a_removal_of_what_is_gone_is_a_success) {
    for (const auto& [name, orders] : {std::pair("jc305", 4), {"no-ara", 6}})
        BOOST_TEST_CONTEXT(name) {
            story s(name);
            BOOST_TEST(s.run(s.order("1", change::create)).error == "");
            BOOST_TEST(s.run(s.order("2", change::remove)).error == "");
            BOOST_TEST(!s.has_domain());
            s.goes_on = true;
            const auto again = s.run(s.order("3", change::remove));
            BOOST_TEST(again.error == "");
            BOOST_TEST(again.orders == orders);
            BOOST_TEST(!s.has_domain());
        }
}

BOOST_AUTO_TEST_CASE(a_card_without_cplc_is_known_by_iin_and_cin) {
    story s("numbers");
    const auto order = s.order("1", change::create);
    BOOST_TEST(order.secure_component_identity.starts_with("4950"));
    const auto done = s.run(order);
    BOOST_TEST(done.error == "");
    const auto keys = s.keys(done.session);
    BOOST_TEST(keys.secure_component_identity == order.secure_component_identity);
    s.channel(keys);
    // Another card of this kind has other keys, and gets no EXTERNAL AUTHENTICATE.
    story other("numbers");
    other.sent.clear();
    const auto refused = other.run(s.order("2", change::create));
    BOOST_TEST(refused.error != "");
    for (const auto& apdu : other.sent)
        BOOST_TEST(apdu[1] != 0x82);
    // Another issuer's IIN, the IIN alone, and what is no number.
    for (const auto* identity : {"0102", "4950", "4951504C41", "0000000000000000"}) {
        auto foreign = s.order("3", change::create);
        foreign.secure_component_identity = identity;
        BOOST_TEST(s.send("POST", "/order", json::dump(wire::to_json(foreign))).status == 422, identity);
    }
}

// The last part of the CPLC is no part of what the keys are derived from: the card proves the keys and is another one.
BOOST_AUTO_TEST_CASE(the_card_is_asked_for_its_cplc_with_or_without_tag) {
    for (const std::string name : {"jc305", "terse"}) {
        story s(name);
        auto order = s.order("1", change::create);
        order.secure_component_identity.back() = '1';
        const auto refused = s.run(order);
        BOOST_TEST(refused.error.find("another one") != std::string::npos, name << ": " << refused.error);
        BOOST_TEST(s.send("GET", "/security-domains/" + refused.session + "/keys").status == 409);
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_with_its_reason) {
    struct refusal {
        std::string fault, told;
        bool domain_left;
    };
    for (const auto& [fault, told, domain_left] :
         {refusal{"sw6A84@install-and-make-selectable", "not enough memory", false},
          {"sw6985@install-for-personalization", "cannot be personalized", true},
          {"sw6A80@store-data:1-", "refused its keys", true},
          {"sw6A88@select", "SELECT", false},
          {"sw6983@initialize-update", "blocked", false},
          {"sw6A88@get-data:3", "GET DATA", true},
          // Looking for them fails, too: what was first is told.
          {"sw6A84@store-data,sw6983@initialize-update:2", "not enough memory", true}}) {
        story s;
        s.goes_on = domain_left; // to look whether the keys have gone astray
        s.card.inject(lab::fault_plan::parse(fault, crypto::system_random()));
        const auto done = s.run(s.order("1", change::create));
        BOOST_TEST(done.error.find(told) != std::string::npos, fault << ": " << done.error);
        BOOST_TEST(s.has_domain() == domain_left, fault);
        BOOST_TEST(s.card.state().registry.isd().sd->key_sets.size() == 1u);
        // Whatever it was, the same order goes through once it is over.
        s.card.inject({});
        s.card.reset();
        const auto again = s.run(s.order("1", change::create));
        BOOST_TEST(again.error == "");
        s.channel(s.keys(again.session));
    }
}

// A domain that is there is refused a second time, and personalized again.
BOOST_AUTO_TEST_CASE(set_status_may_be_refused_where_the_keys_change_the_state) {
    story s;
    s.card.inject(lab::fault_plan::parse("sw6985@set-status", crypto::system_random()));
    const auto done = s.run(s.order("1", change::create));
    BOOST_TEST(done.error == "");
    s.channel(s.keys(done.session));
    // Where they do not, it must be done.
    story other("jc304");
    other.goes_on = true; // to look whether the keys have gone astray
    other.card.inject(lab::fault_plan::parse("sw6985@set-status", crypto::system_random()));
    BOOST_TEST(other.run(other.order("1", change::create)).error.find("is not personalized") != std::string::npos);
}

// Whatever is said of STORE DATA, and whichever versions the ISD has: 01, or 30 as the lab's new keys.
BOOST_AUTO_TEST_CASE(keys_that_went_astray_are_removed_again) {
    for (const std::string name : {"jc305", "jc304", "euicc"})
        for (const auto* said : {"", ",forge6985@store-data", ",forge6A80@store-data:1-", ",bad-rmac@store-data"})
            BOOST_TEST_CONTEXT(name << said) {
                story s(name, {}, name == "euicc" ? 32 : 16);
                const auto isd = [&]() -> const auto& { return s.card.state().registry.isd().sd->key_sets; };
                const auto version = isd().at(0).version;
                const auto keys = isd().at(0).keys;
                s.card.inject(lab::fault_plan::parse("pretend@install-for-personalization:1-" + std::string(said),
                                                     crypto::system_random()));
                s.goes_on = true;
                const auto told = s.run(s.order("1", change::create)).error;
                BOOST_TEST(told.find("have reached the issuer security domain") != std::string::npos, told);
                BOOST_TEST_REQUIRE(isd().size() == 1u);
                BOOST_TEST(isd().at(0).version == version);
                BOOST_TEST((isd().at(0).keys == keys));
                s.card.inject({});
                s.card.reset();
                const auto again = s.run(s.order("2", change::create));
                BOOST_TEST(again.error == "");
                const auto got = s.keys(again.session);
                BOOST_TEST(got.key_version != version);
                s.channel(got);
            }
}

// A domain cannot have another version where the ISD has them all: nothing is sent then, and it is the issuer's matter.
BOOST_AUTO_TEST_CASE(keys_never_get_a_version_of_the_issuers) {
    story s("jc304");
    auto& sets = s.card.state().registry.isd().sd->key_sets;
    const auto first = sets.at(0);
    for (std::uint8_t version = 0x31; version <= 0x3F; ++version) {
        auto set = first;
        set.version = version;
        sets.push_back(set);
    }
    const auto done = s.run(s.order("1", change::create));
    BOOST_TEST(done.error.find("keys of every version") != std::string::npos, done.error);
    for (const auto& apdu : s.sent)
        BOOST_TEST(apdu[1] != 0xE2, to_hex(apdu));
}

// What one order costs does not depend on how many there were: nothing that stands in the file is written again.
BOOST_AUTO_TEST_CASE(an_order_adds_to_the_journal_and_touches_nothing_else) {
    temporary_file file;
    story s(lab::default_personality, file.path);
    std::size_t first = 0;
    for (int n = 0; n < 60; ++n) {
        const auto before = text_of(file.path);
        s.book.accept(s.order("order-" + std::to_string(100 + n), change::create));
        s.book.carried_out("order-" + std::to_string(100 + n), {0x70});
        const auto after = text_of(file.path);
        BOOST_TEST_REQUIRE(after.starts_with(before));
        const auto added = after.size() - before.size();
        first = n == 0 ? added : first;
        BOOST_TEST(added == first);
    }
    const auto grown = std::filesystem::file_size(file.path);
    lab::order_book reopened(file.path, {}, crypto::system_random());
    BOOST_TEST(std::filesystem::file_size(file.path) < grown); // one line an order
    BOOST_TEST(reopened.find("order-100")->carried_out);
    BOOST_TEST((reopened.find("order-159")->keys->keys.mac == s.book.find("order-159")->keys->keys.mac));
    BOOST_TEST((reopened.transport_key() == s.book.transport_key()));
}

BOOST_AUTO_TEST_CASE(a_journal_that_was_torn_or_is_of_before_is_read) {
    temporary_file file;
    {
        story s(lab::default_personality, file.path);
        s.book.accept(s.order("1", change::create));
        s.book.accept(s.order("2", change::create));
    }
    auto text = text_of(file.path);
    write_text(file.path, text.substr(0, text.size() - 20)); // the second order was never acknowledged
    {
        lab::order_book torn(file.path, {}, crypto::system_random());
        BOOST_TEST(torn.find("1"));
        BOOST_TEST(!torn.find("2"));
        story s;
        torn.accept(s.order("3", change::create));
    }
    lab::order_book whole(file.path, {}, crypto::system_random());
    BOOST_TEST(whole.find("1"));
    BOOST_TEST(whole.find("3"));

    write_text(file.path, R"({
    "transportKey": "000102030405060708090A0B0C0D0E0F",
    "orders": [
        {
            "request": {"secureElement": [{"seType": "eSE", "seId": "4950"}],
                        "remoteManagementOrder": {"orderId": "old", "identity": {"cplc": "4950"},
                                                  "isdAid": "A000000151000000"}},
            "carriedOut": true,
            "i": 112
        }
    ]
}
)");
    for (int run = 0; run < 2; ++run) { // the second one reads what the first has written
        lab::order_book old(file.path, {}, crypto::system_random());
        BOOST_REQUIRE(old.find("old"));
        BOOST_TEST(old.find("old")->carried_out);
        BOOST_TEST(to_hex(old.transport_key().view()) == "000102030405060708090A0B0C0D0E0F");
    }
    BOOST_TEST(text_of(file.path).starts_with("{\"transportKey\""));
}

BOOST_AUTO_TEST_CASE(an_order_that_cannot_be_written_is_not_taken) {
    temporary_file file;
    story s(lab::default_personality, file.path);
    std::filesystem::remove(file.path);
    BOOST_CHECK_THROW(s.book.accept(s.order("1", change::create)), std::runtime_error);
    BOOST_TEST(!s.book.find("1"));
}

BOOST_AUTO_TEST_SUITE_END()
