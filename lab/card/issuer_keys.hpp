#pragma once
// How the lab's issuer diversifies the ISD keys of its cards, so that the simulated issuer can compute what the
// simulated card holds.
//
// For each of the three keys: SP 800-108 KDF in counter mode with AES-CMAC under the issuer's master key,
//     block(i) = CMAC(master, i [1 octet] || label || 00 || identity || L [2 octets, in bits])
// with i = 1, 2, … and the ASCII labels "ISD-ENC", "ISD-MAC", "ISD-DEK"; the key is the leftmost L bits of the blocks.
//
// The identity is what an order names the card by: its CPLC of 42 octets without tag 9F7F, the last 16 of them taken
// as 00, because STORE DATA writes them later (9F67, 9F66); IIN and CIN, one after the other, of a card that has none.

#include "lab/card/keys.hpp"

namespace tsms::lab {

/// Keys of the ISD of the card with this identity. Throws std::invalid_argument if it is empty. How long they are
/// depends on the batch, as with real issuers: the low octet of the CPLC's IC batch identifier is 16, 24 or 32;
/// otherwise they have 16 octets.
static_keys isd_keys(const crypto::secret& issuer_master, bytes_view identity);

/// The master key of the lab's issuer. It is public: a lab card protects nothing.
crypto::secret lab_issuer_master();

} // namespace tsms::lab
