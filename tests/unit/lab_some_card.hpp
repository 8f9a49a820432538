#pragma once
// A simulated card with its host, and the names that the tests of the card give to what they put on it.

#include "tests/unit/lab_host.hpp"

namespace tsms::lab_test {

constexpr auto sd_package = "A0000001515350";
constexpr auto sd_module = "A000000151535041";
constexpr auto tsm_sd = "A000000151AA01";
constexpr auto options = "C90A81020370820120870120"; ///< SCP03 i=70, accepts extradition and deletion
constexpr auto package = "D27600016801";
constexpr auto applet = "D2760001680101";

struct some_card {
    explicit some_card(std::string_view name = "jc305", std::uint8_t seed = 0)
        : card((random.take(seed), lab::card::create(*lab::find_personality(name), random))), h(card) {}

    /// With challenges of the length that the card's personality wants.
    void open_isd(std::uint8_t level = 0x33) {
        BOOST_REQUIRE(h.plain("00A4040000") == 0x9000);
        const auto size = (card.state().personality->scp03_i & 1) != 0 ? 16u : 8u;
        BOOST_REQUIRE(h.open(isd_keys(card), level, 0, size) == 0x9000);
    }
    std::uint16_t create_sd(std::string_view aid = tsm_sd, std::string_view privileges = "804000") {
        return h.install(0x0C, {sd_package, sd_module, aid, privileges, options, ""});
    }
    std::uint16_t give_keys(std::string_view aid, const lab::static_keys& keys, std::uint8_t version) {
        const auto sw = h.install(0x20, {"", "", aid, "", "", ""});
        return sw == 0x9000 ? h.store(h.key_groups(keys, version)) : sw;
    }
    bool knows(std::string_view aid) const { return card.state().registry.find_application(hex(aid)) != nullptr; }

    counting_random random;
    lab::card card;
    host h;
};

} // namespace tsms::lab_test
