#include "process/calls/life_cycle_call.hpp"

#include "process/calls/admission.hpp"
#include "process/calls/card_location.hpp"
#include "process/calls/process_result.hpp"
#include "process/calls/tell.hpp"
#include "process/functions/life_cycle.hpp"

#include <algorithm>

namespace tsms::calls {

namespace {

using model::error_category;
using process::process_outcome;

constexpr int most_reads = 8; ///< of the rows: twice, and again when an operator has changed them meanwhile
constexpr std::chrono::seconds least_card_wait{2}; ///< of who has waited for the instance: its card is on its way back
constexpr std::chrono::seconds longest_pause{30};
const model::refusal on_its_card{error_category::sc_inaccessible,
                                 "another process runs on this secure component"}; // AMB-228

/// What is known of the call.
struct conducting {
    call_request request;
    life_cycle_terms terms;
    model::life_cycle_function what; ///< of the request
    std::string id;                  ///< of the instance

    model::service_instance instance;
    model::secure_component card;
    instance_loaded loaded;         ///< what else was read with them
    model::process_rows read;       ///< what the decision to begin rests on
    process::wanted_version wanted; ///< the Version that the function asks for

    model::process_record record;
    std::string leased;                      ///< id of the card's row; empty: no card is leased
    std::optional<cards_seen> seen;          ///< what the announced cards have said, if they were asked
    std::string reader, atr;                 ///< where the card is said to be; the row takes them when it is proven
    std::optional<model::refusal> hindrance; ///< why the card cannot be used: the process ends with it (AMB-131)
    bool begun = false;                      ///< there is a process
};

struct refused {
    model::refusal why;
    std::optional<come_again> later = {};
};
using verdict = std::optional<refused>; ///< nothing: it goes on

log_subject subject_of(const conducting* c) {
    return {.process = c->begun ? c->record.id : std::string(),
            .instance = c->id,
            .card = c->card.id,
            .provider = c->instance.target.service_provider_id};
}

call<void> tell(const conducting* c, severity level, std::string text) {
    return calls::tell({level, std::move(text), subject_of(c)});
}

/// What can be done without: a bug in it is the operator's matter.
template <class E> call<void> attempt(const conducting* c, E effect) {
    std::string bug;
    try {
        co_await std::move(effect);
        co_return;
    } catch (const std::exception& e) {
        bug = e.what();
    }
    co_await tell(c, severity::error, bug);
}

// -- before the process (AMB-131): a refusal leaves no trace --

call<verdict> load_rows(conducting* c) {
    auto loaded = co_await load_instance{c->id};
    if (const auto foreign = refuse_foreign(c->id, loaded, c->request.provider))
        co_return refused{*foreign};
    c->instance = *std::move(loaded.instance);
    c->card = loaded.card;
    c->read = {c->instance, c->card};
    c->loaded = std::move(loaded);
    co_return std::nullopt;
}

/// Of the Version that the function asks for, for the profile of the instance's card.
call<process::wanted_version> find_wanted(conducting* c) {
    process::wanted_version wanted;
    const auto version = process::version(c->what);
    if (version.empty())
        co_return wanted;
    const auto& target = c->instance.target;
    wanted.target = (co_await find_target{target.service_id, version, target.profile_id}).target;
    wanted.exists = (co_await check_target{target.service_id, version, {}}).version_exists;
    co_return wanted;
}

call<verdict> judge(conducting* c) {
    const auto& target = c->instance.target;
    const auto catalog = co_await check_target{target.service_id, target.version_tag, target.flavor_id};
    c->wanted = co_await find_wanted(c);
    if (const auto why =
            process::refuse(c->what, {c->instance, catalog.version_exists, catalog.flavor_exists, c->wanted})) {
        const bool busy = why->details == model::another_process_runs.details;
        co_return refused{busy && c->loaded.runs_for ? another_process_runs_for(*c->loaded.runs_for) : *why};
    }
    co_return std::nullopt;
}

/// Not granted: another process has it until the end of our patience, or of our caller's.
call<lease> lease_the_card(conducting* c) {
    c->record.id = co_await new_id{};
    const auto now = co_await ask_time{};
    const auto until = std::max(c->terms.card_until, now.steady + least_card_wait);
    const auto card = c->card.id;
    const auto answer = co_await lease_card{card, c->record.id, until};
    if (answer.granted)
        c->leased = card;
    co_return answer;
}

// -- where the card is now --

bool is_configured(const conducting* c, const std::string& issuer) {
    return std::ranges::find(c->loaded.issuers, issuer, &model::issuer_record::name) != c->loaded.issuers.end();
}

/// `seen`: what the card said just now, if it was asked.
void believe(conducting* c, const model::seen_card* seen) {
    c->reader = seen ? seen->reader : c->instance.reader;
    c->atr = seen ? seen->atr : c->instance.atr;
    if (!model::rests_on_claims(c->card))
        return;
    if (seen)
        take_claims(c->card, *seen, c->loaded.issuers);
    else if (!is_configured(c, c->card.issuer)) // added, or removed, after the instance was created
        c->card.issuer = issuer_of(c->loaded.issuers, card_as_stored(c->card, c->instance, c->request.cards));
}

/// Why the card cannot be found; nothing: it is believed to be where it is said to be.
call<std::optional<model::refusal>> find_reader(conducting* c) {
    const auto& announced = c->request.cards;
    if (!c->seen && reader_is_certain(c->instance, announced)) {
        believe(c, nullptr);
        co_return std::nullopt;
    }
    if (!c->seen) {
        co_await admit{}; // from here on the phone works in its session
        c->seen = co_await read_cards(announced, readers_of(announced));
    }
    const auto& seen = *c->seen;
    if (!seen.bug.empty())
        co_await tell(c, severity::error, cards_unread + seen.bug);
    if (auto why = why_unread(seen))
        co_return why;
    const auto* ours = find_own_card(c->card, seen.cards);
    if (!ours)
        co_return card_not_found(seen.cards);
    if (c->instance.reader != ours->reader)
        co_await tell(c, severity::info, "its secure component has another reader now");
    believe(c, ours);
    co_return std::nullopt;
}

// -- the beginning --

/// From here on everything is a process with an id, and the SPOS hears of it (AMB-131), be it only of a hindrance.
call<model::beginning> store_beginning(conducting* c) {
    auto& r = c->record;
    r.session = c->request.session_id;
    r.instance = c->id;
    r.card = c->card.id;
    r.caller = c->request.caller_id;
    const auto version = process::version(c->what); // AMB-183
    r.version_tag = version.empty() ? c->instance.target.version_tag : version;
    r.requested = process::requested(c->what);
    r.start_state = c->instance.state;
    r.started = iso8601((co_await ask_time{}).wall);
    c->instance.running_process = r.id;
    begin_process beginning{r, c->read, {c->instance, c->card}};
    if (c->hindrance) // the card may be another process's at the moment
        beginning.read.card = beginning.shown.card = std::nullopt;
    co_return (co_await std::move(beginning)).outcome;
}

/// Reads the rows twice: before the card is asked for, and when it is ours, because its former tenant may have written
/// them. And again where an operator was faster than the beginning of the process.
call<verdict> begin(conducting* c) {
    for (int read = 0; read < most_reads; ++read) {
        if (auto no = co_await load_rows(c))
            co_return no;
        if (auto no = co_await judge(c))
            co_return no;
        if (!c->leased.empty() && c->leased != c->card.id) { // that row is another one's part now
            co_await return_card{};
            c->leased.clear();
        }
        if (c->leased.empty()) {
            const auto answer = co_await lease_the_card(c);
            if (answer.granted)
                continue;
            if (answer.caller_gone)
                co_return refused{caller_gone};
            c->hindrance = on_its_card;
        } else if (c->loaded.card_is_leased) { // by another server: its channel must not be disturbed
            c->hindrance = on_its_card;
        } else if (c->card.quarantined) {
            c->hindrance = {error_category::sc_inaccessible,
                            "the secure component is quarantined after failed authentications; "
                            "the operator can release it (tsms card release)"};
        } else {
            c->hindrance = co_await find_reader(c);
        }
        const auto charge = co_await charge_process{c->what, c->card, c->instance};
        if (charge.later)
            co_return refused{{error_category::tsm_not_available, text_of(*charge.later)}, charge.later};
        auto outcome = co_await store_beginning(c);
        if (outcome == model::beginning::leased) { // another server's process has the card: this one only tells that
            c->hindrance = on_its_card;
            outcome = co_await store_beginning(c);
        }
        if (outcome == model::beginning::begun) {
            c->begun = true;
            co_return std::nullopt;
        }
    }
    co_return refused{
        {error_category::tsm_not_available, "the service instance is being changed, please try again later"}};
}

call<void> tell_refused(conducting* c, model::refusal why) {
    co_await tell(c, severity::info, "refused, " + model::error_message(why.category, why.details));
}

call<void> answer_refused(conducting* c, refused no) {
    const auto why = model::failed_execution(no.why.category, no.why.details);
    const auto now = iso8601((co_await ask_time{}).wall);
    co_await attempt(c, answer{process::refusal_of(c->what, c->instance, why, now), {}, no.later});
}

// -- the process --

process::process_request request_of(const conducting* c) {
    process::process_request r;
    r.process_id = c->record.id;
    r.caller_id = c->request.caller_id;
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

call<process_outcome> run(conducting* c) {
    std::string bug;
    try {
        co_await admit{};
        co_await tell(c, severity::info, "begins" + why_only_its_keys_count(c->card));
        co_await process_begins{c->record, c->card.issuer};
        co_return co_await play(c);
    } catch (const std::exception& e) {
        bug = e.what();
    }
    co_await tell(c, severity::error, "broke: " + bug);
    co_return process::broken(c->what, c->instance, c->card, c->record.start_state);
}

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

call<end_process> end_of(conducting* c, const process_outcome* end) {
    const auto now = co_await ask_time{};
    end_process e;
    e.end = {c->record.id, end->status, model::error_message(end->status, end->details), iso8601(now.wall)};
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
    const model::process_info info{shown.id, {shown.status, shown.message}, c->record.started, shown.ended};
    return {process::result_of(c->what, end, info), completed};
}

/// The app is not kept waiting, but instance and card stay the call's until the row says that the process has ended.
call<void> tell_not_stored(conducting* c, const process_outcome* end, model::process_end shown) {
    shown.status = error_category::internal_error;
    shown.message = model::error_message(shown.status, "the outcome could not be stored yet; ask again later");
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

call<verdict> try_to_begin(conducting* c) {
    verdict no;
    std::string cause; ///< the operator's matter
    try {
        co_return co_await begin(c);
    } catch (const unanswered& u) {
        cause = u.what();
        no = refused{{error_category::tsm_not_available, internal_problem}};
    } catch (const std::exception& e) {
        cause = std::string("the call broke: ") + e.what();
        no = refused{{error_category::internal_error, internal_problem}};
    }
    co_await tell(c, severity::error, cause);
    co_return no;
}

call<void> conduct(conducting* c) {
    if (const auto no = co_await try_to_begin(c)) {
        co_await tell_refused(c, no->why);
        co_return co_await answer_refused(c, *no);
    }
    auto outcome = co_await run(c);
    co_await finish(c, std::move(outcome));
}

} // namespace

call<void> conduct_life_cycle(call_request request, life_cycle_terms terms) {
    conducting c;
    c.what = std::get<model::life_cycle_function>(model::kind_of(request.what));
    c.id = std::visit([](const auto& f) { return f.service_instance_id; }, c.what);
    c.request = std::move(request);
    c.terms = terms;
    try {
        co_return co_await conduct(&c);
    } catch (const stopping&) {
    }
    const model::refusal stop{error_category::tsm_not_available, "the TSM is stopping"};
    if (c.begun) // the next start ends the process, and its result is not known before
        co_return co_await tell(&c, severity::info, "is left to the next start, because the TSM is stopping");
    co_await tell_refused(&c, stop);
    co_await answer_refused(&c, {stop});
}

} // namespace tsms::calls
