#include "process/removal.hpp"

#include "gp/privileges.hpp"
#include "model/life_cycle.hpp"
#include "model/update_plan.hpp"
#include "process/domain_keys.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

/// Two answered failures quarantine the secure component: no third attempt without the operator (DESIGN, "a card cannot
/// be rolled back").
constexpr int strikes_to_quarantine = 2;

/// May we delete it? Only what the card's registry associates with the Service's own domain, or with the TSM's (not
/// extradited yet). A card that does not tell is believed to hold what we once put there.
bool is_ours(const gp::registry_entry& entry, const work& w, const model::deployment_target& target) {
    const auto& domain = entry.security_domain_aid;
    return domain.empty() || domain == octets(target.sd_aid) || domain == octets(w.card.tsm_domain->aid);
}

bool is_domain(const gp::registry_entry& entry) {
    return (entry.rights & gp::privilege::security_domain) != 0;
}

/// An AID is no proof: another Service's application can have that of one of ours. What is not in our domain is ours
/// only if it is an instance of our load files, where the card tells of which one it is (C4).
bool is_our_application(const gp::registry_entry& entry, const work& w, const model::deployment_target& target) {
    if (!is_ours(entry, w, target) || is_domain(entry))
        return false;
    return entry.security_domain_aid == octets(target.sd_aid) || entry.load_file_aid.empty() ||
           std::ranges::any_of(target.load_files,
                               [&](const auto& file) { return octets(file.aid) == entry.load_file_aid; });
}

/// What removals leave alone whatever the card says of it: the TSM's own, and what the rows say other Services have on
/// this card. A tombstone's Service may be one of these: it has been deployed once more since.
std::set<std::string> aids_to_keep(const work& w, const model::deployment_target& target) {
    auto keep = own_aids(w);
    keep.insert({target.card.tsm_sd_aid, target.card.arac_aid});
    if (!w.found.for_tombstone) {
        keep.insert(w.request.aids_of_others.begin(), w.request.aids_of_others.end());
        keep.insert(w.request.aids_behind_proof.begin(), w.request.aids_behind_proof.end());
    }
    return keep;
}

} // namespace

own_contents find_contents(const work& w, const model::deployment_target& target, const gp::card_contents& found) {
    own_contents ours;
    const auto never = aids_to_keep(w, target);
    for (auto app = target.applications.rbegin(); app != target.applications.rend(); ++app) {
        const auto aid = octets(app->instance_aid);
        const auto* entry = gp::find_entry(found.applications, aid);
        if (entry && is_our_application(*entry, w, target) && !never.contains(app->instance_aid))
            ours.instances.push_back(aid);
    }
    for (auto file = target.load_files.rbegin(); file != target.load_files.rend(); ++file) {
        if (never.contains(file->aid))
            continue;
        const auto aid = octets(file->aid);
        const auto* entry = gp::find_entry(found.load_files, aid);
        if (entry && is_ours(*entry, w, target))
            ours.load_files.push_back(aid);
        else if (!found.load_files_proven)
            ours.doubtful_load_files.push_back(aid);
    }
    const auto domain = octets(target.sd_aid);
    if (const auto* entry = gp::find_entry(found.applications, domain);
        entry && is_domain(*entry) && is_ours(*entry, w, target) && !never.contains(target.sd_aid))
        ours.domain = domain;
    return ours;
}

bool knows_client(const work& w) {
    return w.card.tsm_domain && w.card.tsm_domain->arac_installed;
}

bool lists_client(const work& w, const model::card_parameters& parameters, const gp::card_contents& found) {
    const auto* client = gp::find_entry(found.applications, octets(parameters.arac_aid));
    return client &&
           (client->security_domain_aid.empty() || client->security_domain_aid == octets(w.card.tsm_domain->aid));
}

process<gp::card_contents> look(work* w, std::size_t applications) {
    auto found = co_await on_card(w, gp::inspect(w->link.channel, applications + w->request.aids_of_others.size()));
    w->link.resources = found.resources;
    co_return found;
}

