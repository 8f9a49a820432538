#include "actors/framework/stranger.hpp"

#include "process/functions/life_cycle.hpp"

#include <utility>

namespace tsms::actors {

namespace {

std::optional<come_again> charge_to(stranger_budget& budget, const environment& around, const payer& who, int traces) {
    const auto refused = budget.take(who, traces, around.now());
    if (!refused)
        return std::nullopt;
    if (refused->unreported > 0)
        around.log({severity::warning, report_of(*refused, who)});
    return come_again{static_cast<int>(refused->again.count())};
}

} // namespace

payer payer_for(const std::string& address, const model::secure_component& card) {
    return {address, card.identity,
            model::is_proven(card)     ? standing::proven
            : model::is_unproven(card) ? standing::unproven
                                       : standing::proven_once};
}

std::optional<come_again> charge(const environment& around, const payer& who, int traces) {
    return charge_to(*around.strangers, around, who, traces);
}

bool may_tell_of_failed_creation(const environment& around, const std::string& address) {
    return !charge_to(*around.failed_creations, around, {address, {}}, cost_of_trace);
}

stranger_account::stranger_account(std::shared_ptr<const environment> around, const std::string& address,
                                   const model::secure_component& card, const model::service_instance& instance) {
    if (!model::is_unproven(card) && instance.domain)
        return;
    around_ = std::move(around);
    payer_ = payer_for(address, card);
}

std::optional<come_again> stranger_account::begin(const model::life_cycle_function& what) {
    if (!around_ || paid_ > 0)
        return std::nullopt;
    const int orders = process::installs(what) ? 1 : 0;
    const int cost = cost_of_process + orders * cost_of_order;
    if (const auto later = charge(*around_, payer_, cost))
        return later;
    paid_ = cost;
    orders_ahead_ = orders;
    return std::nullopt;
}

std::optional<process::failed> stranger_account::order(const std::string& id) {
    if (!around_ || authenticated_ || paid_orders_.contains(id))
        return std::nullopt;
    if (orders_ahead_ > 0) {
        --orders_ahead_;
    } else {
        if (const auto later = charge(*around_, payer_, cost_of_order))
            return process::failed{model::error_category::overload_protection, text_of(*later), false};
        paid_ += cost_of_order;
    }
    paid_orders_.insert(id);
    return std::nullopt;
}

void stranger_account::not_taken(const std::string& id) {
    if (!around_ || paid_orders_.erase(id) == 0)
        return;
    around_->strangers->give_back(payer_, cost_of_order, around_->now());
    paid_ -= cost_of_order;
}

void stranger_account::judged(const process::answer_variant& verdict, bool whole) {
    if (!around_ || payer_.of_card == standing::proven || std::exchange(judged_, true))
        return;
    const auto* failed = std::get_if<process::failed>(&verdict);
    authenticated_ = !failed;
    if (failed && failed->category == model::error_category::sc_inaccessible && whole)
        around_->strangers->fine(payer_, fine_for_refuted_order, around_->now());
}

void stranger_account::end(const process::process_outcome& outcome) {
    if (!around_ || !model::is_proven(outcome.card))
        return;
    const bool was_proven = payer_.of_card == standing::proven;
    if (was_proven && (outcome.status != model::error_category::none || !outcome.instance.domain))
        return;
    const int row = was_proven ? 0 : cost_of_trace; // that createServiceInstance paid for
    around_->strangers->give_back(payer_, std::exchange(paid_, 0) + row, around_->now());
}

} // namespace tsms::actors
