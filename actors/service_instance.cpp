// One Service Instance in use: judges what may begin (TR 3.2.2), owns the process, and is the only writer of the
// instance's row.

#include "actors/framework/card_location.hpp"
#include "actors/framework/effects.hpp"
#include "actors/framework/process_result.hpp"
#include "actors/framework/running_process.hpp"
#include "actors/framework/waiting_calls.hpp"
#include "process/calls/admission.hpp"
#include "process/functions/life_cycle.hpp"

#include <caf/all.hpp>

namespace tsms::actors {

namespace {

using process::process_outcome;

constexpr std::chrono::seconds longest_pause{30};
constexpr int most_reads = 8; ///< of the rows of one call: twice, and again when an operator has changed them meanwhile
constexpr std::chrono::seconds least_card_wait{2}; ///< of who has waited for the instance: its card is on its way back

class service_instance final : public conductor_actor::base {
public:
    service_instance(caf::actor_config& config, std::string id, gate_actor gate,
                     std::shared_ptr<const surroundings> around)
        : conductor_actor::base(config), id_(std::move(id)), gate_(std::move(gate)), around_(std::move(around)) {
        set_down_handler([this](const caf::down_msg& down) { drop_gone(down.source); });
    }

    const char* name() const override { return "service_instance"; }

    behavior_type make_behavior() override {
        return {
            [this](const begin_call& b) -> caf::result<call_begun> { return begin(b); },
            [this](const tick& t) {
                store_end_again(t.now);
                refuse_late(t.now);
            },
            [this](const ask_idle&) { return !busy_; },
        };
    }

    void on_exit() override {
        for (auto& w : waiting_.take_all())
            refuse_waiting(w, {model::error_category::tsm_not_available, "the TSM is stopping"});
        refuse(model::error_category::tsm_not_available, "the TSM is stopping");
        runner_.reset();
        effects_.reset();
        reading_.reset();
        gate_ = nullptr;
        running_ = {};
    }

private:
    // -- before the process (AMB-131): a refusal leaves no trace --

    caf::result<call_begun> begin(const begin_call& b) {
        waiting_call w{b, make_response_promise<call_begun>(), around_->now() + around_->card_wait};
        auto promise = w.promise;
        if (busy_)
            admit_second(std::move(w));
        else
            take_up(std::move(w));
        return promise;
    }

    /// What the former call has left goes when the rows are there: it may be what calls us.
    void take_up(waiting_call w) {
        busy_ = true;
        running_ = {};
        running_.begun = std::move(w.call);
        running_.what = std::get<model::life_cycle_function>(model::kind_of(running_.begun.request.what));
        running_.deadline = w.deadline;
        admission_ = std::move(w.promise);
        load();
    }

    /// That a process runs is only told to who may know of the instance, be it by keeping him waiting.
    void admit_second(waiting_call w) {
        request(around_->store, actor_deadline, load_instance{id_})
            .then(
                [this, w](const instance_loaded& l) mutable {
                    if (const auto foreign = calls::refuse_foreign(id_, l, w.call.request.provider))
                        return refuse_waiting(w, *foreign);
                    if (!busy_)
                        return take_up(std::move(w));
                    if (waiting_.full())
                        return refuse_waiting(w, model::another_process_runs);
                    monitor(w.call.session);
                    waiting_.push(std::move(w));
                },
                [this, w](caf::error& e) mutable {
                    around_->log({severity::error, "instance " + id_ + ": " + text_of(e)});
                    refuse_waiting(w, {model::error_category::tsm_not_available, internal_problem});
                });
    }

    void refuse_waiting(waiting_call& w, const model::refusal& why) {
        const auto now = iso8601(store::clock::now());
        around_->log(
            {severity::info, "instance " + id_ + ": refused, " + model::error_message(why.category, why.details)});
        w.promise.deliver(call_begun{
            model::refusal_of(w.call.request.what, model::failed_execution(why.category, why.details), now)});
    }

    void refuse_late(steady_time now) {
        for (auto& w : waiting_.take_late(now))
            refuse_waiting(w, model::another_process_runs);
    }

