// What the device role reads of the catalog: the actor, and the port over a catalog.db that the REST API has written.

#include "crypto/pki.hpp"
#include "tests/actors/device_role.hpp"
#include "tests/actors/world.hpp"
#include "tests/unit/rest_fixture.hpp"

using namespace tsms;
using namespace tsms::actors_test;
using rest_test::member;
using rest_test::parsed;
using rest_test::text;

namespace {

struct library {
    library() : actor(spawn_catalog_store(system, port)) {}
    ~library() {
        caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
        actor = nullptr;
    }
    /// What went wrong; empty: nothing.
    template <class Answer, class Message> std::string ask(Message message, Answer& answer) {
        caf::scoped_actor self{system};
        std::string why;
        self->request(actor, 20s, std::move(message))
            .receive([&](Answer& a) { answer = std::move(a); }, [&](caf::error& e) { why = text_of(e); });
        return why;
    }

    caf::actor_system_config config;
    caf::actor_system system{config};
    std::shared_ptr<played_catalog_port> port = std::make_shared<played_catalog_port>();
    catalog_actor actor;
};

} // namespace

BOOST_AUTO_TEST_SUITE(actors_catalog)

BOOST_AUTO_TEST_CASE(the_actor_tells_what_the_port_says) {
    library l;
    service_surveyed surveyed;
    BOOST_TEST(l.ask(survey_service{"service"}, surveyed) == "");
    BOOST_REQUIRE(surveyed.service);
    BOOST_TEST(surveyed.service->provider == "sp");
    BOOST_TEST(surveyed.profiles.size() == 1u);
    BOOST_TEST(l.ask(survey_service{"none"}, surveyed) == "");
    BOOST_TEST(!surveyed.service.has_value());

    target_found found;
    BOOST_TEST(l.ask(find_target{"service", "1.0.0", "p"}, found) == "");
    BOOST_REQUIRE(found.target);
    BOOST_TEST(found.target->service_id == "service");
    BOOST_TEST(found.target->version_tag == "1.0.0");
    BOOST_TEST(found.target->profile_id == "p");
    BOOST_TEST(l.ask(find_target{"none", "1.0.0", "p"}, found) == "");
    BOOST_TEST(!found.target.has_value());

    for (const bool version : {false, true})
        for (const bool flavor : {false, true}) {
            target_checked checked;
            check_target c;
            c.service_id = "service";
            c.version_tag = version ? "1.0.0" : "9.0.0";
            c.flavor_id = flavor ? "flavor" : "gone";
            BOOST_TEST(l.ask(c, checked) == "");
            BOOST_TEST(checked.version_exists == version);
            BOOST_TEST(checked.flavor_exists == flavor);
        }
}

BOOST_AUTO_TEST_CASE(a_load_file_that_is_gone_or_a_catalog_that_fails_is_an_answer) {
    library l;
    answered a;
    model::target_load_file file;
    file.aid = "A0";
    BOOST_TEST(l.ask(process::read_load_image{file}, a) == "");
    BOOST_TEST(to_hex(std::get<process::load_image>(a.value).octets) == "C0FFEE");
    file.aid = "A1";
    BOOST_TEST(l.ask(process::read_load_image{file}, a) == "");
    const auto gone = std::get<process::failed>(a.value);
    BOOST_CHECK(gone.category == model::error_category::internal_error);
    BOOST_TEST(gone.details == "load file A1 is not stored any more; upload it again");

    l.port->broken = true;
    BOOST_TEST(l.ask(process::read_load_image{file}, a) == "");
    BOOST_TEST(std::get<process::failed>(a.value).details == "the catalog cannot be read");
    service_surveyed surveyed;
    target_found found;
    target_checked checked;
    BOOST_TEST(l.ask(survey_service{"service"}, surveyed) == "the catalog cannot be read");
    BOOST_TEST(l.ask(find_target{"service", "1.0.0", "p"}, found) == "the catalog cannot be read");
    BOOST_TEST(l.ask(check_target{}, checked) == "the catalog cannot be read");
    l.port->broken = false; // it has not ended
    BOOST_TEST(l.ask(survey_service{"service"}, surveyed) == "");
}

