#pragma once
// The simulated issuer against the simulated card, joined by the messages of the issuer protocol: no sockets.

#include "crypto/inside/key_unwrap.hpp"
#include "crypto/kcv.hpp"
#include "crypto/kdf.hpp"
#include "gp/access_rules.hpp"
#include "gp/commands.hpp"
#include "gp/secured_batch.hpp"
#include "http/wire/issuer.hpp"
#include "http/wire/seram.hpp"
#include "lab/card/card.hpp"
#include "lab/card/issuer_keys.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"
#include "lab/issuer/issuer_service.hpp"

#include <boost/test/unit_test.hpp>

namespace tsms::issuer_test {

inline constexpr auto domain_aid = "D27600016354534D0001";
inline constexpr auto rule_aid = "D2760001635445000101";

/// Issuer, card, and between them what the TSM does with the messages.
struct story {
    explicit story(std::string_view personality = lab::default_personality, std::filesystem::path file = {},
                   std::size_t key_octets = 16)
        : story(*lab::find_personality(personality), std::move(file), key_octets) {}
    /// The personality outlives the story.
    explicit story(const lab::personality& personality, std::filesystem::path file = {}, std::size_t key_octets = 16)
        : card(lab::card::create(personality, crypto::system_random())),
          book(std::move(file), options_of(key_octets), crypto::system_random()),
          issuer(book, {lab::lab_issuer_master(), 4, {}}, crypto::system_random()) {}

    static lab::order_book::options options_of(std::size_t key_octets) {
        return {crypto::secret(bytes(16, 0x77)), key_octets, 0x30};
    }

    model::issuer_order order(std::string id, model::issuer_order::domain_change change) const {
        model::issuer_order o;
        o.id = std::move(id);
        o.secure_component_identity = to_hex(card.state().identity());
        o.se_type = "eSE";
        o.isd_aid = card.state().personality->isd;
        o.domain = change;
        if (change != model::issuer_order::domain_change::none)
            o.domain_aid = domain_aid;
        return o;
    }

    net::response send(std::string method, std::string path, std::string body = {}, std::string session = {}) {
        net::request r;
        r.method = std::move(method);
        r.path = r.target = std::move(path);
        r.body = std::move(body);
        if (!session.empty())
            r.query.emplace("sessionId", session);
        if (!cookie.empty())
            r.headers.add("Cookie", cookie);
        r.peer = net::peer_certificate{{}, peer, {}};
        auto answer = issuer.handle(r);
        if (const auto* set = answer.headers.find("Set-Cookie"))
            cookie = set->substr(0, set->find(';'));
        return answer;
    }

    std::string open(const model::issuer_order& o) {
        cookie.clear();
        const auto answer = send("POST", "/order", json::dump(wire::to_json(o)));
        BOOST_REQUIRE_MESSAGE(answer.status / 100 == 2, answer.body);
        const auto document = json::parse(answer.body);
        auto id = json::reader(json::root_object(document)).string("sessionID");
        wire::seram_handshake handshake;
        handshake.secure_elements = {{"eSE", "reader", {}}};
        BOOST_REQUIRE(send("POST", "/gp/seram/handshake", json::dump(wire::to_json(handshake)), id).status == 200);
        return id;
    }

    wire::seram_order report(const std::string& session, const wire::seram_report& r) {
        const auto answer = send("POST", "/gp/seram/remoteManagement", json::dump(wire::to_json(r)), session);
        BOOST_REQUIRE_MESSAGE(answer.status == 200, answer.body);
        return wire::parse_seram_order(json::parse(answer.body));
    }

    /// The card's answers to an order. `change` is what a phone may do to them.
    wire::seram_report execute(const wire::seram_order& order) {
        wire::seram_report r;
        r.status = wire::seram_status::processed;
        for (const auto& command : order.commands)
            if (const auto* apdus = std::get_if<wire::seram_apdus>(&command)) {
                auto& responses = r.responses.emplace_back();
                for (const auto& apdu : apdus->commands) {
                    sent.push_back(apdu);
                    responses.push_back(card.transmit(apdu));
                }
                ++r.executed;
            }
        return r;
    }

