// TR 4.2.5.6 terminateService: everything of the Service leaves the card, and the TSM's own domain if it was the last
// (AMB-121).

#include "gp/privileges.hpp"
#include "model/eligibility.hpp"
#include "model/life_cycle.hpp"
#include "model/update_plan.hpp"
#include "process/removal.hpp"
#include "process/renew_keys.hpp"
#include "process/tombstones.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

/// Rules that the issuer has written, or may have.
std::vector<model::access_rule> issuers_rules(const work& w) {
    if (w.parameters().ara != "aram-issuer" || !(w.instance.on_card || w.card.doubt))
        return {};
    return model::rules_on_card(w.instance.target);
}

/// The TSM's own domain is the issuer's to remove, and so are rules without a domain. It authenticates the card, which
/// proves the removal to it by its answer to DELETE, or by a list of all applications. A domain that still has contents
/// it cannot delete.
process<void> clear_with_issuer(work* w, bool remove_domain, std::vector<model::access_rule> remove_rules) {
    if (!remove_domain && remove_rules.empty())
        co_return;
    co_await identify(w);
    auto order = issuer_order_of(*w, remove_domain ? "remove" : "clear");
    order.remove_rules = std::move(remove_rules);
    if (remove_domain)
        order.domain = model::issuer_order::domain_change::remove;
    if (w->card.tsm_domain)
        order.domain_aid = w->card.tsm_domain->aid;
    co_await let_issuer(w, std::move(order));
    if (remove_domain) {
        w->card.tsm_domain.reset();
        w->card.doubt = false; // where our domain is not, nothing of ours is
    }
}

/// Has the card shown under R-MAC what the rows say (no listing shows the rules in our ARA-C), and has nothing been
/// sent since that it did not show? What a database does not know either (it is an older copy, or other rows say that
/// they are of this card) is doubt, too.
bool is_certain(const work& w) {
    const auto& row = w.request.instance;
    const auto& card = w.request.card;
    const bool was_deployed = row.on_card && row.domain && row.domain->keys && !row.domain->keys_in_doubt;
    const bool domain_is_known = card.tsm_domain && !w.found.domain_created && !card.tsm_domain->keys_in_doubt &&
                                 card.tsm_domain->other_keys.empty() && !card.tsm_domain->arac_installed;
    return was_deployed && domain_is_known && !card.doubt && !w.request.look_first &&
           row.state != model::instance_state::in_error && row.unproven_operation == model::operation::no_operation &&
           row.target.beside.empty();
}

/// What a listing would show, by the rows.
gp::card_contents known_contents(const work& w) {
    gp::card_contents known;
    const auto& domain = *w.card.tsm_domain;
    const auto add = [](std::vector<gp::registry_entry>& list, const std::string& aid, const std::string& below) {
        auto& entry = list.emplace_back();
        entry.aid = octets(aid);
        entry.security_domain_aid = octets(below);
    };
    const auto& target = w.instance.target;
    add(known.applications, target.sd_aid, domain.aid);
    known.applications.back().rights = gp::privilege::security_domain;
    for (const auto& app : target.applications)
        add(known.applications, app.instance_aid, target.sd_aid);
    for (const auto& file : target.load_files)
        add(known.load_files, file.aid, target.sd_aid);
    return known;
}

/// Where nothing is removed nothing is listed behind it: then what the rows say would count as proven.
bool removes_domain(const work& w, const gp::card_contents& known) {
    return find_contents(w, w.instance.target, known).domain.has_value();
}

/// Did the card not have what the rows let expect? It has refused a DELETE; that it lies about one is no such case.
bool refuses_removal(const gp::card_failure& failure) {
    return failure.why == gp::card_failure::kind::status && failure.what == gp::step::delete_object && failure.sw != 0;
}

/// In the first order through the channel, where the rows are certain: what a listing before it would show is known,
/// and the one behind it proves what has gone (DIV-110). Else, and where the card refuses, it is listed first.
process<void> remove_service(work* w, std::optional<gp::card_contents> seen, bool last) {
    if (!seen && is_certain(*w) && removes_domain(*w, known_contents(*w))) {
        try {
            co_await remove_target(w, &w->instance.target, known_contents(*w), last);
            co_return;
        } catch (const gp::card_failure& failure) {
            if (!refuses_removal(failure))
                throw;
        }
        w->link.channel.reset(); // the failed order may have ended it
        co_await need_channel(w);
    }
    co_await remove_what_is_there(w, std::move(seen), last);
}

process<void> terminate_steps(work* w) {
    const bool last = w->request.last_service_on_card && w->request.remove_tsm_domain_when_last;
    const bool holds_client =
        last && w->card.tsm_domain && (w->card.tsm_domain->arac_registered || w->card.tsm_domain->arac_installed);
    const bool has_tombstones = !w->request.tombstones.empty();
    const bool may_be_there = w->instance.on_card || w->card.doubt || holds_client || has_tombstones;
    auto rules = issuers_rules(*w);
    const bool has_rules = !rules.empty();
    std::ranges::move(rules_of_tombstones(*w), std::back_inserter(rules));
    // Of a card that cannot be told from others our domain stays, empty: its issuer could not tell it either (DIV-056).
    bool remove_domain =
        last && model::identity_of(w->card) && (w->card.tsm_domain || w->instance.on_card || has_tombstones);
    // A domain without keys is one that the issuer may have created before a process broke off: only the issuer can
    // remove it.
    if (w->card.tsm_domain && w->card.tsm_domain->keys && may_be_there) {
        issuer_need need;
        need.remove_rules = std::exchange(rules, {}); // access first (gp/procedures, Terminate)
        need.takes_access = has_rules;
        const auto access = co_await open_tsm_domain(w, std::move(need));
        if (access != domain_access::gone) {
            require_open(*w, access);
            if (!remove_domain) {
                co_await renew_keys(w);
            }
            auto seen = co_await remove_tombstones(w);
            co_await remove_service(w, std::move(seen), last);
        } else {
            // The card says that our domain, and with it everything of ours, is gone. That is a claim (AMB-226).
            remove_domain = true;
        }
    }
    co_await clear_with_issuer(w, remove_domain, std::move(rules));
    // Where we had no channel the issuer has removed our domain, which is empty then; or there was never one that
    // anything could be in.
    w->found.tombstones_gone = true;
}

} // namespace

process<process_outcome> terminate(process_request request) {
    work w(std::move(request), model::operation::service_termination);
    const auto from = model::effective_state(w.instance);
    const auto failed = ending_of(co_await run(&w, terminate_steps(&w)));
    if (!failed) {
        w.instance.state = model::instance_state::not_deployed;
        w.instance.on_card = false;
    }
    auto outcome = close_process(w, failed, from);
    outcome.instance_gone = !failed;
    co_return outcome;
}

} // namespace tsms::process
