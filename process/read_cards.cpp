// Identification of the secure components of a handset (AMB-226): claims, one order a card.

#include "gp/procedures/identify.hpp"
#include "process/processes.hpp"

namespace tsms::process {

namespace {

/// Why a card could not be read (TR 4.2.4.4 categories 9 and 10).
model::error_category problem_of(const gp::card_failure& failure) {
    return static_cast<model::error_category>(failure.category);
}

process<card_facts> read_card(std::string reader) {
    card_facts facts;
    facts.reader = reader;
    auto identifying = gp::identify_card();
    const auto* wish = identifying.start();
    while (wish) {
        exchange order(reader, wish->commands);
        auto answer = co_await std::move(order);
        wish = identifying.answer(std::move(answer));
    }
    try {
        const auto claims = identifying.result();
        facts.accessible = true;
        facts.isd_aid = to_hex(claims.isd_aid);
        facts.cplc = to_hex(claims.cplc);
        facts.without_cplc = claims.without_cplc;
        facts.iin = to_hex(claims.iin);
        facts.cin = to_hex(claims.cin);
        facts.card_data = to_hex(claims.recognition);
        facts.highest_level = claims.highest_level;
        if (claims.resources)
            facts.free_memory = claims.resources->non_volatile;
    } catch (const gp::card_failure& failure) {
        facts.problem = problem_of(failure);
    }
    co_return facts;
}

} // namespace

process<std::vector<card_facts>> read_cards(std::vector<std::string> readers) {
    std::vector<card_facts> all;
    for (const auto& reader : readers) {
        auto reading = read_card(reader);
        all.push_back(co_await std::move(reading));
    }
    co_return all;
}

} // namespace tsms::process
