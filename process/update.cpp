// TR 4.2.5.4 updateService: what changed between two Versions is removed and installed, what did not keeps its data.

#include "gp/procedures/update.hpp"

#include "model/life_cycle.hpp"
#include "process/card_forms.hpp"
#include "process/command_statuses.hpp"
#include "process/deployment.hpp"
#include "process/effect_proof.hpp"
#include "process/personalization.hpp"
#include "process/removal.hpp"
#include "process/renew_keys.hpp"
#include "process/tombstones.hpp"
#include "process/update_rules.hpp"
#include "process/withdraw_access.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

using gp::card_failure;
using model::instance_state;
using model::operation;
using model::service_command;

struct update_work : deployment {
    model::deployment_target former; ///< as the row had it when the process began
    model::update_plan plan;
    rule_changes rules;

    bool activates() const { return has(service_command::activate); }
    const std::map<std::string, std::string>& data() const { return find(service_command::install)->data; }
    /// Only an activation suspends (AMB-107): what the former Version was finalized with is over.
    bool locks() const {
        const auto* activate = find(service_command::activate);
        return finalize && activate && activate->suspension_control;
    }
};

/// What is known of the rules that the activation of the former Version has written.
rules_of_before know_rules(const work& w, const model::deployment_target& former) {
    const auto& executed = w.request.instance.executed;
    if (std::ranges::find(executed, service_command::activate) == executed.end())
        return rules_of_before::not_written;
    const bool certain = former.beside.empty() && w.request.instance.state != instance_state::in_error &&
                         (w.parameters().ara != "arac" || knows_client(w));
    return certain ? rules_of_before::there : rules_of_before::in_doubt;
}

bool was_personalized(const model::deployment_target& there, const std::string& aid) {
    const auto app = std::ranges::find(there.applications, aid, &model::target_application::instance_aid);
    return app != there.applications.end() && app->personalized;
}

/// AMB-111: what stays is not personalized again. What has never been, although it has a script, does not stay: below
/// the Service's domain only another channel reaches it.
void plan_contents(const work& w, update_work& u, model::deployment_target there) {
    const bool personalizes = u.has(service_command::personalize);
    if (personalizes)
        for (const auto& app : w.wanted().applications)
            if (app.script && !was_personalized(there, app.instance_aid))
                there.beside.applications.push_back(app);
    u.plan = model::plan_update(there, w.wanted());
    if (personalizes)
        require_executable(u.plan.installed);
}

void plan_access(const work& w, update_work& u) {
    u.rules = plan_rules(u.former, w.wanted(), u.plan, u.activates(), know_rules(w, u.former));
}

/// Does nobody know what of the former Version is there?
bool is_in_doubt(const work& w, const update_work& u) {
    const auto& instance = w.request.instance;
    return instance.state == instance_state::in_error || instance.unproven_operation != operation::no_operation ||
           w.request.card.doubt || w.request.look_first || !u.former.beside.empty();
}

/// The card has to show first what is there: after doubt, where something is locked, and where rules have to go of an
/// ARA-C that the row has not seen.
bool looks_first(const work& w, const update_work& u) {
    const bool client_hidden = w.parameters().ara == "arac" && !u.rules.remove.empty() && !knows_client(w);
    return is_in_doubt(w, u) || u.from == instance_state::suspended || client_hidden;
}

/// What is needed beside what goes. Where nothing comes, nothing is.
std::size_t octets_needed(const work& w, const model::update_plan& plan,
                          const std::vector<model::target_load_file>& removed) {
    if (plan.added_files.empty() && plan.installed.empty())
        return 0;
    const auto needed = static_cast<std::size_t>(w.parameters().memory_reserve) + model::octets_of(plan.added_files);
    const auto freed = model::octets_of(removed);
    return needed > freed ? needed - freed : 0;
}

std::vector<model::target_load_file> listed_files(std::vector<model::target_load_file> files,
                                                  const gp::card_contents& card) {
    std::erase_if(files, [&](const auto& file) { return !gp::find_entry(card.load_files, octets(file.aid)); });
    return files;
}

/// The card claims that it has no load files, which it cannot prove. Those of which it lists an application are there,
/// and what they import; the others may be.
std::vector<model::target_load_file> doubtful_files(const model::deployment_target& there) {
    std::set<std::string> needed;
    for (const auto& app : there.applications)
        needed.insert(app.elf_aid);
    std::vector<model::target_load_file> doubtful;
    for (auto file = there.load_files.rbegin(); file != there.load_files.rend(); ++file) {
        const bool is_needed = needed.contains(file->aid) ||
                               std::ranges::any_of(file->packages, [&](const auto& p) { return needed.contains(p); });
        if (is_needed)
            needed.insert(file->imports.begin(), file->imports.end());
        else
            doubtful.insert(doubtful.begin(), *file);
    }
    return doubtful;
}

