#include "tests/sim/tsm.hpp"

#include "process/calls/interrupted.hpp"
#include "process/calls/process_result.hpp"
#include "store/instance_records.hpp"

#include <algorithm>

namespace tsms::sim {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_effects = 1000; ///< of one call; an undisturbed one has about 60
const model::spos_target spos{"https://spos.example", ""};

void require(bool holds, const std::string& what) {
    if (!holds)
        throw broken_invariant(what);
}

} // namespace

tsm::tsm(const char* rules) : world(ready_with_two_load_files(rules)) {
    catalog[world.instance.target.version_tag] = world.instance.target;
    world.instance.target.spos = spos;
    keep({});
}

/// A server starts on what is stored.
void tsm::keep(const store::device_tables& tables) {
    auto rows = std::make_unique<store::memory_device_rows>(clock_, tables);
    rows_ = rows.get();
    store_ = std::make_unique<store::device_store>(std::move(rows));
    store_->processes.serve_as({"sim"});
}

/// As createServiceInstance and `tsms issuer add` have left them.
void tsm::keep_rows() {
    if (!stored().cards.empty())
        return;
    rows_->change([&] {
        rows_->cards().insert(world.component);
        rows_->instances().insert(world.instance);
        rows_->issuers().insert({"lab", {}, {}, {}, {}});
    });
}

void tsm::continue_from(const tsm& other) {
    world.card = lab::card(other.world.card.state(), world.random);
    world.instance = other.world.instance;
    world.component = other.world.component;
    keep(other.stored());
    ids_ = other.ids_;
}

// -- calls --

model::execution tsm::call(model::tsm_api_function what) {
    conduct(std::move(what), most_effects);
    require(effects < most_effects, "a call does not end");
    require(told_.has_value(), "an app was not answered");
    return *told_;
}

void tsm::call_and_die(model::tsm_api_function what, std::size_t behind) {
    conduct(std::move(what), behind);
    forget();
}

/// The coroutine goes with this frame.
void tsm::conduct(model::tsm_api_function what, std::size_t most) {
    effects = 0;
    told_.reset();
    keep_rows();
    carry_out(calls::conduct_life_cycle({std::move(what), std::string(64, 'A'), "sp-1", {{"SIM1", "eSE", "", ""}}, {}},
                                        {now_ + 8s, true}),
              most);
}

/// As the gate does when the phone comes back.
bool tsm::conduct_left(std::size_t most) {
    keep(store::device_tables(stored()));
    effects = 0;
    told_.reset();
    const auto left = store_->processes.interrupted();
    require(left.size() <= 1, "two processes were left");
    if (left.empty())
        return false;
    require(left[0].why == model::interruption::restart && left[0].process.asked,
            "a process was left that nobody can enter again");
    store_->processes.take_over(left[0].process.id);
    carry_out(calls::enter_again(
                  {left[0].process, left[0].in_doubt, left[0].holds_card, std::to_string(store_->processes.epoch())},
                  {now_ + 8s, true}),
              most);
    return true;
}

void tsm::carry_out(calls::call<void> call, std::size_t most) {
    for (const auto* effect = call.start(); effect;) {
        auto reply = carry_out(*effect);
        if (++effects == most)
            return;
        effect = call.answer(std::move(reply));
    }
    call.result();
    require(process_.empty(), "the effects of a process were not given back");
    lease_.clear(); // it ends with the call
}

std::optional<model::execution> tsm::come_back() {
    if (!conduct_left(most_effects))
        return std::nullopt;
    require(effects < most_effects, "a process that was entered again does not end");
    require(told_.has_value(), "an app was not answered");
    return told_;
}

void tsm::come_back_and_die(std::size_t behind) {
    if (conduct_left(behind))
        forget();
}

void tsm::forget() {
    world.card.reset();
    lease_.clear();
    process_.clear();
    told_.reset();
}

/// As actors/recovery does.
void tsm::restart() {
    keep(store::device_tables(stored()));
    for (const auto& left : store_->processes.interrupted()) {
        const auto found =
            calls::end_of_interrupted(left.process, left.instance, left.card, left.in_doubt, left.why, wall());
        std::optional delivery(
            calls::delivery_of(left.process, found.instance, spos, answer_to(calls::encode_result{found.result})));
        store_->processes.end_left(found.end, found.instance, found.card, delivery);
        world.instance = found.instance;
        world.component = found.card;
    }
}

calls::answer_variant tsm::carry_out(const calls::effect& effect) {
    return std::visit([this](const auto& one) -> calls::answer_variant { return answer_to(one); },
                      static_cast<const calls::effect_variant&>(effect));
}

// -- the catalog --

calls::service_surveyed tsm::answer_to(const calls::survey_service&) {
    calls::service_surveyed surveyed;
    surveyed.service.emplace().spos = spos;
    return surveyed;
}