    /// The gate ends the session of a call that it has given up: nobody would report to the process.
    void drop_gone(const caf::actor_addr& session) {
        if (auto gone = waiting_.take(session))
            refuse_waiting(*gone, {model::error_category::execution_interrupted, "the caller has gone"});
    }

    void take_up_next() {
        refuse_late(around_->now());
        if (auto next = waiting_.next())
            take_up(*std::move(next));
    }

    /// Twice: before the card is asked for, and when it is ours, because its former tenant may have written the rows.
    /// And again where an operator was faster than the beginning of the process.
    void load() {
        if (++running_.reads > most_reads)
            return refuse(model::error_category::tsm_not_available,
                          "the service instance is being changed, please try again later");
        request(around_->store, actor_deadline, load_instance{id_})
            .then([this](instance_loaded& l) { loaded(std::move(l)); }, refuse_on_error());
    }

    void loaded(instance_loaded l) {
        runner_.reset();
        effects_.reset();
        reading_.reset();
        if (const auto refusal = calls::refuse_foreign(id_, l, running_.begun.request.provider))
            return refuse(refusal->category, refusal->details);
        running_.instance = std::move(*l.instance);
        running_.card = std::move(l.card);
        running_.read = {running_.instance, running_.card};
        running_.last_on_card = l.last_on_card;
        running_.aids_of_others = std::move(l.aids_of_others);
        running_.aids_behind_proof = std::move(l.aids_behind_proof);
        running_.proven_rows_beside = l.proven_rows_beside;
        running_.tombstones = std::move(l.tombstones);
        running_.issuers = std::move(l.issuers);
        const auto& target = running_.instance.target;
        request(around_->catalog, catalog_deadline,
                check_target{target.service_id, target.version_tag, target.flavor_id})
            .then([this](const target_checked& c) { checked(c); }, refuse_on_error());
    }

    void checked(const target_checked& c) {
        const auto version = process::version(running_.what);
        if (version.empty())
            return judge(c);
        const auto& target = running_.instance.target;
        request(around_->catalog, catalog_deadline, find_target{target.service_id, version, target.profile_id})
            .then(
                [this, c, version](target_found& found) {
                    running_.wanted.target = std::move(found.target);
                    const auto& service = running_.instance.target.service_id;
                    request(around_->catalog, catalog_deadline, check_target{service, version, {}})
                        .then(
                            [this, c](const target_checked& wanted) {
                                running_.wanted.exists = wanted.version_exists;
                                judge(c);
                            },
                            refuse_on_error());
                },
                refuse_on_error());
    }

    void judge(const target_checked& c) {
        if (const auto refusal =
                process::refuse(running_.what, {running_.instance, c.version_exists, c.flavor_exists, running_.wanted}))
            return refuse(refusal->category, refusal->details);
        if (running_.lease && running_.leased_card != running_.card.id) // that row is another one's part now
            give_card_back();
        if (running_.lease && running_.card.quarantined)
            return hinder(model::error_category::sc_inaccessible,
                          "the secure component is quarantined after failed authentications; "
                          "the operator can release it (tsms card release)");
        if (running_.lease)
            return find_reader();
        request(gate_, actor_deadline, find_card{running_.card.id})
            .then([this](const card_handle& found) { lease(found.card); }, refuse_on_error());
    }

    void lease(card_actor card) {
        running_.record.id = around_->random->uuid();
        lease_card wish{running_.record.id, std::max(running_.deadline, around_->now() + least_card_wait)};
        request(card, around_->card_wait + std::chrono::seconds(2), wish)
            .then(
                [this, card](const card_leased& l) {
                    if (!l.granted) // AMB-228
                        return hinder(model::error_category::sc_inaccessible,
                                      "another process runs on this secure component");
                    running_.lease = card;
                    running_.leased_card = running_.card.id;
                    load();
                },
                refuse_on_error());
    }

    /// From here on everything is a process with an id, and the SPOS hears of it (AMB-131); this one only tells why the
    /// card cannot be used.
    void hinder(model::error_category category, const std::string& details) {
        running_.hindrance = model::refusal{category, details};
        store_beginning();
    }

