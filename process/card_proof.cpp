#include "process/card_proof.hpp"

#include "gp/commands.hpp"
#include "gp/status_words.hpp"
#include "process/order_parts.hpp"

namespace tsms::process {

namespace {

// The commands ask: no answer is a failure.
constexpr auto any = gp::secured_batch::tolerance::any;

} // namespace

asked_proof::asked_proof(std::string aid, const std::vector<std::uint8_t>& key_versions, std::vector<bytes> challenges)
    : aid_(std::move(aid)), challenges_(std::move(challenges)) {
    orders_.add_plain(gp::step::select, gp::select(hex(aid_)), any);
    for (std::size_t i = 0; i < key_versions.size(); ++i)
        orders_.add_plain(gp::step::initialize_update, gp::initialize_update(key_versions[i], challenges_.at(i)), any);
}

proof_answers asked_proof::read(const gp::batch_answer& answer, std::optional<silence>& silent) {
    proof_answers read;
    if (ends_at_select(answer) || answer.end == gp::transmission::ungranted)
        return read;
    try {
        const auto answers = orders_.accept(answer);
        read.domain_answers = gp::is_success_or_warning(answers.front().sw);
        for (std::size_t i = 1; read.domain_answers && i < answers.size(); ++i) {
            read.other_length = read.other_length || answers[i].sw == 0x6700;
            if (answers[i].sw == 0x9000)
                read.offers.push_back(
                    {aid_, challenges_[i - 1],
                     gp::parse_initialize_update(answers[i].data, gp::missing_counter::taken_as_random)});
        }
    } catch (const gp::card_failure& failure) {
        if (failure.why == gp::card_failure::kind::transmission)
            silent = silence_of(failure);
    } catch (const gp::scp03_error&) { // no proof
    }
    return read;
}

process<asked_proof> ask_for_proof(proof_request request) {
    std::vector<bytes> challenges;
    for (std::size_t i = 0; i < request.key_versions.size(); ++i)
        challenges.push_back(co_await random_octets(request.challenge_octets));
    co_return asked_proof(request.aid, request.key_versions, std::move(challenges));
}

silence silence_of(const gp::card_failure& failure) {
    return {static_cast<model::error_category>(failure.category), failure.details()};
}

} // namespace tsms::process