/// The former target, as far as the card has it.
model::deployment_target what_is_listed(const model::deployment_target& former, const gp::card_contents& card) {
    auto there = former;
    std::erase_if(there.applications,
                  [&](const auto& app) { return !gp::find_entry(card.applications, octets(app.instance_aid)); });
    if (card.load_files_proven)
        there.load_files = listed_files(std::move(there.load_files), card);
    else
        std::ranges::move(doubtful_files(there), std::back_inserter(there.beside.load_files));
    return there;
}

/// What is new must have an AID that is free, and a domain to go to (DIV-092).
void check_listed(const work& w, const update_work& u, const gp::card_contents& card) {
    if (!gp::find_entry(card.applications, octets(u.former.sd_aid)))
        refuse_content(model::error_category::sc_inaccessible,
                       "security domain " + u.former.sd_aid +
                           " of the service is not on the secure component any more; terminateService ends it");
    const auto ours = model::with_remnants(u.former);
    std::set<std::string> known{ours.sd_aid};
    for (const auto& file : ours.load_files)
        known.insert(file.aid);
    for (const auto& app : ours.applications)
        known.insert(app.instance_aid);
    std::vector<model::held_aid> others;
    for (const auto* list : {&card.applications, &card.load_files})
        for (const auto& entry : *list)
            if (!known.contains(to_hex(entry.aid)))
                others.push_back({to_hex(entry.aid), "something else that the card lists"});
    check_conflicts(content_of(w.wanted()), others);
}

issuer_need need_of(const work& w, const update_work& u) {
    issuer_need need;
    need.create_domain = !w.card.tsm_domain || !w.card.tsm_domain->keys;
    if (w.parameters().ara == "aram-issuer") {
        need.add_rules = u.rules.write;
        need.remove_rules = u.rules.remove;
        need.takes_access = !need.remove_rules.empty();
    }
    need.has_client = access_client_of(w.parameters(), u.rules.write).has_value();
    return need;
}

/// Before anybody writes rules: they may be there from now on, and in this store.
void remember_rules(work& w, const update_work& u) {
    model::add_missing(w.found.new_rules, u.rules.fresh);
    if (u.rules.write.empty())
        return;
    copy_rule_store(w.instance.target.card, w.parameters());
    model::add_missing(w.instance.target.beside.rules, u.rules.write);
}

/// Before anything else can happen to the card: it may have what the update puts there from now on.
void remember(work& w, const update_work& u) {
    remember_rules(w, u);
    model::remember_attempt(w.instance.target.beside, u.plan, u.rules.write);
}

std::vector<bytes> aids_of(const std::vector<model::target_load_file>& files) {
    std::vector<bytes> aids;
    for (const auto& file : files)
        aids.push_back(octets(file.aid));
    return aids;
}

std::vector<bytes> aids_of(const std::vector<model::target_application>& applications) {
    std::vector<bytes> aids;
    for (const auto& app : applications)
        aids.push_back(octets(app.instance_aid));
    return aids;
}

/// What is locked on the card, of what stays.
void unlock(gp::service_update& what, const gp::card_contents& card) {
    const auto locked = [&](const bytes& aid) {
        const auto* entry = gp::find_entry(card.applications, aid);
        return entry && (entry->life_cycle & gp::life_cycle::locked) != 0;
    };
    what.domain_locked = locked(what.domain_aid);
    for (const auto& app : what.kept)
        if (!what.domain_locked && locked(app.instance.instance_aid))
            what.locked_applications.push_back(app.instance.instance_aid);
}

/// What goes, in order of deletion: as the card lists it, else as the row knows it.
void remove(const work& w, const update_work& u, const gp::card_contents* seen, gp::service_update& what) {
    what.instances = aids_of(u.plan.removed);
    what.load_files = aids_of(u.plan.removed_files);
    std::ranges::reverse(what.instances);
    std::ranges::reverse(what.load_files);
    if (!seen)
        return;
    const auto ours = find_contents(w, model::with_remnants(u.former), *seen);
    const auto keep = [](std::vector<bytes>& all, const std::vector<bytes>& some) {
        std::erase_if(all, [&](const auto& aid) { return std::ranges::find(some, aid) == some.end(); });
    };
    what.doubtful_load_files = what.load_files;
    keep(what.instances, ours.instances);
    keep(what.load_files, ours.load_files);
    keep(what.doubtful_load_files, ours.doubtful_load_files);
}

