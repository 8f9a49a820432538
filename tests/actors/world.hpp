#pragma once
// The device role under CAF's deterministic coordinator: real gate, sessions, conductors and processes; a played store,
// catalog, vault and SPOS; time that the test moves.

#include "actors/spawn.hpp"
#include "base/time.hpp"
#include "tests/moved_clock.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <map>

namespace tsms::actors_test {

using namespace tsms::actors;
using namespace std::chrono_literals;

/// What the store has been told, and what it tells.
struct memory {
    std::map<std::string, model::service_instance> instances;
    std::map<std::string, model::secure_component> cards;
    std::vector<std::string> events;
    std::vector<std::string> abandoned;     ///< ids of processes
    std::vector<std::string> unwanted;      ///< sessions whose process no restart enters again
    std::vector<end_parked_process> parked; ///< those that it has ended
    std::vector<end_process> ends;
    bool broken = false;  ///< every write fails
    std::size_t told = 0; ///< messages to an SPOS without a process
    std::function<void()>
        before_begin; ///< what an operator does between the rows' being read and the beginning of a process, once
    std::function<void()> before_load; ///< what happens while an instance is being loaded, once
    bool provider_has_apps = false;
    std::vector<model::issuer_record> issuers;
    std::shared_ptr<store::device_store> outbox; ///< where a test has deliveries
    std::optional<model::domain_hint> hint;      ///< of every kind of card
    std::vector<create_row> created;
    model::creation creation = model::creation::created; ///< what becomes of the next one
    std::vector<model::service_instance> tombstones;     ///< on the card of the instance
    std::vector<store::card_log_entry> logged;           ///< of the dialogues with cards
};

class played_store final : public store_actor::base {
public:
    played_store(caf::actor_config& config, memory& m) : store_actor::base(config), m_(m) {}
    behavior_type make_behavior() override;

private:
    memory& m_;
};

struct quiet_spos final : spos_port {
    std::string encode(const model::process_result& r) const override { return r.process_id; }
    delivery_outcome deliver(const model::spos_target&, const std::string&) override { return {}; }
    void cancel() override {}
};

struct counting_random final : crypto::random_source {
    void fill(std::span<std::uint8_t> out) override {
        for (auto& octet : out)
            octet = next++;
    }
    std::uint8_t next = 0;
};

/// A call whose answer the test does not wait for yet.
struct pending_call {
    template <class World> pending_call(World& w, call c) : asker(w.system) {
        asker->send(w.gate, std::move(c));
        w.run();
    }
    std::optional<call_answer> answer() {
        std::optional<call_answer> got;
        if (!asker->mailbox().empty())
            asker->receive([&](call_routed& r) { got = std::move(r.answer); });
        return got;
    }
    caf::scoped_actor asker;
};

struct world {
    world();
    ~world();

    template <class Answer, class Handle, class Message> Answer ask(const Handle& whom, Message message) {
        caf::scoped_actor self{system};
        Answer answer;
        auto pending = self->request(whom, caf::infinite, std::move(message));
        run();
        pending.receive([&](Answer& a) { answer = std::move(a); },
                        [&](caf::error& e) { throw std::runtime_error(system.render(e)); });
        return answer;
    }
    void run() { coordinator().run(); }
    /// Time passes; the gate beats once.
    void wait(std::chrono::seconds time);
    caf::scheduler::test_coordinator& coordinator() {
        return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
    }

    call_answer open(function what, std::optional<std::string> provider = std::nullopt);
    call call_of(function what, std::optional<std::string> provider = std::nullopt) const;
    std::optional<order> report_back(const session_opened& s, std::uint64_t number, report r = {});

    caf::actor_system_config config;
    caf::actor_system system;
    memory rows;
    counting_random random;
    moved_clock clock;
    steady_time& time = clock.steady_now; ///< that the test moves
    bool flavor_exists = true;
    std::optional<model::offered_service> service; ///< that the catalog has
    std::vector<std::string> log;
    /// Exchanges that the desk has let begin; a test makes them.
    std::vector<make_exchange> begun;
    std::shared_ptr<environment> around = std::make_shared<environment>();
    std::vector<announced_card> cards{{"eSE1", "eSE", "", ""}}; ///< that calls announce
    gate_actor gate;
};

} // namespace tsms::actors_test
