// The enquiries of the TSM-API as calls: what each refuses, asks, decides and tells (TR 4.2.5.1, 4.2.5.2, 4.2.5.7,
// 4.2.5.8).

#include "tests/unit/enquiry_world.hpp"

using namespace tsms;
using namespace tsms::unit;
using model::check_service_deployment_available;
using model::check_service_update_available;
using model::create_service_instance;
using model::get_service_instances;

namespace {

const std::string cplc(84, '4');

std::string message_of(const model::tsm_api_result& r) {
    return model::outcome_of(r).message;
}

/// What an app, its phone and the operator's SPOS see of a call.
struct seen_outside {
    std::string name;
    error_category status{};
    std::string message;
    std::size_t admitted = 0, exchanges = 0, told = 0;

    friend bool operator==(const seen_outside&, const seen_outside&) = default;
    friend std::ostream& operator<<(std::ostream& out, const seen_outside& s) {
        return out << s.name << ": " << static_cast<int>(s.status) << " " << s.message << ", admitted " << s.admitted
                   << ", exchanges " << s.exchanges << ", told " << s.told;
    }
};
seen_outside outside(enquiry_world world, const std::string& name, model::tsm_api_function what) {
    const auto result = world.run(std::move(what));
    const auto& outcome = model::outcome_of(result);
    return {name, outcome.status, outcome.message, world.admitted, world.exchanges, world.delivered.size()};
}

/// A handset whose card has our domain with these keys, which the row knows.
enquiry_world with_proven_card(std::uint8_t keys = 7) {
    enquiry_world world;
    world.cards[0].keys = keys;
    world.known[cplc].proven = {enquiry_world::proven_row("proven", keys)};
    world.known[cplc].claimed = enquiry_world::claimed_row("claimed");
    return world;
}

} // namespace

BOOST_AUTO_TEST_SUITE(enquiry_call)

BOOST_AUTO_TEST_CASE(what_is_not_possible_is_refused_before_a_card_is_asked) {
    const struct {
        model::tsm_api_function what;
        const char* message;
    } refusals[] = {
        {create_service_instance{"service", "1.x.x"}, "Invalid request: version ‘1.x.x’ is not of the form a.b.c"},
        {create_service_instance{"other", "1.0.0"}, "Invalid request: service ‘other’ does not exist"},
        {create_service_instance{"service", "9.0.0"}, "Invalid request: version ‘9.0.0’ does not exist"},
        {check_service_deployment_available{"service", "1"}, "Invalid request: unsupported version RegExp ‘1’"},
        {check_service_deployment_available{"other", "x.x.x"}, "Invalid request: service ‘other’ does not exist"},
        {check_service_deployment_available{"service", "9.0.0"}, "Invalid request: version ‘9.0.0’ does not exist"},
        {check_service_update_available{"nobody", "x.x.x"},
         "Invalid request: serviceInstanceId ‘nobody’ does not exist"},
        {check_service_update_available{"one", ""}, "Invalid request: unsupported version RegExp ‘’"},
        {check_service_update_available{"one", "x.1.x"}, "Invalid request: unsupported version RegExp ‘x.1.x’"},
        {check_service_update_available{"one", "9.0.0"}, "Invalid request: version ‘9.0.0’ does not exist"},
    };
    for (const auto& r : refusals) {
        enquiry_world world;
        world.instances = {enquiry_world::instance("one", "proven")};
        const auto result = world.run(r.what);
        BOOST_TEST((model::outcome_of(result).status == error_category::invalid_request), r.message);
        BOOST_TEST(message_of(result) == r.message);
        BOOST_TEST(world.admitted == 0u, r.message);
        BOOST_TEST(world.exchanges == 0u, r.message);
        BOOST_TEST(world.delivered.empty(), r.message);
    }
}

BOOST_AUTO_TEST_CASE(an_app_that_is_not_registered_is_told_so) { // AMB-236
    for (const model::tsm_api_function& what :
         {model::tsm_api_function(create_service_instance{"service", "1.0.0"}),
          model::tsm_api_function(get_service_instances{"service"}),
          model::tsm_api_function(check_service_deployment_available{"service", "x.x.x"}),
          model::tsm_api_function(check_service_update_available{"one", "x.x.x"})}) {
        auto world = with_proven_card();
        world.instances = {enquiry_world::instance("one", "proven")};
        world.provider.reset();
        BOOST_TEST((model::outcome_of(world.run(what)).status == error_category::not_authenticated));
        BOOST_TEST(world.admitted == 0u);
    }
}

