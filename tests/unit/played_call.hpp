#pragma once
// A world without actors that a call is conducted in: rows, a catalog and a phone, and everything they are asked.

#include "process/calls/life_cycle_call.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>

namespace tsms::played {

using namespace std::chrono_literals;

inline const std::string cplc(84, '4'), other_cplc(84, '5');

/// The rows, the catalog and a phone, and what they have been asked.
struct world {
    world() {
        instance.id = "one";
        instance.secure_component_id = card.id = "card";
        instance.reader = "eSE1";
        instance.state = instance.last_stable = model::instance_state::operational;
        instance.target.service_id = "service";
        instance.target.service_provider_id = "sp";
        instance.target.profile_id = "profile";
        instance.target.spos = model::spos_target{"https://spos", ""};
        card.identity = cplc;
    }

    std::optional<model::service_instance> row() const { return gone ? std::nullopt : std::optional(instance); }

    /// What is not answered below is done, or is answered with nothing.
    calls::answer_variant answer(const calls::effect& e) {
        return std::visit(
            [this]<class E>(const E& one) -> calls::answer_variant {
                if constexpr (requires { answer_to(one); })
                    return answer_to(one);
                else
                    return typename E::result{};
            },
            static_cast<const calls::effect_variant&>(e));
    }

    calls::instance_loaded answer_to(const calls::load_instance&) {
        calls::instance_loaded found;
        found.instance = row();
        found.card = card;
        found.provider_has_apps = provider_has_apps;
        found.card_is_leased = is_leased;
        if (before_answer_of_rows)
            before_answer_of_rows();
        return found;
    }
    calls::service_surveyed answer_to(const calls::survey_service&) {
        calls::service_surveyed s;
        s.service.emplace().spos = model::spos_target{"https://of.today", ""};
        return s;
    }
    calls::target_checked answer_to(const calls::check_target&) { return {true, true}; }
    calls::process_begun answer_to(const calls::begin_process& b) {
        if (changes_by_operator > 0) {
            --changes_by_operator;
            return {model::beginning::changed};
        }
        if (is_leased_when_it_begins && b.shown.card)
            return {model::beginning::leased};
        instance = b.shown.instance;
        begun = b;
        return {model::beginning::begun};
    }
    calls::process_ended answer_to(const calls::end_process& e) {
        instance = e.instance;
        gone = e.gone;
        ended = e;
        return {e.delivery, former};
    }
    calls::lease answer_to(const calls::lease_card&) { return {card_is_free}; }
    process::answer_variant answer_to(const calls::perform& p) {
        const bool of_issuer = std::holds_alternative<process::open_issuer_session>(p.what) ||
                               std::holds_alternative<process::relay_to_issuer>(p.what);
        if (of_issuer)
            return model::issuer_step{{hex("80F28000024F0000")}};
        const auto* start = std::get_if<process::announce_start>(&p.what);
        const auto* x = start && start->reads ? &*start->reads : std::get_if<process::exchange>(&p.what);
        if (!x)
            return start ? process::answer_variant(gp::batch_answer{}) : process::done{};
        gp::batch_answer told;
        told.end = phone;
        for (const auto& c : x->commands.commands)
            if (told.responses.size() < answers_of_card)
                told.responses.push_back(said_by(x->reader, c.apdu));
        return told;
    }
    calls::moment answer_to(const calls::ask_time&) { return {now, wall_time{}}; }
    std::string answer_to(const calls::new_id&) { return "id" + std::to_string(++ids); }
    std::string answer_to(const calls::encode_result& e) { return "result of " + e.what.process_id; }
    calls::done answer_to(const calls::tell_operator& t) {
        log += t.event.text + "\n";
        return {};
    }

    /// A card that tells its CPLC and nothing else.
    bytes said_by(const std::string& reader, const bytes& apdu) const {
        if (apdu[1] == 0xA4)
            return hex(apdu.size() > 5 ? "6A82" : "6F0A8408A0000001510000009000");
        if (apdu[1] == 0xCA && apdu[2] == 0x9F && apdu[3] == 0x7F)
            return hex("9F7F2A" + (reader == "eSE1" ? cplc_in_first : cplc_in_second) + "9000");
        return hex("6A88");
    }

    model::service_instance instance;
    model::secure_component card;
    bool gone = false;
    bool provider_has_apps = false;
    std::function<void()> before_answer_of_rows;
    int changes_by_operator = 0; ///< between the rows' being read and the beginning
    bool card_is_free = true;
    gp::transmission phone = gp::transmission::complete;
    std::size_t answers_of_card = 1000;
    std::string cplc_in_first = cplc, cplc_in_second = other_cplc;
    steady_time now{};
    int ids = 0;

    std::optional<calls::begin_process> begun;
    std::optional<calls::end_process> ended;
    bool is_leased = false;                   ///< the store holds the card for another server's process
    bool is_leased_when_it_begins = false;    ///< likewise, but only since the rows were read
    std::optional<model::process_end> former; ///< end of the process that somebody else has stored
    std::string log;
};

/// Conducts a call in the world. `instead`: another answer to an effect, by its number and what it is.
struct conducted {
    using other_answers = std::function<std::optional<calls::answer_variant>(std::size_t, const calls::effect&)>;
    static constexpr std::size_t forever = 10'000;

    conducted(world& w, calls::call_request r, const other_answers& instead = {}, std::size_t most = forever) {
        auto call = calls::conduct_life_cycle(std::move(r), {w.now + 8s, true});
        for (const auto* effect = call.start(); effect;) {
            asked.push_back(*effect);
            check_order();
            BOOST_REQUIRE(asked.size() < forever);
            if (asked.size() > most)
                return; // the call is destroyed where it waits
            auto other = instead ? instead(asked.size() - 1, *effect) : std::nullopt;
            effect = call.answer(other ? *std::move(other) : w.answer(*effect));
            has_process = w.begun.has_value() && !w.ended;
        }
        over = true;
        BOOST_CHECK_NO_THROW(call.result());
    }

    template <class E> std::vector<E> all() const {
        std::vector<E> found;
        for (const auto& e : asked)
            if (const auto* one = std::get_if<E>(&e))
                found.push_back(*one);
        return found;
    }
    template <class E> std::size_t count() const { return all<E>().size(); }
    /// Number of the first effect of this kind.
    template <class E> std::size_t place() const {
        return static_cast<std::size_t>(
            std::ranges::find_if(asked, [](const auto& e) { return std::holds_alternative<E>(e); }) - asked.begin());
    }
    model::execution outcome() const {
        const auto answers = all<calls::answer>();
        BOOST_REQUIRE(!answers.empty());
        return model::outcome_of(answers.front().outcome);
    }

    /// While a process runs its card is its own, and its SPOS hears nothing.
    void check_order() const {
        const auto& e = asked.back();
        const bool ends = std::holds_alternative<calls::return_card>(e) || std::holds_alternative<calls::deliver>(e);
        BOOST_TEST(!(has_process && ends));
    }

    std::vector<calls::effect> asked;
    bool has_process = false;
    bool over = false;
};

inline calls::call_request request(model::tsm_api_function what) {
    return {std::move(what), "CAFE", std::nullopt, {{"eSE1", "eSE", "", ""}}, "session"};
}

} // namespace tsms::played
