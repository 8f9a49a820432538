#pragma once
// Builders of the GlobalPlatform commands (GPCS 11, Amendment D 7). They return plain commands with CLA 00 or 80; the
// secure channel changes the class. AIDs are octets. Builders throw std::length_error where a field cannot hold its
// value.

#include "crypto/vault.hpp"
#include "gp/apdu.hpp"
#include "gp/privileges.hpp"

namespace tsms::gp {

/// SELECT by name, first or only occurrence (GPCS 11.9). Empty octets select the default application: the ISD.
command_apdu select(bytes_view aid);

/// GET DATA (GPCS 11.3), tag of one or two octets.
command_apdu get_data(std::uint16_t tag);

/// P1 of GET STATUS (GPCS 11.4.2.1).
enum class registry_scope : std::uint8_t {
    issuer_security_domain = 0x80,
    applications = 0x40, ///< with security domains
    load_files = 0x20,
    load_files_and_modules = 0x10,
};

/// GET STATUS in TLV form (P2 02, `next` 03). `aid` restricts the search. The tag list asks for 4F 9F70 C5 C4 CC
/// and, for load files, CE 84.
command_apdu get_status(registry_scope scope, bytes_view aid = {}, bool next = false);

/// INITIALIZE UPDATE (SCP03 7.1.1). Key version 00: the card's default set.
command_apdu initialize_update(std::uint8_t key_version, bytes_view host_challenge);

/// INSTALL [for load] (GPCS 11.5.2.3.1). The hash may be empty.
command_apdu install_for_load(bytes_view load_file_aid, bytes_view security_domain_aid, bytes_view load_file_hash,
                              bytes_view load_parameters = {});

/// What the three INSTALL forms for an instance need (GPCS 11.5.2.3.2, 11.5.2.3.3).
struct instance_description {
    bytes load_file_aid;
    bytes module_aid;
    bytes instance_aid;
    privileges rights = 0;
    int privilege_octets = 3;
    bytes parameters; ///< complete TLVs (C9 …, EF …, EA …; gp/install_parameters.hpp); empty gives C9 00
};

command_apdu install_for_install(const instance_description& instance);
command_apdu install_and_make_selectable(const instance_description& instance);
command_apdu install_for_make_selectable(bytes_view instance_aid, privileges rights, int privilege_octets = 3);
command_apdu install_for_extradition(bytes_view security_domain_aid, bytes_view aid);
command_apdu install_for_personalization(bytes_view aid);
/// New privileges for a registered application (GPCS 11.5.2.3.5).
command_apdu install_for_registry_update(bytes_view security_domain_aid, bytes_view instance_aid, privileges rights,
                                         int privilege_octets = 3);

/// All LOAD commands of a load image in blocks of `block_size` octets (GPCS 11.6). The Load File Data Block is wrapped
/// in tag C4. Throws std::length_error over 256 blocks: the block number is one octet.
std::vector<command_apdu> load(bytes_view load_image, std::size_t block_size);
/// How many LOAD commands there would be; more than 256 cannot be loaded.
std::size_t load_block_count(std::size_t image_octets, std::size_t block_size);

/// DELETE of an application or a load file, `related`: with all its instances (GPCS 11.2).
command_apdu delete_object(bytes_view aid, bool related = false);
/// DELETE of a key set by version (GPCS 11.2.2.3.2).
command_apdu delete_keys(std::uint8_t key_version);

/// SET STATUS (GPCS 11.10). P1 60: a security domain and all its applications.
enum class status_type : std::uint8_t {
    issuer_security_domain = 0x80,
    application = 0x40,
    domain_with_applications = 0x60,
};
namespace life_cycle {
inline constexpr std::uint8_t loaded = 0x01;
inline constexpr std::uint8_t installed = 0x03;
inline constexpr std::uint8_t selectable = 0x07;
inline constexpr std::uint8_t personalized = 0x0F; ///< of a security domain
inline constexpr std::uint8_t locked = 0x80; ///< a flag over the state before; SET STATUS with 80 locks, 00 unlocks
} // namespace life_cycle
command_apdu set_status(status_type type, std::uint8_t state, bytes_view aid);

/// How a key is written for a card, in PUT KEY and in DGI `key_dgi` alike. Cards know one of them, or both.
enum class key_form {
    with_length, ///< octets of the clear key || cryptogram (Amendment D, SCP03 7.2): PUT KEY has 88 11 10 … for AES-128
    bare,        ///< the cryptogram alone (GPCS 2.3, tables 11-70 and 11-71): 88 10 …
};
/// The other one.
constexpr key_form other(key_form form) {
    return form == key_form::bare ? key_form::with_length : key_form::bare;
}

/// PUT KEY of three AES keys with identifiers 01 to 03 (GPCS 11.8, SCP03 7.2). `replaced` is the version to be
/// replaced; 00 adds, and so does FF, the version of factory keys, which make room for the first set of another.
command_apdu put_keys(std::uint8_t replaced, std::uint8_t version, int bits, const crypto::encrypted_keys& keys,
                      key_form form = key_form::with_length);
/// Data of the response to it: version || three check values. False if the card stored something else.
bool put_keys_confirmed(bytes_view response, std::uint8_t version, const crypto::encrypted_keys& keys);
/// Nothing in it says what was stored: it is empty, or the version alone.
bool put_keys_untold(bytes_view response, std::uint8_t version);

/// P1 bits of STORE DATA (GPCS 11.11.2.1).
namespace store_data_format {
inline constexpr std::uint8_t none = 0x00;
inline constexpr std::uint8_t dgi = 0x08;
inline constexpr std::uint8_t ber_tlv = 0x10;
inline constexpr std::uint8_t encrypted = 0x60; ///< the data is encrypted under the static DEK
} // namespace store_data_format

/// A chain of STORE DATA: data cut into blocks, block numbers in P2 from 00, P1 with bit 80 on the last one. Throws
/// std::length_error over 256 blocks.
std::vector<command_apdu> store_data(bytes_view data, std::size_t block_size, std::uint8_t format);

/// DGI, length (one octet, or FF and two) and value.
void append_dgi(bytes& out, std::uint16_t dgi, bytes_view value);

/// The keys of a security domain for STORE DATA (DGI, encrypted): for each key DGI 00B9 with its control reference
/// template B9 {95 usage, 80 type, 81 length, 82 identifier, 83 version}, then DGI `key_dgi` with the key in its form
/// || check value.
bytes key_dgis(std::uint8_t version, int bits, const crypto::encrypted_keys& keys,
               key_form form = key_form::with_length, std::uint16_t key_dgi = 0x8113);

} // namespace tsms::gp
