#include "process/tombstones.hpp"

#include "model/update_plan.hpp"
#include "process/removal.hpp"

namespace tsms::process {

namespace {

/// Puts back what a removal notes of the process's own Service, however it ends. That the card is in doubt stays.
struct own_service {
    explicit own_service(work* w) : w_(w), instance_(w->instance), found_(w->found) { w->found.for_tombstone = true; }
    ~own_service() {
        w_->instance = std::move(instance_);
        w_->found.for_tombstone = false;
        w_->found.service_changed = found_.service_changed;
        w_->found.intent_written = found_.intent_written;
        w_->found.proven = found_.proven;
    }
    own_service(const own_service&) = delete;
    own_service& operator=(const own_service&) = delete;

private:
    work* w_;
    model::service_instance instance_;
    findings found_;
};

/// Of all tombstones and of the process's own Service: with its domain each.
std::size_t expected_applications(const work& w) {
    auto expected = w.instance.target.applications.size() + 1;
    for (const auto& target : w.request.tombstones)
        expected += target.applications.size() + 1;
    return expected;
}

/// A tombstone that cannot be removed stops every deploy on its card. App and SPOS do not hear whose it is: it may be
/// another provider's.
void name_remedy(work* w, const model::deployment_target& target, const gp::card_failure& failure) {
    if (failure.why == gp::card_failure::kind::transmission)
        return;
    w->tell_operator(
        "what a lost instance of service " + target.service_id + " (security domain " + target.sd_aid +
        ") left on the secure component could not be removed; if that persists, ‘tsms card forget --card " +
        w->card.id + "’ drops the tombstones of this secure component");
}

} // namespace

std::vector<model::access_rule> rules_of_tombstones(const work& w) {
    std::vector<model::access_rule> rules;
    for (const auto& target : w.request.tombstones)
        if (target.card.ara == "aram-issuer")
            for (auto& rule : model::rules_on_card(target))
                rules.push_back(std::move(rule));
    return rules;
}

process<void> remove_rules_of_tombstones(work* w) {
    auto rules = rules_of_tombstones(*w);
    if (rules.empty())
        co_return;
    co_await identify(w);
    auto order = issuer_order_of(*w, "tombstones");
    order.remove_rules = std::move(rules);
    co_await let_issuer(w, std::move(order));
}

process<std::optional<gp::card_contents>> remove_tombstones(work* w) {
    std::optional<gp::card_contents> seen;
    if (!w->request.tombstones.empty()) {
        seen = co_await look(w, expected_applications(*w));
    }
    for (const auto& target : w->request.tombstones) {
        const own_service unchanged(w);
        try {
            seen = co_await remove_target(w, &target, *std::move(seen), false);
        } catch (const gp::card_failure& failure) {
            name_remedy(w, target, failure);
            throw;
        }
    }
    w->found.tombstones_gone = true;
    co_return seen;
}

} // namespace tsms::process
