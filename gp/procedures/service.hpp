#pragma once
// What the TSM does to a Service on a card, through one channel to its own security domain (gp/channel_batch.hpp). Each
// procedure reads like the order of commands that goes to the card; each effect is proven (gp/procedures/changes.hpp).
// All of them throw card_failure.

#include "gp/procedures/changes.hpp"

namespace tsms::gp {

/// What progress is told with: numbers of TR 4.2.4.2.
struct progress_operations {
    int install = 10;
    int personalize = 11;
    int activate = 12;
    int finalize = 13;
};

/// The personalization of applications in the channel that installs them.
struct script_plan {
    std::vector<application_script> scripts; ///< in order of instantiation; none: nothing is personalized
    bool behind_activation = false;
};
/// The end of an order behind which the scripts leave.
void name_script_receivers(changes& card, const script_plan& plan);
/// The beginning of the next one.
void run_scripts(changes& card, const script_plan& plan, const progress_operations& progress);

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
    script_plan personalization;
    progress_operations progress;
    plain_questions questions;
    std::size_t others = 0; ///< about how many applications of other Services the card has
};

/// All of it in one batch, and in two where applications are personalized. Tells which key versions the TSM's domain
/// has now.
procedure<shown_contents> install_service(channel_ptr channel, service_installation what);

/// Applications that are installed already become selectable. `lock`: the service's domain is locked in the same order.
struct service_activation {
    bytes domain_aid;
    std::vector<application> applications;
    bool lock = false;
    bool lock_with_applications = true;
    std::optional<access_client> former_rules; ///< to be deleted before
    std::optional<access_client> client;       ///< rules to be written
    std::size_t block_size = 0;
    progress_operations progress;
    plain_questions questions;
    std::size_t others = 0;
};
procedure<shown_contents> activate_service(channel_ptr channel, service_activation what);

/// Locks or unlocks the service's domain with its applications (AMB-108, AMB-224).
struct service_lock {
    bytes domain_aid;
    std::vector<bytes> instances; ///< in order of instantiation
    bool lock = true;
    bool with_applications = true; ///< the card knows SET STATUS P1=60
    int operation = 30;
    plain_questions questions;
    std::size_t others = 0;
};
procedure<shown_contents> lock_service(channel_ptr channel, service_lock what);

/// A Service that is there, and of which nothing is to change: is it there as a whole?
struct service_presence {
    bytes domain_aid;
    std::vector<bytes> load_files;
    std::vector<application> applications; ///< `make_selectable`: was made so
    plain_questions questions;
    std::size_t others = 0;
};
procedure<shown_contents> check_service(channel_ptr channel, service_presence what);

/// What is there, with nothing expected of it.
procedure<card_contents> inspect(channel_ptr channel, std::size_t expected_applications = 0);

/// Everything of a Service that is to go. Only what `inspect` found and what is ours may be listed.
struct service_removal {
    std::vector<bytes> instances;  ///< in order of deletion
    std::vector<bytes> load_files; ///< in order of deletion
    /// Load files of which a claim without proof says that they are not there.
    std::vector<bytes> doubtful_load_files;
    std::optional<bytes> domain;
    std::optional<access_client> client; ///< rules to be deleted
    std::set<std::uint8_t> key_sets;     ///< versions of the TSM's own domain that have no business there
    std::size_t block_size = 0;
    std::size_t others = 0; ///< about how many applications of other Services the card has
    int operation = 40;
};
/// Returns what is left on the card.
procedure<card_contents> remove_service(channel_ptr channel, service_removal what);

/// The rules of a Service leave our ARA-C; nothing else changes.
procedure<card_contents> withdraw_access(channel_ptr channel, access_client client, std::size_t block_size);

} // namespace tsms::gp
