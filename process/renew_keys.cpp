#include "process/renew_keys.hpp"

#include "process/card_forms.hpp"

namespace tsms::process {

process<std::optional<gp::key_rotation>> prepare_rotation(work* w) {
    const auto& parameters = w->parameters();
    auto& domain = *w->card.tsm_domain;
    if (!domain.keys->issuer_knows)
        co_return std::nullopt;
    auto keys = co_await generate_keys(free_key_version(domain, parameters), parameters.key_bits);
    encrypt_keys encryption(w->link.channel_keys, keys);
    gp::key_rotation rotation;
    rotation.replaced = w->link.channel_keys.version;
    rotation.version = keys.version;
    rotation.bits = keys.bits;
    rotation.keys = co_await std::move(encryption);
    rotation.form = w->link.key_form;
    rotation.otherwise = gp::other(w->link.key_form);
    remember_keys(domain, keys);
    co_return rotation;
}

namespace {

/// The version had keys of somebody else before: the domain does not open with ours, which it refused, and opens with
/// those that were to be replaced. Once more, to the next version that is free.
process<key_versions> rotate_again(work* w, gp::key_rotation former) {
    auto rotation = co_await prepare_rotation(w);
    if (!rotation || rotation->version == former.version)
        gp::not_proven(gp::step::put_key, "the TSM's security domain does not open with its new keys");
    co_await commit(w->instance, w->card);
    auto done = co_await on_card(w, gp::rotate_keys(w->link.channel, *rotation));
    rotation->form = done.form;
    co_return co_await confirm_rotation(w, *std::move(rotation), done.outcome, std::move(done.versions),
                                        met_foreign_keys::before);
}

} // namespace

process<key_versions> confirm_rotation(work* w, gp::key_rotation rotation, gp::key_outcome outcome,
                                       key_versions versions, met_foreign_keys met) {
    if (outcome == gp::key_outcome::other_form) {
        // The card's own list says that nothing has changed; the channel that opens now says it once more.
        co_await need_channel(w);
        if (w->link.channel_keys.version != rotation.replaced)
            gp::not_proven(gp::step::put_key, "the TSM's security domain opens with other keys than its list tells");
        rotation.turn();
        auto again = co_await on_card(w, gp::rotate_keys(w->link.channel, rotation));
        outcome = again.outcome;
        versions = std::move(again.versions);
    }
    const auto fresh = keys_of_version(*w->card.tsm_domain, rotation.version);
    confirm_keys(*w->card.tsm_domain, *fresh);
    if (outcome == gp::key_outcome::untold) {
        w->link.channel.reset();
        co_await need_channel(w);
        if (w->link.channel_keys.version == rotation.replaced && met == met_foreign_keys::never)
            co_return co_await rotate_again(w, std::move(rotation));
        if (w->link.channel_keys.version != rotation.version)
            gp::not_proven(gp::step::put_key, "the TSM's security domain does not open with its new keys");
    }
    note_rotation_form(*w, rotation.form);
    co_return versions;
}

process<void> tidy_keys(work* w, key_versions versions) {
    auto& domain = *w->card.tsm_domain;
    const auto foreign = foreign_keys(domain, versions, w->parameters().service_key_version);
    if (!foreign.empty()) {
        co_await need_channel(w);
        versions = co_await on_card(w, gp::remove_key_sets(w->link.channel, foreign));
    }
    forget_absent_keys(domain, versions, w->parameters().service_key_version);
}

process<void> renew_keys(work* w) {
    auto rotation = co_await prepare_rotation(w);
    key_versions versions;
    if (rotation) {
        co_await commit(w->instance, w->card);
        auto done = co_await on_card(w, gp::rotate_keys(w->link.channel, *rotation));
        rotation->form = done.form;
        versions = co_await confirm_rotation(w, *std::move(rotation), done.outcome, std::move(done.versions));
    } else { // what is left of a doubt that the channel has ended
        key_versions others;
        for (const auto& other : w->card.tsm_domain->other_keys)
            others.insert(other.version);
        if (others.empty() && !w->card.tsm_domain->keys_in_doubt)
            co_return;
        versions = co_await on_card(w, gp::remove_key_sets(w->link.channel, std::move(others)));
    }
    co_await tidy_keys(w, std::move(versions));
}

} // namespace tsms::process