void change_rules(const work& w, const update_work& u, gp::service_update& what) {
    if (w.card.tsm_domain->arac_installed)
        what.rules_to_remove = access_client_of(w.parameters(), u.rules.remove);
    what.rules_to_write = client_to_write(w, u.rules.write);
}

/// An activation that the former Version has not had.
std::vector<bytes> to_make_selectable(const work& w, const update_work& u, const std::vector<gp::application>& kept) {
    const auto& executed = w.request.instance.executed;
    if (!u.activates() || std::ranges::find(executed, service_command::activate) != executed.end())
        return {};
    return selectable(kept);
}

gp::service_update describe(const work& w, const update_work& u, const gp::card_contents* seen) {
    const auto& wanted = w.wanted();
    gp::service_update what;
    what.tsm_domain_aid = octets(w.card.tsm_domain->aid);
    what.domain_aid = octets(wanted.sd_aid);
    what.applications = applications_of(w, u.plan.installed, &u.data(), u.activates());
    what.kept = applications_of(w, u.plan.kept, nullptr, u.activates());
    what.kept_load_files = aids_of(u.plan.kept_files);
    what.to_make_selectable = to_make_selectable(w, u, what.kept);
    check_sizes(w, u.plan.added_files, what.applications, {w.link.block_size, w.link.command_size});
    if (seen)
        unlock(what, *seen);
    remove(w, u, seen, what);
    change_rules(w, u, what);
    if (u.locks())
        what.instances_to_lock = aids_of(wanted.applications);
    what.lock_with_applications = w.parameters().lock_with_applications;
    what.block_size = w.link.block_size;
    what.others = w.request.aids_of_others.size();
    return what;
}

/// Load files that come before anything goes (AMB-225): where the card says that it has room for both.
std::vector<model::target_load_file> loaded_beforehand(const work& w, const update_work& u,
                                                       const model::deployment_target& there) {
    auto files = model::loadable_beforehand(u.plan, there);
    const auto free =
        w.link.resources ? std::optional<std::size_t>(w.link.resources->non_volatile) : w.link.free_memory;
    const auto needed = static_cast<std::size_t>(w.parameters().memory_reserve) + model::octets_of(files);
    if (u.plan.removed.empty() && u.plan.removed_files.empty()) // nothing goes
        return {};
    return free && *free >= needed ? files : std::vector<model::target_load_file>{};
}

process<void> load_beforehand(work* w, const update_work* u, const std::vector<model::target_load_file>* files,
                              gp::service_update* what) {
    gp::load_file_addition addition;
    addition.tsm_domain_aid = what->tsm_domain_aid;
    addition.block_size = w->link.block_size;
    addition.others = w->request.aids_of_others.size() + u->plan.kept.size() + u->plan.removed.size();
    for (const auto& file : *files) {
        const auto at = std::ranges::find(what->files_to_load, octets(file.aid), &gp::load_file::aid);
        addition.load_files.push_back(std::move(*at));
        what->files_to_load.erase(at);
        what->files_loaded.push_back(octets(file.aid));
    }
    co_await prove_on_card(w, gp::add_load_files(w->link.channel, std::move(addition)), {});
    w->found.proven = false; // of the Service as a whole
}

/// `seen`: what the card lists, where it had to be asked.
process<void> change_service(work* w, update_work* u, std::optional<gp::card_contents> seen) {
    const auto there = seen ? what_is_listed(u->former, *seen) : u->former;
    if (seen) {
        check_listed(*w, *u, *seen);
        w->card.tsm_domain->arac_installed = lists_client(*w, w->parameters(), *seen);
        plan_contents(*w, *u, there);
        if (w->parameters().ara != "aram-issuer") // whose work is done, by what the row said
            plan_access(*w, *u);
        remember(*w, *u);
        w->link.memory_needed = octets_needed(*w, u->plan, listed_files(u->plan.removed_files, *seen));
        check_memory(*w, w->link.resources);
        w->link.memory_needed = 0;
    }
    auto what = describe(*w, *u, seen ? &*seen : nullptr);
    const auto scripts = scripts_to_run(*w, *u, u->plan.installed, false);
    require_usable(scripts, u->locks());
    what.personalization = {co_await stored_scripts(&scripts, w->link.channel_keys), activates_before(u->commands)};
    what.files_to_load = co_await read_load_files(u->plan.added_files); // all of them, before the TSM changes anything
    const auto before = loaded_beforehand(*w, *u, there);
    what.questions = co_await last_questions(w, !u->locks(), selectable(what.applications));
    co_await write_intent(w, "update service " + u->former.service_id + " from version " + u->former.version_tag +
                                 " to " + w->wanted().version_tag);
    if (!before.empty())
        co_await load_beforehand(w, u, &before, &what);
    const bool has_client = what.rules_to_write.has_value();
    w->found.access_given = w->found.access_given || has_client;
    const auto asked = what.questions;
    const auto sent = what.personalization.scripts;
    auto shown = co_await prove_on_card(w, gp::update_service(w->link.channel, std::move(what)), asked);
    if (has_client)
        note_client(*w);
    if (!sent.empty()) // nothing of what was for an application has keyed the domain instead (DIV-115)
        co_await tidy_keys(w, std::move(shown.key_versions));
    note_answers(*w, scripts, sent, shown.scripts);
    co_await run_selected(w, &scripts, std::move(shown.selected));
}