    // -- where the card is now --

    void find_reader() {
        const auto& announced = running_.begun.request.cards;
        if (running_.seen)
            return choose_reader();
        if (reader_is_certain(running_.instance, announced))
            return found_reader(nullptr);
        admission_.deliver(call_begun{std::nullopt}); // from here on the phone works in its session
        reading_ = std::make_unique<card_reading<service_instance>>(*this, around_, running_.begun.session, announced,
                                                                    readers_of(announced), [this](cards_seen seen) {
                                                                        running_.seen = std::move(seen);
                                                                        choose_reader();
                                                                    });
        reading_->start();
    }

    void choose_reader() {
        const auto& seen = *running_.seen;
        if (!seen.bug.empty()) {
            around_->log({severity::error, "reading the cards broke: " + seen.bug});
            return hinder(model::error_category::internal_error, "the secure components could not be read");
        }
        if (seen.phone_lost)
            return hinder(model::error_category::execution_interrupted, "the connection to the handset was lost");
        const auto* ours = find_own_card(running_.card, seen.cards);
        if (!ours)
            return card_not_found(seen);
        if (running_.instance.reader != ours->reader)
            around_->log({severity::info, "instance " + id_ + ": its secure component has another reader now"});
        found_reader(ours);
    }

    /// That is the phone's word: nothing changes, and the instance is there when its card comes back. Only the operator
    /// can give it up (AMB-239, tsms card lost).
    void card_not_found(const cards_seen& seen) {
        const auto silent = model::could_not_look(seen.cards);
        hinder(silent ? silent->category : model::error_category::sc_inaccessible,
               "none of the announced secure components is the one of the service instance" +
                   (silent ? "; " + silent->details : std::string()));
    }

    /// `seen`: what the card said just now, if it was asked.
    void found_reader(const model::seen_card* seen) {
        auto& card = running_.card;
        running_.reader = seen ? seen->reader : running_.instance.reader;
        running_.atr = seen ? seen->atr : running_.instance.atr;
        if (model::rests_on_claims(card) && seen)
            take_claims(card, *seen, running_.issuers);
        else if (model::rests_on_claims(card) &&
                 !is_configured(card.issuer)) // added, or removed, after the instance was created
            card.issuer = issuer_of(running_.issuers,
                                    card_as_stored(running_.card, running_.instance, running_.begun.request.cards));
        store_beginning();
    }

    bool is_configured(const std::string& issuer) const {
        return std::ranges::find(running_.issuers, issuer, &store::issuer_record::name) != running_.issuers.end();
    }

    void store_beginning() {
        if (!running_.stranger) // the call pays once, however often it is judged
            running_.stranger = std::make_shared<stranger_account>(around_, running_.begun.request.address,
                                                                   running_.card, running_.instance);
        if (const auto later = running_.stranger->begin(running_.what))
            return refuse(model::error_category::tsm_not_available, text_of(*later), later);
        auto& r = running_.record;
        r.session = running_.begun.session_id;
        r.instance = id_;
        r.card = running_.card.id;
        r.caller = running_.begun.request.caller_id;
        const auto version = process::version(running_.what); // AMB-183
        r.version_tag = version.empty() ? running_.instance.target.version_tag : version;
        r.requested = process::requested(running_.what);
        r.start_state = running_.instance.state;
        r.started = iso8601(store::clock::now());
        running_.instance.running_process = r.id;
        store::process_rows shown{running_.instance, running_.card};
        auto read = running_.read;
        if (running_.hindrance) // the card may be another process's at the moment
            read.card = shown.card = std::nullopt;
        request(around_->store, actor_deadline, timely(*around_, begin_process{r, std::move(read), std::move(shown)}))
            .then([this](const process_begun& p) { p.begun ? start() : begin_anew(); }, refuse_on_error());
    }

    void begin_anew() {
        running_.hindrance.reset();
        load();
    }