// DIV-083
BOOST_AUTO_TEST_CASE(another_providers_service_looks_like_one_that_does_not_exist) {
    const std::pair<const char*, model::tsm_api_function> functions[] = {
        {"create", create_service_instance{"service", "1.0.0"}},
        {"create, malformed", create_service_instance{"service", "1.x.x"}},
        {"create, no such version", create_service_instance{"service", "9.0.0"}},
        {"get", get_service_instances{"service"}},
        {"check", check_service_deployment_available{"service", "x.x.x"}},
        {"check, malformed", check_service_deployment_available{"service", "1"}},
        {"check, no such version", check_service_deployment_available{"service", "9.0.0"}},
        {"update", check_service_update_available{"one", "x.x.x"}},
        {"update, malformed", check_service_update_available{"one", "1"}},
        {"update, no such version", check_service_update_available{"one", "9.0.0"}},
    };
    for (const auto& [name, what] : functions)
        for (const auto manner : {played_card::answers, played_card::absent, played_card::tears}) {
            auto foreign = with_proven_card();
            foreign.cards[0].manner = manner;
            foreign.provider = "another";
            foreign.instances = {enquiry_world::instance("one", "proven"), enquiry_world::instance("two", "claimed")};
            auto absent = foreign;
            absent.service.reset();
            absent.instances.clear();
            BOOST_TEST(outside(foreign, name, what) == outside(absent, name, what));
        }
}

BOOST_AUTO_TEST_CASE(a_card_that_proves_itself_sees_its_row_and_every_other_one_the_claims) { // AMB-239
    auto world = with_proven_card();
    world.instances = {enquiry_world::instance("of proven", "proven"),
                       enquiry_world::instance("of claimed", "claimed")};
    auto genuine = world;
    auto listed = genuine.run_as(get_service_instances{"service"}).service_instances;
    BOOST_REQUIRE_EQUAL(listed.size(), 1u);
    BOOST_TEST(listed[0].id == "of proven");
    BOOST_TEST(listed[0].reader == "eSE1");

    auto other_keys = world;
    other_keys.cards[0].keys = 8;
    listed = other_keys.run_as(get_service_instances{"service"}).service_instances;
    BOOST_REQUIRE_EQUAL(listed.size(), 1u);
    BOOST_TEST(listed[0].id == "of claimed");

    auto none = world;
    none.cards[0].keys.reset();
    listed = none.run_as(get_service_instances{"service"}).service_instances;
    BOOST_REQUIRE_EQUAL(listed.size(), 1u);
    BOOST_TEST(listed[0].id == "of claimed");
}

BOOST_AUTO_TEST_CASE(a_silent_card_does_not_hide_what_the_others_hold) { // AMB-240
    for (const auto manner : {played_card::tears, played_card::tears_in_proof, played_card::tears_in_second_order}) {
        auto world = with_proven_card();
        world.cards.push_back({"SIM1", std::string(84, '5'), 9, {}});
        world.cards.back().manner = manner;
        world.instances = {enquiry_world::instance("one", "proven")};
        auto listing = world;
        const auto listed = listing.run_as(get_service_instances{"service"});
        BOOST_TEST((listed.outcome.status == error_category::execution_interrupted));
        BOOST_TEST(listed.outcome.message.find("SIM1") != std::string::npos);
        BOOST_TEST(listed.service_instances.size() == 1u);

        auto creating = world;
        creating.instances.clear();
        const auto refused = creating.run_as(create_service_instance{"service", "1.0.0"});
        BOOST_TEST((refused.outcome.status == error_category::execution_interrupted));
        BOOST_TEST(creating.created.empty());
        BOOST_TEST(creating.encoded.empty()); // the SPOS hears of category 8 alone

        auto updating = world; // the other one is the instance's
        BOOST_TEST(updating.run_as(check_service_update_available{"one", "x.x.x"}).update_available);
        updating = world;
        updating.instances[0].secure_component_id = "elsewhere";
        const auto looked_for = updating.run_as(check_service_update_available{"one", "x.x.x"});
        BOOST_TEST((looked_for.outcome.status == error_category::execution_interrupted));
    }
    enquiry_world alone;
    alone.cards[0].manner = played_card::tears;
    const auto checked = alone.run_as(check_service_deployment_available{"service", "x.x.x"});
    BOOST_TEST((checked.outcome.status == error_category::execution_interrupted));
}

