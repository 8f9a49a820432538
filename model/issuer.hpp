#pragma once
// What the TSM and a secure component issuer (SCI) tell each other (TR 3.3.1.1; docs/issuer-protocol.md).

#include "model/device.hpp"

namespace tsms::model {

/// One access rule for ARA-M: this application may be reached by apps with this certificate (GPD_SPE_013).
struct access_rule {
    std::string aid;        ///< of the application instance, hex
    std::string device_app; ///< DeviceAppIDREF, hex: 20 octets SHA-1 or 32 octets SHA-256
    bool apdu = true;
    bool nfc = false;

    friend bool operator==(const access_rule&, const access_rule&) = default;
};

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
    std::string device_app; ///< callerId of the app on whose behalf the TSM acts
    std::vector<access_rule> add_rules;
    std::vector<access_rule> remove_rules;
};

/// The issuer's next commands for the card, opaque to the TSM.
struct issuer_step {
    std::vector<std::vector<std::uint8_t>> commands;
    bool last = false; ///< the issuer needs nothing more of the card after these commands
    bool done = false; ///< the issuer has closed its session; no commands
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
