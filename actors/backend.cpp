#include "actors/backend.hpp"

#include "actors/framework/attempt.hpp"
#include "actors/recovery.hpp"
#include "actors/spawn.hpp"
#include "store/error.hpp"

#include <atomic>
#include <caf/all.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tsms::actors {

namespace {

constexpr std::chrono::seconds look_for_peer{1};
constexpr std::chrono::seconds poll_margin{5}; ///< handler 25 s around a long poll of 20 s

caf::actor_system_config& configured(caf::actor_system_config& config) {
    config.set("scheduler.policy",
               caf::atom("sharing")); // four times faster round trips than stealing (platform notes)
    return config;
}

} // namespace

struct device_backend::state {
    state(backend_parts p, backend_options o)
        : parts(std::move(p)), options(o), system(std::make_unique<caf::actor_system>(configured(config))) {
        auto around = std::make_shared<environment>();
        around->spos = parts.spos();
        parts.db->damage().listen([log = parts.log](const std::string& text) { log({severity::error, text}); });
        parts.db->processes.serve_as(options.server);
        const auto end_what_was_left = [db = parts.db, catalog = parts.catalog, spos = around->spos, log = parts.log,
                                        time = parts.time] {
            return resolve_interrupted(*db, *catalog, *spos, log, *time);
        };
        auto left = park(*parts.db, parts.log, *parts.time, options.sessions.result_kept);
        end_what_was_left();
        const auto end_one = [db = parts.db, catalog = parts.catalog, spos = around->spos, log = parts.log,
                              time = parts.time](const end_parked_process& one) {
            return end_parked(*db, *catalog, *spos, log, *time, one.left, one.why);
        };
        around->life = parts.db->processes.epoch();
        around->log = parts.log;
        around->time = parts.time;
        around->issuers = parts.issuers;
        around->lease_term = options.server.term;
        around->issuer_patience = options.issuer_patience;
        around->issuer_exchange = options.issuer_exchange;
        around->desk = desk = spawn_issuer_desk(*system, {parts.log, options.issuers, parts.time});
        around->random = &crypto::system_random();
        around->sessions = options.sessions;
        around->remove_tsm_domain_when_last = options.remove_tsm_domain_when_last;
        around->card_log_kept = options.card_log_kept;
        around->claims_kept = options.claims_kept;
        around->unproven_kept = options.unproven_kept;
        around->strangers = std::make_shared<stranger_budget>(options.strangers);
        around->failed_creations = std::make_shared<stranger_budget>(options.strangers);
        around->store = store =
            spawn_instance_store(*system, parts.db, *parts.time, parts.log, {end_what_was_left, end_one});
        around->catalog = catalog = spawn_catalog_store(*system, parts.catalog);
        around->hsm = hsm = spawn_hsm(*system, parts.vault);
        around->outbox = outbox = spawn_spos_outbox(*system, {store, parts.spos, parts.log, options.spos, parts.time});
        gate = spawn_gate(*system, around, std::move(left));
    }

    /// Asks an actor from a thread of its own. Nothing if there is no answer in time, or the peer has gone.
    template <class Answer, class Actor, class Message>
    std::optional<Answer> ask(const Actor& whom, std::chrono::seconds deadline, Message message,
                              const has_gone& peer = {}) {
        if (stopping)
            return std::nullopt;
        std::optional<Answer> answer;
        caf::scoped_actor self{*system};
        auto asked = self->request(whom, deadline, std::move(message));
        while (peer && !self->await_data(system_time().wall() + look_for_peer))
            if (peer()) {
                self->send(gate, caller_gone{});
                return std::nullopt;
            }
        asked.receive([&](Answer& a) { answer = std::move(a); }, [](caf::error&) {});
        return answer;
    }

    backend_parts parts;
    backend_options options;
    caf::actor_system_config config;
    std::unique_ptr<caf::actor_system> system;
    store_actor store;
    catalog_actor catalog;
    hsm_actor hsm;
    outbox_actor outbox;
    issuer_desk_actor desk;
    gate_actor gate;
    std::atomic<bool> stopping{false};
};

