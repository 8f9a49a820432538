// TR 4.2.5.3 deployService: install, personalize, activate, finalize.

#include "model/life_cycle.hpp"
#include "model/update_plan.hpp"
#include "process/card_forms.hpp"
#include "process/command_statuses.hpp"
#include "process/deployment.hpp"
#include "process/domain_keys.hpp"
#include "process/effect_proof.hpp"
#include "process/personalization.hpp"
#include "process/removal.hpp"
#include "process/renew_keys.hpp"
#include "process/tombstones.hpp"
#include "process/withdraw_access.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

using gp::card_failure;
using model::instance_state;
using model::service_command;

/// What an activation does to access rules: those of the target are written, and former ones go that are on the card
/// beside them (AMB-124).
std::vector<model::access_rule> rules_to_write(const work& w, const deployment& d) {
    return d.has(service_command::activate) ? model::access_rules_of(w.instance.target)
                                            : std::vector<model::access_rule>{};
}
std::vector<model::access_rule> rules_to_remove(const work& w, const deployment& d) {
    if (!d.has(service_command::activate))
        return {};
    const auto written = rules_to_write(w, d);
    auto former = w.instance.target.beside.rules;
    std::erase_if(former, [&](const auto& rule) { return std::ranges::find(written, rule) != written.end(); });
    return former;
}

/// Suspended from the moment of finalization (TR 4.2.3.5, AMB-107)?
bool locks(const work& w, const deployment& d) {
    if (!d.finalize)
        return false;
    if (const auto* activate = d.find(service_command::activate))
        return activate->suspension_control;
    return model::state_after_finalize(w.instance) == instance_state::suspended;
}

process<void> prepare_domain(work* w, gp::service_installation* what) {
    const auto& parameters = w->parameters();
    auto keys = co_await generate_keys(parameters.service_key_version, parameters.key_bits);
    what->domain.keys = co_await encrypt_keys(w->link.channel_keys, keys);
    what->domain.aid = octets(w->instance.target.sd_aid);
    what->domain.package_aid = octets(parameters.sd_package_aid);
    what->domain.module_aid = octets(parameters.sd_module_aid);
    what->domain.privilege_octets = parameters.privilege_bytes;
    what->domain.parameters = octets(parameters.sd_install_parameters);
    what->domain.key_form = w->link.key_form;
    what->domain.key_version = keys.version;
    what->domain.key_bits = keys.bits;
    model::security_domain domain;
    domain.aid = w->instance.target.sd_aid;
    domain.keys = std::move(keys);
    domain.keys_in_doubt = true; // until it proves them
    w->instance.domain = std::move(domain);
}

/// Keys for a domain that is not created reach the TSM's own: their version must be none of its.
void check_key_versions(const work& w) {
    const auto version = w.parameters().service_key_version;
    if (keys_of_version(*w.card.tsm_domain, version))
        refuse_content(model::error_category::internal_error,
                       "the TSM's security domain on the secure component has keys of version " +
                           std::to_string(version) + "; change serviceKeyVersion of the profile");
}

/// Everything of the service onto the card, in one order: what the card gets is written down first.
process<void> install(work* w, const deployment* d) {
    const auto& target = w->instance.target;
    gp::service_installation what;
    what.tsm_domain_aid = octets(w->card.tsm_domain->aid);
    what.block_size = w->link.block_size;
    const auto& data = d->find(service_command::install)->data;
    what.applications = applications_of(*w, target.applications, &data, d->has(service_command::activate));
    check_sizes(*w, target.load_files, what.applications, {w->link.block_size, w->link.command_size});
    check_key_versions(*w);
    what.load_files = co_await read_load_files(target.load_files);
    what.client = client_to_write(*w, rules_to_write(*w, *d));
    what.lock = locks(*w, *d);
    what.lock_with_applications = w->parameters().lock_with_applications;
    what.others = w->request.aids_of_others.size();
    const auto scripts = scripts_to_run(*w, *d, target.applications, false);
    require_usable(scripts, what.lock);
    what.personalization = {co_await stored_scripts(&scripts, w->link.channel_keys), activates_before(d->commands)};
    co_await prepare_domain(w, &what);
    what.rotation = co_await prepare_rotation(w);
    what.questions = co_await last_questions(w, !what.lock, selectable(what.applications));

    note_parameters(w->instance.target.applications, data);
    co_await write_intent(w, "install service " + target.service_id + " version " + target.version_tag);

    const bool has_client = what.client.has_value();
    w->found.access_given = w->found.access_given || has_client;
    auto rotation = what.rotation;
    const auto asked = what.questions;
    const auto sent = what.personalization.scripts;
    auto shown = co_await prove_on_card(w, gp::install_service(w->link.channel, std::move(what)), asked);
    w->found.proven = false; // until the keys are tidied
    if (has_client)
        note_client(*w);
    note_key_form(*w);
    if (rotation)
        shown.key_versions =
            co_await confirm_rotation(w, *std::move(rotation), shown.rotation.value(), std::move(shown.key_versions));
    co_await tidy_keys(w, std::move(shown.key_versions));
    w->found.proven = true;
    note_answers(*w, scripts, sent, shown.scripts);
    co_await run_selected(w, &scripts, std::move(shown.selected));
}

