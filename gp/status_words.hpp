#pragma once
// The one table of what a status word means at the step at which it came (field lesson 10).

#include "gp/procedure.hpp"

#include <span>
#include <string_view>

namespace tsms::gp {

constexpr std::uint16_t wrong_length = 0x6700;
/// Also the answer of a card that wants the data in another form.
constexpr std::uint16_t wrong_data = 0x6A80;

/// Who can do something about a failure, so that another attempt ends otherwise (DIV-078).
enum class mender {
    nobody,    ///< nothing is wrong
    provider,  ///< the Service: load file, install parameters, AIDs, its size
    operator_, ///< the TSM: the card parameters of the profile
    issuer,    ///< domain, keys or rules of the card's issuer
    card,      ///< the card is defective, or does not keep to the specification
    app,       ///< the app or its phone: channels, another attempt
};
/// For the operator's log.
std::string_view to_string(mender who);

struct status_meaning {
    std::string_view text; ///< English, fit for <<details>> of TR 4.2.4.4
    int category = 0;      ///< TR 4.2.4.4; 0 where the status word is a success
    mender who = mender::nobody;
    bool retry_can_help = false; ///< the same process started again may succeed without anything else being changed
    bool accepted = false;       ///< no failure at this step: success, or what the procedure has to expect there
};

struct status_row {
    std::optional<step> what; ///< nothing: at every step that has no row of its own
    std::uint16_t sw;
    status_meaning meaning;
};
std::span<const status_row> status_table();

/// Never fails: unknown status words get a general meaning.
status_meaning explain(step what, std::uint16_t sw);

/// True for 9000, 62xx and 63xx.
constexpr bool is_success_or_warning(std::uint16_t sw) {
    return sw == 0x9000 || sw >> 8 == 0x62 || sw >> 8 == 0x63;
}

} // namespace tsms::gp
