#pragma once
// Key sets of a Security Domain by STORE DATA.
//
// The host sends INSTALL [for personalization] for the Security Domain (or nothing, for the selected one itself) and
// then one chain of STORE DATA: P1 = 08 for every block but the last, 88 for the last one (DGI format; the encryption
// bits 20…60 may be set and change nothing, P1 = 00 and 80 are taken alike); P2 = block number from 00. The data fields
// are concatenated; a DGI may span two blocks. The chain holds, for each key:
//
//     00B9  length  B9 length { 95 01 usage | 96 01 access | 80 01 88 | 81 01 octets | 82 01 identifier | 83 01 version
//     } 8113  length  [octets of the key ||] encrypted key [|| KCV of 3 octets]
//
// A DGI's length is one octet, or FF and two octets. Within B9 the order is free and unknown tags are ignored; 80, 81,
// 82 and 83 are mandatory: key type 88 (AES), 16, 24 or 32 octets, identifier 01 (ENC), 02 (MAC) or 03 (DEK), version
// 01…7F. The key is encrypted with AES-CBC, zero IV, under the static DEK of the key set that opened the secure
// channel; a key of 24 octets is filled up to 32 with any octets. KCV: the first three octets of the AES-encrypted
// block 01…01.
//
// All three keys of a version must be in the chain and of one length. They become a key set with sequence counter zero
// that is added, or replaces the set of this version. If anything is wrong the answer is 6A80 and nothing changes.
// Where keys_personalize is set in the personality, the first key set makes a SELECTABLE Security Domain PERSONALIZED.
// The chain ends with the last block, and with it INSTALL [for personalization]: further STORE DATA goes to the
// selected SD.

#include "lab/card/keys.hpp"
#include "lab/card/personality.hpp"

namespace tsms::lab {

struct data_group {
    std::uint16_t tag;
    bytes_view value;
};

/// The data groups of a chain in DGI format. Throws refused (6A80).
std::vector<data_group> parse_data_groups(bytes_view chain);

/// Key sets in these data groups. Throws refused (6A80).
std::vector<key_set> read_key_sets(const std::vector<data_group>& groups, const crypto::secret& dek,
                                   personality::key_block taken);

/// A key as the host wrote it. Cryptograms are whole AES blocks, which tells the two forms apart.
struct key_block {
    std::optional<std::size_t> octets; ///< of the clear key, where the block tells them
    bytes_view cryptogram;
};
/// Throws refused (6A80) where the card does not take this form.
key_block read_key_block(bytes_view block, personality::key_block taken);

/// One AES key as PUT KEY and STORE DATA transport it. `kcv` may be empty. Throws refused: 6A80, and `wrong_kcv` where
/// the key has another check value.
crypto::secret decrypt_key(bytes_view encrypted, std::size_t octets, bytes_view kcv, const crypto::secret& dek,
                           std::uint16_t wrong_kcv);

} // namespace tsms::lab
