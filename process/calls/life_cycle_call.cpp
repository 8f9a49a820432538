#include "process/calls/life_cycle_call.hpp"

#include "process/calls/admission.hpp"
#include "process/calls/card_location.hpp"
#include "process/calls/conducting.hpp"
#include "process/calls/interrupted.hpp"

#include <algorithm>

namespace tsms::calls {

namespace {

using model::error_category;
using process::process_outcome;

constexpr int most_reads = 8; ///< of the rows: twice, and again when an operator has changed them meanwhile
constexpr std::chrono::seconds pause_of_store{2};
constexpr std::chrono::seconds least_card_wait{2}; ///< of who has waited for the instance: its card is on its way back
constexpr const char* left_to_next_start = "is left to the next start, because the TSM is stopping";
const model::refusal on_its_card{error_category::sc_inaccessible,
                                 "another process runs on this secure component"}; // AMB-228

struct refused {
    model::refusal why;
    std::optional<come_again> later = {};
};
using verdict = std::optional<refused>; ///< nothing: it goes on

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
        const auto until = c->terms.parked_for ? c->terms.parked_for : c->loaded.runs_for;
        co_return refused{busy && until ? another_process_runs_for(*until) : *why};
    }
    co_return std::nullopt;
}

/// Not granted: another process has it until the end of our patience, or of our caller's.
call<lease> lease_the_card(conducting* c) {
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

call<std::optional<model::refusal>> look_for_hindrance(conducting* c) {
    if (c->card.quarantined)
        co_return model::refusal{error_category::sc_inaccessible,
                                 "the secure component is quarantined after failed authentications; "
                                 "the operator can release it (tsms card release)"};
    co_return co_await find_reader(c);
}

// -- the beginning --

/// From here on everything is a process with an id, and the SPOS hears of it (AMB-131), be it only of a hindrance.
call<process_begun> store_beginning(conducting* c) {
    auto& r = c->record;
    r.session = c->request.session_id;
    r.instance = c->id;
    r.card = c->card.id;
    r.caller = c->request.caller_id;
    const auto version = process::version(c->what); // AMB-183
    r.version_tag = version.empty() ? c->instance.target.version_tag : version;
    r.requested = process::requested(c->what);
    r.start_state = c->instance.state;
    r.proof = c->request.proof;
    r.proof.provider = c->request.provider;
    r.asked = {c->what, c->request.cards, c->request.dialect};
    r.started = iso8601((co_await ask_time{}).wall);
    c->instance.running_process = r.id;
    begin_process beginning{r, c->read, {c->instance, c->card}};
    if (c->hindrance) // the card may be another process's at the moment
        beginning.read.card = beginning.shown.card = std::nullopt;
    co_return co_await std::move(beginning);
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
            c->record.id = co_await new_id{};
            const auto answer = co_await lease_the_card(c);
            if (answer.granted)
                continue;
            if (answer.caller_gone)
                co_return refused{caller_gone};
            c->hindrance = on_its_card;
        } else if (c->loaded.card_is_leased) { // by another server: its channel must not be disturbed
            c->hindrance = on_its_card;
        } else {
            c->hindrance = co_await look_for_hindrance(c);
        }
        const auto charge = co_await charge_process{c->what, c->card, c->instance};
        if (charge.later)
            co_return refused{{error_category::overload_protection, text_of(*charge.later)}, charge.later};
        auto stored = co_await store_beginning(c);
        if (stored.outcome ==
            model::beginning::leased) { // another server's process has the card: this one only says so
            c->hindrance = on_its_card;
            stored = co_await store_beginning(c);
        }
        if (stored.caller_gone)
            co_return refused{caller_gone};
        if (stored.outcome == model::beginning::begun) {
            c->begun = true;
            co_return std::nullopt;
        }
    }
    co_return refused{
        {error_category::tsm_not_available, "the service instance is being changed, please try again later"}};
}

call<void> tell_refused(conducting* c, model::refusal why) {
    co_await tell(c, severity::info, "refused, " + model::error_message(c->request.dialect, why.category, why.details));
}

