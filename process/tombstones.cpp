#include "process/tombstones.hpp"

#include "process/removal.hpp"

namespace tsms::process {

namespace {

/// Puts back what a removal notes of the process's own Service, however it ends. That the card is in doubt stays.
struct own_service {
    explicit own_service(work* w)
        : w_(w), instance_(w->instance), service_changed_(w->service_changed), intent_written_(w->intent_written),
          proven_(w->proven) {}
    ~own_service() {
        w_->instance = std::move(instance_);
        w_->service_changed = service_changed_;
        w_->intent_written = intent_written_;
        w_->proven = proven_;
    }
    own_service(const own_service&) = delete;
    own_service& operator=(const own_service&) = delete;

private:
    work* w_;
    model::service_instance instance_;
    bool service_changed_, intent_written_, proven_;
};

/// The Service of the call has no part in it, and its app may not know whose it is; whether it is waited for, the
/// operator decides.
gp::card_failure of_tombstone(const gp::card_failure& failure) {
    if (failure.why == gp::card_failure::kind::transmission)
        return failure;
    gp::card_failure named(failure.why, failure.what, failure.category,
                           "what a lost instance has left on the secure component could not be removed (the operator "
                           "can give it up: tsms card "
                           "show, tsms card forget): " +
                               failure.details(),
                           failure.index, failure.sw, failure.end);
    named.retry_can_help = failure.retry_can_help;
    return named;
}

} // namespace

std::vector<model::access_rule> rules_of_tombstones(const work& w) {
    std::vector<model::access_rule> rules;
    for (const auto& target : w.request.tombstones)
        if (target.card.ara == "aram-issuer")
            for (auto& rule : access_rules_of(target))
                rules.push_back(std::move(rule));
    return rules;
}

process<void> remove_rules_of_tombstones(work* w) {
    auto rules = rules_of_tombstones(*w);
    if (rules.empty())
        co_return;
    auto asking = identify(w);
    co_await std::move(asking);
    auto order = issuer_order_of(*w, "tombstones");
    order.remove_rules = std::move(rules);
    auto working = let_issuer(w, std::move(order));
    co_await std::move(working);
}

process<void> remove_tombstones(work* w) {
    for (const auto& target : w->request.tombstones) {
        const own_service unchanged(w);
        try {
            auto removing = remove_target(w, &target, false);
            co_await std::move(removing);
        } catch (const gp::card_failure& failure) {
            throw of_tombstone(failure);
        }
    }
    w->tombstones_gone = true;
}

} // namespace tsms::process
