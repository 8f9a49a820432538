#include "gp/procedures/update.hpp"

#include "gp/procedures/loading.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

void unlock(changes& card, const service_update& what) {
    if (what.domain_locked) {
        std::vector<bytes> stay;
        for (const auto& app : what.kept)
            stay.push_back(app.instance.instance_aid);
        card.unlock(what.domain_aid, stay);
    }
    for (const auto& aid : what.locked_applications)
        card.unlock_application(aid);
}

void remove(changes& card, const service_update& what) {
    if (what.rules_to_remove) // access first, as in a removal
        card.remove_rules(*what.rules_to_remove, what.block_size);
    for (const auto& aid : what.instances)
        card.remove_application(aid);
    for (const auto& aid : what.load_files)
        card.remove_load_file(aid);
    for (const auto& aid : what.doubtful_load_files)
        card.remove_load_file(aid, true);
}

void replace(changes& card, const service_update& what) {
    card.enter(phase::install);
    card.mark(5, what.progress.install);
    unlock(card, what);
    remove(card, what);
    load_all(card, {what.files_to_load, what.tsm_domain_aid, what.block_size, what.progress.install});
    card.mark(75, what.progress.install);
    for (const auto& app : what.applications)
        card.install(app);
}

void activate(changes& card, const service_update& what) {
    card.enter(phase::activate);
    card.mark(85, what.progress.activate);
    for (const auto& app : what.applications)
        if (app.make_selectable)
            card.make_selectable(app);
    for (const auto& app : what.kept) {
        const auto& aid = app.instance.instance_aid;
        if (std::ranges::find(what.to_make_selectable, aid) != what.to_make_selectable.end())
            card.make_selectable(app, true);
        else if (app.make_selectable)
            card.expect_selectable(aid);
    }
    if (what.rules_to_write)
        card.write_rules(*what.rules_to_write, what.block_size);
}

/// A new instance of a load file that stays may be where that is: below the Service's domain.
void take_followers(changes& card, const service_update& what) {
    const auto stays = [&](const application& app) {
        return std::ranges::find(what.kept_load_files, app.instance.load_file_aid) != what.kept_load_files.end();
    };
    for (const auto& script : what.personalization.scripts)
        for (const auto& app : what.applications)
            if (app.instance.instance_aid == script.aid && stays(app))
                card.take_application(script.aid, what.tsm_domain_aid);
}

/// Last, as in an installation (AMB-231).
void extradite(changes& card, const service_update& what) {
    for (const auto& aid : what.files_loaded)
        card.extradite_load_file(aid, what.domain_aid);
    for (const auto& file : what.files_to_load)
        card.extradite_load_file(file.aid, what.domain_aid);
    for (const auto& app : what.applications)
        card.extradite_application(app.instance.instance_aid, what.domain_aid);
}

void lock(changes& card, const service_update& what) {
    card.enter(phase::finalize);
    if (!what.instances_to_lock.empty()) {
        return card.set_lock(what.domain_aid, what.instances_to_lock, true, what.lock_with_applications);
    }
    card.expect_usable(what.applications, what.domain_aid);
    card.expect_usable(what.kept, what.domain_aid);
    if (what.domain_locked)
        card.expect_locked(what.domain_aid, false);
}

void complete(changes& card, service_update& what) {
    card.enter(phase::install);
    extradite(card, what);
    for (const auto& aid : what.kept_load_files)
        card.expect_load_file(aid, what.domain_aid);
    for (const auto& app : what.kept)
        card.expect_application(app.instance.instance_aid, what.domain_aid);
    lock(card, what);
    card.mark(95, what.progress.finalize);
    card.ask_at_the_end(std::move(what.questions));
}

} // namespace

procedure<shown_contents> add_load_files(channel_ptr channel, load_file_addition what) {
    changes card(channel);
    card.enter(phase::install);
    load_all(card, {what.load_files, what.tsm_domain_aid, what.block_size, what.operation});
    co_return co_await prove(std::move(card), what.others);
}

procedure<shown_contents> update_service(channel_ptr channel, service_update what) {
    const auto& plan = what.personalization;
    changes first(channel);
    replace(first, what);
    if (plan.scripts.empty()) {
        activate(first, what);
        complete(first, what);
        co_return co_await prove(std::move(first), what.others);
    }
    if (plan.behind_activation)
        activate(first, what);
    take_followers(first, what);
    name_script_receivers(first, plan);
    co_await prove(std::move(first), what.others);

    changes second(channel);
    run_scripts(second, plan, what.progress);
    if (!plan.behind_activation)
        activate(second, what);
    complete(second, what);
    co_return co_await prove(std::move(second), what.others);
}

} // namespace tsms::gp
