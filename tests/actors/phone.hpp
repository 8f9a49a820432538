#pragma once
// What a test says as the phone, and what it reads out of the answers.

#include "tests/actors/world.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

namespace tsms::actors_test {

using model::error_category;

inline const report processed{agent_status::processed, "", {}};

inline session_opened opened(const call_answer& a) {
    BOOST_REQUIRE(std::holds_alternative<session_opened>(a));
    return std::get<session_opened>(a);
}

inline error_category refusal_in(const call_answer& a) {
    BOOST_REQUIRE(std::holds_alternative<result>(a));
    return outcome_of(std::get<result>(a)).status;
}

inline const result* result_of(const order& stop) {
    for (const auto& item : stop.items)
        if (const auto* r = std::get_if<result>(&item))
            return r;
    return nullptr;
}

inline const report no_card{agent_status::unavailable, "no card", {}};
inline const std::string cplc(84, '4');

using readers = std::map<std::string, std::string>;

/// The phone has carried out the order: `answer(reader, apdu)` is the R-APDU in hex.
template <class F> report carried_out(const order& o, F answer) {
    report r{agent_status::processed, "", {}};
    for (const auto& item : o.items)
        if (const auto* c = std::get_if<card_commands>(&item)) {
            auto& answers = r.responses.emplace_back();
            for (const auto& apdu : c->apdus)
                answers.push_back(hex(answer(o.card->reader, apdu)));
        }
    return r;
}

inline bool is_get_data(const bytes& apdu, int tag) {
    return apdu[1] == 0xCA && (apdu[2] << 8 | apdu[3]) == tag;
}
inline const std::string default_selection = "6F0A8408A0000001510000009000";

/// A card in each of these readers that tells this CPLC and nothing else, to every APDU of an order.
inline report told_by_cards(const order& o, const readers& cplc_in) {
    return carried_out(o, [&](const std::string& reader, const bytes& apdu) {
        return apdu[1] == 0xA4             ? (apdu.size() > 5 ? "6A82" : default_selection)
               : is_get_data(apdu, 0x9F7F) ? "9F7F2A" + cplc_in.at(reader) + "9000"
                                           : "6A88";
    });
}

/// A card that tells its IIN, maybe its CIN, and no CPLC.
inline report told_without_cplc(const order& o, const bytes* cin, const bytes& iin) {
    return carried_out(o, [&](const std::string&, const bytes& apdu) {
        return apdu[1] == 0xA4                    ? default_selection
               : is_get_data(apdu, 0x0045) && cin ? to_hex(*cin) + "9000"
               : is_get_data(apdu, 0x0042)        ? to_hex(iin) + "9000"
                                                  : "6985";
    });
}

inline report told_by_card(const order& o) {
    return told_by_cards(o, {{"eSE1", cplc}});
}

inline error_category result_in(const order& stop) {
    for (const auto& item : stop.items)
        if (const auto* r = std::get_if<result>(&item))
            return outcome_of(*r).status;
    BOOST_FAIL("no result in the order");
    return error_category::none;
}

inline bool announces(const order& o) {
    return std::ranges::any_of(o.items,
                               [](const auto& item) { return std::holds_alternative<model::process_start>(item); });
}

/// The process is announced, ends with 9 and is reported to the SPOS.
inline void ends_with_inaccessible(world& w, const session_opened& s) {
    const auto start = w.report_back(s, 0);
    BOOST_REQUIRE(start);
    BOOST_TEST(std::holds_alternative<model::process_start>(start->items.at(1)));
    const auto stop = w.report_back(s, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::sc_inaccessible));
    BOOST_REQUIRE(!w.rows.ends.empty());
    const auto& end = w.rows.ends.back();
    BOOST_TEST((end.end.status == error_category::sc_inaccessible));
    BOOST_TEST((end.delivery && end.delivery->body == end.end.id));
}

} // namespace tsms::actors_test