call<void> answer_refused(conducting* c, refused no) {
    const auto why = model::failed_execution(c->request.dialect, no.why.category, no.why.details);
    const auto now = iso8601((co_await ask_time{}).wall);
    co_await attempt(c, answer{process::refusal_of(c->what, c->instance, why, now), {}, no.later});
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

// -- a process of a former life of the server (DIV-108) --

/// The rows as that has left them; it waits a while for the store. False: they cannot be read, or do not name the
/// process any more, as in a damaged database.
call<bool> load_left(conducting* c, const left_process* left) {
    for (int tries = 0; tries < most_reads; ++tries) {
        std::string why;
        try {
            c->loaded = co_await load_instance{c->id};
            break;
        } catch (const std::exception& e) {
            why = e.what();
        }
        co_await tell(c, severity::error, why);
        co_await attempt(c, pause_for{pause_of_store});
    }
    if (!c->loaded.instance || c->loaded.instance->running_process != c->record.id)
        co_return false;
    c->read = {*c->loaded.instance, c->loaded.card};
    c->instance = model::after_crash(*c->loaded.instance, c->record.start_state, left->in_doubt);
    c->card = c->loaded.card;
    c->card.doubt = c->card.doubt || left->in_doubt;
    co_return true;
}

/// Why it cannot be entered again; nothing: it can.
call<std::optional<std::string>> prepare(conducting* c, const left_process* left) {
    if (!left->holds_card) // all it could do was to say why
        c->hindrance = on_its_card;
    c->wanted = co_await find_wanted(c);
    if (!process::version(c->what).empty() && !c->wanted.target)
        co_return "version ‘" + process::version(c->what) + "’ is not published for its card any more";
    if (!left->holds_card)
        co_return std::nullopt;
    for (int tries = 0; !(co_await lease_the_card(c)).granted;) // for a call that sees that the card is ours, and ends
        if (++tries == most_reads)
            co_return on_its_card.details;
    c->hindrance = co_await look_for_hindrance(c);
    co_return std::nullopt;
}

call<void> conduct_left(conducting* c, const left_process* left) {
    if (!co_await load_left(c, left)) {
        const model::refusal why{error_category::internal_error, internal_problem};
        co_await tell(c, severity::error,
                      "its rows cannot be read or do not name it any more: it cannot be entered again");
        co_return co_await answer_refused(c, {why});
    }
    std::optional<std::string> why;
    try {
        why = co_await prepare(c, left);
    } catch (const std::exception& e) {
        why = e.what();
    }
    if (why) {
        co_await tell(c, severity::warning, "cannot be entered again after a restart: " + *why);
        co_return co_await finish(c, process::interrupted(c->what, c->instance, c->card));
    }
    c->instance.running_process = c->record.id;
    auto outcome = co_await run(c);
    co_await finish(c, std::move(outcome));
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

namespace {

std::string instance_of(const model::life_cycle_function& what) {
    return std::visit([](const auto& f) { return f.service_instance_id; }, what);
}

} // namespace

call<void> conduct_life_cycle(call_request request, life_cycle_terms terms) {
    conducting c;
    c.what = std::get<model::life_cycle_function>(model::kind_of(request.what));
    c.id = instance_of(c.what);
    c.request = std::move(request);
    c.terms = terms;
    try {
        co_return co_await conduct(&c);
    } catch (const stopping&) {
    }
    if (c.begun) // the next start ends the process, and its result is not known before
        co_return co_await tell(&c, severity::info, left_to_next_start);
    co_await tell_refused(&c, tsm_stops);
    co_await answer_refused(&c, {tsm_stops});
}

call<void> enter_again(left_process left, life_cycle_terms terms) {
    conducting c;
    c.what = left.record.asked.value().what;
    c.id = instance_of(c.what);
    c.request = {std::visit([](const auto& f) -> model::tsm_api_function { return f; }, c.what), left.record.caller,
                 left.record.proof.provider, left.record.asked->cards, left.record.session};
    c.request.dialect = left.record.asked->dialect;
    c.terms = terms;
    c.record = left.record;
    c.life = left.life;
    c.begun = true;
    try {
        co_return co_await conduct_left(&c, &left);
    } catch (const stopping&) {
    }
    co_await tell(&c, severity::info, left_to_next_start);
}

} // namespace tsms::calls
