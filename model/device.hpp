#pragma once
// The words of the TSM-API (TR 4.2) and what the backend remembers of Service Instances and secure components. Names
// and numbers are the norm's.

#include "model/error_categories.hpp"
#include "model/personalization_script.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tsms::model {

/// TR 4.2.4.1
enum class instance_state : int {
    unknown = 0,
    not_deployed = 1,
    initialized = 10,
    installed = 11,
    personalized = 12,
    activated = 14,
    operational = 21,
    suspended = 22,
    in_error = 25,
};

/// TR 4.2.4.2
enum class operation : int {
    no_operation = 0,
    service_deployment_installation = 10,
    service_deployment_personalization = 11,
    service_deployment_activation = 12,
    service_deployment_finalize = 13,
    service_update_installation = 20,
    service_update_personalization = 21,
    service_update_activation = 22,
    service_update_finalize = 23,
    service_suspension = 30,
    service_resumption = 31,
    service_termination = 40,
};

/// TR 4.2.3.2
enum class service_command { install, personalize, activate };

/// TR 4.2.3.10
enum class command_status : int { execution_success = 0, execution_failed = 1, not_executed = 2 };

/// TR 4.1.4.5 and 4.2.3.13
struct technical_information {
    std::map<std::string, std::string> sp_parameters;
    std::string service_id;
    std::string service_version_tag;
    std::string flavor_id;
    std::string flavor_name;
    std::string profile_id;
};

/// A static SCP03 key set. The keys themselves are only ever here as the vault wrapped them.
struct key_set {
    std::uint8_t version = 0; ///< key version number on the card, 01…7F
    int bits = 128;
    std::vector<std::uint8_t> wrapped; ///< ENC || MAC || DEK under the vault's master key
    /// It came from the issuer: replaced in the first session (gp/procedures, issuer contract).
    bool issuer_knows = false;

    friend bool operator==(const key_set&, const key_set&) = default;
};

/// A security domain of ours on a card.
struct security_domain {
    std::string aid;             ///< hex
    std::optional<key_set> keys; ///< those that count: the card has proven them last, or the issuer has just told them
    /// Sets that may be on the card too: new ones before a rotation leaves, and those from before the issuer
    /// personalized the domain again. After doubt they are tried, against the card cryptogram of INITIALIZE UPDATE
    /// only; the card's own list ends the doubt.
    std::vector<key_set> other_keys;
    /// Octets of challenges and MACs that the domain was seen to use, 8 or 16; 0: not seen yet, the profile says.
    int scp03_mode = 0;
    /// Its "i", as in the last channel that it opened; -1: none yet, or a row of before.
    int scp03_i = -1;
    /// The issuer may have given it keys that the row does not know: the card's own list has to be looked at.
    bool keys_in_doubt = false;
    bool arac_registered = false; ///< the issuer has registered our ARA-C at ARA-M
    bool arac_installed = false;  ///< our ARA-C was in it when the card was looked at last
    std::string arac_aid;         ///< of the ARA-C that is in it, or was
    /// The form of keys that the card was seen to take, as card_parameters::key_form; empty: none yet.
    std::string key_form;
};

/// The set may be on the card beside the one that counts. One of the same version it replaces.
void remember_keys(security_domain& domain, const key_set& keys);

