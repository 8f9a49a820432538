#include "process/calls/enquiries/create_service_instance.hpp"

#include "model/instance_view.hpp"
#include "process/calls/admission.hpp"

#include <utility>

namespace tsms::calls {

using model::create_service_instance;
using model::error_category;

namespace {

constexpr int most_attempts = 3; ///< on a card whose row is being changed

/// App and SPOS hear that the card is not eligible, the operator what can be done (DIV-056).
call<void> name_remedies(std::vector<model::seen_card> cards, std::string service_id) {
    for (const auto& card : cards) {
        const auto why = card.accessible ? model::why_unknowable(card) : std::string();
        if (!why.empty())
            co_await tell_operator{{severity::warning, "reader ‘" + card.reader + "’, service " + service_id +
                                                           ": the card " + why +
                                                           "; no service goes onto it. Its issuer can give it a CPLC "
                                                           "with a serial number, or an IIN and CIN of its own"}};
    }
}

using result = model::create_service_instance_result;

/// Its repetition is answered the same, in another life of the server too (DIV-107); nothing: it cannot be repeated.
std::optional<model::answered_call> kept_answer(const call_request& request, const result& answer) {
    const auto& proof = request.proof;
    if (proof.call_hash.empty())
        return std::nullopt;
    return model::answered_call{proof.call_hash, proof.call_digest, request.caller_id, request.provider, answer};
}

/// What was said to this call before. Throws `refused` where another one had its callId.
call<std::optional<result>> answer_of_before(const call_request* request) {
    const auto& proof = request->proof;
    if (proof.call_hash.empty())
        co_return std::nullopt;
    const auto found = (co_await find_answer{proof.call_hash}).answer;
    if (!found)
        co_return std::nullopt;
    if (found->digest != proof.call_digest || found->caller != request->caller_id ||
        found->provider != request->provider)
        throw refused(call_id_of_another);
    co_return found->result;
}

/// AMB-140: the one failure without a process that the SPOS is told.
call<void> tell_spos(model::offered_service service, std::string version, wall_time started, model::execution why,
                     std::optional<model::answered_call> answer) {
    if (!service.spos)
        co_return;
    const auto may = co_await may_tell_of_failed_creation{}; // beyond the budget the app alone is told (DIV-061)
    if (!may.given)
        co_return;
    const auto now = co_await ask_time{};
    model::process_result r;
    r.status = why.status;
    r.message = why.message;
    r.start_date = iso8601(started);
    r.end_date = iso8601(now.wall);
    r.service_id = service.id;
    r.version_tag = std::move(version);
    enqueue_delivery message;
    message.delivery.spos = *service.spos;
    message.delivery.body = co_await encode_result{std::move(r)};
    message.delivery.provider = service.provider;
    message.answer = std::move(answer);
    const auto stored = co_await std::move(message);
    if (stored.delivery)
        co_await deliver{*stored.delivery};
}

/// The eligibility check (TR 3.3.1): the card, or why there is none.
call<model::choice> choose(model::offered_service service, std::string version, std::vector<model::seen_card> cards,
                           std::vector<model::card_profile> profiles) {
    const auto decision = model::choose_card(service, version, cards, profiles);
    for (const auto& reason : decision.reasons)
        co_await tell_operator{{severity::info, "eligibility of service " + service.id + ": " + reason}};
    if (const auto* refusal = std::get_if<model::refusal>(&decision.outcome))
        throw refused(*refusal);
    co_return std::get<model::choice>(decision.outcome);
}

/// The rows of a new instance and of its card.
call<create_row> new_rows(known_handset handset, model::choice choice, model::deployment_target target) {
    const auto& seen = handset.cards[choice.card];
    const auto now = iso8601((co_await ask_time{}).wall);
    create_row row;
    if (handset.rows[choice.card]) {
        row.card = *handset.rows[choice.card];
    } else {
        row.card.id = co_await new_id{};
        row.card.identity = model::identity_of(seen).value().text(); // else it was not eligible
    }
    if (model::rests_on_claims(row.card)) {
        take_claims(row.card, seen, handset.issuers);
        row.card.profile_id = choice.profile_id;
        row.card.claimed = now;
    }
    row.instance.id = co_await new_id{};
    row.instance.secure_component_id = row.card.id;
    row.instance.reader = seen.reader;
    row.instance.atr = seen.atr;
    row.instance.target = std::move(target);
    row.instance.created = now;
    co_return row;
}

/// What a card leaves that has not proven itself is paid for (DIV-061).
call<void> pay(model::secure_component card) {
    const auto charged = co_await charge_trace{std::move(card)};
    if (charged.later)
        throw refused({error_category::overload_protection, text_of(*charged.later)});
}

/// Where the rows of the card change meanwhile, everything is decided by the new ones.
call<result> create(create_service_instance what, call_request request, service_surveyed offered) {
    auto handset = co_await look_at_handset(request.cards, offered.profiles, what.service_id);
    bool paid = false;
    for (int attempt = 1;; ++attempt) {
        co_await name_remedies(handset.cards, what.service_id);
        const auto choice = co_await choose(*offered.service, what.version, handset.cards, offered.profiles);
        auto found = co_await find_target{what.service_id, what.version, choice.profile_id};
        if (!found.target)
            throw refused({error_category::no_eligible_sc, "the Flavor is not published any more"});
        auto rows = co_await new_rows(handset, choice, *std::move(found.target));
        if (!handset.proven[choice.card] && !std::exchange(paid, true))
            co_await pay(rows.card);
        const auto view = model::view_of(rows.instance);
        rows.answer = kept_answer(request, {view, {}});
        switch ((co_await std::move(rows)).outcome) {
        case model::creation::created:
            co_await tell_operator{{severity::info, "created, reader ‘" + view.reader + "’", {.instance = view.id}}};
            co_return result{view, {}};
        case model::creation::answered: // another server has carried out this call
            co_return (co_await answer_of_before(&request)).value();
        case model::creation::has_service: // another call was faster (AMB-115)
            throw refused(model::service_is_there);
        case model::creation::card_changed:
            break;
        }
        if (attempt == most_attempts)
            throw refused(
                {error_category::tsm_not_available, "the secure component is being changed, please try again later"});
        handset = co_await look_up_again(std::move(handset), what.service_id);
    }
}

} // namespace

call<model::create_service_instance_result> enquire<create_service_instance>::carry_out(create_service_instance what,
                                                                                        call_request request) {
    if (auto before = co_await answer_of_before(&request))
        co_return *std::move(before);
    const auto started = (co_await ask_time{}).wall;
    const auto offered = co_await survey(request.provider, what.service_id);
    refuse_if(model::refuse_create(service_in(offered), what.service_id, what.version));
    co_await admit{};
    std::optional<model::refusal> not_eligible;
    try {
        co_return co_await create(what, request, offered);
    } catch (const refused& r) {
        if (model::spoken(model::dialect::v1_0, r.why.category) != error_category::no_eligible_sc)
            throw; // the eligibility check has not failed
        not_eligible = r.why;
    }
    const auto told = model::failed_execution(request.dialect, not_eligible->category, not_eligible->details);
    co_await tell_spos(*offered.service, what.version, started, told, kept_answer(request, {std::nullopt, told}));
    throw refused(*not_eligible);
}

} // namespace tsms::calls
