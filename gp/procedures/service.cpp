#include "gp/procedures/service.hpp"

#include "gp/procedures/loading.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

std::vector<bytes> instance_aids(const std::vector<application>& applications) {
    std::vector<bytes> aids;
    for (const auto& app : applications)
        aids.push_back(app.instance.instance_aid);
    return aids;
}

void make_selectable(changes& card, const std::vector<application>& applications, bool repeated) {
    for (const auto& app : applications)
        if (app.make_selectable)
            card.make_selectable(app, repeated);
}

void install(changes& card, const service_installation& what) {
    card.enter(phase::install);
    card.mark(5, what.progress.install);
    card.create_domain(what.domain);
    card.personalize_domain(what.domain, what.block_size);
    load_all(card, {what.load_files, what.tsm_domain_aid, what.block_size, what.progress.install});

    card.mark(75, what.progress.install);
    for (const auto& app : what.applications)
        card.install(app);
}

void activate(changes& card, const service_installation& what) {
    card.enter(phase::activate);
    card.mark(85, what.progress.activate);
    make_selectable(card, what.applications, false);
    if (what.client)
        card.write_rules(*what.client, what.block_size);
}

void complete(changes& card, service_installation& what) {
    const auto instances = instance_aids(what.applications);
    // Last, because INSTALL [for personalization] must go to the domain an application is associated with (AMB-231). A
    // card whose instances follow their load file refuses the second extradition as redundant.
    card.enter(phase::install);
    for (const auto& file : what.load_files)
        card.extradite_load_file(file.aid, what.domain.aid);
    for (const auto& aid : instances)
        card.extradite_application(aid, what.domain.aid);
    card.enter(phase::finalize);
    if (what.lock)
        card.set_lock(what.domain.aid, instances, true, what.lock_with_applications);
    else
        card.expect_usable(what.applications, what.domain.aid);
    card.enter(std::nullopt); // the TSM's own business
    if (what.rotation)
        card.rotate_keys(*what.rotation);

    card.mark(95, what.progress.finalize);
    card.ask_for_keys();
    card.ask_at_the_end(std::move(what.questions));
}

} // namespace

void name_script_receivers(changes& card, const script_plan& plan) {
    card.enter(phase::personalize);
    const auto& scripts = plan.scripts;
    for (auto script = scripts.rbegin(); script + 1 != scripts.rend(); ++script)
        card.name_script_receiver(script->aid);
    card.name_receiver(scripts.front().aid, step::script_receiver);
}

void run_scripts(changes& card, const script_plan& plan, const progress_operations& progress) {
    card.enter(phase::personalize);
    card.mark(plan.behind_activation ? 90 : 80, progress.personalize);
    for (const auto& script : plan.scripts)
        card.run_script(script, &script == &plan.scripts.front());
    card.ask_for_keys(); // of the domain that has handed them on
}

procedure<shown_contents> install_service(channel_ptr channel, service_installation what) {
    const auto& plan = what.personalization;
    changes first(channel);
    install(first, what);
    if (plan.scripts.empty()) {
        activate(first, what);
        complete(first, what);
        co_return co_await prove(std::move(first), what.others);
    }
    if (plan.behind_activation)
        activate(first, what);
    name_script_receivers(first, plan);
    co_await prove(std::move(first), what.others);

    changes second(channel);
    run_scripts(second, plan, what.progress);
    if (!plan.behind_activation)
        activate(second, what);
    complete(second, what);
    co_return co_await prove(std::move(second), what.others);
}

procedure<shown_contents> activate_service(channel_ptr channel, service_activation what) {
    const auto instances = instance_aids(what.applications);
    changes card(channel);
    card.mark(20, what.progress.activate);
    card.expect_usable(what.applications, what.domain_aid);
    card.enter(phase::activate);
    make_selectable(card, what.applications, true);
    if (what.former_rules)
        card.remove_rules(*what.former_rules, what.block_size);
    if (what.client)
        card.write_rules(*what.client, what.block_size);
    card.enter(phase::finalize);
    if (what.lock)
        card.set_lock(what.domain_aid, instances, true, what.lock_with_applications);
    card.mark(80, what.progress.finalize);
    card.ask_at_the_end(std::move(what.questions));
    co_return co_await prove(std::move(card), what.others);
}

procedure<shown_contents> lock_service(channel_ptr channel, service_lock what) {
    changes card(channel);
    card.mark(20, what.operation);
    card.set_lock(what.domain_aid, what.instances, what.lock, what.with_applications);
    card.mark(80, what.operation);
    card.ask_at_the_end(std::move(what.questions));
    co_return co_await prove(std::move(card), what.others);
}

procedure<shown_contents> check_service(channel_ptr channel, service_presence what) {
    changes card(channel);
    card.expect_usable(what.applications, what.domain_aid);
    for (const auto& aid : what.load_files)
        card.expect_load_file(aid, what.domain_aid);
    for (const auto& app : what.applications)
        if (app.make_selectable)
            card.expect_selectable(app.instance.instance_aid);
    card.ask_at_the_end(std::move(what.questions));
    co_return co_await prove(std::move(card), what.others);
}

procedure<card_contents> inspect(channel_ptr channel, std::size_t expected_applications) {
    changes card(channel);
    card.ask_for_everything();
    co_return co_await prove(std::move(card), expected_applications);
}

procedure<card_contents> remove_service(channel_ptr channel, service_removal what) {
    changes card(channel);
    card.mark(30, what.operation);
    if (what.client) // access first (gp/procedures, terminate)
        card.remove_rules(*what.client, what.block_size);
    for (const auto& aid : what.instances)
        card.remove_application(aid);
    card.mark(50, what.operation);
    for (const auto& aid : what.load_files)
        card.remove_load_file(aid);
    for (const auto& aid : what.doubtful_load_files)
        card.remove_load_file(aid, true);
    if (what.domain)
        card.remove_application(*what.domain);
    for (const auto version : what.key_sets)
        card.remove_keys(version);
    card.mark(80, what.operation);
    card.ask_for_everything();
    co_return co_await prove(std::move(card), what.others);
}

procedure<card_contents> withdraw_access(channel_ptr channel, access_client client, std::size_t block_size) {
    changes card(channel);
    card.remove_rules(client, block_size);
    co_return co_await prove(std::move(card));
}

} // namespace tsms::gp
