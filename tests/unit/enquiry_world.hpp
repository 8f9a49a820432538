#pragma once
// Plays the enquiries of the TSM-API without an actor: a catalog, rows, and a handset with cards that may have keys of
// ours. A call may be broken off behind any of its effects.

#include "base/overloaded.hpp"
#include "crypto/kdf.hpp"
#include "gp/scp03.hpp"
#include "process/calls/enquiry_call.hpp"
#include "store/device_store.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <functional>
#include <map>

namespace tsms::unit {

using model::error_category;

/// A card in a reader.
struct played_card {
    std::string reader;
    std::string cplc;
    std::optional<std::uint8_t> keys = {}; ///< that our domain in it has; nothing: there is no domain
    enum { answers, absent, tears, tears_in_proof, tears_in_second_order } manner = answers;
};

/// Session keys depend on the first octet of the static ones alone.
inline crypto::session_keys session_keys_of(std::uint8_t keys) {
    const bytes key(16, keys);
    return {crypto::secret(key), crypto::secret(key), crypto::secret(key)};
}

inline bytes answer_of(const played_card& card, const bytes& apdu, bool& domain_selected) {
    if (apdu[1] == 0xA4) {
        domain_selected = apdu.size() > 5;
        return hex(domain_selected && !card.keys ? "6A82" : "6F0A8408A0000001510000009000");
    }
    if (apdu[1] == 0xCA && apdu[2] == 0x9F)
        return hex("9F7F2A" + card.cplc + "9000");
    if (apdu[1] != 0x50 || !card.keys)
        return hex("6A88");
    const bytes mine(8, 0x55);
    bytes context(apdu.begin() + 5, apdu.begin() + 13);
    append(context, mine);
    auto told = hex("00000000000000000000");
    append(told, {{apdu[2], 0x03, 0x00}});
    append(told, mine);
    append(told,
           crypto::scp03_kdf(session_keys_of(*card.keys).s_mac, crypto::scp03_constant::card_cryptogram, context, 64)
               .view());
    append(told, hex("9000"));
    return told;
}

/// What an interpreter answers when it is not asked to do its work.
enum class breaking { none, unanswered, broke, stopping };

struct enquiry_world {
    // -- what there is --
    std::optional<model::offered_service> service =
        model::offered_service{"service",
                               "sp",
                               true,
                               {{"1.0.0", true, {"profile"}}, {"1.2.0", true, {"profile"}}, {"2.0.0", true, {"other"}}},
                               model::spos_target{"https://spos", ""}};
    std::vector<model::card_profile> profiles{
        {"profile", "profile", 1, false, {{std::string(4, '4')}, {}, {}, {}}, {}}};
    bool published = true; ///< the Flavors, when the effective configuration is asked for
    std::set<std::string> with_apps{"sp"};
    std::optional<std::string> provider = "sp"; ///< of the app
    std::vector<played_card> cards{{"eSE1", std::string(84, '4')}};
    bool phone_there = true;
    std::map<std::string, calls::known_card> known; ///< by CPLC
    std::vector<model::service_instance> instances;
    std::deque<model::creation> creations; ///< what becomes of the next ones; then: created
    std::optional<calls::come_again> later;
    bool may_tell = true;
    model::session_proof call_proof = {};     ///< of the call
    store::device_store* kept = nullptr;      ///< where the rows are; null: as they are said to be here
    std::function<void()> before_create;      ///< what somebody else does then, once
    std::size_t life = 0;                     ///< of the server: each gives ids of its own
    std::size_t break_at = std::string::npos; ///< number of the effect
    breaking how = breaking::none;

    // -- what has happened --
    std::vector<std::string> effects;
    std::size_t admitted = 0;
    std::size_t exchanges = 0;
    std::size_t charged = 0;
    std::vector<model::tsm_api_result> answers;
    std::vector<calls::create_row> created; ///< or tried to
    std::vector<model::process_result> encoded;
    std::vector<model::outbox_entry> delivered;
    std::vector<log_event> log;

    static model::service_instance instance(const std::string& id, const std::string& card,
                                            const std::string& version = "1.0.0") {
        model::service_instance i;
        i.id = id;
        i.secure_component_id = card;
        i.target.service_provider_id = "sp";
        i.target.service_id = "service";
        i.target.version_tag = version;
        i.target.profile_id = "profile";
        return i;
    }
    /// A row of a card that has proven itself before.
    static model::secure_component proven_row(const std::string& id, std::uint8_t keys) {
        model::secure_component row;
        row.id = id;
        row.identity = std::string(84, '4');
        row.tsm_domain.emplace().aid = model::card_parameters().tsm_sd_aid;
        row.tsm_domain->keys = model::key_set{model::card_parameters().tsm_rotated_version, 128, {keys}, false};
        return row;
    }
    static model::secure_component claimed_row(const std::string& id) {
        model::secure_component row;
        row.id = id;
        row.identity = std::string(84, '4');
        return row;
    }

