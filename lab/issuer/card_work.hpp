#pragma once
// What the issuer does on a card for one order of a TSM (docs/issuer-protocol.md): it authenticates to the Issuer
// Security Domain, creates and personalizes the TSM's security domain or deletes it, and writes access rules.
// Coroutines without I/O, like the TSM's own procedures: the issuer is a host, so it uses the host's GlobalPlatform
// layer.

#include "crypto/random.hpp"
#include "gp/procedure.hpp"
#include "lab/card/keys.hpp"
#include "model/issuer.hpp"

namespace tsms::lab {

/// The initial keys of a TSM's security domain.
struct domain_keys {
    std::uint8_t version = 0x30;
    static_keys keys;
};

struct card_work {
    card_work(model::issuer_order o, static_keys isd, domain_keys fresh, crypto::random_source& r, bool& last)
        : order(std::move(o)), isd_keys(std::move(isd)), new_keys(std::move(fresh)), random(&r), last_commands(&last) {}

    model::issuer_order order;
    static_keys isd_keys;
    domain_keys new_keys;          ///< for the domain that is created
    crypto::random_source* random; ///< outlives the procedure
    bool*
        last_commands; ///< set before the batch after which nothing more is needed of the card; outlives the procedure
};

/// The card as it proved to be.
struct authenticated_card {
    std::uint8_t scp_i = 0;
    /// Of the keys that a created domain has got: the one they were made for, unless the ISD has keys of that version.
    std::optional<std::uint8_t> key_version = {};
};

/// Throws gp::card_failure and gp::scp03_error.
gp::procedure<authenticated_card> carry_out(card_work work);

} // namespace tsms::lab
