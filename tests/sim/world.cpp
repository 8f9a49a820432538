#include "tests/sim/world.hpp"

#include "lab/cap_writer.hpp"
#include "model/life_cycle.hpp"
#include "tests/lab_reader.hpp"

#include <algorithm>

namespace tsms::sim {

namespace {

crypto::wrapped_keys to_vault(const model::key_set& k) {
    return {k.version, k.bits, k.wrapped};
}
model::key_set from_vault(crypto::wrapped_keys k) {
    return {k.version, k.bits, std::move(k.wrapped), false};
}

const lab::personality& find(std::string_view name) {
    const auto* p = lab::find_personality(name);
    if (!p)
        throw std::invalid_argument("no such personality");
    return *p;
}

template <class... F> struct overload : F... {
    using F::operator()...;
};
template <class... F> overload(F...) -> overload<F...>;

process::failed issuer_failed(const std::string& why) {
    return {model::error_category::network_connection_error, why, false};
}

} // namespace

struct world::issuer_run {
    model::issuer_order order;
    bool last = false;
    std::optional<gp::procedure<lab::authenticated_card>> work;
};

world::world(std::string_view name, std::uint64_t seed)
    : world(std::shared_ptr<const lab::personality>(std::shared_ptr<void>(), &find(name)), seed) {}

world::world(lab::personality p, std::uint64_t seed)
    : world(std::make_shared<const lab::personality>(std::move(p)), seed) {}

world::world(std::shared_ptr<const lab::personality> p, std::uint64_t seed)
    : personality(std::move(p)), random(seed), card(lab::card::create(*personality, random)),
      vault(crypto::make_software_vault(crypto::secret(bytes(32, 0x4B)), random)) {
    component.id = "card-1";
    component.identity = to_hex(card.state().identity());
    component.isd_aid = personality->isd;
    component.issuer = "lab";
    instance.id = "instance-1";
    instance.secure_component_id = component.id;
    instance.reader = "SIM1";
    auto& target = instance.target;
    target.service_provider_id = "sp-1";
    target.service_id = "service-1";
    target.service_name = "test";
    target.version_tag = "1.0.0";
    target.flavor_id = "flavor-1";
    target.sd_aid = "D276000163544D5301000001";
    target.card.rules_read_back = personality->rule_queries_refused == 0; // as its profile says
    target.card.challenge_counter = personality->sends_counter;
    bystanders_.move_in(card.state());
    factory_ = listed();
}

std::set<std::string> world::listed() const {
    std::set<std::string> aids;
    for (const auto& app : card.state().registry.applications())
        aids.insert(to_hex(app.aid));
    for (const auto& file : card.state().registry.load_files())
        aids.insert(to_hex(file.package.aid));
    return aids;
}

std::set<std::string> world::on_card() const {
    auto aids = listed();
    for (const auto& aid : factory_)
        aids.erase(aid);
    return aids;
}

void world::add_cap(const gp::cap_file& cap) {
    auto& target = instance.target;
    model::target_load_file file;
    file.elf_id = to_hex(cap.package_aid);
    file.aid = to_hex(cap.package_aid);
    file.sha256 = to_hex(cap.sha256);
    file.size = cap.load_image.size();
    for (const auto& import : cap.imports)
        file.imports.push_back(to_hex(import.aid));
    target.load_files.push_back(file);
    images[file.aid] = cap.load_image;
    for (const auto& applet : cap.applets) {
        model::target_application app;
        app.elf_aid = file.aid;
        app.module_aid = to_hex(applet);
        app.instance_aid = to_hex(applet);
        app.accessible_via_apdu = true;
        target.applications.push_back(app);
    }
}

void world::add_load_file(bytes package, std::vector<bytes> applets, std::size_t load_size) {
    lab::cap_request wanted;
    wanted.package = std::move(package);
    wanted.applets = std::move(applets);
    wanted.load_size = load_size;
    add_cap(gp::parse_cap(lab::write_cap(wanted)));
}

process::process_request world::request() {
    process::process_request r;
    r.process_id = "process-" + std::to_string(++processes_);
    r.caller_id = std::string(64, 'A');
    r.reader = "SIM1";
    r.se_type = "eSE";
    r.instance = instance;
    before_ = instance.state;
    r.instance.running_process = r.process_id;
    r.card = component;
    r.tombstones = tombstones;
    return r;
}

process::process_outcome world::deploy(std::vector<model::service_command> commands, bool finalize, bool suspended) {
    std::vector<process::command_request> list;
    for (auto what : commands)
        list.push_back({what, {}, suspended && what == model::service_command::activate});
    return *play(process::deploy(request(), list, finalize));
}

process::process_outcome world::terminate() {
    auto r = request();
    r.last_service_on_card = last_on_card;
    return *play(process::terminate(r));
}

process::process_outcome world::suspend(bool suspend) {
    return *play(process::suspend_or_resume(request(), suspend));
}

void world::begin(bool started) {
    effects = orders = apdus = issuer_orders = 0;
    intent_open_ = false;
    phone_lost_ = false;
    issuer_.reset();
    expected_.reset();
    if (is_undisturbed())
        expected_ = expected_traffic::of(instance, component, last_on_card);
    write_ahead_.begin(started);
    bystanders_.begin(card.state(), tsm_domain_aid());
}

process::answer_variant world::perform(const process::effect& effect) {
    write_ahead_.watch(effect, {instance, component, !tombstones.empty()});
    auto answer = interpret(effect);
    write_ahead_.hear(answer);
    bystanders_.watch(card.state(), tsm_domain_aid());
    bystanders_.check(card.state(), tsm_domain_aid());
    ++effects;
    return answer;
}

void world::end(const process::process_outcome& outcome) {
    write_ahead_.end();
    card.reset();
    intent_open_ = false;
    if (expected_ && outcome.status == model::error_category::none)
        expected_->check(outcome.instance.last_operation, orders, issuer_orders, extra_orders);
}

std::optional<process::process_outcome> world::play(process::process<process::process_outcome> running,
                                                    std::optional<std::size_t> break_after) {
    begin();
    const auto* effect = running.start();
    while (effect) {
        auto answer = perform(*effect);
        if (break_after && effects == *break_after) {
            card.reset();
            return std::nullopt;
        }
        effect = running.answer(std::move(answer));
    }
    auto outcome = running.result();
    end(outcome);
    instance = outcome.instance;
    component = outcome.card;
    return outcome;
}

std::string world::tsm_domain_aid() const {
    return component.tsm_domain ? component.tsm_domain->aid : instance.target.card.tsm_sd_aid;
}

/// The card has the TSM's domain of its row, with the keys that the row says; no row, no question.
bool world::has_keys_of_row() const {
    if (!component.tsm_domain || !component.tsm_domain->keys)
        return true;
    const auto* there = card.state().registry.find_application(hex(component.tsm_domain->aid));
    return there && there->sd &&
           std::ranges::find(there->sd->key_sets, component.tsm_domain->keys->version, &lab::key_set::version) !=
               there->sd->key_sets.end();
}

/// Nobody interferes, card and rows agree, and the card takes everything at once: then each exchange is accounted for.
bool world::is_undisturbed() const {
    const auto& domain = component.tsm_domain;
    const bool honest = !on_the_way && !on_report && card.faults().empty() && phone_vanishes_after == SIZE_MAX &&
                        !issuer_down && !issuer_without_end && issuer_takes == SIZE_MAX;
    const bool agreed = has_keys_of_row() && tombstones.empty() && !component.doubt && instance.target.beside.empty() &&
                        instance.state != model::instance_state::in_error &&
                        instance.unproven_operation == model::operation::no_operation &&
                        !(domain && (domain->keys_in_doubt || !domain->other_keys.empty()));
    const bool usual = personality.get() == lab::find_personality("jc305") &&
                       instance.target.card.order_apdus == model::card_parameters{}.order_apdus;
    return honest && agreed && usual;
}

void world::restart() {
    instance = model::after_crash(instance, before_, intent_open_);
    component.doubt = component.doubt || intent_open_;
}

std::vector<process::card_facts> world::identify() {
    return ask(process::read_cards({{"SIM1"}}));
}

process::answer_variant world::announce(const process::announce_start& start) {
    using model::error_category;
    auto answer = transmit(start.reads ? start.reads->commands : gp::batch{}); // whatever the app makes of the start
    if (listener_throws)
        return process::failed{error_category::execution_interrupted, "the listener threw", false};
    if (answer.end == gp::transmission::phone_lost)
        return process::failed{error_category::execution_interrupted, "the start was not acknowledged", true};
    return answer;
}

gp::batch_answer world::transmit(const gp::batch& commands) {
    auto answer = execute(commands);
    if (on_report)
        on_report(answer);
    return answer;
}

gp::batch_answer world::execute(const gp::batch& commands) {
    gp::batch_answer answer;
    if (phone_lost_ || orders++ >= phone_vanishes_after) {
        phone_lost_ = true;
        answer.end = gp::transmission::phone_lost;
        return answer;
    }
    for (const auto& command : commands.commands) {
        ++apdus;
        const auto ask = [&] { return lab_reader(card).transmit(command.apdu); };
        try {
            auto response = on_the_way ? on_the_way(command, ask) : std::nullopt;
            answer.responses.push_back(response ? *response : ask());
        } catch (const lab::no_answer& nothing) { // as tsms-handset reports it
            answer.end = nothing.powered() ? gp::transmission::failed : gp::transmission::unavailable;
            answer.detail = nothing.what();
            return answer;
        }
    }
    return answer;
}

model::issuer_step world::advance(const gp::card_effect* effect) {
    model::issuer_step step;
    if (!effect) {
        const auto proven = issuer_->work->result(); // rethrows what went wrong
        if (proven.key_version)
            issued_.at(issuer_->order.domain_aid).version = *proven.key_version;
        carried_out_[issuer_->order.domain_aid] = issuer_->order.secure_component_identity;
        step.done = true;
        return step;
    }
    for (const auto& command : effect->commands.commands)
        step.commands.push_back(command.apdu);
    step.last = issuer_->last;
    return step;
}

/// As the key actor takes them over.
process::answer_variant world::issuer_keys() {
    const crypto::secret transport(bytes(16, 0x54));
    const auto material = lab::hand_over(issuer_->order, issued_.at(issuer_->order.domain_aid), personality->scp03_i,
                                         transport, issuer_lies);
    const auto transported = [](const model::issuer_key_material::key& key) {
        return crypto::transported_key{key.wrapped, key.kcv};
    };
    try {
        model::issuer_keys keys;
        keys.aid = material.aid;
        keys.keys = from_vault(
            vault->import_wrapped(vault->import_transport_key(transport), material.key_version, material.bits,
                                  {transported(material.enc), transported(material.mac), transported(material.dek)}));
        keys.scp_i = material.scp_i;
        keys.privileges = issuer_privileges.empty() ? material.privileges : issuer_privileges;
        keys.secure_component_identity = material.secure_component_identity;
        return keys;
    } catch (const std::exception& e) {
        return process::failed{model::error_category::internal_error, e.what(), false};
    }
}

process::answer_variant world::open_issuer_session(const process::open_issuer_session& e) {
    ++issuer_orders;
    if (issuer_down || issuer_takes == 0)
        return issuer_failed("connection refused");
    --issuer_takes;
    issuer_ = std::make_shared<issuer_run>();
    issuer_->order = e.order;
    if (issuer_ignores_level)
        issuer_->order.minimum_level = 0;
    auto& fresh = issued_[e.order.domain_aid];
    const auto octets = personality->key_octets;
    if (fresh.keys.enc.empty() || e.order.domain == model::issuer_order::domain_change::create)
        fresh = {issuer_key_version,
                 {random.take_secret(octets), random.take_secret(octets), random.take_secret(octets)}};
    const auto isd = lab::isd_keys(lab::lab_issuer_master(), hex(e.order.secure_component_identity));
    issuer_->work.emplace(
        lab::carry_out(lab::card_work(issuer_lies.done_of(issuer_->order), isd, fresh, random, issuer_->last)));
    return advance(issuer_->work->start());
}

process::answer_variant world::relay_to_issuer(const process::relay_to_issuer& e) {
    if (issuer_down)
        return issuer_failed("connection lost");
    if (issuer_without_end) {
        model::issuer_step one_more;
        one_more.commands.push_back(hex("80CA00C100"));
        return one_more;
    }
    gp::batch_answer answer;
    answer.responses = e.responses;
    answer.end = e.interrupted ? gp::transmission::failed : gp::transmission::complete;
    try {
        return advance(issuer_->work->answer(std::move(answer)));
    } catch (const std::runtime_error& error) {
        return process::failed{model::error_category::sc_inaccessible, error.what(), false};
    }
}

process::answer_variant world::interpret(const process::effect& effect) {
    namespace p = process;
    const overload carry_out{
        [&](const p::announce_start& e) { return announce(e); },
        [&](const p::exchange& e) -> p::answer_variant { return transmit(e.commands); },
        [&](const p::open_issuer_session& e) { return open_issuer_session(e); },
        [&](const p::relay_to_issuer& e) { return relay_to_issuer(e); },
        [&](const p::fetch_issuer_keys&) -> p::answer_variant { return issuer_keys(); },
        [&](const p::derive_session& e) -> p::answer_variant {
            return crypto::prepare_session(*vault, to_vault(e.keys), e.host_challenge, e.card_challenge,
                                           e.sequence_counter, e.domain_aid);
        },
        [&](const p::generate_keys& e) -> p::answer_variant { return from_vault(vault->generate(e.version, e.bits)); },
        [&](const p::encrypt_keys& e) -> p::answer_variant {
            return vault->encrypt_keys(to_vault(e.under), to_vault(e.keys));
        },
        [&](const p::encrypt_data& e) -> p::answer_variant {
            return vault->encrypt_data(to_vault(e.under), crypto::secret(e.data));
        },
        [&](const p::random_octets& e) -> p::answer_variant { return random.take(e.count); },
        [&](const p::read_load_image& e) -> p::answer_variant {
            const auto other = images.find(e.file.sha256);
            return p::load_image{other != images.end() ? other->second : images.at(e.file.aid)};
        },
        [&](const p::journal_intent& e) -> p::answer_variant {
            journal.push_back(e.what);
            intent_open_ = true;
            return p::done{};
        },
        [&](const p::commit& e) -> p::answer_variant {
            instance = e.instance;
            component = e.card;
            return p::done{};
        },
    };
    return std::visit(carry_out, static_cast<const p::effect_variant&>(effect));
}

} // namespace tsms::sim
