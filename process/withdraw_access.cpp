#include "process/withdraw_access.hpp"

namespace tsms::process {

namespace {

/// The same secure component may be asked again, now.
bool still_answers(const work& w, gp::card_failure::kind why) {
    using kind = gp::card_failure::kind;
    switch (why) {
    case kind::transmission: // nobody is there
    case kind::issuer:       // it could not write them, and cannot be asked
        return false;
    case kind::status:
    case kind::mac:
    case kind::malformed:
    case kind::authentication:
    case kind::refused:
        break;
    }
    return !w.authentication_failed; // never a second attempt with a cryptogram (field lesson 1)
}

process<void> withdraw(work* w) {
    const auto& target = w->instance.target;
    if (target.card.ara == "aram-issuer") {
        auto order = issuer_order_of(*w, "withdraw");
        order.remove_rules = access_rules_of(target);
        co_await let_issuer(w, std::move(order));
        co_return;
    }
    auto client = access_client_of(*w);
    if (!client)
        co_return;
    w->channel.reset(); // the failed order may have ended it
    co_await need_channel(w);
    co_await on_card(w, gp::withdraw_access(w->channel, *std::move(client), w->block_size));
}

} // namespace

process<void> withdraw_access(work* w, gp::card_failure::kind why) {
    if (!w->access_given || !still_answers(*w, why))
        co_return;
    std::string problem;
    try {
        co_await withdraw(w);
        w->access_given = false;
    } catch (const gp::card_failure& failure) {
        problem = failure.details();
    }
    if (!problem.empty())
        w->tell_operator("the access rules of service " + w->instance.target.service_id + " could not be withdrawn: " +
                         problem + "; the next deployService or terminateService of the instance removes them");
}

} // namespace tsms::process
