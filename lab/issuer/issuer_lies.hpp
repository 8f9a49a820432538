#pragma once
// An issuer that says what is not so: other keys than the card has, an order that was not carried out. For tests of
// what a TSM believes; docs/lab.md has the list.

#include "lab/issuer/card_work.hpp"

#include <set>

namespace tsms::lab {

enum class issuer_lie {
    identity,     ///< the keys are for another card
    aid,          ///< for another security domain
    privileges,   ///< the domain has other privileges
    key_version,  ///< the keys have another version
    option_i,     ///< the domain has another SCP03 "i"
    check_values, ///< key check values of other keys
    keys,         ///< other keys than those on the card, with their check values
    no_domain,    ///< "carried out", and no domain is created
    keeps_domain, ///< … deleted
    no_rules,     ///< … no access rule is written
    keeps_rules,  ///< … removed
    no_client,    ///< … and the ARA-C is not registered
};

class issuer_lies {
public:
    issuer_lies() = default; ///< an honest issuer
    issuer_lies(std::initializer_list<issuer_lie> lies) : lies_(lies) {}
    /// Names as docs/lab.md has them. Throws std::runtime_error that names those there are.
    static issuer_lies parse(const std::vector<std::string>& names);
    static std::vector<std::string_view> names();

    bool contains(issuer_lie l) const { return lies_.contains(l); }
    /// What is really done of an order.
    model::issuer_order done_of(model::issuer_order order) const;

private:
    std::set<issuer_lie> lies_;
};

/// The keys of the domain that an order has created, as they are handed over under the transport key.
model::issuer_key_material hand_over(const model::issuer_order& order, const domain_keys& keys, std::uint8_t scp_i,
                                     const crypto::secret& transport_key, const issuer_lies& lies);

} // namespace tsms::lab
