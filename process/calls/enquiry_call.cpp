#include "process/calls/enquiry_call.hpp"

#include "process/calls/admission.hpp"
#include "process/calls/enquiries/check_service_deployment_available.hpp"
#include "process/calls/enquiries/check_service_update_available.hpp"
#include "process/calls/enquiries/create_service_instance.hpp"
#include "process/calls/enquiries/get_service_instances.hpp"
#include "process/calls/tell.hpp"

#include <algorithm>

namespace tsms::calls {

namespace {

using model::error_category;

/// Before a card has told what it is, its ATR alone says which profiles it may have.
bool counts_updates(const std::string& atr, const std::vector<model::card_profile>& profiles) {
    return std::ranges::any_of(profiles, [&](const model::card_profile& profile) {
        const auto& known = profile.recognised_by.atr;
        return profile.card.initialize_update_counts &&
               (known.empty() || atr.empty() ||
                std::ranges::any_of(known, [&](const auto& prefix) { return model::has_prefix(atr, prefix); }));
    });
}

/// By the keys that the last card of this kind had.
process::proof_request first_question(const model::announced_card& card, const std::optional<model::domain_hint>& hint,
                                      const std::vector<model::card_profile>& profiles) {
    const model::card_parameters usual;
    process::proof_request question;
    question.aid = hint ? hint->aid : usual.tsm_sd_aid;
    question.challenge_octets =
        static_cast<std::size_t>(hint && hint->scp03_mode != 0 ? hint->scp03_mode : usual.scp03_mode);
    if (!counts_updates(card.atr, profiles))
        question.key_versions = {hint ? hint->key_version : usual.tsm_rotated_version};
    return question;
}

call<void> refuse_unread(cards_asked how) {
    if (!how.bug.empty())
        co_await tell_operator{{severity::error, cards_unread + how.bug}};
    refuse_if(why_unread(how));
}

call<cards_seen> read_or_refuse(std::vector<model::announced_card> announced,
                                std::vector<process::card_to_read> cards) {
    auto seen = co_await read_cards(std::move(announced), std::move(cards));
    co_await refuse_unread(seen);
    co_return seen;
}

call<cards_found> find_rows(std::vector<model::seen_card> cards, std::string service_id) {
    const auto count = cards.size();
    auto found = co_await find_cards{std::move(cards), std::move(service_id)};
    found.cards.resize(count);
    co_return found;
}

struct questions {
    std::vector<std::size_t> which; ///< index of the card in the handset
    std::vector<process::card_to_prove> cards;
};
questions second_questions(const cards_seen& seen, const std::vector<process::card_to_read>& asked,
                           const cards_found& found, const std::vector<model::card_profile>& profiles) {
    questions q;
    for (std::size_t i = 0; i < seen.cards.size(); ++i) {
        const auto& card = seen.cards[i];
        if (!card.accessible || card.fell_silent)
            continue;
        const auto* profile = model::profile_of(card, profiles);
        q.which.push_back(i);
        q.cards.push_back({.reader = card.reader,
                           .asked = *asked[i].proof,
                           .answers = seen.facts[i].proof,
                           .expected_aid = profile ? profile->card.tsm_sd_aid : asked[i].proof->aid,
                           .update_counts = counts_updates(card.atr, profiles),
                           .rows = found.cards[i].proven});
    }
    return q;
}

void note_proof(known_handset& handset, std::size_t card, const process::card_proof& proof, const known_card& known) {
    auto& seen = handset.cards[card];
    if (proof.silent) {
        seen.fell_silent = true;
        seen.problem = proof.silent->problem;
        seen.problem_details = proof.silent->details;
    }
    if (proof.row)
        handset.proven[card] = known.proven.at(*proof.row).id;
}

void take_rows(known_handset& handset, cards_found found) {
    handset.rows.assign(handset.cards.size(), std::nullopt);
    for (std::size_t i = 0; i < handset.cards.size(); ++i) {
        const auto& known = found.cards[i];
        if (!handset.proven[i]) {
            handset.rows[i] = known.claimed;
            continue;
        }
        const auto row = std::ranges::find(known.proven, *handset.proven[i], &model::secure_component::id);
        if (row != known.proven.end())
            handset.rows[i] = *row;
    }
    handset.instances = std::move(found.instances);
    std::erase_if(handset.instances, [&](const model::service_instance& i) { return !handset.card_of(i); });
    handset.providers_with_apps = std::move(found.providers_with_apps);
    handset.issuers = std::move(found.issuers);
    for (auto& seen : handset.cards)
        seen.has_service =
            std::ranges::any_of(handset.instances, [&](const auto& i) { return handset.card_of(i) == &seen; });
}

call<void> tell_of_unread(std::vector<model::seen_card> cards) {
    for (const auto& card : cards)
        if (!card.accessible || card.fell_silent)
            co_await tell_operator{{severity::info, "reader ‘" + card.reader + "’ could not be looked at: " +
                                                        (card.fell_silent ? card.problem_details : "not accessible")}};
}

/// Where it ends, however it ends.
struct ending {
    model::tsm_api_result outcome;
    std::optional<log_event> cause = {}; ///< for the operator
};

template <class Function> model::tsm_api_result refusal(model::dialect dialect, const model::refusal& why) {
    typename Function::result result{};
    result.outcome = model::failed_execution(dialect, why.category, why.details);
    return result;
}

template <class Function> call<ending> carry_out(Function what, call_request request) {
    const auto dialect = request.dialect;
    try {
        co_return ending{co_await enquire<Function>::carry_out(std::move(what), std::move(request))};
    } catch (const refused& r) {
        co_return ending{refusal<Function>(dialect, r.why)};
    } catch (const unanswered& u) {
        co_return ending{refusal<Function>(dialect, {error_category::tsm_not_available, internal_problem}),
                         log_event{severity::error, std::string("a call could not be answered: ") + u.what()}};
    } catch (const stopping&) {
        co_return ending{refusal<Function>(dialect, tsm_stops)};
    } catch (const std::exception& e) {
        co_return ending{refusal<Function>(dialect, {error_category::internal_error, internal_problem}),
                         log_event{severity::error, std::string(Function::name) + " broke: " + e.what()}};
    }
}

} // namespace

const model::seen_card* known_handset::card_of(const model::service_instance& instance) const {
    for (std::size_t i = 0; i < cards.size(); ++i)
        if (rows[i] && rows[i]->id == instance.secure_component_id)
            return &cards[i];
    return nullptr;
}

model::refusal unknown_service(const std::string& service_id) {
    return {error_category::not_found, "service ‘" + service_id + "’ does not exist"};
}

call<service_surveyed> survey(std::optional<std::string> provider, std::string service_id) {
    auto surveyed = co_await survey_service{service_id};
    if (!surveyed.service)
        co_return surveyed;
    const auto& owner = surveyed.service->provider;
    const auto owners = co_await find_provider{owner};
    if (const auto why = model::refuse_caller(provider, owner, owners.has_apps, "service ‘" + service_id + "’")) {
        if (why->category != error_category::not_found) // who is not registered is told so (AMB-236)
            throw refused(*why);
        surveyed.service.reset();
    }
    co_return surveyed;
}

call<std::vector<model::seen_card>> read_handset(std::vector<model::announced_card> announced) {
    auto cards = readers_of(announced);
    auto seen = co_await read_or_refuse(std::move(announced), std::move(cards));
    co_return std::move(seen.cards);
}

call<known_handset> look_at_handset(std::vector<model::announced_card> announced,
                                    std::vector<model::card_profile> profiles, std::string service_id) {
    auto kinds = co_await find_kinds{announced};
    kinds.hints.resize(announced.size());
    auto asked = readers_of(announced);
    for (std::size_t i = 0; i < asked.size(); ++i)
        asked[i].proof = first_question(announced[i], kinds.hints[i], profiles);
    auto seen = co_await read_or_refuse(std::move(announced), asked);

    auto found = co_await find_rows(seen.cards, std::move(service_id));
    const auto second = second_questions(seen, asked, found, profiles);
    const auto proven = co_await calls::prove_cards(second.cards);
    co_await refuse_unread(proven);

    known_handset handset;
    handset.cards = std::move(seen.cards);
    handset.proven.resize(handset.cards.size());
    for (std::size_t i = 0; i < second.which.size(); ++i)
        note_proof(handset, second.which[i], proven.proofs.at(i), found.cards[second.which[i]]);
    take_rows(handset, std::move(found));
    co_await tell_of_unread(handset.cards);
    co_return handset;
}

call<known_handset> look_up_again(known_handset handset, std::string service_id) {
    auto found = co_await find_rows(handset.cards, std::move(service_id));
    take_rows(handset, std::move(found));
    co_return handset;
}

call<void> conduct_enquiry(call_request request) {
    const auto what = std::get<model::enquiry_function>(model::kind_of(request.what));
    auto end =
        co_await std::visit([&]<class Function>(const Function& f) { return carry_out(f, std::move(request)); }, what);
    if (end.cause)
        co_await tell(*end.cause);
    co_await answer{std::move(end.outcome)};
}

} // namespace tsms::calls