std::size_t octets_to_load(const work& w) {
    return static_cast<std::size_t>(w.parameters().memory_reserve) + model::octets_of(w.instance.target.load_files);
}

/// In another form where the card refused the first one. What that has left goes, as after any other failure.
process<void> install_as_the_card_takes_it(work* w, const deployment* d) {
    while (true) {
        try {
            co_await install(w, d);
            co_return;
        } catch (const card_failure& failure) {
            if (!takes_another_form(*w, failure))
                throw;
        }
        w->link.channel.reset(); // what was asked at the end of the order has ended it
        co_await need_channel(w);
        co_await remove_what_is_there(w, std::nullopt);
        w->link.memory_needed = octets_to_load(*w);
        check_memory(*w, w->link.resources);
    }
}

/// What of the deployment an order does.
struct activation {
    bool activates;
    bool locks;
    bool opens_domain = false; ///< its last question opens a channel to the Service's domain
};

process<gp::shown_contents> activate(work* w, const deployment* d, activation part, gp::plain_questions* asked) {
    const auto& parameters = w->parameters();
    const auto former_rules =
        access_client_of(parameters, part.activates ? rules_to_remove(*w, *d) : std::vector<model::access_rule>{});
    if (former_rules && !knows_client(*w))
        w->card.tsm_domain->arac_installed =
            lists_client(*w, parameters, co_await look(w, w->instance.target.applications.size() + 1));
    gp::service_activation what;
    what.domain_aid = octets(w->instance.target.sd_aid);
    what.applications = applications_of(*w, w->instance.target.applications, nullptr, part.activates);
    what.lock = part.locks;
    what.lock_with_applications = parameters.lock_with_applications;
    if (knows_client(*w))
        what.former_rules = former_rules;
    if (part.activates)
        what.client = client_to_write(*w, rules_to_write(*w, *d));
    what.block_size = w->link.block_size;
    what.others = w->request.aids_of_others.size();
    what.questions = part.opens_domain ? co_await ask_for_channel(w)
                                       : co_await last_questions(w, !what.lock, selectable(what.applications));
    const bool has_client = what.client.has_value();
    w->found.access_given = w->found.access_given || has_client;
    co_await write_intent(w, "activate service " + w->instance.target.service_id);
    *asked = what.questions;
    auto shown = co_await prove_on_card(w, gp::activate_service(w->link.channel, std::move(what)), *asked);
    if (has_client)
        note_client(*w);
    co_return shown;
}

/// What a listing shows when everything of the Service is gone, and the rows do not know.
std::vector<model::held_aid> listed_aids(const gp::card_contents& card) {
    std::vector<model::held_aid> out;
    for (const auto* list : {&card.applications, &card.load_files})
        for (const auto& entry : *list)
            out.push_back({to_hex(entry.aid), "something else that the card lists"});
    return out;
}

issuer_need need_of(const work& w, const deployment& d) {
    issuer_need need;
    need.create_domain = !w.card.tsm_domain || !w.card.tsm_domain->keys;
    need.create_if_gone = d.has(service_command::install);
    if (!d.has(service_command::activate))
        return need;
    if (w.parameters().ara == "aram-issuer") {
        need.add_rules = rules_to_write(w, d);
        need.remove_rules = rules_to_remove(w, d);
        need.takes_access = !need.remove_rules.empty();
    }
    need.has_client = access_client_of(w.parameters(), rules_to_write(w, d)).has_value();
    return need;
}

/// The card must be the one, and hold the Service (AMB-116).
process<gp::shown_contents> check_presence(work* w, const deployment* d, bool opens_domain,
                                           gp::plain_questions* asked) {
    gp::service_presence what;
    what.domain_aid = octets(w->instance.target.sd_aid);
    for (const auto& file : w->instance.target.load_files)
        what.load_files.push_back(octets(file.aid));
    const auto& applications = w->instance.target.applications;
    what.applications = applications_of(*w, applications, nullptr, d->from == instance_state::activated);
    what.others = w->request.aids_of_others.size();
    what.questions =
        opens_domain ? co_await ask_for_channel(w) : co_await last_questions(w, true, selectable(what.applications));
    *asked = what.questions;
    co_return co_await prove_on_card(w, gp::check_service(w->link.channel, std::move(what)), *asked);
}

