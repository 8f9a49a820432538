// What may be asked of which issuer now: a bounded number of exchanges at once for each and in all, the others in a
// queue. A slot is held for one exchange, never for a session, so that a phone that is silent keeps nobody waiting; how
// many sessions an issuer has room for, it says itself (429 or 503). New sessions are then held back for as long as it
// asks for, and the exchanges of running ones are not, because they are what makes room (DIV-052).

#include "actors/framework/attempt.hpp"
#include "actors/framework/peer_queues.hpp"
#include "actors/spawn.hpp"

#include <algorithm>
#include <caf/all.hpp>

namespace tsms::actors {

namespace {

using std::chrono::seconds;

constexpr seconds shortest_pause{1};
constexpr seconds longest_pause{300};   ///< however long an issuer asks for
constexpr seconds longest_backoff{16};  ///< where it does not ask
constexpr seconds least_come_again{30}; ///< a phone that was not served in its time comes no sooner

exchanged made(const std::function<exchanged()>& call) {
    try {
        return call();
    } catch (const port_error& e) {
        return {e};
    } catch (const std::exception& e) {
        return {process::failed{model::error_category::internal_error, e.what(), false}};
    }
}

class issuer_worker final : public issuer_worker_actor::base {
public:
    using issuer_worker_actor::base::base;

    const char* name() const override { return "issuer_worker"; }

    behavior_type make_behavior() override {
        return {[this](const make_exchange& m) {
            send(m.desk, exchange_made{m.ticket, made(m.call)});
            quit();
        }};
    }
};

struct pending_exchange {
    issuer_exchange asked;
    caf::typed_response_promise<exchanged> promise;
    int refusals = 0; ///< that did not say how long to wait
};
using queues = peer_queues<pending_exchange>;

class issuer_desk final : public issuer_desk_actor::base {
public:
    issuer_desk(caf::actor_config& config, issuer_desk_parts parts)
        : issuer_desk_actor::base(config), parts_(std::move(parts)), queues_(parts_.bounds) {}

    const char* name() const override { return "issuer_desk"; }

    behavior_type make_behavior() override {
        return {
            [this](const issuer_exchange& x) -> caf::result<exchanged> { return take_up(x); },
            [this](const exchange_made& m) {
                exchange_over(m);
                start_due();
            },
            [this](const tick&) {
                tidy();
                start_due();
            },
        };
    }

    void on_exit() override {
        for (auto& [ticket, work] : running_)
            work.job.asked.line->cut();
        for (auto& waiting : queues_.take([](const auto&...) { return true; }))
            waiting.promise.deliver(stopping());
        for (auto& [ticket, work] : running_)
            work.job.promise.deliver(stopping());
        running_.clear();
    }

private:
    /// Its process has ended meanwhile, or waits no longer for an exchange that is still on its way.
    static exchanged cut() { return {port_error(port_cause::unreachable, "the exchange with the issuer was ended")}; }
    static exchanged stopping() { return {port_error(port_cause::unreachable, "the TSM is stopping")}; }

    caf::result<exchanged> take_up(const issuer_exchange& x) {
        pending_exchange pending{x, make_response_promise<exchanged>(), 0};
        auto promise = pending.promise;
        if (x.where == lane::fresh && (queues_.full(x.issuer) || queues_.held_until(x.issuer) >= x.until))
            refuse(pending);
        else
            queues_.put(x.issuer, x.where, x.due, std::move(pending));
        start_due();
        return promise;
    }

    void start_due() {
        while (auto work = queues_.next(parts_.time->steady())) {
            if (work->job.asked.line->is_cut()) {
                queues_.finished(work->peer, work->where);
                work->job.promise.deliver(cut());
                continue;
            }
            const auto ticket = ++tickets_;
            const auto call = work->job.asked.call;
            running_.emplace(ticket, *std::move(work));
            send(parts_.spawn_worker(system()), make_exchange{ticket, call, issuer_desk_actor(this)});
        }
    }

    void exchange_over(const exchange_made& m) {
        auto found = running_.extract(m.ticket);
        if (found.empty())
            return;
        auto& work = found.mapped();
        queues_.finished(work.peer, work.where);
        const auto* error = std::get_if<port_error>(&m.outcome.value);
        if (error && error->cause() == port_cause::busy)
            return busy(std::move(work), *error);
        if (work.where == lane::fresh) {
            if (error && error->cause() == port_cause::unreachable)
                queues_.distrust(work.peer, parts_.time->steady());
            else
                queues_.trust(work.peer, parts_.time->steady());
        }
        work.job.promise.deliver(m.outcome);
    }

    void busy(queues::started work, const port_error& error) {
        const auto now = parts_.time->steady();
        const auto backoff = std::min(longest_backoff, seconds(1 << std::min(work.job.refusals, 10)));
        const auto pause = std::clamp(error.retry_after().value_or(backoff), shortest_pause, longest_pause);
        work.job.refusals += !error.retry_after();
        const auto issuer = work.peer;
        if (work.where == lane::fresh) {
            if (queues_.held_until(issuer) <= now) // else it has been said
                parts_.log({severity::warning, "issuer ‘" + issuer + "’ takes no new orders for " +
                                                   std::to_string(pause.count()) + " s (" + error.what() + "), " +
                                                   std::to_string(queues_.waiting()) + " exchanges wait"});
            queues_.distrust(issuer, now + pause);
            queues_.put_back(std::move(work));
            return refuse_all([&](const pending_exchange& p) {
                return p.asked.where == lane::fresh && p.asked.issuer == issuer &&
                       p.asked.until <= queues_.held_until(issuer);
            });
        }
        if (work.job.asked.until <= now + pause)
            return refuse(work.job);
        queues_.put(issuer, lane::goes_on, now + pause, std::move(work.job));
    }

    /// Who has waited long enough is told so; who does not wait any more is let go.
    void tidy() {
        const auto now = parts_.time->steady();
        for (auto& gone :
             queues_.take([](const auto&, lane, const pending_exchange& p) { return p.asked.line->is_cut(); }))
            gone.promise.deliver(cut());
        refuse_all([&](const pending_exchange& p) { return p.asked.until <= now; });
        queues_.forget_idle(now);
    }

    template <class F> void refuse_all(F which) {
        for (auto& late : queues_.take([&](const auto&, lane, const pending_exchange& p) { return which(p); }))
            refuse(late);
    }

    void refuse(pending_exchange& p) {
        const auto held = queues_.held_until(p.asked.issuer);
        const auto now = parts_.time->steady();
        const auto rest = held > now ? std::chrono::ceil<seconds>(held - now) : seconds(0);
        const auto again = std::max(rest, least_come_again);
        p.promise.deliver(exchanged{port_error(port_cause::busy,
                                               "the issuer of the secure component is busy, please try again in " +
                                                   std::to_string(again.count()) + " seconds",
                                               again)});
    }

    issuer_desk_parts parts_;
    queues queues_;
    std::map<std::uint64_t, queues::started> running_; ///< by ticket
    std::uint64_t tickets_ = 0;
};

} // namespace

issuer_worker_actor spawn_issuer_worker(caf::actor_system& system) {
    return system.spawn<issuer_worker, caf::detached>();
}

issuer_desk_actor spawn_issuer_desk(caf::actor_system& system, issuer_desk_parts parts) {
    return system.spawn<issuer_desk>(std::move(parts));
}

} // namespace tsms::actors
