// A termination whose rows are certain removes without a look (DIV-110); what makes them uncertain, and a card that is
// not as they say.

#include "tests/sim/versions.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>

using namespace tsms;
using namespace tsms::sim;

namespace {

/// Counts the listings in front of the first DELETE.
void count_looks(world& w, std::size_t& looks) {
    w.on_the_way = [&looks, removes = false](const gp::card_command& command,
                                             const auto&) mutable -> std::optional<bytes> {
        removes = removes || command.what == gp::step::delete_object;
        looks += !removes && command.what == gp::step::get_status;
        return std::nullopt;
    };
}

process::process_outcome terminate(world& w, bool last, bool other_rows = false) {
    auto r = w.request();
    r.last_service_on_card = last;
    r.look_first = other_rows;
    return *w.play(process::terminate(r));
}

void change_card(world& w, const std::function<void(lab::registry&)>& change) {
    auto state = w.card.state();
    change(state.registry);
    w.card = lab::card(std::move(state), w.random);
}

/// The Service is deployed, and the card has more of it than its target.
world with_remnants() {
    auto w = operational_service();
    w.instance.target.beside.applications = {w.instance.target.applications.back()};
    w.instance.target.beside.load_files = {w.instance.target.load_files.back()};
    w.instance.target.applications.pop_back();
    w.instance.target.load_files.pop_back();
    return w;
}

struct doubt {
    const char* name;
    std::function<void(world& w)> raise;
    bool other_rows = false;
    bool last = false;
};

const doubt doubts[] = {
    {"the card", [](world& w) { w.component.doubt = true; }},
    {"an operation that was never proven",
     [](world& w) { w.instance.unproven_operation = model::operation::service_suspension; }},
    {"an instance in error", [](world& w) { w.instance.state = in_error; }},
    {"rules beside", [](world& w) { w.instance.target.beside.rules.push_back({}); }},
    {"other rows that claim the card", [](world&) {}, true},
    {"keys of the Service's domain", [](world& w) { w.instance.domain->keys_in_doubt = true; }},
    {"keys of before",
     [](world& w) {
         auto other = *w.component.tsm_domain->keys;
         other.version = 0x44;
         w.component.tsm_domain->other_keys.push_back(other);
     },
     false, true},
    {"keys in doubt", [](world& w) { w.component.tsm_domain->keys_in_doubt = true; }, false, true},
};

} // namespace

BOOST_AUTO_TEST_SUITE(terminate_service)

BOOST_AUTO_TEST_CASE(what_is_certain_is_not_looked_at) {
    for (const std::string rules : {"none", "arac", "aram-issuer"})
        for (const bool last : {true, false})
            BOOST_TEST_CONTEXT(rules << (last ? ", the last" : "")) {
                auto w = operational_service(rules.c_str());
                std::size_t looks = 0;
                count_looks(w, looks);
                BOOST_TEST(terminate(w, last).details == "");
                BOOST_TEST((looks > 0) == (rules == "arac")); // no listing shows the rules in our ARA-C
                BOOST_TEST(rules_on(w) == 0u);
                auto left = w.on_card();
                if (!last) {
                    BOOST_TEST(left.erase(tsm_domain) == 1u);
                    left.erase(w.instance.target.card.arac_aid);
                }
                BOOST_TEST(left.empty());
                BOOST_TEST(!w.component.doubt);
            }
}

