#include "process/renew_keys.hpp"

namespace tsms::process {

process<std::optional<gp::key_rotation>> prepare_rotation(work* w) {
    const auto& parameters = w->parameters();
    auto& domain = *w->card.tsm_domain;
    if (!domain.keys->issuer_knows)
        co_return std::nullopt;
    generate_keys wish(free_key_version(domain, parameters), parameters.key_bits);
    auto keys = co_await std::move(wish);
    encrypt_keys encryption(w->channel_keys, keys);
    gp::key_rotation rotation;
    rotation.replaced = w->channel_keys.version;
    rotation.version = keys.version;
    rotation.bits = keys.bits;
    rotation.keys = co_await std::move(encryption);
    remember_keys(domain, keys);
    co_return rotation;
}

process<void> tidy_keys(work* w, key_versions versions) {
    auto& domain = *w->card.tsm_domain;
    const auto foreign = foreign_keys(domain, versions, w->parameters().service_key_version);
    if (!foreign.empty()) {
        co_await need_channel(w);
        versions = co_await on_card(w, gp::remove_key_sets(w->channel, foreign));
    }
    forget_absent_keys(domain, versions, w->parameters().service_key_version);
}

process<void> renew_keys(work* w) {
    auto preparing = prepare_rotation(w);
    auto rotation = co_await std::move(preparing);
    key_versions versions;
    if (rotation) {
        commit rows(w->instance, w->card);
        co_await std::move(rows);
        const auto fresh = keys_of_version(*w->card.tsm_domain, rotation->version);
        auto rotating = on_card(w, gp::rotate_keys(w->channel, *std::move(rotation)));
        versions = co_await std::move(rotating);
        confirm_keys(*w->card.tsm_domain, *fresh);
    } else { // what is left of a doubt that the channel has ended
        key_versions others;
        for (const auto& other : w->card.tsm_domain->other_keys)
            others.insert(other.version);
        if (others.empty() && !w->card.tsm_domain->keys_in_doubt)
            co_return;
        auto removing = on_card(w, gp::remove_key_sets(w->channel, std::move(others)));
        versions = co_await std::move(removing);
    }
    auto tidying = tidy_keys(w, std::move(versions));
    co_await std::move(tidying);
}

} // namespace tsms::process