process<gp::card_contents> remove_what_is_there(work* w, std::optional<gp::card_contents> seen, bool last_service) {
    const auto& target = w->instance.target;
    if (!seen) {
        seen = co_await look(w, target.applications.size() + 1);
    }
    co_return co_await remove_target(w, &target, *std::move(seen), last_service);
}

process<gp::card_contents> remove_target(work* w, const model::deployment_target* to_remove, gp::card_contents found,
                                         bool last_service) {
    const auto target = model::with_remnants(*to_remove);
    gp::service_removal what;
    what.operation = static_cast<int>(w->operation);
    auto ours = find_contents(*w, target, found);
    what.instances = std::move(ours.instances);
    what.load_files = std::move(ours.load_files);
    what.doubtful_load_files = std::move(ours.doubtful_load_files);
    what.domain = std::move(ours.domain);
    // Which rules are in it the card does not list: deleting one that is not there is done.
    auto& tsm_domain = *w->card.tsm_domain;
    tsm_domain.arac_installed = lists_client(*w, target.card, found);
    if (tsm_domain.arac_installed) {
        tsm_domain.arac_aid = target.card.arac_aid;
        what.client = access_client_of(target.card, model::rules_on_card(*to_remove));
        if (last_service && !what.client) {
            what.client.emplace();
            what.client->instance.instance_aid = octets(target.card.arac_aid);
        }
        if (what.client)
            what.client->remove = last_service;
    }
    what.block_size = w->link.block_size;
    what.others = w->request.aids_of_others.size();
    what.key_sets = foreign_keys(tsm_domain, found.key_versions, target.card.service_key_version);
    if (what.instances.empty() && what.load_files.empty() && what.doubtful_load_files.empty() && !what.domain &&
        !what.client && what.key_sets.empty()) {
        forget_absent_keys(tsm_domain, found.key_versions, target.card.service_key_version);
        w->found.proven = true;
        co_return found;
    }

    tsm_domain.arac_installed = tsm_domain.arac_installed && !last_service;
    co_await write_intent(w, "remove service " + target.service_id);
    auto left = co_await on_card(w, gp::remove_service(w->link.channel, std::move(what)));
    w->link.resources = left.resources;
    forget_absent_keys(*w->card.tsm_domain, left.key_versions, target.card.service_key_version);
    w->found.proven = true;
    co_return left;
}

process_outcome close_process(work& w, const std::optional<ending>& failed, model::instance_state from) {
    process_outcome outcome;
    auto& instance = w.instance;
    if (failed) {
        outcome.status = failed->status;
        outcome.details = failed->details;
        outcome.retry_can_help = failed->retry_can_help;
        if (!failed->mender.empty())
            w.tell_operator("who can help: " + failed->mender);
        if (w.found.authentication_failed && ++w.card.strikes >= strikes_to_quarantine)
            w.card.quarantined = true;
        const auto& before = w.request.instance;
        if (w.found.service_changed) {
            model::fail(instance, from, w.operation);
            instance.on_card = true;
        } else {
            instance.state = before.state;
            instance.on_card =
                before.on_card || w.found.intent_written; // until an authenticated listing says otherwise
            instance.last_operation = before.last_operation;
        }
    } else {
        instance.last_stable = instance.state;
        instance.last_operation = w.operation;
        instance.failed_operation = model::operation::no_operation;
        if (w.found.proven) {
            w.card.doubt = false;
            w.card.strikes = 0;
        }
    }
    if (!failed || w.found.proven)
        instance.unproven_operation = model::operation::no_operation;
    instance.running_process.clear();
    outcome.for_operator = w.for_operator;
    outcome.tombstones_gone = !failed && w.found.tombstones_gone;
    outcome.card_proven = w.found.card_proven;
    outcome.instance = instance;
    outcome.card = w.card;
    return outcome;
}

} // namespace tsms::process