BOOST_AUTO_TEST_CASE(a_lost_phone_ends_the_call) {
    for (const model::tsm_api_function& what :
         {model::tsm_api_function(create_service_instance{"service", "1.0.0"}),
          model::tsm_api_function(get_service_instances{"service"}),
          model::tsm_api_function(check_service_deployment_available{"service", "x.x.x"}),
          model::tsm_api_function(check_service_update_available{"one", "x.x.x"})}) {
        auto world = with_proven_card();
        world.instances = {enquiry_world::instance("one", "proven")};
        world.phone_there = false;
        const auto result = world.run(what);
        BOOST_TEST((model::outcome_of(result).status == error_category::execution_interrupted));
        BOOST_TEST(message_of(result).find("the connection to the handset was lost") != std::string::npos);
        BOOST_TEST(world.admitted == 1u);
        BOOST_TEST(world.count("find_cards") == 0u);
    }
}

BOOST_AUTO_TEST_CASE(an_instance_is_created_on_the_row_of_its_card) {
    enquiry_world world;
    const auto r = world.run_as(create_service_instance{"service", "1.0.0"});
    BOOST_TEST((r.outcome.status == error_category::none), r.outcome.message);
    BOOST_REQUIRE_EQUAL(world.created.size(), 1u);
    const auto& row = world.created[0];
    BOOST_REQUIRE(r.service_instance);
    BOOST_TEST(r.service_instance->id == row.instance.id);
    BOOST_TEST((r.service_instance->state == model::instance_state::not_deployed)); // TR 3.2.2
    BOOST_TEST((r.service_instance->last_operation == model::operation::no_operation));
    BOOST_TEST(!model::may_be_on_card(row.instance));
    BOOST_TEST(row.instance.secure_component_id == row.card.id);
    BOOST_TEST(row.card.identity == cplc);
    BOOST_TEST(row.card.profile_id == "profile");
    BOOST_TEST(row.instance.reader == "eSE1");
    BOOST_TEST(row.instance.atr == "3B00");
    BOOST_TEST(row.instance.target.version_tag == "1.0.0");
    BOOST_TEST(world.charged == 1u);

    auto proven = with_proven_card();
    proven.run(create_service_instance{"service", "1.0.0"});
    BOOST_REQUIRE_EQUAL(proven.created.size(), 1u);
    BOOST_TEST(proven.created[0].card.id == "proven");
    BOOST_TEST(proven.charged == 0u); // a proven card pays nothing
    auto claimed = with_proven_card();
    claimed.cards[0].keys.reset();
    claimed.run(create_service_instance{"service", "1.0.0"});
    BOOST_REQUIRE_EQUAL(claimed.created.size(), 1u);
    BOOST_TEST(claimed.created[0].card.id == "claimed");
    BOOST_TEST(claimed.charged == 1u);
}

BOOST_AUTO_TEST_CASE(who_has_caused_too_much_is_told_when_to_come_again) { // DIV-061
    enquiry_world world;
    world.later = calls::come_again{3600};
    const auto result = world.run(create_service_instance{"service", "1.0.0"});
    BOOST_TEST((model::outcome_of(result).status == error_category::tsm_not_available));
    BOOST_TEST(message_of(result).find("in 3600 seconds") != std::string::npos);
    BOOST_TEST(world.created.empty());
    BOOST_TEST(world.encoded.empty());
}

