#pragma once
// What stands between an app and the card on a phone: the Open Mobile API (GPD_SPE_075). It opens a logical channel for
// a SELECT, hides the channel, refuses what would disturb others, and asks the card's access rules first.

#include "sdk/transport.hpp"

#include <memory>
#include <vector>

namespace tsms::app {

struct phone_rules {
    std::vector<bytes> denied; ///< AIDs whose selection is refused, e.g. the ISD (gp/procedures hazard 10)
    bool fci = true;           ///< false: a SELECT is answered by an empty string, as SERAM allows
    bool busy = false;         ///< other apps hold every logical channel
    bool nfc_off = false;      ///< the card is reached over NFC, which the user has turned off
    std::vector<bytes> app;    ///< hashes of the app's certificate; not empty: the card's access rules are enforced
};

/// Wraps a card that is reached without such an API.
std::unique_ptr<sdk::secure_component> behind_phone(std::unique_ptr<sdk::secure_component> card, phone_rules rules);

} // namespace tsms::app
