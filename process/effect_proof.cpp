#include "process/effect_proof.hpp"

#include "process/offered_channel.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

/// May the calling app be one of those that may use the Service? Only a list of hashes as long as its own says no.
bool may_select(const work& w) {
    const auto& apps = w.wanted().device_apps;
    const auto& caller = w.request.caller_id;
    const bool comparable = std::ranges::any_of(apps, [&](const auto& app) { return app.size() == caller.size(); });
    return !comparable || std::ranges::find(apps, caller) != apps.end();
}

} // namespace

process<gp::plain_questions> last_questions(work* w, bool usable, std::vector<bytes> selectable) {
    gp::plain_questions questions;
    const auto& domain = w->instance.domain;
    const bool in_doubt = domain && domain->keys && domain->keys_in_doubt;
    if (!usable) {
        if (in_doubt)
            w->tell_operator("security domain " + domain->aid +
                             " cannot be asked for its keys while the service is suspended");
        co_return questions;
    }
    if (in_doubt) {
        questions.domain = octets(domain->aid);
        questions.key_version = domain->keys->version;
        questions.host_challenge = co_await random_octets(w->link.channel->mode_length());
    }
    if (may_select(*w))
        questions.applications = std::move(selectable);
    co_return questions;
}

process<gp::plain_questions> ask_for_channel(work* w) {
    gp::plain_questions questions;
    const auto& domain = w->instance.domain;
    if (!domain || !domain->keys)
        throw gp::card_failure(gp::card_failure::kind::refused, gp::step::initialize_update,
                               static_cast<int>(model::error_category::internal_error),
                               "the TSM has no keys of the security domain of the service");
    questions.domain = octets(domain->aid);
    questions.key_version = domain->keys->version;
    questions.host_challenge = co_await random_octets(w->link.channel->mode_length());
    co_return questions;
}

process<void> check_domain_keys(work* w, gp::plain_questions asked, gp::initialize_update_response offer) {
    auto& domain = *w->instance.domain;
    const auto refuse = [&](const std::string& why) {
        throw gp::card_failure(gp::card_failure::kind::authentication, gp::step::store_data,
                               static_cast<int>(model::error_category::sc_inaccessible),
                               "security domain " + domain.aid + why);
    };
    try {
        co_await open_offered(*domain.keys, row_with_keys(w->instance),
                              {domain.aid, asked.host_challenge, std::move(offer)}, c_mac_alone, counter_of(*w));
    } catch (const gp::scp03_error& error) {
        refuse(std::string(" does not have the keys that it was given: ") + error.what());
    }
    domain.keys_in_doubt = false;
}

process<gp::shown_contents> prove_on_card(work* w, gp::procedure<gp::shown_contents> procedure,
                                          gp::plain_questions asked) {
    auto shown = co_await on_card(w, std::move(procedure));
    if (asked.domain || !asked.applications.empty())
        w->link.channel.reset();
    const bool offer_is_over = shown.not_shown.has_value();
    if (auto& wanted = shown.not_shown) { // the card has more on it than the listing was made for
        co_await need_channel(w);
        static_cast<gp::card_contents&>(shown) =
            co_await on_card(w, gp::show_again(w->link.channel, *std::move(wanted)));
    }
    if (shown.domain_offer)
        co_await check_domain_keys(w, std::move(asked), *shown.domain_offer);
    if (offer_is_over) // the channel that it began is over
        shown.domain_offer.reset();
    for (const auto& remark : shown.remarks)
        w->tell_operator(remark);
    w->found.proven = true;
    co_return shown;
}

} // namespace tsms::process