BOOST_AUTO_TEST_CASE(a_creation_is_decided_anew_when_the_row_changes_but_not_for_ever) {
    using enum model::creation;
    enquiry_world once;
    once.creations = {card_changed};
    BOOST_TEST(
        (model::outcome_of(once.run(create_service_instance{"service", "1.0.0"})).status == error_category::none));
    BOOST_TEST(once.created.size() == 2u);
    BOOST_TEST(once.count("find_cards") == 2u);
    BOOST_TEST(once.exchanges == 1u); // no card is asked again
    BOOST_TEST(once.charged == 1u);   // nor anybody charged

    enquiry_world always;
    always.creations = {card_changed, card_changed, card_changed, created};
    const auto result = always.run(create_service_instance{"service", "1.0.0"});
    BOOST_TEST((model::outcome_of(result).status == error_category::tsm_not_available));
    BOOST_TEST(always.created.size() == 3u);
    BOOST_TEST(always.encoded.empty());
}

BOOST_AUTO_TEST_CASE(a_failed_creation_is_told_to_the_spos_once) { // AMB-140
    const auto check = [](enquiry_world& world, const std::string& why) {
        const auto result = world.run(create_service_instance{"service", "1.0.0"});
        BOOST_TEST((model::outcome_of(result).status == error_category::no_eligible_sc));
        BOOST_TEST(message_of(result).find(why) != std::string::npos, message_of(result));
        BOOST_REQUIRE_EQUAL(world.encoded.size(), 1u);
        BOOST_REQUIRE_EQUAL(world.delivered.size(), 1u);
        const auto& told = world.encoded[0];
        BOOST_TEST(told.message == message_of(result));
        BOOST_TEST((told.status == error_category::no_eligible_sc));
        BOOST_TEST(told.process_id.empty());
        BOOST_TEST(told.service_instance_id.empty());
        BOOST_TEST(told.requested_operations.empty());
        BOOST_TEST(told.service_id == "service");
        BOOST_TEST(told.version_tag == "1.0.0");
        BOOST_TEST(world.delivered[0].body == "body");
        BOOST_TEST(world.delivered[0].provider == "sp");
        BOOST_TEST(world.delivered[0].spos.url == "https://spos");
    };
    auto there = with_proven_card();
    there.instances = {enquiry_world::instance("one", "proven")};
    check(there, "service is already deployed");
    BOOST_TEST(there.created.empty());
    enquiry_world faster; // another call was
    faster.creations = {model::creation::has_service};
    check(faster, "service is already deployed");
    enquiry_world taken_back;
    taken_back.published = false;
    check(taken_back, "the Flavor is not published any more");
    enquiry_world unknown;
    unknown.profiles.clear();
    check(unknown, "no SecureComponentProfile recognises it");

    enquiry_world beyond;
    beyond.profiles.clear();
    beyond.may_tell = false;
    BOOST_TEST((model::outcome_of(beyond.run(create_service_instance{"service", "1.0.0"})).status ==
                error_category::no_eligible_sc));
    BOOST_TEST(beyond.encoded.empty());
    enquiry_world nobody;
    nobody.profiles.clear();
    nobody.service->spos.reset();
    nobody.run(create_service_instance{"service", "1.0.0"});
    BOOST_TEST(nobody.count("may_tell_of_failed_creation") == 0u);
}

BOOST_AUTO_TEST_CASE(a_device_is_checked_without_a_proof) {
    auto world = with_proven_card();
    const auto r = world.run_as(check_service_deployment_available{"service", "x.x.x"});
    BOOST_TEST(r.deployment_available);
    BOOST_TEST(r.version == "1.2.0");
    BOOST_REQUIRE(r.new_technical);
    BOOST_TEST(r.new_technical->flavor_id == "flavor of 1.2.0");
    BOOST_TEST(world.exchanges == 1u);
    BOOST_TEST(world.count("find_cards") == 0u);
    enquiry_world unfit;
    const auto none = unfit.run_as(check_service_deployment_available{"service", "2.0.0"});
    BOOST_TEST(!none.deployment_available);
    BOOST_TEST(none.version.empty());
    BOOST_TEST((none.outcome.status == error_category::none));
}

// TR 4.2.5.7
BOOST_AUTO_TEST_CASE(a_device_check_sees_no_instances) {
    for (const int state : {1, 10, 11, 12, 14, 21, 22, 25}) {
        auto world = with_proven_card();
        world.instances = {enquiry_world::instance("one", "proven", "1.2.0")};
        world.instances[0].state = static_cast<model::instance_state>(state);
        auto creating = world;
        const auto r = world.run_as(check_service_deployment_available{"service", "x.x.x"});
        BOOST_TEST(r.deployment_available, state);
        BOOST_TEST(r.version == "1.2.0");
        BOOST_TEST((r.outcome.status == error_category::none));
        const auto refused = creating.run_as(create_service_instance{"service", "1.2.0"});
        BOOST_TEST((refused.outcome.status == error_category::no_eligible_sc)); // though it is there
    }
}

