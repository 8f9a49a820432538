// Between the actors' words and those of the wire: every status, function and item of an order (GP SERAM 2.0,
// TR 4.2.5).

#include "http/device/seram_mapping.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;

BOOST_AUTO_TEST_SUITE(seram_mapping)

BOOST_AUTO_TEST_CASE(every_status_of_a_report) {
    using actors::agent_status;
    using wire::seram_status;
    for (const auto& [on_wire, meant] : {std::pair{seram_status::processed, agent_status::processed},
                                         {seram_status::polling, agent_status::polling},
                                         {seram_status::unavailable_se, agent_status::unavailable},
                                         {seram_status::ungranted_access, agent_status::ungranted},
                                         {seram_status::unknown_failure, agent_status::unknown_failure}}) {
        wire::seram_report r;
        r.status = on_wire;
        r.error = "why";
        r.responses = {{hex("9000")}, {}};
        const auto got = http::from_wire(r);
        BOOST_CHECK(got.status == meant);
        BOOST_TEST(got.error == "why");
        BOOST_CHECK(got.responses == r.responses);
    }
}

BOOST_AUTO_TEST_CASE(every_item_of_an_order) {
    actors::order o;
    o.number = 7;
    o.delay = 200;
    o.card = actors::announced_card{"SIM1", "uicc", "", "3B00"};
    o.items = {actors::start_session{},
               model::process_start{"p", "c", "now"},
               model::process_progress{"p", 50, model::operation::service_deployment_installation},
               actors::card_commands{{hex("00A40400"), hex("80CA0066")}},
               actors::result(model::terminate_service_result{}),
               actors::stop_session{}};
    auto got = http::to_wire(o);
    BOOST_TEST(got.delay == 200);
    BOOST_TEST(got.secure_element.value().type == "uicc");
    BOOST_TEST(got.secure_element.value().id == "SIM1"); // the reader stands in
    BOOST_REQUIRE_EQUAL(got.commands.size(), 6u);
    BOOST_TEST(std::holds_alternative<wire::seram_start>(got.commands[0]));
    const auto text = [&](std::size_t k) { return std::get<wire::seram_notification>(got.commands[k]).text; };
    BOOST_TEST(std::holds_alternative<model::process_start>(*wire::parse_notification("terminateService", text(1))));
    BOOST_TEST(std::get<model::process_progress>(*wire::parse_notification("terminateService", text(2))).progress ==
               50);
    BOOST_CHECK(std::get<wire::seram_apdus>(got.commands[3]).commands ==
                (std::vector<bytes>{hex("00A40400"), hex("80CA0066")}));
    BOOST_TEST(std::holds_alternative<model::tsm_api_result>(*wire::parse_notification("terminateService", text(4))));
    BOOST_TEST(std::holds_alternative<wire::seram_stop>(got.commands[5]));
    o.card->se_id = "8900";
    BOOST_TEST(http::to_wire(o).secure_element.value().id == "8900");
    o.card.reset();
    BOOST_TEST(!http::to_wire(o).secure_element.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
