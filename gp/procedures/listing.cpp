#include "gp/procedures/listing.hpp"

#include "gp/procedures/keys.hpp"

#include <algorithm>
#include <iterator>

namespace tsms::gp {

namespace {

constexpr auto any = secured_batch::tolerance::any;
constexpr int inaccessible = 9; // TR 4.2.4.4

/// GET STATUS [first] and as many [next] as the expected entries may need (GPCS 11.4.2.2): a [next] too many is refused
/// and changes nothing, one too few costs an exchange.
listing list(secured_batch& card, registry_scope scope, std::size_t expected, const bytes& aid = {}) {
    constexpr std::size_t octets_an_entry = 56; // 4F, 9F70, C5, C4 and CC with AIDs of ten octets
    constexpr std::size_t octets_an_answer = 223;
    const auto count = 1 + expected * octets_an_entry / octets_an_answer;
    listing at{scope, card.size(), count, aid};
    for (std::size_t i = 0; i < count; ++i)
        card.add(step::get_status, get_status(scope, aid, i > 0), any);
    return at;
}

} // namespace

listings list_registry(secured_batch& card, std::size_t expected_applications) {
    const auto applications = list(card, registry_scope::applications, expected_applications + 2);
    const auto load_files = list(card, registry_scope::load_files_and_modules, 2 + expected_applications / 4);
    return {{applications}, {load_files}};
}

listings list_applications(secured_batch& card, const std::vector<bytes>& aids) {
    listings at;
    for (const auto& aid : aids)
        at.applications.push_back(list(card, registry_scope::applications, 1, aid));
    return at;
}

listings list_all(secured_batch& card, std::size_t expected_applications) {
    auto at = list_registry(card, expected_applications);
    at.keys = list_keys(card);
    at.resources = card.add(step::get_data, get_data(0xFF21), any);
    return at;
}

namespace {

/// Entries of one scope. 6310 says that there is more (field lesson 7).
procedure<std::vector<registry_entry>> complete(channel_ptr channel, listing at, std::vector<response_apdu> all) {
    // Answers of one listing: far more than any card holds, and an end for a card that never ends.
    constexpr std::size_t most = 64;
    for (std::size_t expected = 16;; expected *= 4) {
        std::vector<bytes> answers;
        bool more = true;
        for (std::size_t i = at.first; more && i < at.first + at.count; ++i) {
            const auto& answer = all[i];
            more = answer.sw == 0x6310;
            // An error has no R-MAC: whoever carries the answer can make one (field lesson 8). That there are no load
            // files is a claim that the card cannot prove; but the selected domain itself is always listed, and no
            // listing ends with 6A88 behind a part that announced more.
            const bool may_be_empty = at.scope != registry_scope::applications || !at.aid.empty();
            if (answer.sw == 0x6A88 && may_be_empty && i == at.first)
                break;
            if (answer.sw == 0x6A88)
                throw card_failure(card_failure::kind::status, step::get_status, inaccessible,
                                   "the secure component says that it has no applications, which it cannot prove", i,
                                   answer.sw);
            if (answer.sw != 0x9000 && answer.sw != 0x6310)
                throw status_failure(step::get_status, answer.sw);
            answers.push_back(answer.data);
        }
        if (!more) {
            auto entries = parse_registry(answers);
            if (!entries)
                throw card_failure(card_failure::kind::malformed, step::get_status, inaccessible,
                                   "the card's registry listing is malformed");
            co_return *std::move(entries);
        }
        if (at.count >= most)
            throw card_failure(card_failure::kind::malformed, step::get_status, inaccessible,
                               "the card's registry listing has no end");
        // Another GET STATUS has come in between: the listing begins again, in an order of its own.
        channel_batch card(channel);
        at = list(card, at.scope, expected, at.aid);
        all = card.accept(co_await card.take());
    }
}

} // namespace

bool is_complete(const listings& at, const std::vector<response_apdu>& answers) {
    const auto ends = [&](const listing& one) { return answers[one.first + one.count - 1].sw != 0x6310; };
    return std::ranges::all_of(at.applications, ends) && std::ranges::all_of(at.load_files, ends);
}

procedure<card_contents> contents(channel_ptr channel, listings at, std::vector<response_apdu> answers) {
    card_contents found;
    found.key_versions = at.keys ? key_versions(answers[*at.keys]) : std::set<std::uint8_t>{};
    if (at.resources && answers[*at.resources].sw == 0x9000)
        found.resources = parse_card_resources(answers[*at.resources].data);
    for (const auto& one : at.applications)
        std::ranges::move(co_await complete(channel, one, answers), std::back_inserter(found.applications));
    for (const auto& one : at.load_files) {
        found.load_files_proven = found.load_files_proven && answers[one.first].sw != 0x6A88;
        std::ranges::move(co_await complete(channel, one, answers), std::back_inserter(found.load_files));
    }
    co_return found;
}

} // namespace tsms::gp
