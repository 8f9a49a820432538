// The simulated issuer against the simulated card, joined by the messages of the issuer protocol: no sockets.

#include "tests/unit/issuer_story.hpp"

using namespace tsms;
using namespace tsms::issuer_test;

BOOST_AUTO_TEST_SUITE(issuer_protocol)

BOOST_AUTO_TEST_CASE(creates_a_domain_whose_keys_the_tsm_can_use) {
    story s;
    const auto done = s.run(s.order("1", change::create));
    BOOST_TEST(done.error == "");
    BOOST_TEST(done.orders == 3);
    BOOST_TEST(done.announced_last);
    BOOST_REQUIRE(s.has_domain());

    const auto keys = s.keys(done.session);
    BOOST_TEST(keys.aid == domain_aid);
    BOOST_TEST(keys.key_version == 0x30);
    BOOST_TEST(keys.bits == 128);
    BOOST_TEST(keys.privileges == "804000");
    BOOST_TEST(keys.secure_component_identity == to_hex(s.card.state().cplc));
    auto channel = s.channel(keys);
    BOOST_TEST(s.sw(channel, gp::get_data(0x00E0)) == 0x9000);
}

BOOST_AUTO_TEST_CASE(key_lengths_and_modes_of_cards) {
    for (const auto& p : lab::personalities())
        BOOST_TEST_CONTEXT(p.name) {
            if (p.t0 || p.blank_cplc)
                continue; // GET RESPONSE is the transport's; a card that nobody can name gets no order
            story s(p.name, {}, p.key_octets);
            const auto done = s.run(s.order("1", change::create));
            BOOST_TEST(done.error == "");
            const auto keys = s.keys(done.session);
            BOOST_TEST(static_cast<std::size_t>(keys.bits) == p.key_octets * 8);
        }
}

// DIV-057: the card's "i" is in the answer to INITIALIZE UPDATE, and nothing leaves behind it.
BOOST_AUTO_TEST_CASE(a_card_below_the_orders_level_is_not_changed) {
    for (const std::uint8_t level : {0x11, 0x13, 0x33}) {
        story s("i00");
        auto order = s.order("1", change::create);
        order.minimum_level = level;
        const auto done = s.run(order);
        BOOST_TEST(done.error.find("security level") != std::string::npos);
        BOOST_TEST(done.orders == 1);
        for (const auto& apdu : s.sent)
            BOOST_TEST((apdu[1] == 0xA4 || apdu[1] == 0x50)); // SELECT, INITIALIZE UPDATE
        BOOST_TEST(!s.has_domain());
        BOOST_TEST(s.send("GET", "/security-domains/" + done.session + "/keys").status == 409);
    }
    for (const std::uint8_t level : {0x00, 0x01, 0x03}) {
        story s("i00");
        auto order = s.order("1", change::create);
        order.minimum_level = level;
        BOOST_TEST(s.run(order).error == "");
        BOOST_TEST(s.has_domain());
    }
}

