#include "actors/framework/attempt.hpp"
#include "actors/spawn.hpp"

#include <algorithm>
#include <caf/all.hpp>

namespace tsms::actors {

namespace {

using std::chrono::seconds;

constexpr int most_openings = 8;      ///< of one order, for an issuer that forgets its sessions
constexpr seconds least_patience{10}; ///< of each exchange, however long the former ones have waited
constexpr seconds longest_backoff{16};

/// What exchanges with the issuer have in common. They run on threads of the desk, one at a time.
struct conversation {
    issuer_ports ports;
    std::string name;
    std::optional<model::issuer_record> issuer; ///< as it was configured at the first exchange
    std::shared_ptr<issuer_line> line;
    std::shared_ptr<issuer_port> port; ///< made at the first exchange
    model::issuer_order order;
    std::string session;

    issuer_port& connected() {
        if (!issuer)
            throw port_error(port_cause::refused, no_issuer(name));
        if (!port)
            port = ports(*issuer);
        line->attach(port);
        return *port;
    }
    model::issuer_step open() {
        auto opened = connected().open(order);
        session = std::move(opened.session);
        return std::move(opened.first);
    }
    /// An issuer that has forgotten the session still knows the order.
    model::issuer_key_material keys() {
        try {
            return connected().fetch_keys(session);
        } catch (const port_error& e) {
            if (e.cause() != port_cause::session_lost)
                throw;
        }
        if (!open().done)
            throw port_error(port_cause::session_lost, "the issuer has forgotten that the order was carried out");
        return connected().fetch_keys(session);
    }
};

class issuer_session final : public issuer_actor::base {
public:
    issuer_session(caf::actor_config& config, std::string name, std::shared_ptr<issuer_line> line,
                   std::shared_ptr<const environment> around)
        : issuer_actor::base(config), around_(std::move(around)), patience_(around_->issuer_patience),
          talk_(std::make_shared<conversation>()) {
        talk_->ports = around_->issuers;
        talk_->name = std::move(name);
        talk_->line = std::move(line);
    }

    const char* name() const override { return "issuer_session"; }

    behavior_type make_behavior() override {
        return {
            [this](const process::open_issuer_session& o) -> caf::result<answered> {
                if (talk_->order.id != o.order.id)
                    openings_ = 0;
                talk_->order = o.order;
                auto promise = make_response_promise<answered>();
                if (talk_->issuer)
                    open(promise);
                else
                    find_it_and_open(promise);
                return promise;
            },
            [this](const process::relay_to_issuer& r) -> caf::result<answered> {
                auto promise = make_response_promise<answered>();
                exchange(lane::goes_on, around_->now(), promise, [talk = talk_, r] {
                    return exchanged{talk->connected().relay(talk->session, r.responses, r.interrupted)};
                });
                return promise;
            },
            [this](const fetch_material&) -> caf::result<material_fetched> {
                auto promise = make_response_promise<material_fetched>();
                exchange(lane::goes_on, around_->now(), promise, [talk = talk_] { return exchanged{talk->keys()}; });
                return promise;
            },
        };
    }

    void on_exit() override { talk_->line->cut(); }

private:
    using steps = caf::typed_response_promise<answered>;
    using keys = caf::typed_response_promise<material_fetched>;

    void find_it_and_open(steps promise) {
        request(around_->store, actor_deadline, find_issuer{talk_->name})
            .then(
                [this, promise](issuer_found& found) {
                    talk_->issuer = std::move(found.issuer);
                    open(promise);
                },
                [this, promise](caf::error& e) mutable {
                    this->answer(promise, process::failed{model::error_category::internal_error, text_of(e), false});
                });
    }

    /// The order's first exchange, again after a pause where the issuer has forgotten the session.
    void open(steps promise) {
        const auto pause = openings_ == 0 ? seconds(0) : std::min(longest_backoff, seconds(1 << openings_));
        ++openings_;
        exchange(lane::fresh, around_->now() + pause, promise, [talk = talk_] { return exchanged{talk->open()}; });
    }

    template <class Promise>
    void exchange(lane where, steady_time due, Promise promise, std::function<exchanged()> call) {
        const auto asked = around_->now();
        const auto until = asked + std::max<std::chrono::nanoseconds>(patience_, least_patience);
        request(around_->desk, issuer_answers_within(*around_),
                issuer_exchange{talk_->name, where, due, until, talk_->line, std::move(call)})
            .then(
                [this, asked, promise](exchanged& x) mutable {
                    patience_ -= around_->now() - asked;
                    std::visit([&](auto& outcome) { this->answer(promise, outcome); }, x.value);
                },
                [this, promise](caf::error& e) mutable {
                    talk_->line->cut(); // two threads must not use one port
                    this->answer(promise, process::failed{model::error_category::internal_error, text_of(e), false});
                });
    }

    void answer(steps& promise, model::issuer_step& step) {
        if (step.commands.empty() && !step.done) // nothing yet; the thread is not kept until there is
            return exchange(lane::goes_on, around_->now() + step.pause, promise,
                            [talk = talk_] { return exchanged{talk->connected().poll(talk->session)}; });
        promise.deliver(answered{process::answer_variant(std::move(step))});
    }
    void answer(steps& promise, const port_error& e) {
        const bool again = openings_ < most_openings && patience_ > patience_.zero();
        if (e.cause() != port_cause::session_lost || !again) {
            promise.deliver(answered{process::answer_variant(told(e))});
            return;
        }
        if (talk_->session.empty()) // lost before its first commands
            return open(promise);
        talk_->session.clear();
        model::issuer_step lost;
        lost.lost = true;
        promise.deliver(answered{process::answer_variant(std::move(lost))});
    }
    void answer(steps& promise, const process::failed& why) {
        promise.deliver(answered{process::answer_variant(inside(why))});
    }
    void answer(steps& promise, const model::issuer_key_material&) {
        answer(promise, process::failed{model::error_category::internal_error, "keys instead of commands", false});
    }

    void answer(keys& promise, model::issuer_key_material& material) {
        promise.deliver(material_fetched{std::move(material), {}});
    }
    void answer(keys& promise, const port_error& e) { promise.deliver(material_fetched{std::nullopt, told(e)}); }
    void answer(keys& promise, const process::failed& why) {
        promise.deliver(material_fetched{std::nullopt, inside(why)});
    }
    void answer(keys& promise, const model::issuer_step&) {
        answer(promise, process::failed{model::error_category::internal_error, "commands instead of keys", false});
    }

    process::failed inside(process::failed why) const {
        around_->log(
            {severity::error, "order " + talk_->order.id + ": " + std::exchange(why.details, internal_problem)});
        return why;
    }
    /// The app is told less than the operator.
    process::failed told(const port_error& e) const {
        around_->log({severity::warning, "order " + talk_->order.id + ": " + e.what()});
        return failed_by(e);
    }

    std::shared_ptr<const environment> around_;
    std::chrono::nanoseconds patience_; ///< what is left of it
    std::shared_ptr<conversation> talk_;
    int openings_ = 0;
};

} // namespace

issuer_actor spawn_issuer_session(caf::actor_system& system, std::string name, std::shared_ptr<issuer_line> line,
                                  std::shared_ptr<const environment> around) {
    return system.spawn<issuer_session>(std::move(name), std::move(line), std::move(around));
}

} // namespace tsms::actors
