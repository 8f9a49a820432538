#pragma once
// What the TSM and a secure component issuer (SCI) tell each other (TR 3.3.1.1; docs/issuer-protocol.md).

#include "model/device.hpp"

#include <chrono>

namespace tsms::model {

/// What the issuer shall do on a card in one session. Idempotent by id.
struct issuer_order {
    enum class domain_change { none, create, remove };

    std::string id; ///< derived from the process, so that a process entered again repeats the same order
    std::string secure_component_identity; ///< CPLC in hex, as the phone claimed it
    std::string cin_iin;
    std::string se_type;
    std::string isd_aid;
    domain_change domain = domain_change::none;
    std::string domain_aid;
    std::string privileges = "804000"; ///< Security Domain, Authorized Management
    /// With `create`: security level of the TSM's channels to the new domain (01, 03, 11, 13 or 33). A card whose SCP03
    /// does not allow it is refused before anything is changed on it; 0: not told, nothing is refused.
    std::uint8_t minimum_level = 0;
    std::string device_app; ///< callerId of the app on whose behalf the TSM acts
    std::vector<access_rule> add_rules;
    std::vector<access_rule> remove_rules;
    std::string register_client; ///< AID of the TSM's ARA-C, hex, which ARA-M shall ask for rules; empty: none
    /// The card tells its rules in the channel (card_parameters): what the order changes in ARA-M counts only once the
    /// card has told it. Known beforehand, because a card that pretends would also keep silent.
    bool rules_read_back = false;

    /// Does it change anything in ARA-M?
    bool changes_rules() const { return !add_rules.empty() || !remove_rules.empty() || !register_client.empty(); }
};

/// The issuer's next commands for the card, opaque to the TSM.
struct issuer_step {
    std::vector<std::vector<std::uint8_t>> commands;
    bool last = false; ///< the issuer needs nothing more of the card after these commands
    bool done = false; ///< the issuer has closed its session; no commands
    bool lost = false; ///< the issuer does not know its session any more: the same order begins it again
    std::chrono::milliseconds pause{0}; ///< where there are no commands yet: after which to ask for them
};

/// Initial keys of the TSM's security domain as the issuer hands them over: wrapped, not yet taken over.
struct issuer_key_material {
    struct key {
        std::vector<std::uint8_t> wrapped; ///< under the transport key (RFC 3394)
        std::vector<std::uint8_t> kcv;     ///< 3 octets (GPCS B.6)

        friend bool operator==(const key&, const key&) = default;
    };
    std::string aid; ///< hex
    std::uint8_t key_version = 0;
    int bits = 0; ///< 128, 192 or 256, of each key
    std::uint8_t scp_i = 0;
    std::string privileges;                ///< hex
    std::string secure_component_identity; ///< as the issuer authenticated it; keys for another card are not taken over
    key enc, mac, dek;

    friend bool operator==(const issuer_key_material&, const issuer_key_material&) = default;
};

/// Keys of a security domain that the issuer has created, after they were taken over into the vault.
struct issuer_keys {
    std::string aid;
    key_set keys;
    std::uint8_t scp_i = 0;
    std::string privileges;
    std::string secure_component_identity; ///< as the issuer authenticated it
};

} // namespace tsms::model
