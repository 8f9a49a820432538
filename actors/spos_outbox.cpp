// Results on their way to SPOS-Services (AMB-180): one spos_delivery for each row that waits. What is decided here is
// whose turn it is, within bounds for each SPOS and in all, and what an operator's changes mean for who waits: they are
// noticed by SQLite's data_version (DIV-051). After a restart everything is due at once.

#include "actors/framework/attempt.hpp"
#include "actors/framework/delivery_course.hpp"
#include "actors/framework/peer_queues.hpp"
#include "actors/spawn.hpp"
#include "crypto/digest.hpp"

#include <algorithm>
#include <caf/all.hpp>

namespace tsms::actors {

namespace {

/// A delivery that waits for its turn.
struct waiting_delivery {
    std::int64_t id = 0;
    int attempts = 0; ///< its row's; fewer are an operator's command to begin anew
};
using queues = peer_queues<waiting_delivery>;

class spos_outbox final : public outbox_actor::base {
public:
    spos_outbox(caf::actor_config& config, outbox_parts parts)
        : outbox_actor::base(config), parts_(std::make_shared<const outbox_parts>(std::move(parts))),
          queues_(parts_->bounds) {
        set_down_handler([this](const caf::down_msg& d) { failed(d); });
    }

    const char* name() const override { return "spos_outbox"; }

    behavior_type make_behavior() override {
        load();
        return {
            [this](const deliver_result& d) {
                take_up(d.delivery);
                start_due();
            },
            [this](const turn_used& t) {
                turn_over(t);
                start_due();
            },
            [this](const turn_awaited& t) {
                if (const auto found = deliveries_.find(t.id); found != deliveries_.end())
                    queues_.put(found->second.peer, lane::fresh, t.due, {t.id, t.attempts});
                start_due();
            },
            [this](const delivery_ended& e) { ended(e); },
            [this](const tick&) {
                load();
                queues_.forget_idle(parts_->time->steady());
                start_due();
            },
            [this](const count_deliveries&) {
                return deliveries_counted{deliveries_.size(), given_up_};
            },
        };
    }

    void on_exit() override {
        for (const auto& [id, d] : deliveries_)
            caf::anon_send_exit(d.actor, caf::exit_reason::user_shutdown);
        deliveries_.clear();
        parts_.reset();
    }

private:
    struct delivery {
        delivery_actor actor;
        std::string peer;
        bool has_turn = false;
    };

    /// Two services may name one server with different certificates: what becomes of the one says nothing of the other.
    static std::string peer_of(const model::spos_target& spos) {
        const auto digest = crypto::sha256(as_bytes(spos.certificate_pem));
        return spos.url + '\n' + std::string(digest.begin(), digest.end());
    }

    // -- which deliveries there are --

    void load() {
        if (std::exchange(loading_, true))
            return;
        const auto up_to = newest_;
        request(parts_->store, actor_deadline, load_outbox{std::exchange(loaded_, true)})
            .then(
                [this, up_to](const outbox_loaded& o) {
                    loading_ = false;
                    if (!o.changed)
                        return;
                    given_up_ = o.given_up;
                    follow(o.deliveries, up_to);
                    start_due();
                },
                [this](const caf::error& e) {
                    loading_ = loaded_ = false;
                    parts_->log({severity::error, "cannot read the outbox, next attempt in a second: " + text_of(e)});
                });
    }

    /// What an operator has changed among those that wait: dropped ones end, and those that he wants to be tried again
    /// are due now. A row that is newer than the question may be missing in the answer. A delivery that has its turn
    /// looks at its row itself.
    void follow(const std::vector<model::outbox_entry>& rows, std::int64_t up_to) {
        std::map<std::int64_t, const model::outbox_entry*> by_id;
        for (const auto& row : rows)
            by_id.emplace(row.id, &row);
        const auto taken = queues_.take([&](const std::string&, lane, const waiting_delivery& w) {
            const auto row = by_id.find(w.id);
            return row == by_id.end() ? w.id <= up_to : row->second->attempts < w.attempts;
        });
        for (const auto& w : taken) {
            auto found = deliveries_.find(w.id);
            if (const auto row = by_id.find(w.id); row != by_id.end())
                queues_.put(found->second.peer, lane::fresh, parts_->time->steady(), {w.id, row->second->attempts});
            else {
                send(found->second.actor, row_dropped{});
                forget(found);
            }
        }
        for (const auto& row : rows)
            take_up(row);
    }

    void take_up(const model::outbox_entry& row) {
        newest_ = std::max(newest_, row.id);
        const auto [entry, is_new] = deliveries_.try_emplace(row.id);
        if (!is_new)
            return;
        entry->second = {spawn_spos_delivery(system(), row, outbox_actor(this), parts_), peer_of(row.spos)};
        monitor(entry->second.actor);
        queues_.put(entry->second.peer, lane::fresh, parts_->time->steady(), {row.id, row.attempts});
    }

    // -- turns --

    void start_due() {
        while (const auto work = queues_.next(parts_->time->steady())) {
            auto& d = deliveries_.at(work->job.id);
            d.has_turn = true;
            send(d.actor, take_turn{});
        }
    }

    void turn_over(const turn_used& t) {
        const auto found = deliveries_.find(t.id);
        if (found == deliveries_.end())
            return;
        give_turn_back(found->second);
        if (t.outcome && t.outcome->delivered())
            queues_.trust(found->second.peer, parts_->time->steady());
        else if (t.outcome)
            queues_.distrust(found->second.peer, parts_->time->steady() + pause_asked_for(*t.outcome));
    }

    void give_turn_back(delivery& d) {
        if (std::exchange(d.has_turn, false))
            queues_.finished(d.peer, lane::fresh);
    }

    // -- ends --

    using position = std::map<std::int64_t, delivery>::iterator;

    void forget(position found) {
        demonitor(found->second.actor.address());
        deliveries_.erase(found);
    }

    /// One that was given up may have been wanted again before this was heard: the rows are looked at once more.
    void ended(const delivery_ended& e) {
        if (const auto found = deliveries_.find(e.id); found != deliveries_.end())
            forget(found);
        given_up_ += e.given_up;
        loaded_ = loaded_ && !e.given_up;
    }

    /// A delivery that ended by an exception: its row is still there, and gets another one with the next look.
    void failed(const caf::down_msg& d) {
        const auto found = std::ranges::find_if(
            deliveries_, [&](const auto& entry) { return entry.second.actor.address() == d.source; });
        if (found == deliveries_.end())
            return;
        parts_->log({severity::error,
                     "a delivery to an SPOS ended by a fault of the TSM and begins again (" + text_of(d.reason) + ")"});
        give_turn_back(found->second);
        queues_.take([&](const std::string&, lane, const waiting_delivery& w) { return w.id == found->first; });
        deliveries_.erase(found);
        loaded_ = false;
    }

    std::shared_ptr<const outbox_parts> parts_;
    queues queues_;                               ///< every delivery that has not its turn
    std::map<std::int64_t, delivery> deliveries_; ///< by row
    std::int64_t newest_ = 0;
    std::size_t given_up_ = 0;
    bool loaded_ = false; ///< only what operators change has to be looked for
    bool loading_ = false;
};

} // namespace

outbox_actor spawn_spos_outbox(caf::actor_system& system, outbox_parts parts) {
    return system.spawn<spos_outbox>(std::move(parts));
}

} // namespace tsms::actors