BOOST_AUTO_TEST_CASE(a_card_that_cannot_be_told_from_others_gets_no_order) {
    story s("blank");
    const auto refused = s.send("POST", "/order", json::dump(wire::to_json(s.order("1", change::create))));
    BOOST_TEST(refused.status == 422);
    BOOST_TEST(refused.body.find("its CPLC is blank") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_key_material_behind_the_creation_of_its_receiver) {
    story s;
    const auto id = s.open(s.order("1", change::create));
    auto order = s.report(id, {});
    order = s.report(id, s.execute(order));
    const auto before = s.sent.size();
    auto report = s.execute(order); // EXTERNAL AUTHENTICATE … INSTALL
    BOOST_TEST(s.has_domain());
    for (auto k = before; k < s.sent.size(); ++k)
        BOOST_TEST(s.sent[k][1] != 0xE2); // no STORE DATA yet

    // A phone that says the creation failed gets no keys to put elsewhere.
    report.responses.back().back() = hex("6A84");
    order = s.report(id, report);
    BOOST_REQUIRE(std::holds_alternative<wire::seram_stop>(order.commands.back()));
    const auto notice = wire::parse_issuer_notice(std::get<wire::seram_notification>(order.commands.front()).text);
    BOOST_TEST(notice->card_failed);
    BOOST_TEST(notice->error->find("not enough memory") != std::string::npos);
    BOOST_TEST(s.send("GET", "/security-domains/" + id + "/keys").status == 409);
}

BOOST_AUTO_TEST_CASE(an_order_is_idempotent_even_across_a_restart) {
    temporary_file file;
    story s(lab::default_personality, file.path);
    const auto order = s.order("1", change::create);
    const auto keys = s.keys(s.run(order).session);
    const auto again = s.run(order);
    BOOST_TEST(again.orders == 0);
    BOOST_TEST((s.keys(again.session) == keys));

    lab::order_book reopened(file.path, {}, crypto::system_random());
    lab::issuer_service restarted(reopened, {lab::lab_issuer_master(), 4, {}}, crypto::system_random());
    BOOST_TEST((reopened.transport_key() == s.book.transport_key()));
    const auto* record = reopened.find("1");
    BOOST_REQUIRE(record);
    BOOST_TEST(record->carried_out);
    BOOST_TEST((record->keys->keys.dek == s.unwrapped(keys.dek)));

    auto other = order;
    other.privileges = "80";
    BOOST_TEST(s.send("POST", "/order", json::dump(wire::to_json(other))).status == 409);
}

BOOST_AUTO_TEST_CASE(broken_off_after_any_order_it_is_carried_out_the_second_time) {
    for (int orders = 0; orders < 3; ++orders)
        BOOST_TEST_CONTEXT(orders) {
            story s;
            const auto order = s.order("1", change::create);
            s.run(order, orders);
            const auto done = s.run(order);
            BOOST_TEST(done.error == "");
            s.channel(s.keys(done.session));
        }
}

BOOST_AUTO_TEST_CASE(a_domain_with_unknown_keys_is_personalized_again) {
    story s;
    const auto old = s.keys(s.run(s.order("1", change::create)).session);
    const auto fresh = s.keys(s.run(s.order("2", change::create)).session);
    BOOST_TEST((fresh.enc.kcv != old.enc.kcv));
    s.channel(fresh);
}

BOOST_AUTO_TEST_CASE(writes_and_removes_access_rules) {
    story s;
    auto order = s.order("1", change::none);
    order.add_rules = {{rule_aid, std::string(40, 'A'), true, false}, {rule_aid, std::string(64, 'B'), false, true}};
    const auto done = s.run(order);
    BOOST_TEST(done.error == "");
    BOOST_TEST(done.orders == 2);
    BOOST_TEST(done.announced_last);
    BOOST_REQUIRE(s.rules() == 2u);
    BOOST_TEST(s.send("GET", "/security-domains/" + done.session + "/keys").status == 404);

    BOOST_REQUIRE(s.sw(gp::encode(gp::select(hex(lab::ara_m_aid)))) == 0x9000);
    const auto all = gp::parse_response(s.card.transmit(gp::encode(gp::get_all_rules()))).value();
    const auto rules = gp::parse_rules({all.data});
    BOOST_REQUIRE(rules.has_value());
    BOOST_TEST((rules->at(0) == gp::access_rule{hex(rule_aid), bytes(20, 0xAA), true, false}));

    auto removal = s.order("2", change::none);
    removal.remove_rules = order.add_rules;
    BOOST_TEST(s.run(removal).error == "");
    BOOST_TEST(s.rules() == 0u);
    removal.id = "3"; // a repetition by a TSM in doubt
    BOOST_TEST(s.run(removal).error == "");
}

BOOST_AUTO_TEST_CASE(the_order_says_whether_the_card_must_tell_its_rules) {
    for (const std::string personality : {"jc305", "jc304"}) // the second does not
        for (const bool read_back : {true, false}) {
            story s(personality);
            auto order = s.order("1", change::none);
            order.register_client = "D276000163415241430001";
            order.rules_read_back = read_back;
            BOOST_TEST(s.run(order).error.empty() == (personality == "jc305" || !read_back));
        }
}

BOOST_AUTO_TEST_CASE(creation_with_rules_takes_no_more_orders) {
    story s;
    auto order = s.order("1", change::create);
    order.add_rules = {{rule_aid, std::string(64, 'B'), true, true}};
    const auto done = s.run(order);
    BOOST_TEST(done.error == "");
    BOOST_TEST(done.orders == 3);
    BOOST_TEST(s.rules() == 1u);
    s.channel(s.keys(done.session));
}

BOOST_AUTO_TEST_CASE(deletes_an_empty_domain_and_only_that) {
    story s;
    const auto keys = s.keys(s.run(s.order("1", change::create)).session);
    {
        auto channel = s.channel(keys);
        gp::instance_description inner;
        inner.load_file_aid = hex("A0000001515350");
        inner.module_aid = hex("A000000151535041");
        inner.instance_aid = hex("D27600016354534D0002");
        inner.rights = gp::privilege::security_domain;
        inner.parameters = hex("C90A81020370820120870120");
        BOOST_REQUIRE(s.sw(channel, gp::install_and_make_selectable(inner)) == 0x9000);
    }
    const auto refused = s.run(s.order("2", change::remove));
    BOOST_TEST(refused.error != "");
    BOOST_TEST(s.has_domain());
    {
        auto channel = s.channel(keys);
        BOOST_REQUIRE(s.sw(channel, gp::delete_object(hex("D27600016354534D0002"))) == 0x9000);
    }
    const auto done = s.run(s.order("2", change::remove)); // the same order again
    BOOST_TEST(done.error == "");
    BOOST_TEST(done.orders == 2);
    BOOST_TEST(!s.has_domain());
    s.goes_on = true;
    BOOST_TEST(s.run(s.order("3", change::remove)).error == ""); // gone is gone
}

BOOST_AUTO_TEST_CASE(a_card_without_the_issuers_keys_gets_no_authentication) {
    story s;
    lab::issuer_service stranger(s.book, {crypto::secret(bytes(16, 0x01)), 4, {}}, crypto::system_random());
    net::request r;
    r.method = "POST";
    r.path = "/order";
    r.body = json::dump(wire::to_json(s.order("1", change::create)));
    const auto opened = json::parse(stranger.handle(r).body);
    r.query.emplace("sessionId", json::reader(json::root_object(opened)).string("sessionID"));
    r.path = "/gp/seram/handshake";
    r.body = R"({"secureElements":[]})";
    BOOST_REQUIRE(stranger.handle(r).status == 200);
    r.path = "/gp/seram/remoteManagement";
    r.body = json::dump(wire::to_json(wire::seram_report{}));
    auto answer = stranger.handle(r);
    r.body = json::dump(wire::to_json(s.execute(wire::parse_seram_order(json::parse(answer.body)))));
    r.headers.add("Cookie", "order=1");
    answer = stranger.handle(r);
    const auto order = wire::parse_seram_order(json::parse(answer.body));
    BOOST_REQUIRE_EQUAL(order.commands.size(), 2u);
    BOOST_TEST(wire::parse_issuer_notice(std::get<wire::seram_notification>(order.commands[0]).text)->card_failed);
    BOOST_TEST(std::holds_alternative<wire::seram_stop>(order.commands[1]));
}

BOOST_AUTO_TEST_CASE(whatever_a_phone_answers_ends_in_a_stop) {
    const auto forge = [](int at_order, auto change_report) {
        story s;
        const auto id = s.open(s.order("1", change::create));
        auto order = s.report(id, {});
        for (int k = 1; k < at_order; ++k)
            order = s.report(id, s.execute(order));
        auto report = s.execute(order);
        change_report(report);
        order = s.report(id, report);
        const auto stops = [&] { return std::holds_alternative<wire::seram_stop>(order.commands.back()); };
        // Behind the keys it looks where they have gone, in two orders.
        for (int more = 0; at_order == 3 && !stops() && more < 2; ++more)
            order = s.report(id, s.execute(order));
        BOOST_TEST(stops());
        const auto answer = s.send("GET", "/security-domains/" + id + "/keys");
        BOOST_TEST(answer.status == 409);
    };
    for (int order = 1; order <= 3; ++order)
        BOOST_TEST_CONTEXT(order) {
            forge(order, [](auto& r) { r.responses.clear(); });
            forge(order, [](auto& r) { r.responses.back().pop_back(); });
            forge(order, [](auto& r) { r.responses.back()[1] = {}; });
            forge(order, [](auto& r) { r.responses.back()[1] = hex("90"); });
            forge(order, [](auto& r) { r.responses.back()[1] = bytes(300, 0x90); });
            forge(order, [](auto& r) { r.responses.back().push_back(hex("9000")); });
            forge(order, [](auto& r) { r.status = wire::seram_status::unavailable_se, r.responses.clear(); });
        }
    forge(2, [](auto& r) { r.responses.back()[1][0] ^= 1; }); // R-MAC of the CPLC
}

BOOST_AUTO_TEST_CASE(a_repeated_report_gets_the_same_order) {
    story s;
    const auto id = s.open(s.order("1", change::create));
    const auto first = s.report(id, {});
    s.cookie.clear(); // the answer was lost, and the cookie with it
    BOOST_TEST((s.report(id, {}) == first));
    const auto report = s.execute(first);
    const auto cookie = s.cookie;
    const auto second = s.report(id, report);
    s.cookie = cookie;
    BOOST_TEST((s.report(id, report) == second));
    BOOST_TEST(s.sent.size() == 2u);
    s.cookie = "order=7";
    BOOST_TEST(s.send("POST", "/gp/seram/remoteManagement", json::dump(wire::to_json(report)), id).status == 409);
}

BOOST_AUTO_TEST_CASE(requests_that_make_no_sense) {
    story s;
    BOOST_TEST(s.send("GET", "/health").status == 200);
    BOOST_TEST(s.send("GET", "/nothing").status == 404);
    BOOST_TEST(s.send("POST", "/order", "{").status == 400);
    BOOST_TEST(s.send("POST", "/order", "{}").status == 400);
    BOOST_TEST(s.send("POST", "/gp/seram/handshake", R"({"secureElements":[]})", "unknown").status == 404);
    BOOST_TEST(s.send("GET", "/security-domains/unknown/keys").status == 404);
    BOOST_TEST(s.send("GET", "/security-domains//keys").status == 404);
    auto foreign = s.order("1", change::create);
    foreign.secure_component_identity = "0102";
    BOOST_TEST(s.send("POST", "/order", json::dump(wire::to_json(foreign))).status == 422);

    const auto id = s.open(s.order("2", change::create));
    BOOST_TEST(
        s.send("POST", "/gp/seram/handshake", R"({"secureElements":[],"supportedVersions":["1.0.0"]})", id).status ==
        406);
    s.peer = "another client";
    BOOST_TEST(
        s.send("POST", "/gp/seram/remoteManagement", json::dump(wire::to_json(wire::seram_report{})), id).status ==
        404);
    BOOST_TEST(s.send("GET", "/security-domains/" + id + "/keys").status == 404);
}

// Else each of many would take the session of another one, and none would come to its end.
BOOST_AUTO_TEST_CASE(a_session_that_is_in_use_makes_no_room_and_one_that_has_ended_does) {
    story s;
    const auto first = s.open(s.order("0", change::create));
    s.open(s.order("1", change::create));
    s.open(s.order("2", change::create));
    const auto ended = s.run(s.order("3", change::create));
    BOOST_TEST(ended.error.empty());
    s.open(s.order("4", change::create));
    const auto refused = s.send("POST", "/order", json::dump(wire::to_json(s.order("5", change::create))));
    BOOST_TEST(refused.status == 429);
    BOOST_TEST(refused.headers.get("Retry-After") == "1");
    BOOST_TEST(s.send("GET", "/security-domains/" + first + "/keys").status == 409); // it is there
    BOOST_TEST(s.send("GET", "/security-domains/" + ended.session + "/keys").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