    struct outcome {
        std::string session;
        int orders = 0;              ///< that carried APDUs
        bool announced_last = false; ///< exactly the last order with APDUs said so
        std::string error;
    };

    outcome run(const model::issuer_order& o, int break_off_after = 100) {
        outcome result;
        result.session = open(o);
        auto order = report(result.session, {});
        BOOST_TEST(std::holds_alternative<wire::seram_start>(order.commands.front()));
        for (;;) {
            bool stop = false;
            bool apdus = false;
            bool last = false;
            for (const auto& command : order.commands) {
                stop = stop || std::holds_alternative<wire::seram_stop>(command);
                apdus = apdus || std::holds_alternative<wire::seram_apdus>(command);
                if (const auto* text = std::get_if<wire::seram_notification>(&command)) {
                    const auto notice = wire::parse_issuer_notice(text->text);
                    BOOST_REQUIRE(notice.has_value());
                    last = last || notice->last_commands;
                    result.error = notice->error.value_or("");
                }
            }
            if (stop)
                return result;
            BOOST_REQUIRE(apdus);
            const bool refuses_keys = card.state().personality->key_blocks == lab::personality::key_block::bare;
            BOOST_TEST((goes_on || refuses_keys || !result.announced_last)); // nothing after the last
            result.announced_last = last;
            if (++result.orders > break_off_after)
                return result;
            order = report(result.session, execute(order));
        }
    }

    model::issuer_key_material keys(const std::string& session) {
        const auto answer = send("GET", "/security-domains/" + session + "/keys");
        BOOST_REQUIRE_MESSAGE(answer.status == 200, answer.body);
        return wire::parse_issuer_keys(json::parse(answer.body));
    }

    crypto::secret unwrapped(const model::issuer_key_material::key& key) const {
        auto plain = crypto::unwrap_key(book.transport_key(), key.wrapped);
        BOOST_TEST(crypto::aes_kcv(plain) == key.kcv);
        return plain;
    }

    bool has_domain() const { return card.state().registry.find_application(hex(domain_aid)) != nullptr; }
    std::size_t rules() const { return card.state().ara.rules.size(); }

    /// A channel to the TSM's security domain with the keys that the issuer handed over.
    gp::secure_channel channel(const model::issuer_key_material& keys, std::size_t challenge_octets = 8) {
        const bytes challenge(challenge_octets, 0x11);
        BOOST_REQUIRE(sw(gp::encode(gp::select(hex(domain_aid)))) == 0x9000);
        const auto answer = card.transmit(gp::encode(gp::initialize_update(keys.key_version, challenge)));
        const auto response = gp::parse_response(answer).value();
        BOOST_REQUIRE_EQUAL(response.sw, 0x9000);
        const auto card_says = gp::parse_initialize_update(response.data, gp::missing_counter::taken_as_random);
        BOOST_TEST(card_says.i == keys.scp_i);
        gp::secure_channel opened(
            crypto::derive_session_keys(unwrapped(keys.enc), unwrapped(keys.mac), challenge, card_says.card_challenge),
            challenge, card_says, 0x33);
        BOOST_REQUIRE(sw(gp::encode(opened.external_authenticate())) == 0x9000);
        return opened;
    }

    std::uint16_t sw(bytes_view apdu) { return gp::parse_response(card.transmit(apdu)).value().sw; }
    std::uint16_t sw(gp::secure_channel& c, gp::command_apdu command) {
        command.le = gp::le_max_short;
        return sw(gp::encode(c.wrap(std::move(command)).command));
    }

    lab::card card;
    lab::order_book book;
    lab::issuer_service issuer;
    std::string cookie;
    std::string peer = "TSM";
    std::vector<bytes> sent;
    bool goes_on = false; ///< the issuer may need a channel of its own behind the last commands
};

using change = model::issuer_order::domain_change;

struct temporary_file {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("tsms-issuer-" + crypto::system_random().uuid() + ".json");
    ~temporary_file() { std::filesystem::remove(path); }
};

} // namespace tsms::issuer_test
