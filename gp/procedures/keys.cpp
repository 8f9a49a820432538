#include "gp/procedures/keys.hpp"

#include "gp/card_data.hpp"

namespace tsms::gp {

std::size_t put_new_keys(secured_batch& card, const key_rotation& rotation) {
    return card.add(step::put_key, put_keys(rotation.replaced, rotation.version, rotation.bits, rotation.keys));
}

void check_new_keys(const response_apdu& answer, const key_rotation& rotation) {
    if (!put_keys_confirmed(answer.data, rotation.version, rotation.keys))
        throw card_failure(card_failure::kind::malformed, step::put_key, 2,
                           "the card confirms other keys than were sent");
}

std::size_t list_keys(secured_batch& card) {
    return card.add(step::get_data, get_data(0x00E0), secured_batch::tolerance::success);
}

std::set<std::uint8_t> key_versions(const response_apdu& answer) {
    const auto keys = parse_key_information(answer.data);
    if (!keys)
        throw card_failure(card_failure::kind::malformed, step::get_data, 9, "the card's key information is malformed");
    std::set<std::uint8_t> versions;
    for (const auto& key : *keys)
        versions.insert(key.version);
    return versions;
}

procedure<std::set<std::uint8_t>> rotate_keys(channel_ptr channel, key_rotation rotation) {
    channel_batch card(channel);
    const auto rotated = put_new_keys(card, rotation);
    const auto at = list_keys(card);
    const auto sent = co_await card.take();
    const auto answers = card.accept(sent);
    check_new_keys(answers[rotated], rotation);
    auto versions = key_versions(answers[at]);
    if (!versions.contains(rotation.version))
        not_proven(step::put_key, "the new key set is not in the TSM's security domain");
    co_return versions;
}

procedure<std::set<std::uint8_t>> remove_key_sets(channel_ptr channel, std::set<std::uint8_t> versions) {
    channel_batch card(channel);
    for (const auto version : versions)
        card.add(step::delete_key, delete_keys(version), secured_batch::tolerance::any);
    const auto at = list_keys(card);
    const auto sent = co_await card.take();
    const auto answers = card.accept(sent);
    auto left = key_versions(answers[at]);
    for (const auto version : versions)
        if (left.contains(version))
            not_proven(step::delete_key, "key set " + to_hex({&version, 1}) + " is still in the TSM's security domain");
    co_return left;
}

} // namespace tsms::gp