// TR 3.3.1, 3.3.2: neither an eligibility check nor a device check costs anybody but the handset. That no process
// begins and no issuer is asked, the world sees to.
BOOST_AUTO_TEST_CASE(a_check_asks_nobody_but_the_handset) {
    for (const model::tsm_api_function& what :
         {model::tsm_api_function(create_service_instance{"service", "1.0.0"}),
          model::tsm_api_function(check_service_deployment_available{"service", "x.x.x"})}) {
        enquiry_world world;
        world.cards.push_back({"SIM1", std::string(84, '5')});
        BOOST_TEST((model::outcome_of(world.run(what)).status == error_category::none));
        BOOST_TEST(world.exchanges == 2u); // each card once
        BOOST_TEST(world.encoded.empty()); // nothing for the service provider
        BOOST_TEST(world.delivered.empty());
        for (const auto& effect : world.effects)
            BOOST_TEST((std::set<std::string>{"survey_service", "find_provider", "find_target", "find_kinds",
                                              "find_cards", "create_row", "charge_trace", "admit", "answer", "perform",
                                              "ask_time", "new_id", "tell_operator"}
                            .contains(effect)),
                       effect);
    }
}

// TR 3.2.2
BOOST_AUTO_TEST_CASE(every_state_can_be_retrieved) {
    using enum model::instance_state;
    for (const auto state :
         {not_deployed, initialized, installed, personalized, activated, operational, suspended, in_error}) {
        auto world = with_proven_card();
        world.instances = {enquiry_world::instance("one", "proven")};
        world.instances[0].state = state;
        const auto listed = world.run_as(get_service_instances{"service"}).service_instances;
        BOOST_REQUIRE_EQUAL(listed.size(), 1u);
        BOOST_TEST((listed[0].state == state));
    }
}

// TR 4.2.5.8, AMB-137, DIV-084
BOOST_AUTO_TEST_CASE(an_update_is_a_higher_version_for_the_profile_of_the_instances_card) {
    const struct {
        const char* installed;
        const char* asked;
        const char* available; ///< empty: none
    } rows[] = {
        {"1.0.0", "x.x.x", "1.2.0"}, {"1.0.0", "1.X.x", "1.2.0"}, {"1.0.0", "1.2.0", "1.2.0"},
        {"1.0.0", "1.0.x", ""},      {"1.0.0", "1.0.0", ""},      {"1.2.0", "1.0.0", ""},
        {"1.2.0", "x.x.x", ""},      {"1.2.0", "1.2.0", ""},      {"1.0.0", "2.0.0", ""}, // for another profile
        {"1.0.0", "2.x.x", ""},      {"1.0.0", "7.x.x", ""},      {"1.9.0", "x.x.x", ""},
    };
    for (const auto& row : rows)
        for (const auto state : {model::instance_state::not_deployed, model::instance_state::operational,
                                 model::instance_state::suspended, model::instance_state::in_error}) {
            auto world = with_proven_card();
            world.instances = {enquiry_world::instance("one", "proven", row.installed)};
            world.instances[0].state = state; // does not matter
            const auto r = world.run_as(check_service_update_available{"one", row.asked});
            BOOST_TEST_CONTEXT(row.installed << " asks for " << row.asked) {
                BOOST_TEST((r.outcome.status == error_category::none), r.outcome.message);
                BOOST_TEST(r.outcome.message.empty());
                BOOST_TEST(r.new_version == row.available);
                BOOST_TEST(r.update_available == !std::string(row.available).empty());
                BOOST_REQUIRE(r.new_technical.has_value() == r.update_available);
                if (r.update_available) {
                    BOOST_TEST(r.new_technical->service_version_tag == row.available);
                    BOOST_TEST(r.new_technical->flavor_id == std::string("flavor of ") + row.available);
                    BOOST_TEST(r.new_technical->profile_id == "profile");
                }
            }
        }
}

