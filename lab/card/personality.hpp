#pragma once
// What one model of card does differently from another: a table of personalities, chosen by name when a card is made.

#include "base/bytes.hpp"

#include <optional>

namespace tsms::lab {

/// A package that is on the card from the factory.
struct preloaded_package {
    const char* aid;
    std::uint8_t major;
    std::uint8_t minor;
    std::vector<const char*> modules;
    bool listed; ///< shown by GET STATUS; otherwise it only satisfies imports
};

struct personality {
    std::string_view name;
    std::string_view about;         ///< one line for a list of personalities
    const char* isd;                ///< AID of the Issuer Security Domain
    std::string_view historical;    ///< historical characters of the ATR, at most 15
    bool t0 = false;                ///< T=0: short APDUs, 61xx and GET RESPONSE
    bool contactless = false;       ///< its reader makes up the ATR (PC/SC part 3, 3.1.3.2.3)
    std::size_t longest_data = 255; ///< data of a short command, as 9F65 tells; a longer one is 6700
    bool extended_length = true;
    bool extended_cap = false;       ///< loads CAP files of the extended format (optional since Java Card 3.1)
    int channels = 4;                ///< logical channels, the basic one included
    std::uint8_t key_version = 0x01; ///< of the ISD's first key set
    std::size_t key_octets = 16;     ///< 16, 24 or 32
    std::uint8_t scp03_i = 0x70;
    int attempts = 10; ///< failed authentications before a key set is blocked
    std::size_t nv_memory = 180 * 1024;
    std::size_t ram = 4096;
    bool instance_follows_load_file =
        false;                          ///< association of a new instance: SD of its load file, or the installing SD
    bool keys_personalize = true;       ///< storing the first key set moves an SSD from SELECTABLE to PERSONALIZED
    bool personalizes_installed = true; ///< INSTALL [for personalization] also of what is not selectable yet
    std::uint16_t redundant_extradition = 0x6985; ///< extradition to where it already is
    std::uint16_t missing_import = 0x6438;        ///< last LOAD of a package whose imports the card has not
    bool factory_keys_stay = false;               ///< the key set FF stays beside the first one that PUT KEY brings
    enum class key_block { either, bare, with_length };
    /// What PUT KEY and DGI 8113 take as a key: the cryptogram alone (GPCS 2.3, tables 11-70 and 11-71: 88 10 …), or
    /// behind the length of the key (Amendment D 7.2: 88 11 10 …).
    key_block key_blocks = key_block::either;
    bool ara_m = true;
    const char* faults = "none"; ///< what goes wrong with such a card where nobody says otherwise (faults.hpp)
    bool ara_c = true;           ///< the module of an access rule application client is preloaded
    /// What ARA-M and ARA-C answer to queries of their rules by STORE DATA (GPD_SPE_013 5.1); 0: the rules.
    std::uint16_t rule_queries_refused = 0;
    /// An answer of GET STATUS is filled to the last octet, an entry may go on in the next one.
    bool splits_entries = false;
    bool one_entry_an_answer = false; ///< of GET STATUS: each has to be asked for
    bool tells_association = true;    ///< GET STATUS shows CC, the Security Domain of an entry, where it is asked for
    bool blank_cplc = false;          ///< all octets are 00
    bool tells_cplc = true;           ///< GET DATA 9F7F
    bool cplc_has_tag = true;         ///< else the answer is its content alone
    bool confirms_keys = true;        ///< PUT KEY is answered with key version and check values
    bool macs_errors = false;         ///< error status words have an R-MAC too, against Amendment D, 6.2.5
    bool sends_counter = true;        ///< INITIALIZE UPDATE tells the sequence counter of a pseudo-random challenge
    std::optional<std::uint16_t> told_longest; ///< 9F65, where it is not what the card takes
    const char* iin = "";
    const char* cin = ""; ///< its beginning; the serial number of the CPLC follows. Empty: the card has no CIN
    std::vector<preloaded_package> packages;

    bytes atr() const;
};

/// Card recognition data: the value of tag 66 (GPCS H.2), of a Security Domain whose SCP03 has this "i".
bytes card_data(std::uint8_t scp03_i);

/// AIDs of the Security Domain package and its module, as on every card that follows GP's card customization guide.
inline constexpr const char* security_domain_package = "A0000001515350";
inline constexpr const char* security_domain_module = "A000000151535041";

/// The built-in access rule application master. Its load file has an AID of its own: A00000015141434C is what public
/// CAP files for an ARA-M use.
inline constexpr const char* ara_m_package = "A00000015141524D";
inline constexpr const char* ara_m_aid = "A00000015141434C00";

/// The module of an ARA-C: a rule store that its owner writes and the ARA-M aggregates once it is registered (GP
/// SEAC 3.2).
inline constexpr const char* ara_c_package = "A000000151415243";
inline constexpr const char* ara_c_module = "A00000015141524301";

const std::vector<personality>& personalities();
/// Null where there is none of this name.
const personality* find_personality(std::string_view name);
inline constexpr std::string_view default_personality = "jc305";

} // namespace tsms::lab
