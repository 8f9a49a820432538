#include "tests/actors/world.hpp"

#include "actors/framework/outbox_rows.hpp"
#include "process/calls/interrupted.hpp"
#include "store/instance_records.hpp"

namespace tsms::actors_test {

namespace {

class played_catalog final : public catalog_actor::base {
public:
    played_catalog(caf::actor_config& config, const bool& flavor_exists,
                   const std::optional<model::offered_service>& service)
        : catalog_actor::base(config), flavor_exists_(flavor_exists), service_(service) {}
    behavior_type make_behavior() override {
        return {
            [this](const survey_service&) {
                return service_surveyed{service_, {}};
            },
            [](const find_target&) { return target_found{}; },
            [this](const check_target&) {
                return target_checked{true, flavor_exists_};
            },
            [](const process::read_load_image&) { return answered{process::failed{}}; },
        };
    }

private:
    const bool& flavor_exists_;
    const std::optional<model::offered_service>& service_;
};

class played_outbox final : public outbox_actor::base {
public:
    explicit played_outbox(caf::actor_config& config) : outbox_actor::base(config) {}
    behavior_type make_behavior() override {
        return {[](const deliver_result&) {}, [](const turn_used&) {},
                [](const turn_awaited&) {},   [](const delivery_ended&) {},
                [](const tick&) {},           [](const count_deliveries&) { return deliveries_counted{}; }};
    }
};

/// Leaves its exchange to the test.
class played_worker final : public issuer_worker_actor::base {
public:
    played_worker(caf::actor_config& config, std::vector<make_exchange>& begun)
        : issuer_worker_actor::base(config), begun_(begun) {}
    behavior_type make_behavior() override {
        return {[this](const make_exchange& m) {
            begun_.push_back(m);
            quit();
        }};
    }

private:
    std::vector<make_exchange>& begun_;
};

caf::actor_system_config& deterministic(caf::actor_system_config& config) {
    config.set("scheduler.policy", caf::atom("testing"));
    return config;
}

// What the played store makes of these, where it is not broken.

instance_loaded load(const memory& m, const load_instance& l) {
    instance_loaded found;
    if (const auto i = m.instances.find(l.id); i != m.instances.end()) {
        found.instance = i->second;
        found.card = m.cards.at(i->second.secure_component_id);
        found.last_on_card = m.instances.size() <= 1;
        found.provider_has_apps = m.provider_has_apps;
        found.issuers = m.issuers;
        found.tombstones = m.tombstones;
    }
    return found;
}

cards_found find(const memory& m, const find_cards& f) {
    cards_found found;
    found.cards.resize(f.cards.size());
    for (std::size_t i = 0; i < f.cards.size(); ++i)
        for (const auto& [id, card] : m.cards)
            if (const auto seen = model::identity_of(f.cards[i]);
                f.cards[i].accessible && seen && card.identity == seen->text()) {
                if (model::is_proven(card))
                    found.cards[i].proven.push_back(card);
                else
                    found.cards[i].claimed = card;
            }
    for (const auto& [id, instance] : m.instances)
        if (instance.target.service_id == f.service_id)
            found.instances.push_back(instance);
    if (m.provider_has_apps)
        found.providers_with_apps.insert("sp");
    return found;
}

process_begun begin(memory& m, const begin_process& b) {
    if (m.before_begin)
        std::exchange(m.before_begin, nullptr)();
    const auto found = m.instances.find(b.shown.instance.id);
    if (found == m.instances.end() || store::encode(found->second) != store::encode(b.read.instance))
        return process_begun{model::beginning::changed};
    if (b.read.card && store::encode(m.cards.at(b.read.card->id)) != store::encode(*b.read.card))
        return process_begun{model::beginning::changed};
    if (b.read.card && b.shown.card && b.shown.card->issuer != b.read.card->issuer && !b.shown.card->issuer.empty() &&
        std::ranges::find(m.issuers, b.shown.card->issuer, &model::issuer_record::name) == m.issuers.end())
        return process_begun{model::beginning::changed};
    found->second = b.shown.instance;
    if (b.shown.card)
        m.cards[b.shown.card->id] = *b.shown.card;
    m.events.push_back("begin");
    return process_begun{model::beginning::begun};
}

process_ended end(memory& m, const end_process& e) {
    m.events.push_back("end");
    m.ends.push_back(e);
    if (e.gone)
        m.instances.erase(e.instance.id);
    else
        m.instances[e.instance.id] = e.instance;
    return process_ended{e.delivery, {}};
}

} // namespace

played_store::behavior_type played_store::make_behavior() {
    const auto done = [this](const std::string& event) {
        m_.events.push_back(event);
        return answered{process::done{}};
    };
    const auto failed = [] { return caf::make_error(caf::sec::runtime_error, "disk full"); };
    return {
        [this](const load_instance& l) {
            if (m_.before_load)
                std::exchange(m_.before_load, nullptr)();
            return load(m_, l);
        },
        [this](const find_kinds& f) {
            return kinds_found{{f.cards.size(), m_.hint}};
        },
        [this](const find_provider&) { return provider_found{m_.provider_has_apps}; },
        [this](const find_cards& f) { return find(m_, f); },
        [](const find_answer&) { return answer_found{}; },
        [this](const create_row& c) {
            m_.created.push_back(c);
            return row_created{m_.creation};
        },
        [this, failed](const begin_process& b) -> caf::result<process_begun> {
            if (m_.broken)
                return failed();
            return begin(m_, b);
        },
        [this](const abandon_process& a) { m_.abandoned.push_back(a.process_id); },
        [this](const acknowledge_start&) {
            m_.events.push_back("acknowledged");
            return stored{};
        },
        [done](const write_intent& w) { return done("intent " + w.what); },
        [](const hold_lease&) { return answered{process::done{}}; },
        [this, done](const commit_step& c) {
            m_.instances[c.instance.id] = c.instance;
            return done("commit");
        },
        [this, failed](const end_process& e) -> caf::result<process_ended> {
            if (m_.broken)
                return failed();
            return end(m_, e);
        },
        [this](const note_cancel& c) {
            m_.unwanted.push_back(c.session_id);
            return stored{};
        },
        [this](const enqueue_delivery& e) {
            ++m_.told;
            return process_ended{e.delivery, {}};
        },
        [this](const log_apdus& l) { m_.logged.insert(m_.logged.end(), l.entries.begin(), l.entries.end()); },
        [this](const end_parked_process& e) {
            m_.parked.push_back(e);
            m_.instances[e.left.record.instance].running_process.clear();
            const auto status = model::error_category::execution_interrupted;
            model::process_end end{e.left.record.id, status,
                                   model::error_message(model::dialect::v1_0, status, calls::text_of(e.why)), ""};
            end.result = model::suspend_or_resume_result{{end.id, {status, end.message}, "", ""}};
            return parked_process_ended{store::ended_process{e.left.record, end}};
        },
        [](const trim_store&) {},
        [](const find_issuer& f) {
            return issuer_found{model::issuer_record{f.name, {}, {}, {}, {}}};
        },
        [this, failed](const load_outbox& l) -> caf::result<outbox_loaded> {
            if (m_.broken)
                return failed();
            return m_.outbox ? load_deliveries(*m_.outbox, l) : outbox_loaded{};
        },
        [this, failed](const load_delivery& l) -> caf::result<delivery_loaded> {
            if (m_.broken)
                return failed();
            return delivery_loaded{m_.outbox ? m_.outbox->outbox.waiting(l.id) : std::nullopt};
        },
        [this, failed](const settle_delivery& s) -> caf::result<delivery_settled> {
            if (m_.broken)
                return failed();
            return m_.outbox ? settle(*m_.outbox, s) : delivery_settled{};
        },
        [](const ask_health&) {
            return store_health{true, 0, {}};
        },
    };
}

world::world() : system(deterministic(config)) {
    for (const char* id : {"one", "two"}) {
        model::service_instance i;
        i.id = id;
        i.secure_component_id = "card";
        i.reader = "eSE1";
        i.target.service_id = std::string("service-") + id;
        i.target.service_provider_id = "sp";
        i.target.spos = model::spos_target{"https://spos", ""};
        rows.instances[id] = i;
    }
    rows.cards["card"].id = "card";
    around->store = system.spawn<played_store>(std::ref(rows));
    around->catalog = system.spawn<played_catalog>(std::cref(flavor_exists), std::cref(service));
    around->outbox = system.spawn<played_outbox>();
    around->spos = std::make_shared<quiet_spos>();
    around->log = [this](const log_event& e) { log.push_back(e.text); };
    around->random = &random;
    around->time = &clock;
    around->desk = spawn_issuer_desk(system, {around->log, {2, 3, 4}, around->time, [this](caf::actor_system& s) {
                                                  return issuer_worker_actor(s.spawn<played_worker>(std::ref(begun)));
                                              }});
    gate = spawn_gate(system, around);
    run();
}

world::~world() {
    for (auto* handle : {&around->store})
        caf::anon_send_exit(*handle, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(around->catalog, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(around->outbox, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(around->desk, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
    run();
    begun.clear();
    around->desk = nullptr;
    around->store = nullptr;
    around->catalog = nullptr;
    around->outbox = nullptr;
    gate = nullptr;
}

void world::wait(std::chrono::seconds passed) {
    time += passed;
    caf::anon_send(gate, pulse{});
    run();
}

call world::call_of(function what, std::optional<std::string> provider) const {
    call c;
    c.what = std::move(what);
    c.caller_id = "CAFE";
    c.provider = std::move(provider);
    c.cards = cards;
    return c;
}

call_answer world::open(function what, std::optional<std::string> provider) {
    return ask<call_routed>(gate, call_of(std::move(what), std::move(provider))).answer;
}

std::optional<order> world::report_back(const session_opened& s, std::uint64_t number, report r) {
    auto answer = ask<order_given>(gate, route_report{s.session_id, {s.secret, number, std::move(r)}}).answer;
    if (auto* o = std::get_if<order>(&answer))
        return *o;
    return std::nullopt;
}

} // namespace tsms::actors_test
