#include "lab/issuer/issuer_lies.hpp"

#include "crypto/kcv.hpp"
#include "crypto/key_wrap.hpp"

#include <algorithm>
#include <stdexcept>

namespace tsms::lab {

namespace {

constexpr struct {
    std::string_view name;
    issuer_lie lie;
} table[] = {
    {"identity", issuer_lie::identity},
    {"aid", issuer_lie::aid},
    {"privileges", issuer_lie::privileges},
    {"key-version", issuer_lie::key_version},
    {"i", issuer_lie::option_i},
    {"check-values", issuer_lie::check_values},
    {"keys", issuer_lie::keys},
    {"no-domain", issuer_lie::no_domain},
    {"keeps-domain", issuer_lie::keeps_domain},
    {"no-rules", issuer_lie::no_rules},
    {"keeps-rules", issuer_lie::keeps_rules},
    {"no-client", issuer_lie::no_client},
};

/// Another value of the same length: the last bit of a hexadecimal text.
std::string another(const std::string& text) {
    auto octets = hex(text);
    if (!octets.empty())
        octets.back() ^= 1;
    return to_hex(octets);
}

crypto::secret another(const crypto::secret& key) {
    auto octets = to_bytes(key.view());
    octets.front() ^= 1;
    return crypto::secret(std::move(octets));
}

} // namespace

std::vector<std::string_view> issuer_lies::names() {
    std::vector<std::string_view> all;
    for (const auto& row : table)
        all.push_back(row.name);
    return all;
}

issuer_lies issuer_lies::parse(const std::vector<std::string>& names) {
    issuer_lies lies;
    for (const auto& name : names) {
        const auto* row = std::ranges::find_if(table, [&](const auto& r) { return r.name == name; });
        if (row == std::end(table)) {
            std::string known;
            for (const auto& r : table)
                known += (known.empty() ? "" : ", ") + std::string(r.name);
            throw std::runtime_error("'" + name.substr(0, 40) + "' is no lie of an issuer; there are " + known);
        }
        lies.lies_.insert(row->lie);
    }
    return lies;
}

model::issuer_order issuer_lies::done_of(model::issuer_order order) const {
    using change = model::issuer_order::domain_change;
    if ((order.domain == change::create && contains(issuer_lie::no_domain)) ||
        (order.domain == change::remove && contains(issuer_lie::keeps_domain)))
        order.domain = change::none;
    if (contains(issuer_lie::no_rules))
        order.add_rules.clear();
    if (contains(issuer_lie::keeps_rules))
        order.remove_rules.clear();
    if (contains(issuer_lie::no_client))
        order.register_client.clear();
    return order;
}

model::issuer_key_material hand_over(const model::issuer_order& order, const domain_keys& on_card, std::uint8_t scp_i,
                                     const crypto::secret& transport_key, const issuer_lies& lies) {
    const auto wrap = [&](const crypto::secret& of_card) {
        const auto key = lies.contains(issuer_lie::keys) ? another(of_card) : of_card;
        model::issuer_key_material::key out{crypto::wrap_key(transport_key, key), crypto::aes_kcv(key)};
        if (lies.contains(issuer_lie::check_values))
            out.kcv.front() ^= 1;
        return out;
    };
    model::issuer_key_material material;
    material.aid = order.domain_aid;
    material.key_version = on_card.version;
    material.bits = static_cast<int>(on_card.keys.enc.size() * 8);
    material.scp_i = scp_i;
    material.privileges = order.privileges;
    material.secure_component_identity = order.secure_component_identity;
    material.enc = wrap(on_card.keys.enc);
    material.mac = wrap(on_card.keys.mac);
    material.dek = wrap(on_card.keys.dek);
    if (lies.contains(issuer_lie::identity))
        material.secure_component_identity = another(material.secure_component_identity);
    if (lies.contains(issuer_lie::aid))
        material.aid = another(material.aid);
    if (lies.contains(issuer_lie::privileges))
        material.privileges = "800000"; // without Authorized Management
    if (lies.contains(issuer_lie::key_version))
        material.key_version = static_cast<std::uint8_t>(material.key_version == 0x7F ? 1 : material.key_version + 1);
    if (lies.contains(issuer_lie::option_i))
        material.scp_i = static_cast<std::uint8_t>(material.scp_i ^ 0x70);
    return material;
}

} // namespace tsms::lab