device_backend::device_backend(backend_parts parts, backend_options options)
    : state_(std::make_unique<state>(std::move(parts), options)) {}

device_backend::~device_backend() {
    if (state_)
        stop();
}

call_answer device_backend::open(const call& request, const has_gone& peer) {
    if (auto routed = state_->ask<call_routed>(state_->gate, std::chrono::seconds(24), request, peer)) {
        const auto* opened = std::get_if<session_opened>(&routed->answer);
        if (opened && !request.id && peer && peer()) // since the last look: nobody comes to it
            cancel({opened->session_id, opened->secret});
        return std::move(routed->answer);
    }
    if (request.id)
        return not_yet{};
    return model::refusal_of(request.what,
                             model::failed_execution(request.dialect, model::error_category::tsm_not_available,
                                                     "no answer in time; ask again later"),
                             iso8601(state_->parts.time->wall()));
}

bool device_backend::handshake(const session_key& session) {
    const auto shaken =
        state_->ask<hand_shaken>(state_->gate, actor_deadline, route_handshake{session.session_id, {session.secret}});
    return shaken && shaken->accepted;
}

order_answer device_backend::report_first(const session_key& session, steady_time since, const has_gone& peer) {
    auto given = state_->ask<order_given>(state_->gate, state_->options.sessions.dialogue.poll + poll_margin,
                                          route_first_report{session.session_id, {session.secret, since}}, peer);
    return given ? std::move(given->answer) : order_answer(no_session{});
}

order_answer device_backend::report_back(const session_key& session, std::uint64_t number, const report& content,
                                         const has_gone& peer) {
    const auto deadline = state_->options.sessions.dialogue.poll + poll_margin;
    auto given = state_->ask<order_given>(state_->gate, deadline,
                                          route_report{session.session_id, {session.secret, number, content}}, peer);
    if (given)
        return std::move(given->answer);
    return come_again_with(number); // the phone repeats its report and gets the stored order
}

cancel_answer device_backend::cancel(const session_key& session) {
    const auto told = state_->ask<session_cancelled>(state_->gate, actor_deadline,
                                                     route_cancel{session.session_id, {session.secret}});
    return told ? told->answer : cancel_answer::too_late; // it may be cancelled all the same: its result tells
}

bool device_backend::report_begins(const session_key& session, std::uint64_t number, std::uint64_t octets) {
    const auto told = state_->ask<report_awaited>(
        state_->gate, actor_deadline, route_beginning{session.session_id, {session.secret, number, octets}});
    return !told || told->awaited; // no answer is no reason to end a process: report_back() tells
}

result_answer device_backend::fetch_result(const session_key& session) {
    auto fetched =
        state_->ask<result_fetched>(state_->gate, actor_deadline, route_fetch{session.session_id, {session.secret}});
    return fetched ? std::move(fetched->answer) : result_answer(not_ready{});
}

std::optional<load> device_backend::current_load() {
    return state_->ask<load>(state_->gate, store_deadline + std::chrono::seconds(1), ask_load{});
}

void device_backend::close() {
    if (!state_->stopping.exchange(true))
        caf::anon_send_exit(state_->gate, caf::exit_reason::user_shutdown);
}

std::string device_backend::stop(std::chrono::milliseconds deadline) {
    if (!state_->system)
        return {};
    close();
    // Inner actors last: a process that ends now can still store its end.
    const auto exit = [&](auto& handle) {
        caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
        handle = nullptr;
    };
    state_->gate = nullptr;
    exit(state_->desk);
    exit(state_->outbox);
    exit(state_->catalog);
    exit(state_->hsm);
    exit(state_->store);
    auto system = std::shared_ptr<caf::actor_system>(std::move(state_->system));
    const auto& time = *state_->parts.time;
    const auto until = time.steady() + deadline;
    while (system->registry().running() > 0 && time.steady() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const auto left = system->registry().running();
    if (left == 0)
        return {};
    // Waiting for them would hang the whole program; their threads end with it.
    new std::shared_ptr<caf::actor_system>(system);
    (void)state_.release();
    return std::to_string(left) + " actors of the device role";
}

} // namespace tsms::actors