BOOST_FIXTURE_TEST_CASE(the_port_reads_what_the_rest_role_has_written, rest_test::fixture) {
    BOOST_TEST(device_side->profiles().empty());
    const auto scp = profile("sim", "3.0.5", {{"apiVersion", "1.0"}});
    const auto plain = profile("plain");
    BOOST_REQUIRE_EQUAL(device_side->profiles().size(), 2u);
    for (const auto& p : device_side->profiles()) {
        BOOST_TEST((p.id == scp || p.id == plain));
        BOOST_TEST(p.name == (p.id == scp ? "sim" : "plain"));
        BOOST_TEST(p.csp == (p.id == scp));
        BOOST_TEST(p.sc_type == 1);
        BOOST_TEST(p.recognised_by.cplc.at(0) == "47..");
        BOOST_TEST(p.card.ara == "aram-issuer");
    }
    const auto certificate = text(
        parsed(upload("POST", "/certificates", {{"cert-file", "ca.pem", crypto::make_ca("SPOS").certificate_pem}})),
        "id");
    const auto spos = text(
        parsed(post("/spos-configs", json::object{{"url", "https://spos"}, {"certificateId", certificate}})), "id");
    const auto id = text(parsed(post("/services", json::object{{"name", "Pay"}, {"sposConfigId", spos}})), "id");
    BOOST_TEST(!device_side->service("none").has_value());
    auto offered = device_side->service(id);
    BOOST_REQUIRE(offered);
    BOOST_TEST(offered->id == id);
    BOOST_TEST(offered->provider == provider);
    BOOST_TEST(!offered->has_flavors);
    BOOST_TEST(offered->versions.empty());
    BOOST_TEST(offered->spos.value().url == "https://spos");

    const auto elf = load_file();
    const auto flavors = "/services/" + id + "/flavors";
    const auto flavor = text(parsed(post(flavors, json::object{{"applicationInstantiationConfigs",
                                                                json::array{instantiation(module(elf), config())}},
                                                               {"executableLoadFileIds", json::array{elf}}})),
                             "id");
    for (const auto* tag : {"1.10.0", "1.9.0"})
        parsed(post("/services/" + id + "/versions",
                    json::object{{"tag", tag}, {"allowedDeployments", json::object{{flavor, json::array{scp}}}}}));
    const auto empty = text(parsed(post(flavors, json::object())), "id");
    BOOST_TEST(!device_side->flavor_exists(id, flavor)); // it is not published
    BOOST_TEST(!device_side->target(id, "1.9.0", scp));
    parsed(send("POST", flavors + "/" + flavor + "/publish"));
    offered = device_side->service(id);
    BOOST_TEST(offered->has_flavors);
    BOOST_REQUIRE_EQUAL(offered->versions.size(), 2u);
    BOOST_TEST(offered->versions[0].tag == "1.9.0");
    BOOST_TEST(offered->versions[1].tag == "1.10.0");
    for (const auto& v : offered->versions) {
        BOOST_TEST(v.has_flavors);
        BOOST_TEST(v.profiles == std::vector{scp}, boost::test_tools::per_element());
    }
    BOOST_TEST(device_side->flavor_exists(id, flavor));
    BOOST_TEST(!device_side->flavor_exists(id, empty));
    BOOST_TEST(device_side->version_exists(id, "1.9.0"));
    BOOST_TEST(!device_side->version_exists(id, "1.9.1"));
    BOOST_TEST(!device_side->version_exists("none", "1.9.0"));
    const auto target = device_side->target(id, "1.9.0", scp);
    BOOST_REQUIRE(target);
    BOOST_TEST(target->flavor_id == flavor);
    BOOST_TEST(!device_side->target(id, "1.9.0", plain));
    const auto& file = target->load_files.at(0);
    BOOST_TEST(device_side->load_image(file).value().size() == file.size);
    auto other = file;
    other.sha256[0] = other.sha256[0] == '0' ? '1' : '0';
    BOOST_TEST(!device_side->load_image(other).has_value());
    BOOST_CHECK_THROW(store::open_catalog_reader(directory.path() / "none.db"), store::error);
}

BOOST_AUTO_TEST_SUITE_END()
