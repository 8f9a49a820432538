#include "lab/card/store_data_keys.hpp"

#include "crypto/aes.hpp"
#include "gp/tlv.hpp"
#include "lab/card/status_words.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

constexpr std::uint16_t dgi_attributes = 0x00B9;
constexpr std::uint16_t dgi_key = 0x8113;
constexpr std::uint8_t key_type_aes = 0x88;

struct key_attributes {
    std::size_t octets;
    std::uint8_t identifier;
    std::uint8_t version;
};

key_attributes read_attributes(bytes_view value) {
    const auto outer = gp::parse_tlvs(value);
    require(outer && outer->size() == 1 && (*outer)[0].tag == 0xB9, sw::wrong_data);
    const auto objects = gp::parse_tlvs((*outer)[0].value);
    require(objects.has_value(), sw::wrong_data);
    const auto octet = [&](std::uint32_t tag) {
        const auto found = gp::find(*objects, tag);
        require(found && found->size() == 1, sw::wrong_data);
        return (*found)[0];
    };
    require(octet(0x80) == key_type_aes, sw::wrong_data);
    const key_attributes key{octet(0x81), octet(0x82), octet(0x83)};
    require(key.identifier >= 1 && key.identifier <= 3 && key.version >= 1 && key.version <= 0x7F, sw::wrong_data);
    return key;
}

} // namespace

std::vector<data_group> parse_data_groups(bytes_view chain) {
    std::vector<data_group> groups;
    while (!chain.empty()) {
        require(chain.size() >= 3, sw::wrong_data);
        const auto tag = static_cast<std::uint16_t>(chain[0] << 8 | chain[1]);
        std::size_t head = 3;
        std::size_t length = chain[2];
        if (length == 0xFF) {
            require(chain.size() >= 5, sw::wrong_data);
            length = static_cast<std::size_t>(chain[3] << 8 | chain[4]);
            head = 5;
        }
        require(chain.size() - head >= length, sw::wrong_data);
        groups.push_back({tag, chain.subspan(head, length)});
        chain = chain.subspan(head + length);
    }
    return groups;
}

key_block read_key_block(bytes_view block, personality::key_block taken) {
    constexpr std::size_t aes_block = 16;
    const bool bare = block.size() % aes_block == 0;
    require(taken != (bare ? personality::key_block::with_length : personality::key_block::bare), sw::wrong_data);
    if (bare)
        return {std::nullopt, block};
    return {block[0], block.subspan(1)};
}

crypto::secret decrypt_key(bytes_view encrypted, std::size_t octets, bytes_view kcv, const crypto::secret& dek,
                           std::uint16_t wrong_kcv) {
    require(octets == 16 || octets == 24 || octets == 32, sw::wrong_data);
    require(encrypted.size() == (octets + 15) / 16 * 16, sw::wrong_data);
    auto plain = crypto::aes_cbc(dek).decrypt({}, encrypted);
    crypto::secret key(bytes_view(plain).first(octets));
    crypto::wipe(plain);
    require(kcv.empty() || crypto::equal(kcv, key_check_value(key)), wrong_kcv);
    return key;
}

std::vector<key_set> read_key_sets(const std::vector<data_group>& groups, const crypto::secret& dek,
                                   personality::key_block taken) {
    std::vector<key_set> sets;
    require(groups.size() % 2 == 0, sw::wrong_data);
    for (std::size_t i = 0; i < groups.size(); i += 2) {
        require(groups[i].tag == dgi_attributes && groups[i + 1].tag == dgi_key, sw::wrong_data);
        const auto attributes = read_attributes(groups[i].value);
        const auto value = groups[i + 1].value;
        constexpr std::size_t kcv_octets = 3;
        const auto kcv = value.size() % 16 >= kcv_octets ? kcv_octets : 0;
        const auto block = read_key_block(value.first(value.size() - kcv), taken);
        require(block.octets.value_or(attributes.octets) == attributes.octets, sw::wrong_data);
        auto key = decrypt_key(block.cryptogram, attributes.octets, value.last(kcv), dek, sw::wrong_data);
        auto set =
            std::find_if(sets.begin(), sets.end(), [&](const auto& s) { return s.version == attributes.version; });
        if (set == sets.end()) {
            sets.push_back({attributes.version, {}, 0, 0});
            set = std::prev(sets.end());
        }
        require(set->keys.emplace(attributes.identifier, std::move(key)).second, sw::wrong_data);
    }
    for (const auto& set : sets)
        require(set.keys.size() == 3 && std::all_of(set.keys.begin(), set.keys.end(),
                                                    [&](const auto& entry) {
                                                        return entry.second.size() == set.keys.begin()->second.size();
                                                    }),
                sw::wrong_data);
    return sets;
}

} // namespace tsms::lab
