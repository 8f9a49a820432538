#include "gp/commands.hpp"

#include "gp/tlv.hpp"

#include <algorithm>
#include <stdexcept>

namespace tsms::gp {

namespace {

constexpr std::uint8_t gp_class = 0x80;
constexpr std::uint8_t aes_key_type = 0x88; // GPCS table 11-16

/// P1 of INSTALL (GPCS 11.5.2.1).
enum class install_for : std::uint8_t {
    load = 0x02,
    install = 0x04,
    make_selectable = 0x08,
    install_and_make_selectable = 0x0C,
    extradition = 0x10,
    personalization = 0x20,
    registry_update = 0x40,
};

command_apdu install(install_for purpose, bytes data) {
    return {gp_class, 0xE6, static_cast<std::uint8_t>(purpose), 0x00, std::move(data), le_max_short};
}

/// Fields of INSTALL. Lengths are coded as in BER, so parameters over 127 octets take 81 and one octet (GPCS 11.1.5).
bytes lv(std::initializer_list<bytes_view> fields) {
    bytes out;
    for (auto field : fields) {
        if (field.size() > 0x7F && field.size() <= 0xFF)
            out.push_back(0x81);
        append_lv(out, field);
    }
    return out;
}

command_apdu install_instance(install_for purpose, const instance_description& instance) {
    static const bytes no_parameters{0xC9, 0x00};
    return install(purpose, lv({instance.load_file_aid,
                                instance.module_aid,
                                instance.instance_aid,
                                encode_privileges(instance.rights, instance.privilege_octets),
                                instance.parameters.empty() ? no_parameters : instance.parameters,
                                {}}));
}

/// Octets of the data object C4 around a load image of this size.
std::size_t tagged_size(std::size_t image) {
    const std::size_t length_octets = image < 0x80 ? 1 : image <= 0xFF ? 2 : image <= 0xFFFF ? 3 : 4;
    return 1 + length_octets + image;
}

/// Numbered blocks with bit 80 of P1 on the last one, as LOAD and STORE DATA have them.
std::vector<command_apdu> chain(std::uint8_t ins, std::uint8_t p1, bytes_view data, std::size_t block_size,
                                std::optional<std::uint32_t> le) {
    if (block_size == 0 || block_size > 0xFFFF)
        throw std::length_error("block size must be 1 to 65535 octets");
    const auto count = std::max<std::size_t>(1, (data.size() + block_size - 1) / block_size);
    if (count > 256)
        throw std::length_error("more than 256 blocks of " + std::to_string(block_size) +
                                " octets: the block number is one octet; the card needs extended length");
    std::vector<command_apdu> out;
    out.reserve(count);
    for (std::size_t k = 0; k < count; ++k) {
        const auto block = data.subspan(k * block_size, std::min(block_size, data.size() - k * block_size));
        const auto last = k + 1 == count ? 0x80 : 0x00;
        out.push_back(
            {gp_class, ins, static_cast<std::uint8_t>(p1 | last), static_cast<std::uint8_t>(k), to_bytes(block), le});
    }
    return out;
}

} // namespace

command_apdu select(bytes_view aid) {
    return {0x00, 0xA4, 0x04, 0x00, to_bytes(aid), le_max_short};
}

command_apdu get_data(std::uint16_t tag) {
    return {gp_class, 0xCA, static_cast<std::uint8_t>(tag >> 8), static_cast<std::uint8_t>(tag), {}, le_max_short};
}

command_apdu get_status(registry_scope scope, bytes_view aid, bool next) {
    static const bytes of_load_files = hex("4F9F70C5CCCE");
    static const bytes of_modules = hex("4F9F70C5CCCE84");
    static const bytes of_applications = hex("4F9F70C5C4CC");
    const auto& tags = scope == registry_scope::load_files               ? of_load_files
                       : scope == registry_scope::load_files_and_modules ? of_modules
                                                                         : of_applications;
    bytes data;
    append_tlv(data, 0x4F, aid);
    append_tlv(data, 0x5C, tags);
    const std::uint8_t tlv_form = next ? 0x03 : 0x02;
    return {gp_class, 0xF2, static_cast<std::uint8_t>(scope), tlv_form, std::move(data), le_max_short};
}

command_apdu initialize_update(std::uint8_t key_version, bytes_view host_challenge) {
    return {gp_class, 0x50, key_version, 0x00, to_bytes(host_challenge), le_max_short};
}

command_apdu install_for_load(bytes_view load_file_aid, bytes_view security_domain_aid, bytes_view load_file_hash,
                              bytes_view load_parameters) {
    return install(install_for::load, lv({load_file_aid, security_domain_aid, load_file_hash, load_parameters, {}}));
}

command_apdu install_for_install(const instance_description& instance) {
    return install_instance(install_for::install, instance);
}

command_apdu install_and_make_selectable(const instance_description& instance) {
    return install_instance(install_for::install_and_make_selectable, instance);
}

command_apdu install_for_make_selectable(bytes_view instance_aid, privileges rights, int privilege_octets) {
    return install(install_for::make_selectable,
                   lv({{}, {}, instance_aid, encode_privileges(rights, privilege_octets), {}, {}}));
}

command_apdu install_for_extradition(bytes_view security_domain_aid, bytes_view aid) {
    return install(install_for::extradition, lv({security_domain_aid, {}, aid, {}, {}, {}}));
}

command_apdu install_for_personalization(bytes_view aid) {
    return install(install_for::personalization, lv({{}, {}, aid, {}, {}, {}}));
}

command_apdu install_for_registry_update(bytes_view security_domain_aid, bytes_view instance_aid, privileges rights,
                                         int privilege_octets) {
    return install(install_for::registry_update,
                   lv({security_domain_aid, {}, instance_aid, encode_privileges(rights, privilege_octets), {}, {}}));
}

std::vector<command_apdu> load(bytes_view load_image, std::size_t block_size) {
    return chain(0xE8, 0x00, encode_tlv(0xC4, load_image), block_size, le_max_short);
}

std::size_t load_block_count(std::size_t image_octets, std::size_t block_size) {
    return (tagged_size(image_octets) + block_size - 1) / block_size;
}

command_apdu delete_object(bytes_view aid, bool related) {
    const std::uint8_t p2 = related ? 0x80 : 0x00;
    return {gp_class, 0xE4, 0x00, p2, encode_tlv(0x4F, aid), le_max_short};
}

command_apdu delete_keys(std::uint8_t key_version) {
    return {gp_class, 0xE4, 0x00, 0x00, encode_tlv(0xD2, {&key_version, 1}), le_max_short};
}

command_apdu set_status(status_type type, std::uint8_t state, bytes_view aid) {
    return {gp_class, 0xF0, static_cast<std::uint8_t>(type), state, to_bytes(aid), {}};
}

namespace {

bytes key_block(key_form form, int bits, bytes_view cryptogram) {
    bytes block;
    if (form == key_form::with_length)
        block.push_back(static_cast<std::uint8_t>(bits / 8));
    append(block, cryptogram);
    return block;
}

} // namespace

command_apdu put_keys(std::uint8_t replaced, std::uint8_t version, int bits, const crypto::encrypted_keys& keys,
                      key_form form) {
    constexpr std::uint8_t factory = 0xFF;
    constexpr std::uint8_t highest = 0x7F;
    if ((replaced > highest && replaced != factory) || version == 0 || version > highest)
        throw std::length_error("key versions are 01 to 7F");
    if (replaced == factory)
        replaced = 0;
    bytes data{version};
    for (const auto& key : keys) {
        data.push_back(aes_key_type);
        append_lv(data, key_block(form, bits, key.cryptogram));
        append_lv(data, key.kcv);
    }
    constexpr std::uint8_t several_keys_from_01 = 0x81;
    return {gp_class, 0xD8, replaced, several_keys_from_01, std::move(data), le_max_short};
}

bool put_keys_confirmed(bytes_view response, std::uint8_t version, const crypto::encrypted_keys& keys) {
    bytes expected{version};
    for (const auto& key : keys)
        append(expected, key.kcv);
    return std::equal(response.begin(), response.end(), expected.begin(), expected.end());
}

bool put_keys_untold(bytes_view response, std::uint8_t version) {
    return response.empty() || (response.size() == 1 && response[0] == version);
}

std::vector<command_apdu> store_data(bytes_view data, std::size_t block_size, std::uint8_t format) {
    return chain(0xE2, format, data, block_size, std::nullopt);
}

void append_dgi(bytes& out, std::uint16_t dgi, bytes_view value) {
    out.push_back(static_cast<std::uint8_t>(dgi >> 8));
    out.push_back(static_cast<std::uint8_t>(dgi));
    if (value.size() > 0xFFFF)
        throw std::length_error("DGI over 65535 octets");
    if (value.size() >= 0xFF) {
        out.push_back(0xFF);
        out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
    }
    out.push_back(static_cast<std::uint8_t>(value.size()));
    append(out, value);
}

bytes key_dgis(std::uint8_t version, int bits, const crypto::encrypted_keys& keys, key_form form,
               std::uint16_t key_dgi) {
    // Key usage qualifiers of ENC, MAC and DEK (GPCS table 11-17): encipherment and decipherment in secure messaging,
    // both directions of C-MAC and R-MAC, and data encryption.
    static constexpr std::uint8_t usage[] = {0x38, 0x34, 0xC8};
    bytes out;
    for (std::size_t k = 0; k < keys.size(); ++k) {
        const std::uint8_t length = static_cast<std::uint8_t>(bits / 8);
        const std::uint8_t identifier = static_cast<std::uint8_t>(k + 1);
        bytes reference;
        append_tlv(reference, 0x95, {&usage[k], 1});
        append_tlv(reference, 0x80, {&aes_key_type, 1});
        append_tlv(reference, 0x81, {&length, 1});
        append_tlv(reference, 0x82, {&identifier, 1});
        append_tlv(reference, 0x83, {&version, 1});
        append_dgi(out, 0x00B9, encode_tlv(0xB9, reference));
        auto key = key_block(form, bits, keys[k].cryptogram);
        append(key, keys[k].kcv);
        append_dgi(out, key_dgi, key);
    }
    return out;
}

} // namespace tsms::gp
