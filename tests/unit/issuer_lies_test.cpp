// What a lying issuer hands over and leaves undone (lab/issuer/issuer_lies.hpp).

#include "crypto/inside/key_unwrap.hpp"
#include "crypto/kcv.hpp"
#include "http/wire/issuer.hpp"
#include "lab/card/issuer_keys.hpp"
#include "lab/issuer/issuer_service.hpp"
#include "json/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using lab::issuer_lie;

namespace {

const crypto::secret transport(bytes(16, 0x77));

lab::domain_keys on_card() {
    return {0x30, {crypto::secret(bytes(16, 0x01)), crypto::secret(bytes(16, 0x02)), crypto::secret(bytes(16, 0x03))}};
}

model::issuer_order whole_order() {
    model::issuer_order o;
    o.id = "1";
    o.secure_component_identity = std::string(84, 'A');
    o.se_type = "eSE";
    o.isd_aid = "A000000151000000";
    o.domain = model::issuer_order::domain_change::create;
    o.domain_aid = "D27600016354534D0001";
    o.add_rules = {{"D2760001635445000101", std::string(40, 'A'), true, false}};
    o.remove_rules = {{"D2760001635445000102", std::string(40, 'A'), true, false}};
    o.register_client = "D27600016354534D0002";
    return o;
}

model::issuer_key_material told(const lab::issuer_lies& lies) {
    return lab::hand_over(whole_order(), on_card(), 0x70, transport, lies);
}

} // namespace

BOOST_AUTO_TEST_SUITE(issuer_lies)

BOOST_AUTO_TEST_CASE(an_honest_issuer_hands_over_what_is_on_the_card) {
    const auto m = told({});
    BOOST_TEST(m.aid == "D27600016354534D0001");
    BOOST_TEST(m.key_version == 0x30);
    BOOST_TEST(m.bits == 128);
    BOOST_TEST(m.scp_i == 0x70);
    BOOST_TEST(m.privileges == "804000");
    BOOST_TEST(m.secure_component_identity == std::string(84, 'A'));
    BOOST_TEST(to_hex(crypto::unwrap_key(transport, m.dek.wrapped).view()) == to_hex(bytes(16, 0x03)));
    BOOST_TEST(to_hex(m.dek.kcv) == to_hex(crypto::aes_kcv(crypto::secret(bytes(16, 0x03)))));
}

BOOST_AUTO_TEST_CASE(each_lie_is_about_one_thing) {
    const auto honest = told({});
    const auto only = [&](issuer_lie lie, auto member, const auto& value) {
        auto m = told({lie});
        BOOST_TEST((m.*member == value));
        m.*member = honest.*member;
        BOOST_CHECK((m == honest));
    };
    using material = model::issuer_key_material;
    only(issuer_lie::identity, &material::secure_component_identity, std::string(83, 'A') + "B");
    only(issuer_lie::aid, &material::aid, std::string("D27600016354534D0000"));
    only(issuer_lie::privileges, &material::privileges, std::string("800000"));
    only(issuer_lie::key_version, &material::key_version, 0x31);
    only(issuer_lie::option_i, &material::scp_i, 0x00);

    const auto values = told({issuer_lie::check_values});
    BOOST_CHECK(values.enc.wrapped == honest.enc.wrapped);
    BOOST_CHECK(values.enc.kcv != honest.enc.kcv);
    const auto keys = told({issuer_lie::keys});
    const auto other = crypto::unwrap_key(transport, keys.enc.wrapped);
    BOOST_CHECK((to_hex(other.view()) != to_hex(bytes(16, 0x01))));
    BOOST_CHECK(crypto::aes_kcv(other) == keys.enc.kcv); // nothing shows
}

BOOST_AUTO_TEST_CASE(what_is_left_undone) {
    using change = model::issuer_order::domain_change;
    const auto done = [](issuer_lie lie) { return lab::issuer_lies{lie}.done_of(whole_order()); };
    BOOST_CHECK(done(issuer_lie::no_domain).domain == change::none);
    BOOST_TEST(done(issuer_lie::no_domain).add_rules.size() == 1u);
    BOOST_CHECK(done(issuer_lie::keeps_domain).domain == change::create);
    auto removal = whole_order();
    removal.domain = change::remove;
    BOOST_CHECK(lab::issuer_lies{issuer_lie::keeps_domain}.done_of(removal).domain == change::none);
    BOOST_TEST(done(issuer_lie::no_rules).add_rules.empty());
    BOOST_TEST(done(issuer_lie::no_rules).remove_rules.size() == 1u);
    BOOST_TEST(done(issuer_lie::keeps_rules).remove_rules.empty());
    BOOST_TEST(done(issuer_lie::no_client).register_client.empty());
    BOOST_CHECK(wire::to_json(done(issuer_lie::keys)) == wire::to_json(whole_order()));
}

BOOST_AUTO_TEST_CASE(names_are_strict) {
    for (const auto name : lab::issuer_lies::names())
        BOOST_CHECK_NO_THROW(lab::issuer_lies::parse({std::string(name)}));
    BOOST_TEST(lab::issuer_lies::parse({"i", "no-client"}).contains(issuer_lie::no_client));
    BOOST_CHECK_EXCEPTION(lab::issuer_lies::parse({"i", "nothing"}), std::runtime_error,
                          [](const auto& e) { return std::string(e.what()).find("keeps-rules") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(the_service_lies_as_it_is_told) {
    auto& random = crypto::system_random();
    lab::order_book book({}, {transport, 16, 0x30}, random);
    lab::issuer_service::options serving;
    serving.master_key = lab::lab_issuer_master();
    serving.lies = {issuer_lie::aid, issuer_lie::no_domain, issuer_lie::no_rules, issuer_lie::no_client};
    lab::issuer_service issuer(book, std::move(serving), random);
    const auto send = [&](std::string method, std::string path, std::string body) {
        net::request r;
        r.method = std::move(method);
        r.path = r.target = std::move(path);
        r.body = std::move(body);
        return issuer.handle(r);
    };
    book.accept(whole_order());
    book.carried_out("1", {0x70});
    const auto opened = send("POST", "/order", json::dump(wire::to_json(whole_order())));
    BOOST_REQUIRE_EQUAL(opened.status, 200); // the order that it was given, not the one that it carries out
    const auto document = json::parse(opened.body);
    const auto session = json::reader(json::root_object(document)).string("sessionID");
    const auto answer = send("GET", "/security-domains/" + session + "/keys", {});
    BOOST_REQUIRE_EQUAL(answer.status, 200);
    BOOST_TEST(wire::parse_issuer_keys(json::parse(answer.body)).aid == "D27600016354534D0000");
}

BOOST_AUTO_TEST_SUITE_END()