calls::target_found tsm::answer_to(const calls::find_target& asked) {
    const auto found = catalog.find(asked.version_tag);
    return {found == catalog.end() ? std::nullopt : std::optional(found->second)};
}

calls::target_checked tsm::answer_to(const calls::check_target& asked) {
    return {catalog.contains(asked.version_tag),
            std::ranges::any_of(catalog, [&](const auto& row) { return row.second.flavor_id == asked.flavor_id; })};
}

// -- the rows --

calls::instance_loaded tsm::answer_to(const calls::load_instance& asked) {
    calls::instance_loaded found;
    found.instance = store_->instances.find(asked.id);
    if (!found.instance)
        return found;
    found.card = *store_->cards.find(found.instance->secure_component_id);
    found.last_on_card = world.last_on_card;
    found.provider_has_apps = true;
    if (model::rests_on_claims(found.card))
        found.issuers = store_->issuers.all();
    return found;
}

calls::process_begun tsm::answer_to(const calls::begin_process& b) {
    require(b.process.id == lease_, "a process begins on a card that it has not leased");
    const auto outcome = store_->processes.begin(b.process, b.read, b.shown);
    if (outcome == model::beginning::begun) {
        world.instance = b.shown.instance;
        world.component = b.shown.card.value_or(world.component);
    }
    return {outcome};
}

calls::process_ended tsm::answer_to(const calls::end_process& e) {
    require(e.end.id == lease_, "a process ends on a card that was given back");
    auto delivery = e.delivery;
    require(store_->processes.end(e.end, e.instance, e.card, e.gone, delivery), "a process ends that does not run");
    world.component = e.card.value_or(world.component);
    if (!e.gone)
        world.instance = e.instance;
    return {delivery, {}};
}

// -- the app and its phone --

calls::done tsm::answer_to(const calls::admit&) {
    return {};
}

calls::done tsm::answer_to(const calls::answer& a) {
    if (a.completed) {
        const auto& last = stored().processes.back();
        require(last.record.id == a.completed->process_id && last.end, "an app is told of an end that is not stored");
    }
    if (!told_)
        told_ = model::outcome_of(a.outcome);
    return {};
}

// -- the card --

calls::lease tsm::answer_to(const calls::lease_card& wanted) {
    require(lease_.empty() && wanted.card == world.component.id, "a card is leased twice");
    lease_ = wanted.process_id;
    return {true};
}

calls::done tsm::answer_to(const calls::return_card&) {
    require(process_.empty(), "a process runs on a card that was given back");
    lease_.clear();
    return {};
}

process::answer_variant tsm::answer_to(const calls::perform& p) {
    if (process_.empty()) // the card is only read
        return world.interpret(p.what);
    require(lease_ == process_, "a process works on a card that it has not leased");
    store_->processes.hold(process_);
    auto answer = world.perform(p.what);
    if (std::holds_alternative<process::announce_start>(p.what) && std::holds_alternative<process::done>(answer))
        store_->processes.acknowledge(process_);
    if (const auto* intent = std::get_if<process::journal_intent>(&p.what))
        store_->processes.journal(process_, intent->what);
    if (const auto* step = std::get_if<process::commit>(&p.what)) {
        auto instance = step->instance;
        instance.running_process = process_; // as actors/framework/effects
        store_->processes.commit(process_, instance, step->card);
    }
    return answer;
}

calls::done tsm::answer_to(const calls::process_begins& p) {
    require(stored().processes.back().record.id == p.record.id, "a process begins that is not stored");
    process_ = p.record.id;
    world.begin(p.record.acknowledged);
    return {};
}

calls::done tsm::answer_to(const calls::process_over&) {
    process_.clear();
    return {};
}

// -- who pays --

calls::charged tsm::answer_to(const calls::charge_process&) {
    return {};
}

calls::done tsm::answer_to(const calls::close_account& s) {
    world.end(s.outcome);
    return {};
}

// -- results for the SPOS --

std::string tsm::answer_to(const calls::encode_result& e) {
    return e.what.process_id + " " + std::to_string(static_cast<int>(e.what.status)) + " leads to " +
           std::to_string(static_cast<int>(e.what.end_state));
}

calls::done tsm::answer_to(const calls::deliver& d) {
    const auto& row = stored().outbox.at(static_cast<std::size_t>(d.entry.id - 1));
    require(row.process == d.entry.process && row.body == d.entry.body, "a result leaves that is not stored");
    return {};
}

// -- time, chance, the operator --

wall_time tsm::wall() const {
    return wall_time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)) +
           std::chrono::duration_cast<wall_time::duration>(now_.time_since_epoch());
}

calls::moment tsm::answer_to(const calls::ask_time&) {
    now_ += 1s;
    return {now_, wall()};
}

std::string tsm::answer_to(const calls::new_id&) {
    return "id-" + std::to_string(++ids_);
}

calls::done tsm::answer_to(const calls::tell_operator&) {
    return {};
}

} // namespace tsms::sim