// Rows of other Services can name everything of this one: then nothing goes, and nothing behind it is a proof.
BOOST_AUTO_TEST_CASE(where_nothing_would_be_removed_the_card_is_looked_at) {
    auto w = operational_service();
    const auto before = w.on_card();
    auto r = w.request();
    r.last_service_on_card = false;
    r.aids_of_others = before;
    std::size_t looks = 0;
    count_looks(w, looks);
    BOOST_TEST(w.play(process::terminate(r))->details == "");
    BOOST_TEST(looks > 0u);
    BOOST_TEST(w.on_card() == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_doubt_is_a_reason_to_look) {
    for (const auto& d : doubts)
        BOOST_TEST_CONTEXT(d.name) {
            auto w = operational_service();
            d.raise(w);
            std::size_t looks = 0;
            count_looks(w, looks);
            BOOST_TEST(terminate(w, d.last, d.other_rows).details == "");
            BOOST_TEST(looks > 0u);
            auto left = w.on_card();
            left.erase(tsm_domain);
            BOOST_TEST(left.empty());
        }
    auto w = with_remnants();
    std::size_t looks = 0;
    count_looks(w, looks);
    BOOST_TEST(terminate(w, true).details == "");
    BOOST_TEST(looks > 0u);
    BOOST_TEST(w.on_card().empty());
}

// The rows are an older copy (DIV-049): what has our AIDs now is another provider's Service. The TSM's domain could
// delete it.
BOOST_AUTO_TEST_CASE(an_older_row_removes_nothing_of_others) {
    for (const bool other_rows : {false, true}) {
        auto w = ready();
        BOOST_TEST(w.deploy({I, A}, true).details == "");
        const auto former = w.instance;
        BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
        second_service(w);
        BOOST_TEST(w.deploy({I, A}, true).details == "");
        const auto there = w.on_card();
        w.instance = former;
        w.component.doubt = !other_rows;
        BOOST_TEST(terminate(w, false, other_rows).details == "");
        BOOST_TEST(w.on_card() == there, boost::test_tools::per_element());
        BOOST_TEST(use(w, applet_1) == 0x9000);
    }
}

// Somebody has removed an application of ours, and another provider's has its AID since, below the ISD. The card
// refuses to delete that one: then it is listed, and the rest goes.
BOOST_AUTO_TEST_CASE(another_application_with_our_aid_stays) {
    for (const bool last : {true, false}) {
        auto w = operational_service();
        change_card(w, [](lab::registry& there) {
            auto other = *there.find_application(applet_3);
            other.domain = there.isd().aid;
            other.load_file = there.load_files().front().package.aid; // of the card's maker
            there.erase_application(applet_3);
            there.add(other);
        });
        w.extra_orders = 3; // the channel once more, the look, the removal
        BOOST_TEST(terminate(w, last).details == "");
        auto left = w.on_card();
        BOOST_TEST(left.erase(to_hex(applet_3)) == 1u);
        left.erase(tsm_domain);
        BOOST_TEST(left.empty());
        BOOST_TEST(w.card.state().registry.find_application(applet_3) != nullptr);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_there_any_more_is_done) {
    auto w = operational_service();
    change_card(w, [](lab::registry& there) {
        there.erase_application(applet_1);
        there.erase_application(applet_3);
        there.erase_load_file(package_2);
    });
    BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
    BOOST_TEST(w.orders == 2u);
    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
}

// It says that it has deleted and keeps something: the listing decides, and the next termination looks.
BOOST_AUTO_TEST_CASE(a_card_that_pretends_to_delete_is_found_out) {
    for (const char* pretended : {"6", "1-"}) // the Service's domain, everything
        BOOST_TEST_CONTEXT("deletion " << pretended) {
            auto w = operational_service();
            w.card.inject(lab::fault_plan::parse("pretend@delete:" + std::string(pretended), w.random));
            const auto outcome = terminate(w, true);
            BOOST_TEST(number(outcome) != 0);
            BOOST_TEST(!outcome.instance_gone);
            BOOST_TEST(number(w.instance.state) == number(in_error));
            BOOST_TEST(w.component.doubt);
            w.card.inject({});
            BOOST_TEST(terminate(w, true).details == "");
            BOOST_TEST(w.on_card().empty());
        }
    // What it keeps of the content goes with a load file, or when the domain, which is not empty, was refused.
    for (const char* pretended : {"1", "2", "3", "4", "5"})
        BOOST_TEST_CONTEXT("deletion " << pretended) {
            auto w = operational_service();
            w.card.inject(lab::fault_plan::parse("pretend@delete:" + std::string(pretended), w.random));
            BOOST_TEST(terminate(w, true).details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

// Without EXTERNAL AUTHENTICATE there is no channel: the DELETE commands behind it in the same order do nothing.
BOOST_AUTO_TEST_CASE(no_authentication_no_removal) {
    auto w = operational_service();
    const auto there = w.on_card();
    w.on_the_way = [](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        return command.what == gp::step::external_authenticate ? std::optional(hex("6300")) : std::nullopt;
    };
    BOOST_TEST(number(terminate(w, true)) == 9);
    BOOST_TEST(w.on_card() == there, boost::test_tools::per_element());
    BOOST_TEST(number(w.instance.state) == number(operational));
    w.on_the_way = nullptr;
    BOOST_TEST(terminate(w, true).details == "");
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_SUITE_END()
