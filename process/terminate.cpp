// TR 4.2.5.6 terminateService: everything of the Service leaves the card, and the TSM's own domain if it was the last (AMB-121).

#include "model/life_cycle.hpp"
#include "process/removal.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

bool has_rules(const work& w) {
    return w.parameters().ara == "aram-issuer" && !access_rules_of(w.instance.target).empty();
}

/// Access rules and the TSM's own domain are the issuer's to remove.
process<void> clear_with_issuer(work* w) {
    const bool remove_domain = w->request.last_service_on_card && w->request.remove_tsm_domain_when_last;
    auto order = issuer_order_of(*w, remove_domain ? "remove" : "clear"); // one id for one content
    if (has_rules(*w))
        order.remove_rules = access_rules_of(w->instance.target);
    if (remove_domain)
        order.domain = model::issuer_order::domain_change::remove;
    if (!remove_domain && order.remove_rules.empty())
        co_return;
    order.domain_aid = w->card.tsm_domain->aid;
    auto working = let_issuer(w, std::move(order));
    co_await std::move(working);
    if (remove_domain)
        w->card.tsm_domain.reset();
}

struct termination {
    bool domain_gone = false; ///< the card claims that the TSM's domain does not exist
};

process<void> terminate_steps(work* w, termination* t) {
    announce_start start;
    co_await std::move(start);
    // Nothing of the Service has ever reached the card. While it is in doubt nobody knows: an error that answered the first command
    // was not authentic, so we look.
    if ((!w->instance.on_card && !w->card.doubt) || !w->card.tsm_domain)
        co_return;
    auto opening = open_tsm_domain(w, {});
    const bool open = co_await std::move(opening);
    if (!open) {
        t->domain_gone = true;
        co_return;
    }
    auto removing = remove_what_is_there(w);
    co_await std::move(removing);
    auto clearing = clear_with_issuer(w);
    co_await std::move(clearing);
}

} // namespace

process<process_outcome> terminate(process_request request) {
    work w(std::move(request), model::operation::service_termination);
    const auto from = model::effective_state(w.instance);
    termination t;
    std::optional<ending> failed;
    try {
        auto steps = terminate_steps(&w, &t);
        co_await std::move(steps);
    } catch (const gp::card_failure& failure) {
        failed = ending_of(failure);
    }
    const bool gone = !failed;
    if (gone && !t.domain_gone) {
        w.instance.state = model::instance_state::not_deployed;
        w.instance.on_card = false;
    }
    auto outcome = close_process(w, failed, from);
    outcome.instance_gone = gone;
    if (t.domain_gone) { // AMB-121, AMB-227: the id is invalidated for the app, the row stays as a tombstone
        outcome.status = model::error_category::sc_inaccessible;
        outcome.details = "the TSM's security domain is not on the secure component any more";
    }
    co_return outcome;
}

} // namespace tsms::process