    std::function<void(caf::error&)> refuse_on_error() {
        return [this](caf::error& e) {
            around_->log({severity::error, "instance " + id_ + ": " + text_of(e)});
            refuse(model::error_category::tsm_not_available, internal_problem);
        };
    }

    result refusal_of(model::error_category category, const std::string& details) const {
        return process::refusal_of(running_.what, running_.instance, model::failed_execution(category, details),
                                   iso8601(store::clock::now()));
    }

    void refuse(model::error_category category, const std::string& details, std::optional<come_again> later = {}) {
        if (!busy_)
            return;
        around_->log({severity::info, "instance " + id_ + ": refused, " + model::error_message(category, details)});
        if (admission_.pending())
            admission_.deliver(call_begun{refusal_of(category, details), later});
        else if (!runner_) // the phone is in its session already
            send(running_.begun.session, finish_session{refusal_of(category, details), std::nullopt});
        become_idle();
    }

    void give_card_back() {
        if (running_.lease)
            send(running_.lease, return_card{running_.record.id});
        running_.lease = nullptr;
    }

    void become_idle() {
        give_card_back();
        running_.begun.session = nullptr;
        unstored_.reset();
        busy_ = false;
        take_up_next();
    }

    // -- the process --

    void start() {
        if (admission_.pending())
            admission_.deliver(call_begun{std::nullopt});
        log("begins, instance " + id_ + ", secure component " + running_.card.id +
            why_only_its_keys_count(running_.card));
        effects_ = std::make_unique<effect_interpreter<service_instance>>(
            *this, around_,
            process_context{running_.record, running_.begun.session, running_.card.issuer, running_.stranger},
            [this](process::answer_variant reply) { runner_->answer(std::move(reply)); },
            [this](const process::commit& c) {
                running_.instance = c.instance;
                running_.card = c.card;
            });
        runner_ = std::make_unique<process_runner<process_outcome>>(
            make_process(), [this](const process::effect& e) { effects_->perform(e); },
            [this](const process_outcome* outcome, const std::string& bug) { ended(outcome, bug); });
        runner_->start();
    }

    process::process<process_outcome> make_process() const {
        process::process_request r;
        r.process_id = running_.record.id;
        r.caller_id = running_.begun.request.caller_id;
        r.instance = running_.instance;
        r.new_target = running_.wanted.target;
        r.card = running_.card;
        r.reader = running_.reader.empty() ? running_.instance.reader : running_.reader;
        for (const auto& card : running_.begun.request.cards)
            if (card.reader == r.reader)
                r.se_type = card.se_type;
        r.hindrance = running_.hindrance;
        r.last_service_on_card = running_.last_on_card;
        r.aids_of_others = running_.aids_of_others;
        r.aids_behind_proof = running_.aids_behind_proof;
        r.look_first = running_.proven_rows_beside;
        for (const auto& tombstone : running_.tombstones)
            r.tombstones.push_back(tombstone.target);
        r.remove_tsm_domain_when_last = around_->remove_tsm_domain_when_last;
        return process::run(running_.what, std::move(r));
    }

    // -- the end --

    void ended(const process_outcome* outcome, const std::string& bug) {
        process_outcome end;
        if (outcome) {
            end = *outcome;
        } else {
            around_->log({severity::error, "process " + running_.record.id + " broke: " + bug});
            end = process::broken(running_.what, running_.instance, running_.card, running_.record.start_state);
        }
        end.instance.running_process.clear();
        if (end.card_proven) {
            end.instance.reader = running_.reader;
            end.instance.atr = running_.atr;
        }
        // AMB-182: the SposConfig of this moment; of the snapshot if the Service is deleted, or nobody can tell.
        request(around_->catalog, catalog_deadline, survey_service{end.instance.target.service_id})
            .then(
                [this, end](const service_surveyed& s) mutable {
                    if (s.service)
                        end.instance.target.spos = s.service->spos;
                    store_end(std::move(end));
                },
                [this, end](caf::error&) { store_end(end); });
    }

