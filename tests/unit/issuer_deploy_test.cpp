// A whole deployment and its termination: the real processes, the real client of issuers over TLS, the simulated issuer
// and card. Only actors, store and phone are played.

#include "crypto/digest.hpp"
#include "crypto/software_vault.hpp"
#include "http/issuer_client.hpp"
#include "lab/cap_writer.hpp"
#include "lab/card/card.hpp"
#include "lab/card/issuer_keys.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"
#include "lab/issuer/issuer_service.hpp"
#include "process/processes.hpp"
#include "tests/unit/mutual_tls.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using process::process_outcome;

namespace {

constexpr auto package_aid = "D27600016801";
constexpr auto applet_aid = "D2760001680101";
constexpr auto service_domain = "D27600016800";

struct broken_off {};

/// Answers the effects of a process.
struct world {
    world()
        : card(lab::card::create(*lab::find_personality(lab::default_personality), crypto::system_random())),
          book({}, {}, crypto::system_random()),
          issuer(book, {lab::lab_issuer_master(), 8, {}}, crypto::system_random()),
          server([this](const net::request& r) { return issuer.handle(r); }), client(server.client_options()),
          vault(crypto::make_software_vault(crypto::secret(bytes(32, 0x42)))) {
        request.process_id = "p1";
        request.caller_id = std::string(64, 'C');
        request.reader = "eSE1";
        request.se_type = "eSE";
        request.card.identity = to_hex(card.state().cplc);
        request.card.isd_aid = card.state().personality->isd;
        lab::cap_request cap;
        cap.package = hex(package_aid);
        cap.applets = {hex(applet_aid)};
        image = lab::load_file_block(cap);

        auto& target = request.instance.target;
        target.service_id = "s1";
        target.sd_aid = service_domain;
        target.device_apps = {std::string(64, 'D')};
        target.load_files = {{"elf", package_aid, to_hex(crypto::sha256(image)), image.size(), {}}};
        model::target_application app;
        app.elf_aid = package_aid;
        app.module_aid = app.instance_aid = applet_aid;
        app.accessible_via_apdu = true;
        target.applications = {app};
        target.card.ara = "aram-issuer";
    }

    process_outcome run(process::process<process_outcome> p) {
        exchanges = 0;
        for (const auto* effect = p.start(); effect;)
            effect = p.answer(std::visit([this](const auto& e) { return answer(e); },
                                         static_cast<const process::effect_variant&>(*effect)));
        auto outcome = p.result();
        request.instance = outcome.instance;
        request.card = outcome.card;
        return outcome;
    }

    using reply = process::answer_variant;
    template <class Call> static reply relayed(Call call) {
        try {
            return call();
        } catch (const actors::port_error& e) {
            return process::failed{e.category(), e.what(), false};
        }
    }

    reply answer(const process::announce_start& a) { return a.reads ? answer(*a.reads) : reply(gp::batch_answer{}); }
    reply answer(const process::journal_intent&) { return process::done{}; }
    reply answer(const process::commit& c) {
        request.instance = c.instance;
        request.card = c.card;
        if (break_off && c.card.tsm_domain)
            throw broken_off();
        return process::done{};
    }
    reply answer(const process::exchange& e) {
        ++exchanges;
        gp::batch_answer answers;
        for (const auto& command : e.commands.commands)
            answers.responses.push_back(card.transmit(command.apdu));
        return answers;
    }
    reply answer(const process::open_issuer_session& o) {
        return relayed([&]() -> reply {
            auto opened = client.open(o.order);
            session = opened.session;
            return opened.first;
        });
    }
    reply answer(const process::relay_to_issuer& r) {
        model::issuer_step lost;
        lost.lost = true;
        const bool forgets = ++relays == forget_at;
        if (forgets && !forget_with_answer)
            return lost;
        auto said = relayed([&]() -> reply { return client.relay(session, r.responses, r.interrupted); });
        return forgets ? reply(lost) : said;
    }
    reply answer(const process::fetch_issuer_keys&) {
        return relayed([&]() -> reply {
            const auto material = client.fetch_keys(session);
            const crypto::transported_keys wrapped{{{material.enc.wrapped, material.enc.kcv},
                                                    {material.mac.wrapped, material.mac.kcv},
                                                    {material.dek.wrapped, material.dek.kcv}}};
            model::issuer_keys keys;
            keys.aid = material.aid;
            keys.keys = to_model(vault->import_wrapped(vault->import_transport_key(book.transport_key()),
                                                       material.key_version, material.bits, wrapped));
            keys.scp_i = material.scp_i;
            keys.privileges = material.privileges;
            keys.secure_component_identity = material.secure_component_identity;
            return keys;
        });
    }
    reply answer(const process::derive_session& d) {
        return crypto::prepare_session(*vault, to_vault(d.keys), d.host_challenge, d.card_challenge, d.sequence_counter,
                                       d.domain_aid);
    }
    reply answer(const process::generate_keys& g) { return to_model(vault->generate(g.version, g.bits)); }
    reply answer(const process::encrypt_keys& e) { return vault->encrypt_keys(to_vault(e.under), to_vault(e.keys)); }
    reply answer(const process::random_octets& r) { return crypto::system_random().take(r.count); }
    reply answer(const process::read_load_image&) { return process::load_image{image}; }
    template <class Other> reply answer(const Other&) {
        throw std::logic_error("an effect that this test does not play");
    }

