// createServiceInstance whose answer was lost together with the server, and that comes again: there is one instance,
// everybody who asks gets the first answer, and the SPOS is told of a failure once, and never of one that is none
// (DIV-107).

#include "tests/moved_clock.hpp"
#include "tests/unit/enquiry_world.hpp"
#include "tests/unit/instance_rows.hpp"

using namespace tsms;
using namespace tsms::unit;
using namespace std::chrono_literals;
using model::create_service_instance;
using store::device_store;

namespace {

const model::tsm_api_function what = create_service_instance{"service", "1.0.0"};
const model::session_proof proof{std::string(64, 'a'), std::string(64, 'b'), std::string(64, 'c'), "192.0.2.1", "sp"};

/// A server that lives several times on one store. In each life comes the same call.
class lives {
public:
    lives(device_store& db, moved_clock& c, bool eligible) : store(db), clock(c), eligible_(eligible) {}

    enquiry_world next() {
        enquiry_world world;
        if (!eligible_)
            world.profiles.clear();
        world.call_proof = proof;
        world.kept = &store;
        world.life = ++count_;
        return world;
    }
    std::size_t instances() const {
        std::size_t found = 0;
        for (const auto& card : store.cards.all())
            found += store.instances.count_on(card.id);
        return found;
    }

    device_store& store;
    moved_clock& clock;

private:
    bool eligible_;
    std::size_t count_ = 0;
};

/// With a store of its own in a file, and in memory.
template <class F> void with_each_store(bool eligible, F f) {
    moved_clock clock;
    {
        temporary_database t;
        device_store file(t.file(), store::believe_mark::yes, clock);
        lives in_file(file, clock, eligible);
        f(in_file);
    }
    auto memory = store::make_memory_store(clock);
    lives in_memory(memory, clock, eligible);
    f(in_memory);
}

model::create_service_instance_result creation(enquiry_world world) {
    return world.run_as(create_service_instance{"service", "1.0.0"});
}

std::size_t effects_of_a_whole_call(bool eligible) {
    moved_clock clock;
    auto memory = store::make_memory_store(clock);
    auto world = lives(memory, clock, eligible).next();
    world.run(what);
    return world.effects.size();
}

error_category status_of(const model::create_service_instance_result& result) {
    return result.outcome.status;
}

} // namespace

BOOST_AUTO_TEST_SUITE(repeated_creation)

BOOST_AUTO_TEST_CASE(whatever_the_server_dies_behind_the_repetition_gets_the_one_instance) {
    const auto effects = effects_of_a_whole_call(true);
    BOOST_TEST_REQUIRE(effects > 10u);
    std::size_t told_again = 0;
    for (std::size_t k = 1; k < effects; ++k)
        with_each_store(true, [&](lives& server) {
            BOOST_TEST_CONTEXT("dies behind effect " << k << " of " << effects) {
                server.next().abandon(what, k);
                const bool there = server.instances() == 1;
                auto again = server.next();
                const auto result = again.run_as(create_service_instance{"service", "1.0.0"});
                BOOST_TEST((status_of(result) == error_category::none), result.outcome.message);
                BOOST_TEST(server.instances() == 1u);
                BOOST_REQUIRE(result.service_instance);
                BOOST_TEST(server.store.instances.find(result.service_instance->id).has_value());
                BOOST_TEST(result.service_instance->reader == "eSE1");
                if (there) { // neither phone nor catalog is asked
                    BOOST_TEST(again.effects == (std::vector<std::string>{"find_answer", "answer"}),
                               boost::test_tools::per_element());
                    ++told_again;
                }
                const auto once_more = creation(server.next());
                BOOST_TEST(once_more.service_instance.value().id == result.service_instance->id);
                BOOST_TEST(server.store.outbox.all().empty());
            }
        });
    BOOST_TEST(told_again >= 4u); // behind create_row and behind what is told the operator, in both stores
}