    calls::call<void> call_of(model::tsm_api_function what) const {
        calls::call_request request{std::move(what), "caller", provider, {}, "session", call_proof};
        for (const auto& card : cards)
            request.cards.push_back({card.reader, "eSE", "", "3B00"});
        return calls::conduct_enquiry(std::move(request));
    }
    /// Conducts the call to its end, and gives its result.
    model::tsm_api_result run(model::tsm_api_function what) {
        auto call = call_of(std::move(what));
        for (const auto* effect = call.start(); effect;)
            effect = call.answer(answer_to(*effect));
        try {
            call.result();
        } catch (...) { // only behind its answer, which nobody takes back
            BOOST_TEST(effects.back() == "answer");
        }
        BOOST_REQUIRE_EQUAL(answers.size(), 1u);
        return answers.front();
    }
    /// Conducts it so far, and destroys it where it waits.
    void abandon(model::tsm_api_function what, std::size_t after) {
        auto call = call_of(std::move(what));
        const auto* effect = call.start();
        while (effect && effects.size() < after)
            effect = call.answer(answer_to(*effect));
        BOOST_TEST(effect != nullptr);
    }
    template <class Function> typename Function::result run_as(Function what) {
        return std::get<typename Function::result>(run(std::move(what)));
    }
    std::size_t count(const std::string& effect) const {
        return static_cast<std::size_t>(std::ranges::count(effects, effect));
    }

private:
    calls::answer_variant answer_to(const calls::effect& e) {
        const auto number = effects.size();
        auto reply = std::visit([this](const auto& effect) { return this->play(effect); },
                                static_cast<const calls::effect_variant&>(e));
        if (number != break_at)
            return reply;
        switch (how) {
        case breaking::unanswered:
            return calls::unanswered("nobody answers");
        case breaking::broke:
            return calls::broke{"it broke"};
        case breaking::stopping:
            return calls::stopping{};
        case breaking::none:
            break;
        }
        return reply;
    }

    calls::answer_variant note(const char* effect, calls::answer_variant reply = calls::done{}) {
        effects.emplace_back(effect);
        return reply;
    }

