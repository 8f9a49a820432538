#include "process/offered_channel.hpp"

namespace tsms::process {

process<gp::secure_channel> open_offered(model::key_set keys, std::string row, card_offer offer, std::uint8_t level,
                                         gp::missing_counter counter) {
    const auto& answer = offer.answer;
    if (answer.key_version != keys.version)
        throw gp::scp03_error(gp::scp03_error::reason::malformed_response,
                              "the security domain answers with another key version than it was asked for");
    auto session = co_await derive_session(std::move(keys), offer.host_challenge, answer.card_challenge,
                                           answer.sequence_counter, hex(offer.aid), std::move(row));
    gp::check_card_challenge(answer, session.expected_challenge, counter);
    co_return gp::secure_channel(std::move(session.keys), offer.host_challenge, answer, level);
}

} // namespace tsms::process
