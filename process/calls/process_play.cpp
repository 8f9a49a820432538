#include "process/calls/card_location.hpp"
#include "process/calls/conducting.hpp"
#include "process/calls/process_result.hpp"

#include <algorithm>

namespace tsms::calls {

using model::error_category;
using process::process_outcome;

namespace {

constexpr std::chrono::seconds longest_pause{30};

log_subject subject_of(const conducting* c) {
    return {.process = c->begun ? c->record.id : std::string(),
            .instance = c->id,
            .card = c->card.id,
            .provider = c->instance.target.service_provider_id};
}

} // namespace

call<void> tell(const conducting* c, severity level, std::string text) {
    return calls::tell({level, std::move(text), subject_of(c)});
}

namespace {

// -- the process --

process::process_request request_of(const conducting* c) {
    process::process_request r;
    r.process_id = c->record.id;
    r.caller_id = c->request.caller_id;
    r.start_acknowledged = c->record.acknowledged;
    r.life = c->life;
    r.instance = c->instance;
    r.new_target = c->wanted.target;
    r.card = c->card;
    r.reader = c->reader.empty() ? c->instance.reader : c->reader;
    for (const auto& card : c->request.cards)
        if (card.reader == r.reader)
            r.se_type = card.se_type;
    r.hindrance = c->hindrance;
    r.last_service_on_card = c->loaded.last_on_card;
    r.aids_of_others = c->loaded.aids_of_others;
    r.aids_behind_proof = c->loaded.aids_behind_proof;
    r.look_first = c->loaded.proven_rows_beside;
    for (const auto& tombstone : c->loaded.tombstones)
        r.tombstones.push_back(tombstone.target);
    r.remove_tsm_domain_when_last = c->terms.remove_tsm_domain_when_last;
    return r;
}

/// Its effects are the call's. What it commits is what is known, should it break.
call<process_outcome> play(conducting* c) {
    auto running = process::run(c->what, request_of(c));
    for (const auto* effect = running.start(); effect;) {
        if (const auto* commit = std::get_if<process::commit>(effect)) {
            c->instance = commit->instance;
            c->card = commit->card;
        }
        auto reply = co_await perform{*effect};
        effect = running.answer(std::move(reply));
    }
    co_return running.result();
}

} // namespace

call<process_outcome> run(conducting* c) {
    std::string bug;
    try {
        co_await admit{};
        co_await tell(c, severity::info,
                      (c->life.empty() ? "begins" : "is entered again") + why_only_its_keys_count(c->card));
        co_await process_begins{c->record, c->card.issuer, c->instance.target.service_id,
                                c->instance.target.service_provider_id};
        co_return co_await play(c);
    } catch (const std::exception& e) {
        bug = e.what();
    }
    co_await tell(c, severity::error, "broke: " + bug);
    co_return process::broken(c->what, c->instance, c->card, c->record.start_state);
}

namespace {

// -- the end: once there is a process, nothing but a stop keeps its end from the rows --

/// AMB-182: the SposConfig of this moment; of the snapshot if the Service is deleted, or nobody can tell.
call<std::optional<model::spos_target>> find_spos(model::deployment_target target) {
    try {
        const auto surveyed = co_await survey_service{target.service_id};
        if (surveyed.service)
            co_return surveyed.service->spos;
    } catch (const std::exception&) { // the catalog has its own alarm
    }
    co_return target.spos;
}

/// What the rows take of the outcome.
process_outcome closed(const conducting* c, process_outcome end) {
    end.instance.running_process.clear();
    if (end.card_proven) {
        end.instance.reader = c->reader;
        end.instance.atr = c->atr;
    }
    end.card.was_proven = end.card.was_proven || !model::rests_on_claims(c->read.card.value_or(end.card)) ||
                          !model::rests_on_claims(end.card);
    return end;
}

/// A result that cannot be encoded keeps nothing from the row.
call<std::optional<model::outbox_entry>> delivery_for_spos(conducting* c, const end_process* e) {
    const auto& spos = e->instance.target.spos;
    if (!spos)
        co_return std::nullopt;
    std::string bug;
    try {
        const auto state = e->gone ? model::instance_state::not_deployed : e->instance.state;
        auto body = co_await encode_result{result_for_spos(c->record, e->end, e->instance, state)};
        co_return delivery_of(c->record, e->instance, *spos, std::move(body));
    } catch (const std::exception& x) {
        bug = x.what();
    }
    co_await tell(c, severity::error, "its SPOS is not told of it, the result cannot be encoded: " + bug);
    co_return std::nullopt;
}

model::life_cycle_result result_of(const conducting* c, const process_outcome& end, const model::process_end& shown) {
    return process::result_of(c->what, end, {shown.id, {shown.status, shown.message}, c->record.started, shown.ended});
}

call<end_process> end_of(conducting* c, const process_outcome* end) {
    const auto now = co_await ask_time{};
    end_process e;
    const auto told = model::failed_execution(c->request.dialect, end->status, end->details);
    e.end = {c->record.id, told.status, told.message, iso8601(now.wall)};
    e.end.result = result_of(c, *end, e.end);
    e.instance = end->instance;
    e.instance.target.spos = co_await find_spos(end->instance.target);
    if (end->tombstones_gone)
        for (const auto& tombstone : c->loaded.tombstones)
            e.end.cleaned.push_back(tombstone.id);
    if (!c->hindrance) // else nothing is known that is not in the row, which may be another process's at the moment
        e.card = end->card;
    e.gone = end->instance_gone;
    e.delivery = co_await delivery_for_spos(c, &e);
    co_return e;
}

answer answer_of(const conducting* c, const process_outcome& end, const model::process_end& shown) {
    std::optional<model::process_progress> completed;
    if (shown.status == error_category::none)
        completed = {shown.id, 100, end.instance.last_operation};
    return {model::result_of(shown.result ? *shown.result : result_of(c, end, shown)), completed};
}

/// The app is not kept waiting, but instance and card stay the call's until the row says that the process has ended.
call<void> tell_not_stored(conducting* c, const process_outcome* end, model::process_end shown) {
    shown.status = error_category::internal_error;
    shown.result.reset();
    shown.message =
        model::error_message(c->request.dialect, shown.status, "the outcome could not be stored yet; ask again later");
    co_await attempt(c, answer_of(c, *end, shown));
}

struct stored_end {
    model::process_end shown;
    bool of_another = false;                     ///< it had been ended otherwise before
    std::optional<model::outbox_entry> delivery; ///< with its id
};

/// It is told again because its first answer was lost. Another end is somebody else's, who goes on with the card
/// because our lease was lost (DIV-101).
bool is_same(const model::process_end& one, const model::process_end& other) {
    return one.status == other.status && one.ended == other.ended;
}

call<stored_end> store_end(conducting* c, const process_outcome* end) {
    std::optional<end_process> message;
    for (std::chrono::seconds pause{1};; pause = std::min(pause * 2, longest_pause)) {
        std::string why;
        try {
            if (!message)
                message = co_await end_of(c, end);
            auto stored = co_await end_process(*message);
            if (!stored.former || is_same(*stored.former, message->end))
                co_return stored_end{message->end, false, std::move(stored.delivery)};
            co_return stored_end{*std::move(stored.former), true, std::move(stored.delivery)};
        } catch (const std::exception& e) {
            why = e.what();
        }
        co_await tell(c, severity::error,
                      "its end could not be stored, next attempt in " + std::to_string(pause.count()) + " s: " + why);
        if (message)
            co_await tell_not_stored(c, end, message->end);
        co_await attempt(c, pause_for{pause});
    }
}

std::string told_of_end(const process_outcome& end, const model::process_end& shown) {
    return "ends, status " + std::to_string(static_cast<int>(shown.status)) +
           (shown.message.empty() ? "" : ", " + shown.message) +
           (end.retry_can_help ? ", a repetition of the call may succeed" : "") +
           (end.for_operator.empty() ? "" : ", " + end.for_operator) + ", state " +
           std::to_string(static_cast<int>(end.instance.state));
}

/// What came of the process is what is stored, whatever we have seen of the card.
call<process_outcome> outcome_of_another(conducting* c, error_category status) {
    auto outcome = process::broken(c->what, c->instance, c->card, c->record.start_state);
    outcome.status = status;
    try {
        if (auto loaded = co_await load_instance{c->id}; loaded.instance)
            outcome.instance = *std::move(loaded.instance);
    } catch (const std::exception&) { // what is known of it has to do
    }
    co_return outcome;
}

} // namespace

call<void> finish(conducting* c, process_outcome outcome) {
    auto end = closed(c, std::move(outcome));
    co_await attempt(c, process_over{});
    co_await attempt(c, close_account{end});
    const auto stored = co_await store_end(c, &end);
    if (stored.of_another)
        end = co_await outcome_of_another(c, stored.shown.status);
    co_await tell(c, severity::info, told_of_end(end, stored.shown));
    if (stored.delivery)
        co_await attempt(c, deliver{*stored.delivery});
    co_await attempt(c, answer_of(c, end, stored.shown));
}

} // namespace tsms::calls