    calls::answer_variant play(const calls::survey_service& s) {
        return note("survey_service",
                    calls::service_surveyed{service && service->id == s.service_id ? service : std::nullopt, profiles});
    }
    calls::answer_variant play(const calls::find_provider& p) {
        return note("find_provider", calls::provider_found{with_apps.contains(p.id)});
    }
    calls::answer_variant play(const calls::find_target& t) {
        calls::target_found found;
        if (published) {
            auto& target = found.target.emplace(instance("", "", t.version_tag).target);
            target.profile_id = t.profile_id;
            target.flavor_id = "flavor of " + t.version_tag;
        }
        return note("find_target", found);
    }
    calls::answer_variant play(const calls::load_instance& l) {
        calls::instance_loaded loaded;
        for (const auto& i : instances)
            if (i.id == l.id)
                loaded.instance = i;
        loaded.provider_has_apps = loaded.instance && with_apps.contains(loaded.instance->target.service_provider_id);
        return note("load_instance", loaded);
    }
    calls::answer_variant play(const calls::find_kinds& k) {
        return note("find_kinds", calls::kinds_found{decltype(calls::kinds_found::hints)(k.cards.size())});
    }
    calls::cards_found find_in_store(const calls::find_cards& f) const {
        calls::cards_found found;
        std::vector<std::string> rows;
        for (const auto& seen : f.cards) {
            const auto claimed = kept->cards.by_claims(model::identity_of(seen).value(), model::claims_of(seen));
            found.cards.push_back({{}, claimed});
            if (claimed)
                rows.push_back(claimed->id);
        }
        found.instances = kept->instances.of(f.service_id, rows);
        return found;
    }
    calls::answer_variant play(const calls::find_cards& f) {
        if (kept)
            return note("find_cards", find_in_store(f));
        calls::cards_found found;
        for (const auto& card : f.cards)
            found.cards.push_back(known[card.cplc]);
        for (const auto& i : instances)
            if (i.target.service_id == f.service_id)
                found.instances.push_back(i);
        found.providers_with_apps = with_apps;
        return note("find_cards", found);
    }
    calls::answer_variant play(const calls::find_answer& f) {
        return note("find_answer", calls::answer_found{kept ? kept->answers.find(f.call) : std::nullopt});
    }
    calls::answer_variant play(const calls::create_row& c) {
        created.push_back(c);
        if (before_create)
            std::exchange(before_create, nullptr)();
        if (kept)
            return note("create_row", calls::row_created{kept->instances.create(c.instance, c.card, c.answer)});
        auto outcome = model::creation::created;
        if (!creations.empty()) {
            outcome = creations.front();
            creations.pop_front();
        }
        return note("create_row", calls::row_created{outcome});
    }
    calls::answer_variant play(const calls::enqueue_delivery& d) {
        if (kept) {
            auto stored = d.delivery;
            const bool added = kept->outbox.add(stored, d.answer);
            return note("enqueue_delivery", calls::process_ended{added ? std::optional(stored) : std::nullopt, {}});
        }
        return note("enqueue_delivery", calls::process_ended{d.delivery, {}});
    }
    calls::answer_variant play(const calls::admit&) {
        ++admitted;
        return note("admit");
    }
    calls::answer_variant play(const calls::answer& a) {
        answers.push_back(a.outcome);
        return note("answer");
    }
    calls::answer_variant play(const calls::perform& p) { return note("perform", perform(p.what)); }
    calls::answer_variant play(const calls::charge_trace&) {
        ++charged;
        return note("charge_trace", calls::charged{later});
    }
    calls::answer_variant play(const calls::may_tell_of_failed_creation&) {
        return note("may_tell_of_failed_creation", calls::permission{may_tell});
    }
    calls::answer_variant play(const calls::encode_result& e) {
        encoded.push_back(e.what);
        return note("encode_result", std::string("body"));
    }
    calls::answer_variant play(const calls::deliver& d) {
        delivered.push_back(d.entry);
        return note("deliver");
    }
    calls::answer_variant play(const calls::ask_time&) { return note("ask_time", calls::moment{}); }
    calls::answer_variant play(const calls::new_id&) {
        return note("new_id", "id-" + std::to_string(1000 * life + effects.size()));
    }
    calls::answer_variant play(const calls::tell_operator& t) {
        log.push_back(t.event);
        return note("tell_operator");
    }
    /// What an enquiry never asks for: it changes nothing on a card.
    template <class Wish> calls::answer_variant play(const Wish&) {
        BOOST_FAIL("an enquiry asks for what only a process may");
        return calls::broke{};
    }

    // -- the handset --

    process::answer_variant perform(const process::effect& e) {
        return std::visit(
            overloaded{[&](const process::exchange& x) -> process::answer_variant {
                           ++exchanges;
                           return carry_out(x);
                       },
                       [](const process::random_octets& r) -> process::answer_variant { return bytes(r.count, 0x11); },
                       [](const process::derive_session& d) -> process::answer_variant {
                           return crypto::session_material{session_keys_of(d.keys.wrapped.at(0)), {}};
                       },
                       [](const auto&) -> process::answer_variant {
                           BOOST_FAIL("asking a card asks for what only a process may");
                           return process::failed{};
                       }},
            static_cast<const process::effect_variant&>(e));
    }

    gp::batch_answer carry_out(const process::exchange& x) const {
        gp::batch_answer told;
        if (!phone_there) {
            told.end = gp::transmission::phone_lost;
            return told;
        }
        const auto card = std::ranges::find(cards, x.reader, &played_card::reader);
        BOOST_REQUIRE(card != cards.end());
        if (card->manner == played_card::absent) {
            told.end = gp::transmission::unavailable;
            return told;
        }
        bool domain_selected = false;
        for (const auto& command : x.commands.commands) {
            BOOST_TEST(!command.changes_card);
            const bool proof = command.what == gp::step::initialize_update;
            const bool second = x.commands.commands.front().apdu.size() > 5; // SELECT of the domain, and no read before
            if ((card->manner == played_card::tears && told.responses.size() == 2) ||
                (card->manner == played_card::tears_in_proof && proof) ||
                (card->manner == played_card::tears_in_second_order && second && proof)) {
                told.end = gp::transmission::failed;
                told.detail = "torn";
                return told;
            }
            told.responses.push_back(answer_of(*card, command.apdu, domain_selected));
        }
        return told;
    }
};

} // namespace tsms::unit