    static model::key_set to_model(const crypto::wrapped_keys& k) { return {k.version, k.bits, k.wrapped, true}; }
    static crypto::wrapped_keys to_vault(const model::key_set& k) { return {k.version, k.bits, k.wrapped}; }

    bool on_card(const char* aid) const { return card.state().registry.find_application(hex(aid)) != nullptr; }

    process_outcome deploy() {
        process::command_request install, activate;
        activate.what = model::service_command::activate;
        return run(process::deploy(request, {install, activate}, true));
    }

    lab::card card;
    lab::order_book book;
    lab::issuer_service issuer;
    tsms_test::mutual_tls_server server;
    http::issuer_client client;
    std::unique_ptr<crypto::key_vault> vault;
    process::process_request request;
    bytes image;
    std::string session;
    int exchanges = 0;
    int relays = 0;
    int forget_at = 0;               ///< the issuer's session is gone when this report arrives
    bool forget_with_answer = false; ///< or when it has been read, with the answer to it
    bool break_off = false;          ///< when the keys of the TSM's domain are committed
};

} // namespace

BOOST_AUTO_TEST_SUITE(issuer_deploy)

BOOST_AUTO_TEST_CASE(from_an_empty_card_and_back) {
    world w;
    const auto tsm_domain = w.request.instance.target.card.tsm_sd_aid;
    const auto deployed = w.deploy();
    BOOST_TEST(static_cast<int>(deployed.status) == 0, deployed.details);
    BOOST_TEST((deployed.instance.state == model::instance_state::operational));
    BOOST_TEST(w.exchanges == 5); // the start with plain reads, the issuer's two, its keys, and the rest
    BOOST_TEST(w.on_card(tsm_domain.c_str()));
    BOOST_TEST(w.on_card(service_domain));
    BOOST_TEST(w.on_card(applet_aid));
    BOOST_TEST(w.card.state().ara.rules.size() == 1u);
    // The issuer knows the first keys, so they are not the TSM's any more.
    BOOST_TEST(deployed.card.tsm_domain->keys->version != 0x30);

    w.request.process_id = "p2";
    w.request.last_service_on_card = true;
    const auto terminated = w.run(process::terminate(w.request));
    BOOST_TEST(static_cast<int>(terminated.status) == 0, terminated.details);
    BOOST_TEST(!w.on_card(applet_aid));
    BOOST_TEST(!w.on_card(service_domain));
    BOOST_TEST(!w.on_card(tsm_domain.c_str()));
    BOOST_TEST(w.card.state().ara.rules.empty());
}

BOOST_AUTO_TEST_CASE(broken_off_behind_the_issuers_part_and_entered_again) {
    world w;
    w.break_off = true;
    BOOST_CHECK_THROW(w.deploy(), broken_off);
    BOOST_REQUIRE(w.request.card.tsm_domain.has_value());
    BOOST_TEST(!w.on_card(service_domain));

    w.break_off = false;
    const auto again = w.deploy(); // the same process id; the issuer has only the rules to write, again
    BOOST_TEST(static_cast<int>(again.status) == 0, again.details);
    BOOST_TEST(w.on_card(applet_aid));
    BOOST_TEST(w.card.state().ara.rules.size() == 1u);
}

// At its limit, or after a restart, an issuer may forget a session: the order is idempotent and begins again, with the
// phone still there.
BOOST_AUTO_TEST_CASE(an_issuer_that_forgets_its_session_gets_the_order_again) {
    for (int at = 1; at <= 3; ++at)
        for (const bool with_answer : {false, true}) {
            world w;
            w.forget_at = at;
            w.forget_with_answer = with_answer;
            const auto deployed = w.deploy();
            BOOST_TEST(static_cast<int>(deployed.status) == 0, deployed.details);
            BOOST_TEST((deployed.instance.state == model::instance_state::operational));
            BOOST_TEST(w.on_card(applet_aid));
            BOOST_TEST(w.card.state().ara.rules.size() == 1u);
            w.request.process_id = "p2";
            w.request.last_service_on_card = true;
            w.relays = 0;
            const auto terminated = w.run(process::terminate(w.request));
            BOOST_TEST(static_cast<int>(terminated.status) == 0, terminated.details);
            BOOST_TEST(!w.on_card(w.request.instance.target.card.tsm_sd_aid.c_str()));
            BOOST_TEST(w.card.state().ara.rules.empty());
        }
}

BOOST_AUTO_TEST_CASE(an_issuer_that_is_down_is_told_as_such) {
    world w;
    w.client.cancel();
    const auto outcome = w.deploy();
    BOOST_TEST((outcome.status == model::error_category::network_connection_error));
    BOOST_TEST(!w.on_card(service_domain));
    BOOST_TEST((outcome.instance.state == model::instance_state::not_deployed));
}

BOOST_AUTO_TEST_SUITE_END()
