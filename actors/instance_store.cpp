#include "actors/framework/attempt.hpp"
#include "actors/framework/outbox_rows.hpp"
#include "actors/spawn.hpp"
#include "model/update_plan.hpp"
#include "store/error.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <set>

namespace tsms::actors {

namespace {

class instance_store final : public store_actor::base {
public:
    instance_store(caf::actor_config& config, std::shared_ptr<store::device_store> db, const time_source& time,
                   log_sink log, process_endings endings)
        : store_actor::base(config), db_(std::move(db)), time_(time), log_(std::move(log)),
          endings_(std::move(endings)) {}

    const char* name() const override { return "instance_store"; }

    behavior_type make_behavior() override {
        return {
            [this](const load_instance& l) { return attempt([&] { return load_row(l.id); }); },
            [this](const find_kinds& f) { return attempt([&] { return hints(f); }); },
            [this](const find_cards& f) { return attempt([&] { return find(f); }); },
            [this](const find_provider& f) {
                return attempt([&] { return provider_found{db_->apps.must_prove(f.id)}; });
            },
            [this](const find_answer& f) { return attempt([&] { return answer_found{db_->answers.find(f.call)}; }); },
            [this](const create_row& c) {
                return write(c.deadline,
                             [&] { return row_created{db_->instances.create(c.instance, c.card, c.answer)}; });
            },
            [this](const begin_process& b) { return write(b.deadline, [&] { return begin(b); }); },
            [this](const abandon_process& a) {
                abandoned_.insert(a.process_id);
                end_what_was_left();
            },
            [this](const acknowledge_start& a) {
                return write(a.deadline, [&] {
                    db_->processes.acknowledge(a.process_id);
                    return stored{};
                });
            },
            [this](const note_cancel& c) {
                return write(c.deadline, [&] {
                    db_->processes.cancel(c.session_id);
                    return stored{};
                });
            },
            [this](const hold_lease& h) { return effect(h.deadline, [&] { db_->processes.hold(h.process_id); }); },
            [this](const write_intent& w) {
                return effect(w.deadline, [&] { db_->processes.journal(w.process_id, w.what); });
            },
            [this](const commit_step& c) {
                return effect(c.deadline, [&] { db_->processes.commit(c.process_id, c.instance, c.card); });
            },
            [this](const end_process& e) {
                return write(e.deadline, [&] {
                    auto delivery = e.delivery;
                    std::optional<model::process_end> former;
                    if (!db_->processes.end(e.end, e.instance, e.card, e.gone, delivery)) {
                        former = db_->processes.end_of(e.end.id);
                        log_({severity::warning,
                              "it had ended already; its second end was not stored",
                              {.process = e.end.id, .instance = e.instance.id}});
                    }
                    return process_ended{std::move(delivery), std::move(former)};
                });
            },
            [this](const enqueue_delivery& e) {
                return write(e.deadline, [&] {
                    auto delivery = e.delivery;
                    const bool added = db_->outbox.add(delivery, e.answer);
                    return process_ended{added ? std::optional(std::move(delivery)) : std::nullopt, {}};
                });
            },
            [this](const log_apdus& l) { unanswered([&] { db_->card_log.append(l.entries); }); },
            [this](const end_parked_process& e) {
                return attempt([&] {
                    auto ended = endings_.parked(e);
                    has_new_results_ = has_new_results_ || ended;
                    return parked_process_ended{std::move(ended)};
                });
            },
            [this](const trim_store& t) {
                end_what_was_left();
                unanswered([&] { db_->retention.forget_results_before(time_.wall() - t.results_kept); });
                unanswered([&] { trim(t); });
            },
            [this](const find_issuer& f) { return attempt([&] { return issuer_found{db_->issuers.find(f.name)}; }); },
            [this](const load_outbox& l) { return attempt([&] { return load_outbox_rows(l); }); },
            [this](const load_delivery& l) {
                return attempt([&] { return delivery_loaded{db_->outbox.waiting(l.id)}; });
            },
            [this](const settle_delivery& s) { return write(s.deadline, [&] { return actors::settle(*db_, s); }); },
            [this](const ask_health&) { return attempt([&] { return health(); }); },
        };
    }

private:
    /// Whoever asks gives up after actor_deadline and acts on the failure: what cannot be committed before is undone.
    /// Where the commit itself was so slow that he has given up, the beginning of a process is taken back by
    /// abandon_process, an end is told again until it is answered, and what came into the outbox is looked for.
    template <class F> auto write(steady_time deadline, F work) -> caf::result<decltype(work())> {
        return attempt([&] { return timely_result(deadline, work); });
    }

    template <class F> answered effect(steady_time deadline, F work) {
        return attempt_effect(model::error_category::internal_error, [&] {
            db_->in_time(deadline, work);
            return process::done{};
        });
    }

    template <class F> auto timely_result(steady_time deadline, F work) {
        auto result = db_->in_time(deadline, work);
        has_new_results_ = has_new_results_ || time_.steady() > deadline;
        return result;
    }

    template <class F> void unanswered(F work) {
        try {
            work();
        } catch (const std::exception& e) {
            log_({severity::error, e.what()});
        }
    }

    /// What could not be abandoned, because the database is slow or full, is tried with the next call and with every
    /// upkeep.
    void end_what_was_left() {
        unanswered([&] {
            while (!abandoned_.empty()) {
                db_->processes.abandon(*abandoned_.begin());
                abandoned_.erase(abandoned_.begin());
            }
        });
        unanswered([&] { has_new_results_ = endings_.what_was_left() > 0 || has_new_results_; });
    }

    store_health health() { return {db_->responds(), db_->damage().found(), db_->processes.superseded()}; }

