#pragma once
// Secure components: which row a card has, and what an operator does with one.

#include "model/records.hpp"
#include "store/ports/device_rows.hpp"

namespace tsms::store {

/// What became of an operator's change.
enum class card_change { done, unknown_card, process_running, unknown_issuer, would_strand };

class cards {
public:
    explicit cards(device_rows& rows) : rows_(rows) {}

    std::optional<model::secure_component> find(const std::string& id) const { return rows_.cards().find(id); }
    std::vector<model::secure_component> all() const { return rows_.cards().all(); }
    /// Rows of this identity, the proven ones first. As a rule there is one; a proven row and some that rest on claims
    /// may stand beside each other (DIV-059).
    std::vector<model::secure_component> by_identity(const model::card_identity& identity) const;
    /// The row of those who claim this identity and say this of the card (model::claims_of).
    std::optional<model::secure_component> by_claims(const model::card_identity& identity,
                                                     const std::string& claims) const;
    /// The only card with this CIN and IIN (hex, one after the other), if there is one; one that an issuer has proven
    /// goes before those that only phones have named.
    std::optional<model::secure_component> by_issuers_number(const std::string& cin_iin) const;
    /// What the domains of cards have in common that were last seen in a reader of this name with this ATR. Nothing if
    /// there is no such card.
    std::optional<model::domain_hint> domain_of_kind(const std::string& reader, const std::string& atr) const;

    // An operator's changes: not while a process works on the card, because its rows would win.

    /// Ends the quarantine and forgets failed authentications.
    card_change release(const std::string& id) const;
    /// The next deployService with install, or terminateService, of any instance on the card looks first, under R-MAC;
    /// so does each one's own that had a process once. `all`: of those too that never had one, for a database that is
    /// older than the card.
    card_change doubt(const std::string& id, bool all = false) const;
    /// The card is this issuer's from now on, whatever phones say. Not while another issuer's security domain of ours
    /// is on it, because only that issuer can remove it; with `force` all the same, for an issuer that has another name
    /// now.
    card_change assign(const std::string& id, const std::string& issuer, bool force) const;
    /// The card is not coming back as far as anybody knows: its instances are invalid from now on, and what may be on
    /// it is kept as tombstones. Only the operator's word does that (AMB-239).
    card_change lost(const std::string& id) const;
    /// It came back: its tombstones are instances again, with their ids, but those whose service has a newer one on it.
    card_change found(const std::string& id) const;
    /// Drops the tombstones of a card: what they name stays on it.
    card_change drop_tombstones(const std::string& id) const;

private:
    device_rows& rows_;
};

} // namespace tsms::store
