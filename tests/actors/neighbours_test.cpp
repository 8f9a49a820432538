// Who else is on a card, as the rows tell it (AMB-125): asked of the store before a process begins.

#include "actors/interfaces.hpp"
#include "tests/actors/world.hpp"
#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::actors;

BOOST_AUTO_TEST_SUITE(actors_neighbours)

namespace {

instance_loaded load(const std::shared_ptr<store::device_store>& db, const std::string& id) {
    caf::actor_system_config config;
    caf::actor_system system{config};
    auto store =
        spawn_instance_store(system, db, system_time(), [](const log_event&) {}, {[] { return std::size_t(0); }});
    caf::scoped_actor self{system};
    instance_loaded loaded;
    load_instance question;
    question.id = id;
    self->request(store, caf::infinite, question)
        .receive([&](instance_loaded& l) { loaded = std::move(l); },
                 [](caf::error&) { BOOST_ERROR("the store does not answer"); });
    caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
    return loaded;
}

} // namespace

BOOST_AUTO_TEST_CASE(only_what_is_on_the_card_is_a_neighbour) {
    for (const bool on_card : {false, true}) {
        unit::temporary_database t;
        auto db = std::make_shared<store::device_store>(t.file());
        auto own = unit::some_instance();
        own.on_card = true;
        auto other = unit::some_instance("instance-2");
        other.target.service_id = "service-2";
        other.target.sd_aid = "D276000163544D5301000002";
        other.on_card = on_card;
        BOOST_REQUIRE(db->instances.create(own, unit::some_card()) == model::creation::created);
        BOOST_REQUIRE(db->instances.create(other, unit::some_card()) == model::creation::created);
        const auto loaded = load(db, own.id);
        BOOST_TEST(loaded.last_on_card == !on_card);
        BOOST_TEST(loaded.aids_of_others ==
                       (on_card ? std::set<std::string>{"D276000163544D5301000002", "D276000185", "D27600018501"}
                                : std::set<std::string>{}),
                   boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_SUITE_END()