/// Card parameters of a SecureComponentProfile, internal to the TSM ("card" in the profile file; gp/procedures).
/// Everything that differs from card to card is a parameter here and not a branch in the code.
struct card_parameters {
    std::string isd_aid; ///< hex: the issuer's SELECT goes to it where neither the card nor its row tells one; empty:
                         ///< the default selection
    std::string sd_package_aid = "A0000001515350";
    std::string sd_module_aid = "A000000151535041";
    std::string tsm_sd_aid = "D27600016354534D0001";            ///< AID of the TSM's own security domain
    std::string sd_install_parameters = "81020370820120870120"; ///< content of tag C9
    std::uint8_t tsm_key_version = 0x30;                        ///< the issuer's initial keys in the TSM's domain
    std::uint8_t tsm_rotated_version = 0x31; ///< first of the TSM's own versions; rotations alternate upwards
    std::uint8_t service_key_version = 0x20; ///< disjoint from the TSM's domain's versions
    int key_bits = 128;
    /// Octets of challenges and MACs of the TSM's domain: 8 (S8) or 16 (S16); a wrong one costs an exchange.
    int scp03_mode = 8;
    std::uint8_t minimum_level = 0x33; ///< security level of every channel; a card that cannot do it is refused
    int block_size = 0; ///< plain octets of a LOAD or STORE DATA block; 0: computed from 9F65 and the secure channel
    bool extended_length =
        false;                 ///< the card takes extended length fields; 9F65 bounds them where it says more than 255
    bool extended_cap = false; ///< loads CAP files of the extended format (optional since Java Card 3.1; DIV-022)
    bool lock_with_applications = true; ///< SET STATUS P1=60 locks a domain with all its applications
    std::string ara = "none";           ///< "aram-issuer", "arac", "none"
    std::string arac_package_aid =
        "A000000151415243"; ///< with "arac": the card's own load file and module for an ARA-C
    std::string arac_module_aid = "A00000015141524301";
    std::string arac_aid = "D276000163415241430001"; ///< of our instance, in the TSM's own domain
    bool rules_read_back = true; ///< ARA-M and ARA-C tell their rules through a secure channel (Command-Get, F3)
    int privilege_bytes = 3;
    int milliseconds_per_apdu = 30;
    int order_apdus = 400;     ///< most C-APDUs in one order
    int order_bytes = 131072;  ///< most octets of C-APDUs in one order
    int order_seconds = 120;   ///< longest estimated execution of one order
    int memory_reserve = 1024; ///< octets that must stay free after loading (FF21)
    bool rule_hash_sha1 = true;
    bool rule_hash_sha256 = true;
    /// How keys are written for the card, tried first: "length" (a length octet in front of the cryptogram) or "bare".
    std::string key_form = "length";
    /// Sends the sequence counter of a pseudo-random challenge; false: where it is missing, the challenge is random.
    bool challenge_counter = true;
    /// The card counts every INITIALIZE UPDATE as an attempt until an EXTERNAL AUTHENTICATE succeeds: none is sent
    /// before the TSM's domain has answered.
    bool initialize_update_counts = false;
};

/// How a profile recognises its cards (DESIGN, profile file): hex prefixes, '.' stands for any nibble. Every list that
/// is given must match, but an ISD that the phone does not tell does not exclude a card that another list matches.
struct identification {
    std::vector<std::string> cplc;
    std::vector<std::string> atr;
    std::vector<std::string> isd;
    std::vector<std::string> card_data;
};

/// One executable load file of a target.
struct target_load_file {
    std::string elf_id;
    std::string aid;                        ///< hex
    std::string sha256;                     ///< of the load file data block, hex
    std::size_t size = 0;                   ///< of the load file data block
    std::vector<std::string> imports;       ///< package AIDs, hex
    std::vector<std::string> packages = {}; ///< of the extended CAP format: AIDs of the packages in it, hex
};

/// One application instance of a target, in the order of instantiation.
struct target_application {
    std::string elf_aid;
    std::string module_aid;
    std::string instance_aid;
    int priority = 255;
    std::vector<std::string> privileges; ///< TR names
    std::string install_parameters;      ///< hex TLVs as configured, ${placeholders} possible (AMB-147)
    bool make_selectable = true;
    bool accessible_via_apdu = false;
    bool accessible_via_nfc = false;
    bool has_personalization = false; ///< a script or an attestation token
    /// SHA-256 (hex) of the install parameters that it was installed with, placeholders filled in: they may be personal
    /// data, so that the row keeps no more. Empty: not installed yet, or a row of before.
    std::string parameters_digest = {};
    /// Nothing: it has none, or this is a row of before, where `has_personalization` alone says that there is
    /// something.
    std::optional<personalization_script> script = {};
    bool personalized = false; ///< its script has run since it was installed
};

/// One access rule: this application may be reached by apps with this certificate (GPD_SPE_013).
struct access_rule {
    std::string aid;        ///< of the application instance, hex
    std::string device_app; ///< DeviceAppIDREF, hex: 20 octets SHA-1 or 32 octets SHA-256
    bool apdu = true;
    bool nfc = false;

    friend bool operator==(const access_rule&, const access_rule&) = default;
};

/// Where results of a service's processes go (TR 4.3, AMB-181).
struct spos_target {
    std::string url;
    std::string certificate_pem; ///< trust anchor of the SPOS server
};

/// What of a Service may be on its card beside its target: of an update that has not proven itself, and of the time
/// before one.
struct target_remnants {
    std::vector<target_load_file> load_files;
    std::vector<target_application> applications;
    std::vector<access_rule> rules;

    bool empty() const { return load_files.empty() && applications.empty() && rules.empty(); }
};

