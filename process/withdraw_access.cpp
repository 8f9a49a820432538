#include "process/withdraw_access.hpp"

namespace tsms::process {

namespace {

/// May the same secure component be asked again, now? An issuer whose work on the card has failed may have written some
/// of the rules; one that cannot be reached is not asked twice.
bool still_answers(const work& w, const ending& failed) {
    using kind = gp::card_failure::kind;
    switch (failed.why) {
    case kind::transmission:
        return false;
    case kind::issuer:
        return failed.status == model::error_category::sc_inaccessible;
    case kind::status:
    case kind::mac:
    case kind::malformed:
    case kind::authentication:
    case kind::refused:
        break;
    }
    return !w.found.authentication_failed; // never a second attempt with a cryptogram (field lesson 1)
}

const char* name_of_repetition(const work& w) {
    return w.request.new_target ? "updateService" : "deployService";
}

process<void> withdraw(work* w) {
    if (w->found.new_rules.empty()) // all that may have been written was the Service's before
        co_return;
    if (w->parameters().ara == "aram-issuer") {
        auto order = issuer_order_of(*w, "withdraw");
        order.remove_rules = w->found.new_rules;
        co_await let_issuer(w, std::move(order));
        co_return;
    }
    auto client = access_client_of(w->parameters(), w->found.new_rules);
    if (!client)
        co_return;
    w->link.channel.reset(); // the failed order may have ended it
    co_await need_channel(w);
    co_await on_card(w, gp::withdraw_access(w->link.channel, *std::move(client), w->link.block_size));
}

} // namespace

process<void> withdraw_access(work* w, ending failed) {
    if (!w->found.access_given)
        co_return;
    std::string problem = "the secure component or its issuer cannot be asked now";
    if (still_answers(*w, failed)) {
        problem.clear();
        try {
            co_await withdraw(w);
            w->found.access_given = false;
        } catch (const gp::card_failure& failure) {
            problem = failure.details();
        }
    }
    if (!problem.empty())
        w->tell_operator("the access rules of service " + w->instance.target.service_id +
                         " could not be withdrawn: " + problem + "; the next " + name_of_repetition(*w) +
                         " or terminateService of the instance removes them");
}

} // namespace tsms::process