    void store_end(process_outcome end) {
        const auto& record = running_.record;
        end_process e;
        e.end = {record.id, end.status, model::error_message(end.status, end.details), iso8601(store::clock::now())};
        running_.stranger->end(end);
        end.card.was_proven = end.card.was_proven || !model::rests_on_claims(running_.read.card.value_or(end.card)) ||
                              !model::rests_on_claims(end.card);
        e.instance = end.instance;
        if (end.tombstones_gone)
            for (const auto& tombstone : running_.tombstones)
                e.end.cleaned.push_back(tombstone.id);
        if (!running_.hindrance) // else nothing is known that is not in the row, which may be another process's at the
                                 // moment
            e.card = end.card;
        e.gone = end.instance_gone;
        e.delivery = delivery_of(record, e.end, end.instance,
                                 end.instance_gone ? model::instance_state::not_deployed : end.instance.state,
                                 end.instance.target.spos, *around_->spos);
        try_to_store({std::move(end), std::move(e), {}, std::chrono::seconds(1)});
    }

    void try_to_store(unstored_end u) {
        request(around_->store, actor_deadline, timely(*around_, u.message))
            .then([this, u](const process_ended& p) { finish(u.outcome, u.message.end, p.delivery); },
                  [this, u](caf::error& error) { not_stored(u, text_of(error)); });
    }

    /// The app is not kept waiting, but instance and card stay ours until the row says that the process has ended.
    void not_stored(unstored_end u, const std::string& why) {
        around_->log({severity::error, "process " + u.message.end.id +
                                           ": its end could not be stored, next attempt in " +
                                           std::to_string(u.pause.count()) + " s: " + why});
        if (running_.begun.session) {
            auto shown = u.message.end;
            shown.status = model::error_category::internal_error;
            shown.message = model::error_message(shown.status, "the outcome could not be stored yet; ask again later");
            tell_phone(u.outcome, shown);
        }
        u.due = around_->now() + u.pause;
        u.pause = std::min(u.pause * 2, longest_pause);
        unstored_ = std::move(u);
    }

    void store_end_again(steady_time now) {
        if (unstored_ && unstored_->due <= now)
            try_to_store(*std::exchange(unstored_, std::nullopt));
    }

    void finish(const process_outcome& end, const store::process_end& shown,
                const std::optional<store::outbox_entry>& delivery) {
        log("ends, status " + std::to_string(static_cast<int>(shown.status)) +
            (shown.message.empty() ? "" : ", " + shown.message) +
            (end.retry_can_help ? ", a repetition of the call may succeed" : "") +
            (end.for_operator.empty() ? "" : ", " + end.for_operator) + ", state " +
            std::to_string(static_cast<int>(end.instance.state)));
        if (delivery)
            send(around_->outbox, deliver_result{*delivery});
        if (running_.begun.session)
            tell_phone(end, shown);
        become_idle();
    }

    void tell_phone(const process_outcome& end, const store::process_end& shown) {
        std::optional<model::process_progress> completed;
        if (shown.status == model::error_category::none)
            completed = {shown.id, 100, end.instance.last_operation};
        const model::process_info info{shown.id, {shown.status, shown.message}, running_.record.started, shown.ended};
        send(running_.begun.session, finish_session{process::result_of(running_.what, end, info), completed});
        running_.begun.session = nullptr;
    }

    void log(const std::string& text) { around_->log({severity::info, "process " + running_.record.id + " " + text}); }

    std::string id_;
    gate_actor gate_;
    std::shared_ptr<const surroundings> around_;
    bool busy_ = false;
    waiting_calls waiting_;
    running running_;
    caf::typed_response_promise<call_begun> admission_;
    std::unique_ptr<card_reading<service_instance>> reading_;
    std::unique_ptr<effect_interpreter<service_instance>> effects_;
    std::unique_ptr<process_runner<process_outcome>> runner_;
    std::optional<unstored_end> unstored_;
};

} // namespace

conductor_actor spawn_service_instance(caf::actor_system& system, std::string id, gate_actor gate,
                                       std::shared_ptr<const surroundings> around) {
    return system.spawn<service_instance>(std::move(id), std::move(gate), std::move(around));
}

} // namespace tsms::actors