/// What one Service Instance shall be on its card: the effective configuration of Flavor, Version and Service at one
/// moment, so that later changes of the catalog cannot corrupt an installed instance (AMB-057, AMB-067).
struct deployment_target {
    std::string service_provider_id;
    std::string service_id;
    std::string service_name;
    std::string sd_aid; ///< of the service's security domain
    std::string version_tag;
    std::string flavor_id;
    std::string flavor_name;
    std::string profile_id;
    std::map<std::string, std::string> sp_parameters; ///< Flavor's over Service's
    std::vector<target_load_file> load_files;         ///< in load order (AMB-079)
    std::vector<target_application> applications;     ///< in order of instantiation (AMB-078)
    std::vector<std::string> device_apps;             ///< accessAuthorizedDeviceApps that are 20 or 32 octets (AMB-040)
    card_parameters card;
    std::optional<spos_target> spos;
    target_remnants beside;
};

/// A row of the instance store. Its only writer is the instance's own actor.
struct service_instance {
    std::string id;
    std::string secure_component_id;
    std::string reader; ///< name under which the app reached the card last
    std::string atr;    ///< that the reader had then, hex, may be empty: with another one, it may hold another card now
    instance_state state = instance_state::not_deployed;
    instance_state last_stable = instance_state::not_deployed; ///< AMB-100: state before the failed operation
    operation failed_operation = operation::no_operation;      ///< AMB-100: in state IN_ERROR
    /// The operation that last wrote an intent to change the card, as long as no authenticated listing has shown what
    /// became of it: the error that ended it may have been the phone's invention (AMB-226).
    operation unproven_operation = operation::no_operation;
    operation last_operation = operation::no_operation;
    std::vector<service_command> executed; ///< of this deployment, in order (AMB-105)
    bool suspend_on_finalize = false;      ///< AMB-107
    deployment_target target;
    bool on_card = false; ///< a component of the Service has been changed on the card
    /// A script has begun on applications that were there before its process, and has not ended: what they hold nobody
    /// can see, so they have to be installed anew (DIV-115).
    bool half_personalized = false;
    std::optional<security_domain> domain; ///< the service's own security domain
    std::string running_process;           ///< id of the process that runs, empty if none
    std::string created;                   ///< ISO 8601
};

/// Can anything of it be on its card? The service's domain has its keys from the first deploy that came as far as the
/// card, and keeps them.
inline bool may_be_on_card(const service_instance& i) {
    return i.state != instance_state::not_deployed || i.domain.has_value() || i.on_card;
}

/// A secure component that has been seen.
struct secure_component {
    std::string id;
    /// Text of its card_identity (rows of before may have one that is none, DIV-056). Beside a proven row there may be
    /// another one of the same identity, for what phones claim without a proof (DIV-059).
    std::string identity;
    std::string profile_id;
    std::string isd_aid;
    std::string cin_iin; ///< tags 45 and 42, hex, for the issuer
    std::string issuer;  ///< name of the SCI that owns it
    std::optional<security_domain> tsm_domain;
    int strikes = 0; ///< EXTERNAL AUTHENTICATEs that were answered with failure since the last channel that was proven
    bool quarantined = false;
    bool doubt = false;    ///< an intent without outcome: look before changing
    bool assigned = false; ///< an operator has said whose it is (tsms card assign)
    std::string claimed;   ///< ISO 8601: when a createServiceInstance named it last
    /// What the phone said of the card when it claimed this row (model::claims_of); empty for a row of before. Whoever
    /// says something else of the same identity has a row of his own: nobody's words change another one's profile or
    /// issuer (DIV-059).
    std::string claims;
    bool was_proven = false; ///< an issuer has authenticated it once, though nothing of ours may be on it any more
};

/// Has an issuer authenticated the card of this row, and given us keys for a domain on it? Then what the row knows is
/// shown, changed and moved only for a card that has proven these keys in the same session (AMB-239). Of any other row
/// nobody knows more than what phones have claimed: whoever claims the same is shown it.
inline bool is_proven(const secure_component& card) {
    return card.tsm_domain && card.tsm_domain->keys;
}

/// Is what the row says of issuer, profile and ISD only a phone's word (AMB-226)? Until an issuer has given us keys for
/// a domain on it, or the operator has decided, it follows what phones say today.
inline bool rests_on_claims(const secure_component& card) {
    return !card.assigned && !is_proven(card);
}

/// Has nobody ever seen that there is such a card? An answer that only looks consistent can be invented: the keys that
/// an issuer has given us prove it, or the operator's word (DIV-061).
inline bool is_unproven(const secure_component& card) {
    return rests_on_claims(card) && !card.was_proven;
}

} // namespace tsms::model
