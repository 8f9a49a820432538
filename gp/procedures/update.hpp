#pragma once
// A Service on the card becomes another Version of itself. No command names what both Versions have in common, but for
// two: what is locked is unlocked, and what has not been activated yet is made selectable. All procedures throw
// card_failure.

#include "gp/procedures/service.hpp"

namespace tsms::gp {

/// New load files beside the former ones, as long as nothing has been deleted (AMB-225).
struct load_file_addition {
    bytes tsm_domain_aid;
    std::vector<load_file> load_files; ///< in load order
    std::size_t block_size = 0;
    int operation = 20;
    std::size_t others = 0;
};
procedure<shown_contents> add_load_files(channel_ptr channel, load_file_addition what);

struct service_update {
    bytes tsm_domain_aid;
    bytes domain_aid; ///< of the Service; it stays

    // -- locked now: a locked domain accepts no extradition
    bool domain_locked = false;
    std::vector<bytes> locked_applications; ///< one by one, where the domain is not

    // -- what goes, in order of deletion
    std::optional<access_client> rules_to_remove;
    std::vector<bytes> instances;
    std::vector<bytes> load_files;
    std::vector<bytes> doubtful_load_files; ///< as in service_removal

    // -- what comes
    std::vector<load_file> files_to_load;  ///< in load order
    std::vector<bytes> files_loaded;       ///< by add_load_files
    std::vector<application> applications; ///< to be installed, in order of instantiation
    std::vector<bytes> to_make_selectable; ///< of those that stay: an activation that they have not had yet
    std::optional<access_client> rules_to_write;

    // -- what stays
    std::vector<application> kept; ///< `make_selectable`: is selectable in the end
    std::vector<bytes> kept_load_files;

    std::vector<bytes>
        instances_to_lock; ///< all of the new Version, in order of instantiation; empty: nothing is locked
    bool lock_with_applications = true;
    std::size_t block_size = 0;
    script_plan personalization; ///< of what comes
    progress_operations progress{20, 21, 22, 23};
    plain_questions questions;
    std::size_t others = 0;
};

/// Everything else in one order: unlock, delete, load, install, activate, extradite, lock; and the proof of it. In two
/// where something is personalized.
procedure<shown_contents> update_service(channel_ptr channel, service_update what);

} // namespace tsms::gp