/// In another form where the card refused the first one: it shows what that has left.
process<void> change_as_the_card_takes_it(work* w, update_work* u, std::optional<gp::card_contents> seen) {
    const auto applications = model::with_remnants(u->former).applications.size() + w->wanted().applications.size() + 1;
    if (!seen && looks_first(*w, *u)) {
        seen = co_await look(w, applications);
    }
    while (true) {
        try {
            co_await change_service(w, u, std::move(seen));
            co_return;
        } catch (const card_failure& failure) {
            if (!takes_another_form(*w, failure))
                throw;
        }
        u->former.beside = w->instance.target.beside; // what it may have left
        w->link.channel.reset();
        co_await need_channel(w);
        seen = co_await look(w, applications);
    }
}

process<void> update_steps(work* w, update_work* u) {
    const auto& wanted = w->wanted();
    check_conflicts(content_of(wanted), known_aids(*w));
    check_rule_count(wanted, u->former.beside);
    plan_contents(*w, *u, u->former);
    plan_access(*w, *u);
    check_sizes(*w, u->plan.added_files, applications_of(*w, u->plan.installed, &u->data(), false), bounds_of(*w));
    co_await remove_rules_of_tombstones(w);
    remember_rules(*w, *u);
    if (!is_in_doubt(*w, *u) && w->request.tombstones.empty())
        w->link.memory_needed = octets_needed(*w, u->plan, u->plan.removed_files);
    require_open(*w, co_await open_tsm_domain(w, need_of(*w, *u)));
    w->link.memory_needed = 0;
    check_conflicts(content_of(wanted), held_by_others(w->request.aids_behind_proof));
    remember(*w, *u); // nobody else's AIDs are among it
    co_await renew_keys(w);
    auto seen = co_await remove_tombstones(w);
    co_await change_as_the_card_takes_it(w, u, std::move(seen));
}

/// The domain stays, and what the catalog says of it today with it.
void complete_target(work& w, const update_work& u) {
    auto& wanted = *w.request.new_target;
    wanted.sd_aid = u.former.sd_aid;
    wanted.beside = {};
    note_parameters(wanted.applications, u.data());
    keep_rule_store(wanted.card, u.former);
}

void note_updated(work& w, const update_work& u) {
    auto target = w.wanted();
    target.beside.rules = u.rules.left;
    for (auto& app : target.applications) {
        const bool stays = std::ranges::find(u.plan.kept, app.instance_aid, &model::target_application::instance_aid) !=
                           u.plan.kept.end();
        app.personalized = stays && was_personalized(u.former, app.instance_aid);
    }
    note_personalized(w, target.applications);
    w.instance.target = std::move(target);
    note_success(w.instance, u);
}

} // namespace

process<process_outcome> update(process_request request, std::vector<command_request> commands, bool finalize) {
    update_work u;
    u.commands = std::move(commands);
    u.finalize = finalize;
    work w(std::move(request), model::update_operation(u.kinds(), finalize));
    u.from = model::effective_state(w.instance);
    u.former = w.instance.target;
    complete_target(w, u);
    w.shows_initialized = true;

    const auto failure = co_await run(&w, update_steps(&w, &u));
    auto failed = ending_of(failure);
    if (failed) {
        failed->details += missing_imports(w, *failure);
        co_await withdraw_access(&w, *failed);
        if (!w.found.intent_written && !w.found.service_changed) // nothing of the update is on the card
            w.instance.target = w.request.instance.target;
    } else {
        note_updated(w, u);
    }
    auto outcome = close_process(w, failed, u.from);
    outcome.commands = statuses_of(u.commands, failed);
    tell_personalized(outcome, w, u);
    co_return outcome;
}

} // namespace tsms::process
