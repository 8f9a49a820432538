// PUT KEY (GPCS 11.8).

#include "lab/card/commands.hpp"
#include "lab/card/store_data_keys.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

constexpr std::uint8_t key_type_aes = 0x88;
constexpr std::uint8_t factory_version = 0xFF;
constexpr std::uint8_t several_keys = 0x80; ///< in P2, above the identifier of the first one

/// One key: type, length, key block, length of the KCV, KCV. A bare block says nothing of a key of 24 octets, which is
/// filled up to the 32 of its cryptogram.
crypto::secret read_key(bytes_view& rest, const crypto::secret& dek, personality::key_block accepted) {
    const auto take = [&](std::size_t count) {
        require(rest.size() >= count, sw::wrong_data);
        const auto out = rest.first(count);
        rest = rest.subspan(count);
        return out;
    };
    require(take(1)[0] == key_type_aes, sw::algorithm_not_supported);
    const auto length = take(1)[0];
    const auto block = take(length);
    const auto kcv = take(take(1)[0]);
    require(kcv.empty() || kcv.size() == 3, sw::wrong_data);
    const auto key = read_key_block(block, accepted);
    return decrypt_key(key.cryptogram, key.octets.value_or(key.cryptogram.size()), kcv, dek, sw::wrong_check_value);
}

struct brought_keys {
    key_set set;
    bytes confirmation; ///< version and key check values (GPCS 11.8.3.1)
};

brought_keys read_keys(const context& c, const gp::command_apdu& command) {
    require(command.p1 <= 0x7F, sw::wrong_p1p2); // bit 80: more commands follow, which this card does not know
    require(!command.data.empty(), sw::wrong_data);
    brought_keys brought;
    auto& set = brought.set;
    set.version = command.data[0];
    require(set.version >= 1 && set.version <= 0x7F, sw::wrong_data);
    brought.confirmation = {set.version};
    auto rest = bytes_view(command.data).subspan(1);
    auto id = static_cast<std::uint8_t>(command.p2 & ~several_keys);
    do {
        auto key = read_key(rest, c.channel.session->dek(), c.personality().key_blocks);
        append(brought.confirmation, key_check_value(key));
        require(id < several_keys && set.keys.emplace(id++, std::move(key)).second, sw::wrong_data);
    } while ((command.p2 & several_keys) != 0 && !rest.empty());
    require(rest.empty(), sw::wrong_data);
    return brought;
}

/// The set that there is of this version, with the new keys. A changed set begins to count anew (Amendment D 6.2.2).
key_set merged(const key_set* there, key_set brought, const key_set* replaced) {
    if (!there)
        return brought;
    for (const auto& [id, key] : there->keys) {
        require(there == replaced || !brought.keys.contains(id), sw::wrong_data);
        brought.keys.emplace(id, key); // not over a new one
    }
    return brought;
}

void require_one_length(const key_set& set) {
    std::size_t octets = 0;
    for (const auto& [id, key] : set.keys) {
        require(octets == 0 || octets == key.size(), sw::wrong_data);
        octets = key.size();
    }
}

} // namespace

gp::response_apdu pretend_put_key(context& c, const gp::command_apdu& command) {
    auto answer = read_keys(c, command).confirmation;
    return {c.personality().confirms_keys ? std::move(answer) : bytes{}, sw::ok};
}

gp::response_apdu put_key(context& c, const gp::command_apdu& command) {
    auto [brought, answer] = read_keys(c, command);
    auto& domain = c.domain();
    auto& sets = domain.sd->key_sets;
    auto* replaced = command.p1 == 0x00 ? nullptr : domain.sd->find_keys(command.p1);
    require(command.p1 == 0x00 || replaced, sw::reference_not_found);
    for (const auto& [id, key] : brought.keys)
        require(!replaced || replaced->keys.contains(id), sw::reference_not_found);
    const auto ids = brought.keys;
    auto set = merged(domain.sd->find_keys(brought.version), std::move(brought), replaced);
    require_one_length(set);

    if (replaced && replaced->version != set.version) {
        for (const auto& [id, key] : ids)
            replaced->keys.erase(id);
        if (replaced->keys.empty()) {
            if (domain.sd->find_keys(set.version))
                std::erase_if(sets, [&](const auto& s) { return s.version == command.p1; });
            else
                replaced->version = set.version; // in its place
        }
    }
    // Keys of the factory make room for the first set that can open a channel.
    const bool opens = set.scp03().has_value();
    const auto version = set.version;
    install_keys(c.personality(), domain, std::move(set));
    if (opens && version != factory_version && !c.personality().factory_keys_stay)
        std::erase_if(sets, [](const auto& s) { return s.version == factory_version; });
    return {c.personality().confirms_keys ? std::move(answer) : bytes{}, sw::ok};
}

} // namespace tsms::lab
