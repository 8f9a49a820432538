#pragma once
// What the TSM does to a Service on a card, through one channel to its own security domain (gp/channel_batch.hpp). Each
// procedure reads like the order of commands that goes to the card.

#include "gp/access_rules.hpp"
#include "gp/card_data.hpp"
#include "gp/channel_batch.hpp"
#include "gp/commands.hpp"
#include "gp/procedures/keys.hpp"
#include "gp/registry.hpp"

#include <set>

namespace tsms::gp {

/// The security domain of a Service, below the TSM's own.
struct service_domain {
    bytes aid;
    bytes package_aid; ///< of the card's SD package
    bytes module_aid;
    int privilege_octets = 3;
    bytes parameters; ///< content of C9: SCP option 81, acceptance rules 82 and 87
    std::uint8_t key_version = 0;
    int key_bits = 128;
    crypto::encrypted_keys keys; ///< under the static DEK of the TSM's domain
};

struct load_file {
    bytes aid;
    bytes hash; ///< SHA-256 of the image
    bytes image;
};

struct application {
    instance_description instance;
    bool make_selectable = false; ///< in this procedure
};

/// The TSM's rule store on the card (ARA-C, GPD_SPE_013) and the rules of one Service in it.
struct access_client {
    instance_description instance; ///< from the module that the card has preloaded
    bool install = false;          ///< it may be missing: installed first; one that is there stays
    bool remove = false;           ///< in a removal: the last Service takes it along
    std::vector<access_rule> rules;
};

/// What progress is told with: numbers of TR 4.2.4.2.
struct progress_operations {
    int install = 10;
    int activate = 12;
    int finalize = 13;
};

struct service_installation {
    bytes tsm_domain_aid;
    service_domain domain;
    std::vector<load_file> load_files;     ///< in load order
    std::vector<application> applications; ///< in order of instantiation
    std::size_t block_size = 0;            ///< plain octets of a LOAD or STORE DATA block
    bool lock = false;                     ///< suspended from the start (TR 4.2.3.5)
    bool lock_with_applications = true;
    std::optional<key_rotation> rotation;
    std::optional<access_client> client; ///< rules to be written, where an activation is part of it
    progress_operations progress;
};

/// All of it in one batch; the proof (GET STATUS) is checked before it returns. Returns the key version numbers that
/// the TSM's domain has now. Throws card_failure.
procedure<std::set<std::uint8_t>> install_service(channel_ptr channel, service_installation what);

/// Applications that are installed already become selectable. `lock`: the service's domain is locked in the same order.
struct service_activation {
    bytes domain_aid;
    std::vector<application> applications;
    bool lock = false;
    bool lock_with_applications = true;
    std::optional<access_client> client; ///< rules to be written
    std::size_t block_size = 0;
    progress_operations progress;
};
procedure<void> activate_service(channel_ptr channel, service_activation what);

/// Locks or unlocks the service's domain with its applications (AMB-108, AMB-224); the outcome is checked.
struct service_lock {
    bytes domain_aid;
    std::vector<bytes> instances; ///< in order of instantiation
    bool lock = true;
    bool with_applications = true; ///< the card knows SET STATUS P1=60
    int operation = 30;
};
procedure<void> lock_service(channel_ptr channel, service_lock what);

/// What is on the card below the TSM's domain, told under R-MAC.
struct card_contents {
    std::vector<registry_entry> applications; ///< with security domains
    std::vector<registry_entry> load_files;
    /// False where somebody said that there are none: 6A88 has no R-MAC, so a phone can say so of any card.
    bool load_files_proven = true;
    /// Key version numbers of the TSM's own domain (GET DATA E0). Keys that were meant for a domain which was not
    /// created have gone there (gp/procedures, "the order to split at").
    std::set<std::uint8_t> key_versions;
    std::optional<card_resources> resources; ///< FF21, where the card tells
};
procedure<card_contents> inspect(channel_ptr channel, std::size_t expected_applications = 0);

/// Everything of a Service that is to go. Only what `inspect` found and what is ours may be listed.
struct service_removal {
    std::vector<bytes> instances;  ///< in order of deletion
    std::vector<bytes> load_files; ///< in order of deletion
    /// Load files of which a claim without proof says that they are not there. They are deleted all the same, and any
    /// refusal is accepted (another's package has the same AID): the listing behind it proves that the card got the
    /// command.
    std::vector<bytes> doubtful_load_files;
    std::optional<bytes> domain;
    std::optional<access_client> client; ///< rules to be deleted
    std::set<std::uint8_t> key_sets;     ///< versions of the TSM's own domain that have no business there
    std::size_t block_size = 0;
    int operation = 40;
};
/// Deletes and proves by GET STATUS that nothing of it is left. Returns what is.
procedure<card_contents> remove_service(channel_ptr channel, service_removal what);

} // namespace tsms::gp
