#include "gp/procedures/keys.hpp"

#include "gp/card_data.hpp"
#include "gp/status_words.hpp"

namespace tsms::gp {

namespace {

constexpr int inaccessible = 9; // TR 4.2.4.4

} // namespace

std::size_t put_new_keys(secured_batch& card, const key_rotation& rotation) {
    return card.add(step::put_key,
                    put_keys(rotation.replaced, rotation.version, rotation.bits, rotation.keys, rotation.form),
                    rotation.otherwise ? secured_batch::tolerance::other_form : secured_batch::tolerance::table);
}

key_outcome outcome_of(const response_apdu& answer, const key_rotation& rotation,
                       const std::set<std::uint8_t>& versions) {
    const bool there = versions.contains(rotation.version);
    if (answer.sw == wrong_data)
        return there ? key_outcome::untold : key_outcome::other_form;
    const bool confirmed = put_keys_confirmed(answer.data, rotation.version, rotation.keys);
    if (!confirmed && !put_keys_untold(answer.data, rotation.version))
        throw card_failure(card_failure::kind::malformed, step::put_key, inaccessible,
                           "the card confirms other keys than were sent");
    if (!there)
        not_proven(step::put_key, "the new key set is not in the TSM's security domain");
    return confirmed ? key_outcome::confirmed : key_outcome::untold;
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

procedure<rotated_keys> rotate_keys(channel_ptr channel, key_rotation rotation) {
    while (true) {
        channel_batch card(channel);
        const auto rotated = put_new_keys(card, rotation);
        const auto at = list_keys(card);
        const auto answers = card.accept(co_await card.take());
        auto versions = key_versions(answers[at]);
        const auto outcome = outcome_of(answers[rotated], rotation, versions);
        if (outcome != key_outcome::other_form)
            co_return rotated_keys{std::move(versions), outcome, rotation.form};
        rotation.turn();
    }
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
