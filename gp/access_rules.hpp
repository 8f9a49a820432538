#pragma once
// Access rules of GlobalPlatform Device Technology, Secure Element Access Control 1.1 (GPD_SPE_013): data objects (6),
// written with STORE DATA into ARA-M or ARA-C (5.1), read with GET DATA from the ARA-M (4.1).

#include "gp/apdu.hpp"

namespace tsms::gp {

/// One rule: this app may (or must not) talk to this application (AMB-222).
struct access_rule {
    bytes aid;      ///< AID-REF-DO (4F) of the application on the card; empty: all
    bytes app_hash; ///< DeviceAppID-REF-DO (C1): SHA-1 (20) or SHA-256 (32) of the app's certificate; empty: all apps
    bool apdu = false; ///< APDU-AR-DO (D0): always or never
    bool nfc = false;  ///< NFC-AR-DO (D1): always or never

    friend bool operator==(const access_rule&, const access_rule&) = default;
};

/// REF-AR-DO: E2 { E1 { 4F, C1 }, E3 { D0, D1 } }.
bytes encode_rule(const access_rule& rule);

/// STORE DATA with a Command-Store-REF-AR-DO (F0) or a Command-Delete (F1 of the REF-DO).
std::vector<command_apdu> store_rule(const access_rule& rule, std::size_t block_size);
std::vector<command_apdu> delete_rule(const access_rule& rule, std::size_t block_size);
/// Command-Register-ClientAIDs-DO (F7), sent to the ARA-M by the issuer: the ARA-C with this AID takes part.
std::vector<command_apdu> register_client(bytes_view arac_aid, std::size_t block_size);
/// GET DATA [All] (FF40) and [Next] (FF60): what an application that is selected tells everybody.
command_apdu get_all_rules();
command_apdu get_next_rules();
/// STORE DATA with Command-Get (F3) for the rules of one application, and with Command-Get-Next (F5): what the ARA-C
/// answers through a secure channel, each behind INSTALL [for personalization] of it, has an R-MAC (5.1). Answered like
/// [All] and [Next].
command_apdu read_rules(bytes_view aid);
command_apdu read_next_rules();

/// Command-Get-ClientAIDs (F6), to the ARA-M: the AIDs of the registered ARA-Cs, answered as FF70 {4F …}. Nothing if
/// the answer is malformed.
command_apdu read_clients();
std::optional<std::vector<bytes>> parse_clients(bytes_view answer);

/// Rules of the answers to [All] and [Next] put together; nothing if malformed. Rules with APDU filters count as
/// neither allowed nor ours and are left out.
std::optional<std::vector<access_rule>> parse_rules(const std::vector<bytes>& answers);
inline constexpr std::uint16_t rules_tag = 0xFF40;   ///< Response-ALL-REF-AR-DO
inline constexpr std::uint16_t clients_tag = 0xFF70; ///< answer to Command-Get-ClientAIDs
/// Octets of the whole object with this tag that begins with this answer; nothing if it is none.
std::optional<std::size_t> announced_octets(bytes_view first_answer, std::uint16_t tag);

} // namespace tsms::gp