BOOST_AUTO_TEST_CASE(whatever_it_dies_behind_the_spos_is_told_of_a_failure_once) { // AMB-140
    const auto effects = effects_of_a_whole_call(false);
    for (std::size_t k = 1; k < effects; ++k)
        with_each_store(false, [&](lives& server) {
            BOOST_TEST_CONTEXT("dies behind effect " << k << " of " << effects) {
                server.next().abandon(what, k);
                const auto result = creation(server.next());
                BOOST_TEST((status_of(result) == error_category::no_eligible_sc));
                BOOST_TEST(creation(server.next()).outcome.message == result.outcome.message);
                BOOST_TEST(server.store.outbox.all().size() == 1u);
                BOOST_TEST(server.instances() == 0u);
            }
        });
}

BOOST_AUTO_TEST_CASE(what_was_refused_stays_refused_though_it_would_succeed_now) {
    with_each_store(false, [](lives& server) {
        const auto refused = creation(server.next());
        auto fits = server.next();
        fits.profiles = enquiry_world().profiles;
        BOOST_TEST(creation(fits).outcome.message == refused.outcome.message);
        BOOST_TEST(server.instances() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(an_answer_is_given_to_the_same_call_alone) {
    with_each_store(true, [](lives& server) {
        BOOST_TEST((status_of(creation(server.next())) == error_category::none));
        auto other_content = server.next();
        other_content.call_proof.call_digest = std::string(64, 'd');
        auto other_provider = server.next();
        other_provider.provider = std::nullopt;
        for (auto& world : {other_content, other_provider}) {
            const auto result = creation(world);
            BOOST_TEST((status_of(result) == error_category::invalid_request));
            BOOST_TEST(result.outcome.message.find("this callId belongs to another call") != std::string::npos);
            BOOST_TEST(!result.service_instance);
        }
        BOOST_TEST(server.instances() == 1u);
        auto answer = server.store.answers.find(proof.call_hash).value();
        BOOST_TEST(answer.caller == "caller");
        BOOST_TEST(answer.provider.value() == "sp");
    });
}

BOOST_AUTO_TEST_CASE(another_caller_does_not_get_it) {
    with_each_store(true, [](lives& server) {
        auto answer = model::answered_call{proof.call_hash, proof.call_digest, "another caller", "sp", {}};
        model::outbox_entry delivery{.process = "", .spos = {"https://spos", ""}, .body = "body"};
        BOOST_TEST(server.store.outbox.add(delivery, answer));
        BOOST_TEST((status_of(creation(server.next())) == error_category::invalid_request));
        BOOST_TEST(server.instances() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(an_answer_is_forgotten_with_the_results_of_its_time) {
    with_each_store(true, [](lives& server) {
        const auto first = creation(server.next());
        const auto given = std::chrono::floor<std::chrono::seconds>(server.clock.wall());
        server.store.retention.forget_results_before(given);
        BOOST_TEST(creation(server.next()).service_instance.value().id == first.service_instance.value().id);
        server.store.retention.forget_results_before(given + 1s);
        BOOST_TEST((status_of(creation(server.next())) == error_category::no_eligible_sc)); // the Service is there
        BOOST_TEST(server.instances() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(a_call_without_an_id_leaves_no_answer) {
    with_each_store(true, [](lives& server) {
        auto first = server.next();
        first.call_proof = {};
        BOOST_TEST((status_of(creation(first)) == error_category::none));
        BOOST_TEST(!server.store.answers.find("").has_value());
        auto again = server.next();
        again.call_proof = {};
        BOOST_TEST((status_of(creation(again)) == error_category::no_eligible_sc));
    });
}

BOOST_AUTO_TEST_CASE(two_servers_carry_out_one_call_once) {
    with_each_store(true, [](lives& server) {
        auto slower = server.next();
        std::string created;
        slower.before_create = [&] { created = creation(server.next()).service_instance.value().id; };
        const auto result = creation(slower);
        BOOST_TEST((status_of(result) == error_category::none), result.outcome.message);
        BOOST_TEST(result.service_instance.value().id == created);
        BOOST_TEST(server.instances() == 1u);
        BOOST_TEST(server.store.outbox.all().empty());
    });
}

BOOST_AUTO_TEST_SUITE_END()
