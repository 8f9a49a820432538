#pragma once
// Secure components: one document a row. Several rows may have the same identity (DIV-059).

#include "base/time.hpp"
#include "model/card_identity.hpp"
#include "model/device.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

class card_rows {
public:
    virtual ~card_rows() = default;

    virtual std::optional<model::secure_component> find(const std::string& id) const = 0;
    /// By id.
    virtual std::vector<model::secure_component> all() const = 0;
    /// Those with keys of ours first, then in the order in which they came; at most `most`.
    virtual std::vector<model::secure_component> with_identity(const std::string& identity, std::size_t most) const = 0;
    /// The first of those without keys of ours that rest on these claims, else of those that say nothing of claims.
    virtual std::optional<model::secure_component> with_claims(const std::string& identity,
                                                               const std::string& claims) const = 0;
    /// Those with keys of ours first; at most `most`. `cin_iin`: hex, one after the other.
    virtual std::vector<model::secure_component> with_issuers_number(const std::string& cin_iin,
                                                                     std::size_t most) const = 0;
    /// Those of this issuer, whoever says so.
    virtual std::vector<model::secure_component> of_issuer(const std::string& name) const = 0;
    /// Those with keys of ours whose instances, other than never deployed ones, were last met in a reader of this name
    /// with this ATR: of the `most` newest instances, newest first, one for each.
    virtual std::vector<model::secure_component> met_in(const std::string& reader, const std::string& atr,
                                                        std::size_t most) const = 0;
    /// Those without a domain of ours that were claimed before `limit`, on which is nothing of ours but never deployed
    /// instances of before `limit`, no tombstone, and no process at work. `proven_once`: those that an issuer has
    /// proven once, whose instances have not asked an issuer for anything either; else those that nobody has proven.
    virtual std::vector<model::secure_component> only_claimed_before(wall_time limit, bool proven_once) const = 0;

    /// Refuses an id that is taken.
    virtual void insert(const model::secure_component& card) = 0;
    /// False if there is no such row.
    virtual bool update(const model::secure_component& card) = 0;
    /// Refuses one on which there are instances or tombstones.
    virtual void remove(const std::string& id) = 0;
};

} // namespace tsms::store