BOOST_AUTO_TEST_CASE(there_is_no_update_of_what_the_catalog_does_not_have) {
    auto world = with_proven_card();
    world.instances = {enquiry_world::instance("one", "proven")};
    auto deleted = world; // the Service, AMB-068
    deleted.service.reset();
    const auto none = deleted.run_as(check_service_update_available{"one", "x.x.x"});
    BOOST_TEST((none.outcome.status == error_category::none));
    BOOST_TEST(!none.update_available);
    auto taken_back = world;
    taken_back.published = false;
    BOOST_TEST(!taken_back.run_as(check_service_update_available{"one", "x.x.x"}).update_available);
    auto deprecated = world; // AMB-070
    for (auto& version : deprecated.service->versions)
        version.profiles.clear();
    BOOST_TEST(!deprecated.run_as(check_service_update_available{"one", "x.x.x"}).update_available);
}

BOOST_AUTO_TEST_CASE(an_update_is_told_to_the_card_of_the_instance_alone) { // DIV-084
    auto world = with_proven_card();
    world.instances = {enquiry_world::instance("one", "proven")};
    const auto refused = [&](enquiry_world w) {
        const auto r = w.run_as(check_service_update_available{"one", "x.x.x"});
        BOOST_TEST((r.outcome.status == error_category::sc_inaccessible), r.outcome.message);
        BOOST_TEST(!r.update_available);
        BOOST_TEST(r.new_version.empty());
        BOOST_TEST(w.count("find_target") == 0u);
        return w.exchanges;
    };
    auto claiming = world;
    claiming.cards[0].keys = 8;
    const auto exchanges = refused(claiming);
    auto another = claiming; // a card of which no row tells anything
    another.known.clear();
    BOOST_TEST(refused(another) == exchanges);
    auto absent = world;
    absent.cards[0].manner = played_card::absent;
    refused(absent);

    auto never_there = world; // of what was never on a card, a claim sees the row (AMB-239)
    never_there.instances[0].secure_component_id = "claimed";
    never_there.cards[0].keys.reset();
    BOOST_TEST(never_there.run_as(check_service_update_available{"one", "x.x.x"}).update_available);
}

BOOST_AUTO_TEST_CASE(broken_off_behind_any_effect_a_call_is_answered_once) {
    auto failing = enquiry_world();
    failing.profiles.clear();
    auto updating = with_proven_card();
    updating.instances = {enquiry_world::instance("one", "proven")};
    auto changing = enquiry_world();
    changing.creations = {model::creation::card_changed};
    const std::pair<enquiry_world, model::tsm_api_function> stories[] = {
        {enquiry_world(), create_service_instance{"service", "1.0.0"}},
        {changing, create_service_instance{"service", "1.0.0"}},
        {failing, create_service_instance{"service", "1.0.0"}},
        {updating, get_service_instances{"service"}},
        {updating, check_service_deployment_available{"service", "x.x.x"}},
        {updating, check_service_update_available{"one", "x.x.x"}},
    };
    for (const auto& [world, what] : stories) {
        auto whole = world;
        whole.run(what);
        for (std::size_t i = 0; i < whole.effects.size(); ++i) { // an actor that is gone
            auto gone = world;
            gone.abandon(what, i);
            BOOST_TEST(gone.answers.empty());
        }
        for (std::size_t i = 0; i + 1 < whole.effects.size(); ++i) // the last one is its answer
            for (const auto how : {breaking::unanswered, breaking::broke, breaking::stopping}) {
                auto torn = world;
                torn.break_at = i;
                torn.how = how;
                const auto status = model::outcome_of(torn.run(what)).status;
                BOOST_TEST_CONTEXT("behind " << whole.effects[i] << ", effect " << i) {
                    BOOST_TEST((status == (how == breaking::broke ? error_category::internal_error
                                                                  : error_category::tsm_not_available)));
                    BOOST_TEST(torn.effects.back() == "answer");
                    BOOST_TEST(torn.count("create_row") <= whole.count("create_row"));
                    if (how != breaking::stopping) {
                        BOOST_TEST(torn.count("tell_operator") > 0u); // why
                    }
                }
            }
    }
}

BOOST_AUTO_TEST_SUITE_END()