/// Applications that are installed by now, below the Service's own domain: they are personalized through that, and all
/// else of the deployment goes through the TSM's.
process<void> go_on_with_scripts(work* w, const deployment* d, const personalization* scripts) {
    const bool stores = std::ranges::any_of(*scripts, [](const auto& s) { return !s.stored.empty(); });
    const bool activates = d->has(service_command::activate), before = activates_before(d->commands);
    gp::plain_questions asked;
    auto shown =
        before ? co_await activate(w, d, {true, false, stores}, &asked) : co_await check_presence(w, d, stores, &asked);
    co_await personalize_below_domain(w, scripts, asked, std::move(shown));
    if (!locks(*w, *d) && (!activates || before))
        co_return;
    co_await need_channel(w);
    co_await activate(w, d, {activates && !before, locks(*w, *d)}, &asked);
}

/// All that an installation does not do.
process<void> go_on(work* w, const deployment* d) {
    const auto scripts = scripts_to_run(*w, *d, w->instance.target.applications, true);
    gp::plain_questions asked;
    if (!scripts.empty())
        co_await go_on_with_scripts(w, d, &scripts);
    else if (d->has(service_command::activate) || locks(*w, *d))
        co_await activate(w, d, {d->has(service_command::activate), locks(*w, *d)}, &asked);
    else // finalization only, or personalization of nothing (AMB-150)
        co_await check_presence(w, d, false, &asked);
}

/// A former life of the server has begun a script and not seen its end: nobody knows what the application holds.
void require_no_half_script(work& w) {
    if (!w.instance.half_personalized)
        return;
    w.found.service_changed = true;
    refuse_content(model::error_category::execution_interrupted,
                   "the personalization was interrupted, and is not repeated; deploy the service anew");
}

process<void> deploy_steps(work* w, const deployment* d) {
    const auto& target = w->instance.target;
    check_rule_count(target, target.beside);
    w->found.new_rules = model::access_rules_of(target);
    if (d->has(service_command::install)) {
        check_conflicts(content_of(target), known_aids(*w));
        if (!w->instance.on_card && !w->request.look_first &&
            w->request.tombstones.empty()) // what is there is removed first, then there is room or not
            w->link.memory_needed = octets_to_load(*w);
        // Before the issuer does anything.
        const auto& data = d->find(service_command::install)->data;
        const auto applications = applications_of(*w, target.applications, &data, false);
        check_sizes(*w, target.load_files, applications, bounds_of(*w));
    }
    if (d->has(service_command::personalize))
        require_executable(target.applications);
    if (!d->has(service_command::install))
        require_no_half_script(*w);
    co_await remove_rules_of_tombstones(w);
    require_open(*w, co_await open_tsm_domain(w, need_of(*w, *d)));
    if (d->has(service_command::install))
        check_conflicts(content_of(target), held_by_others(w->request.aids_behind_proof));
    // In an installation the new keys travel with the rest, unless those that are there have the version of the
    // Service's.
    if (!d->has(service_command::install) ||
        keys_of_version(*w->card.tsm_domain, w->parameters().service_key_version)) {
        co_await renew_keys(w);
    }
    auto seen = co_await remove_tombstones(w);
    if (d->has(service_command::install)) {
        if (w->request.instance.on_card || w->request.card.doubt || w->request.look_first) {
            // An earlier life left something, or may have: look, and begin from an empty card.
            const auto left = co_await remove_what_is_there(w, std::move(seen));
            check_conflicts(content_of(target), listed_aids(left));
            w->link.memory_needed = octets_to_load(*w);
            check_memory(*w, w->link.resources);
        }
        co_await install_as_the_card_takes_it(w, d);
    } else {
        co_await go_on(w, d);
    }
}

/// Which rules are on the card is known where this has written them.
void note_deployed(work& w, const deployment& d) {
    auto& instance = w.instance;
    note_success(instance, d);
    if (d.has(service_command::activate))
        instance.target.beside.rules.clear();
    note_personalized(w, instance.target.applications);
}

} // namespace

process<process_outcome> deploy(process_request request, std::vector<command_request> commands, bool finalize) {
    deployment d{std::move(commands), finalize};
    work w(std::move(request), model::deploy_operation(d.kinds(), finalize));
    d.from = model::effective_state(w.instance);
    w.shows_initialized = d.from == instance_state::not_deployed;

    const auto failure = co_await run(&w, deploy_steps(&w, &d));
    auto failed = ending_of(failure);
    if (failed)
        failed->details += missing_imports(w, *failure);

    if (failed)
        co_await withdraw_access(&w, *failed);
    else
        note_deployed(w, d);
    auto outcome = close_process(w, failed, d.from);
    outcome.commands = statuses_of(d.commands, failed);
    tell_personalized(outcome, w, d);
    co_return outcome;
}

} // namespace tsms::process