    outbox_loaded load_outbox_rows(load_outbox asked) {
        asked.if_changed = asked.if_changed && !std::exchange(has_new_results_, false);
        return load_deliveries(*db_, asked);
    }

    /// A process that nobody goes on with keeps nobody off its card.
    process_begun begin(const begin_process& b) {
        if (!abandoned_.empty() || (b.shown.card && db_->processes.holder_is_left(b.process.card))) {
            end_what_was_left();
            return {model::beginning::changed};
        }
        return {db_->processes.begin(b.process, b.read, b.shown)};
    }

    void trim(const trim_store& t) {
        const auto now = time_.wall();
        if (!db_->retention.may_forget(now))
            return log_(
                {severity::warning,
                 "the clock has gone forward by more than a day at once, or the server was down so long: logs and "
                 "claims are not deleted by their age for a day. If the clock is wrong, set it right"});
        db_->retention.forget_log_before(now - t.log_kept);
        if (const auto forgotten = db_->retention.forget_claims_before(now - t.claims_kept, now - t.unproven_kept))
            log_({severity::info,
                  std::to_string(forgotten) + " secure components that only phones have named were forgotten"});
    }

    instance_loaded load_row(const std::string& id) {
        instance_loaded found;
        found.instance = db_->instances.find(id);
        if (found.instance && (!abandoned_.empty() || db_->processes.is_left(found.instance->running_process))) {
            end_what_was_left();
            found.instance = db_->instances.find(id);
        }
        if (found.instance) {
            auto card = db_->cards.find(found.instance->secure_component_id);
            if (!card)
                throw store::error("reading instances.db failed: the secure component of instance " + id +
                                   " is missing; the file is damaged: stop the server and restore the databases from "
                                   "one backup");
            found.card = std::move(*card);
            found.provider_has_apps = db_->apps.must_prove(found.instance->target.service_provider_id);
            if (model::rests_on_claims(found.card))
                found.issuers = db_->issuers.all();
            found.tombstones = db_->instances.tombstones_on(found.card.id);
            found.card_is_leased = db_->processes.holds(found.card.id);
            found.runs_for = db_->processes.runs_for(found.instance->running_process);
            look_at_others(*found.instance, found.card.id, found.aids_of_others, found.last_on_card);
            const auto identity = model::identity_of(found.card);
            if (!identity)
                return found;
            for (const auto& other : db_->cards.by_identity(*identity))
                if (other.id != found.card.id && model::is_proven(other)) {
                    found.proven_rows_beside = true;
                    look_at_others(*found.instance, other.id, found.aids_behind_proof, found.last_on_card);
                }
        }
        return found;
    }

    /// What instances of other Services have on the card of a row.
    void look_at_others(const model::service_instance& own, const std::string& card, std::set<std::string>& aids,
                        bool& last_on_card) const {
        for (const auto& other : db_->instances.on(card)) {
            if (other.id == own.id || !other.on_card)
                continue;
            last_on_card = false;
            if (other.target.service_id == own.target.service_id)
                continue; // in a row beside: what is of the same Service is nobody else's
            aids.insert(other.target.sd_aid);
            const auto target = model::with_remnants(other.target);
            for (const auto& file : target.load_files) {
                aids.insert(file.aid);
                aids.insert(file.packages.begin(), file.packages.end());
            }
            for (const auto& app : target.applications)
                aids.insert(app.instance_aid);
        }
    }

    kinds_found hints(const find_kinds& f) const {
        kinds_found found;
        for (const auto& card : f.cards)
            found.hints.push_back(db_->cards.domain_of_kind(card.reader, card.atr));
        return found;
    }

    /// A card that does not tell its CPLC now, and did before, is found by its IIN and CIN: else it would have two
    /// rows.
    known_card rows_of(const model::seen_card& seen) const {
        known_card known;
        if (!seen.accessible)
            return known;
        const auto identity = model::identity_of(seen);
        std::vector<model::secure_component> rows;
        if (identity)
            rows = db_->cards.by_identity(*identity);
        const auto number = model::issuers_number(seen.iin, seen.cin);
        const bool by_number = rows.empty() && !model::card_identity::of_cplc(seen.cplc) && number;
        if (by_number)
            if (auto card = db_->cards.by_issuers_number(*number))
                rows.push_back(std::move(*card));
        for (auto& row : rows) {
            if (model::is_proven(row))
                known.proven.push_back(std::move(row));
            else if (by_number)
                known.claimed = std::move(row);
        }
        if (identity && !known.claimed)
            known.claimed = db_->cards.by_claims(*identity, model::claims_of(seen));
        return known;
    }

    cards_found find(const find_cards& f) const {
        cards_found found;
        std::vector<std::string> known;
        for (const auto& seen : f.cards) {
            auto rows = rows_of(seen);
            for (const auto& row : rows.proven)
                known.push_back(row.id);
            if (rows.claimed)
                known.push_back(rows.claimed->id);
            found.cards.push_back(std::move(rows));
        }
        found.instances = db_->instances.of(f.service_id, known);
        found.issuers = db_->issuers.all();
        for (const auto& i : found.instances)
            if (db_->apps.must_prove(i.target.service_provider_id))
                found.providers_with_apps.insert(i.target.service_provider_id);
        return found;
    }

    std::shared_ptr<store::device_store> db_;
    const time_source& time_;
    log_sink log_;
    process_endings endings_;
    std::set<std::string> abandoned_; ///< processes, if they have begun
    bool has_new_results_ = false;    ///< which the outbox has not loaded yet
};

} // namespace

store_actor spawn_instance_store(caf::actor_system& system, std::shared_ptr<store::device_store> db,
                                 const time_source& time, log_sink log, process_endings endings) {
    return system.spawn<instance_store, caf::detached>(std::move(db), std::cref(time), std::move(log),
                                                       std::move(endings));
}

} // namespace tsms::actors
