#pragma once
// Which card is this? Plain reads before anybody has authenticated: claims, not proofs (AMB-226).

#include "gp/card_data.hpp"
#include "gp/secured_batch.hpp"

namespace tsms::gp {

struct card_claims {
    bytes isd_aid; ///< tag 84 of the FCI; empty where the phone gave no FCI
    bytes cplc;    ///< 42 octets; empty where the card has none, or does not tell it now
    /// It has none (no such data, parameters or command: 6Axx, 6D00, 6E00), or tells none to whoever has not
    /// authenticated (6982, DIV-080); other words mean "not now".
    bool without_cplc = false;
    bytes iin;         ///< tag 42
    bytes cin;         ///< tag 45
    bytes recognition; ///< tag 66
    /// The highest security level of the SCP03 options in it; none where it tells of no SCP03. It is the ISD's.
    std::optional<std::uint8_t> highest_level;
    std::optional<card_resources> resources;
    std::optional<std::size_t> longest_data; ///< tag 9F65
};

/// The reads as a part of a longer order: SELECT the ISD, GET DATA of CPLC, CIN, IIN, card recognition data and
/// resources.
class identification {
public:
    explicit identification(secured_batch& orders);
    card_claims claims(const std::vector<response_apdu>& answers) const;

private:
    std::size_t select_;
    std::size_t cplc_;
    std::size_t cin_;
    std::size_t iin_;
    std::size_t recognition_;
    std::size_t resources_;
};

} // namespace tsms::gp
