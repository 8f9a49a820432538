#include "process/issuer_session.hpp"

#include "gp/commands.hpp"
#include "gp/status_words.hpp"
#include "process/order_parts.hpp"

namespace tsms::process {

namespace {

using gp::card_failure;
using gp::part_of;
using model::issuer_order;

/// Behind the last commands of an issuer that was to remove our domain: SELECT of it. The issuer's word is one thing,
/// the card's another; that the card has none is only its claim, that it has one ends the process.
class removal_check {
public:
    removal_check(const issuer_order& order, bool last) {
        if (last && order.domain == issuer_order::domain_change::remove)
            orders_.add_plain(gp::step::select, gp::select(octets(order.domain_aid)),
                              gp::secured_batch::tolerance::any);
    }

    gp::batch take() { return orders_.take(); }
    std::size_t size() const { return orders_.size(); }

    /// Is the domain there all the same? An agent may answer a successful SELECT with nothing (gp/procedures, hazard
    /// 4).
    bool finds_it(const gp::batch_answer& answer) const {
        if (orders_.size() == 0 || answer.responses.empty())
            return false;
        const auto response = gp::parse_response(answer.responses.front());
        return answer.responses.front().empty() || (response && gp::is_success_or_warning(response->sw));
    }

private:
    gp::secured_batch orders_;
};

} // namespace

void issuer_bounds::count(const model::issuer_step& step) {
    constexpr std::size_t most_rounds = 64;
    constexpr std::size_t most_commands = 4096;
    commands_ += step.commands.size();
    if (++rounds_ > most_rounds || commands_ > most_commands)
        throw card_failure(card_failure::kind::issuer, gp::step::relayed,
                           static_cast<int>(model::error_category::issuer_error),
                           "the issuer's session does not end: " + std::to_string(rounds_) + " orders, " +
                               std::to_string(commands_) + " commands");
}

process<model::issuer_step> begin_issuer_session(work* w, model::issuer_order order) {
    co_await require_start(w);
    co_return co_await open_issuer_session(std::move(order));
}

process<model::issuer_step> next_step(relay_to_issuer report, model::issuer_order order) {
    auto next = co_await std::move(report);
    while (next.lost)
        next = co_await open_issuer_session(order);
    co_return next;
}

process<void> let_issuer(work* w, model::issuer_order order) {
    auto next = co_await begin_issuer_session(w, order);
    issuer_bounds bounds;
    bool still_there = false;
    while (!next.done) {
        bounds.count(next);
        joined_order commands;
        commands.add_relayed(next.commands);
        const auto relayed_count = commands.commands.commands.size();
        removal_check check(order, next.last);
        commands.add(check.take());
        const auto answer = co_await send(w, std::move(commands.commands));
        auto relayed = part_of(answer, 0, relayed_count);
        if (relayed.end == gp::transmission::phone_lost)
            throw gp::transmission_failure(gp::step::relayed, relayed.end, relayed.detail);
        still_there = check.finds_it(part_of(answer, relayed_count, check.size()));
        next = co_await next_step(
            relay_to_issuer(std::move(relayed.responses), relayed.end != gp::transmission::complete), order);
    }
    if (still_there)
        gp::not_proven(gp::step::delete_object, "security domain " + order.domain_aid +
                                                    " is still on the secure component, although its issuer says that "
                                                    "it has removed it");
}

} // namespace tsms::process
