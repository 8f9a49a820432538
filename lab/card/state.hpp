#pragma once
// Everything about a card that outlives a reset. Its JSON form is the card's file.

#include "crypto/random.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/registry.hpp"
#include "json/json.hpp"

#include <stdexcept>

namespace tsms::lab {

/// A card cannot be made or its file is not a card's. The text names the cause and the remedy.
class card_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One access rule of the ARA-M (GPD_SPE_013 6): values of REF-DO (E1) and AR-DO (E3).
struct access_rule {
    bytes reference;
    bytes rule;
    friend bool operator==(const access_rule&, const access_rule&) = default;
};

struct access_rules {
    std::vector<access_rule> rules;
    std::vector<bytes> clients; ///< AIDs of the ARA-Cs that were registered (F7)
    bytes refresh_tag = bytes(8, 0x00);
};

struct card_state {
    const lab::personality* personality = nullptr; ///< into the table
    bytes cplc;                                    ///< 42 octets
    lab::registry registry;
    access_rules ara;
    std::map<bytes, std::vector<access_rule>> client_rules; ///< by AID of the ARA-C instance

    /// Key diversification data of INITIALIZE UPDATE: ten octets of the CPLC (fabrication date, serial, batch, module).
    bytes_view diversification() const { return bytes_view(cplc).subspan(10, 10); }
    /// What the issuer's orders name it by: its CPLC; of a card that tells none IIN and CIN, one after the other.
    bytes identity() const;
    std::size_t free_memory() const;
};

/// A card as it leaves the factory, with a random serial and the ISD keys of issuer_keys.hpp.
card_state make_card(const personality& p, const crypto::secret& issuer_master, crypto::random_source& random);

/// State file format 1. Keys stand in it in the clear: a lab card protects nothing.
json::value to_json(const card_state& card);
/// Throws card_error or json::parse_error.
card_state card_from_json(const json::value& v);

} // namespace tsms::lab
