#pragma once
// What deployService and updateService have in common: the service commands of a call and what becomes of them, and
// what has to be known of a Service's content before it goes to a card.

#include "gp/procedures/changes.hpp"
#include "model/card_aids.hpp"
#include "process/work.hpp"

namespace tsms::process {

struct deployment {
    std::vector<command_request> commands;
    bool finalize = false;
    model::instance_state from = model::instance_state::not_deployed; ///< effective state (AMB-100)

    const command_request* find(model::service_command what) const;
    bool has(model::service_command what) const { return find(what) != nullptr; }
    std::vector<model::service_command> kinds() const;
};

/// Ends the process, before anything of it goes to the card.
[[noreturn]] void refuse_content(model::error_category category, const std::string& details);

/// What the row notes of a call that has succeeded (AMB-105, AMB-107).
void note_success(model::service_instance& instance, const deployment& d);

// -- content

/// `data`: installationData; none where the applications are installed already.
std::vector<gp::application> applications_of(const work& w, const std::vector<model::target_application>& applications,
                                             const std::map<std::string, std::string>* data, bool activate);

/// Notes with what parameters they are installed, so that an update finds out whether they change.
void note_parameters(std::vector<model::target_application>& applications,
                     const std::map<std::string, std::string>& data);

/// AIDs of those that are made selectable.
std::vector<bytes> selectable(const std::vector<gp::application>& applications);

/// Plain octets that fit a block of LOAD or STORE DATA, and any other command.
struct size_bounds {
    std::size_t block;
    std::size_t command;
};

/// What fits in the best case, before anything is known of the card but its profile.
size_bounds bounds_of(const work& w);

/// Bounds that no card can lift, checked before anything is changed (gp/procedures, "Sizes"): with short APDUs at most
/// 61,184 octets in S8 and 57,088 in S16, and no INSTALL over one command.
void check_sizes(const work& w, const std::vector<model::target_load_file>& files,
                 const std::vector<gp::application>& applications, size_bounds bounds);

/// One rule for each selectable application and authorized app, and those beside: more than an issuer's session takes
/// are refused before a list of them is made.
void check_rule_count(const model::deployment_target& target, const model::target_remnants& beside);

process<std::vector<gp::load_file>> read_load_files(std::vector<model::target_load_file> files);

/// No sharing between Services (AMB-125), and nothing that the card would refuse because an AID is there already
/// (DIV-066).
void check_conflicts(const model::card_content& content, const std::vector<model::held_aid>& there);

/// What is known to be there before the card is asked.
std::vector<model::held_aid> known_aids(const work& w);
std::vector<model::held_aid> held_by_others(const std::set<std::string>& aids);

model::card_content content_of(const model::deployment_target& target);

/// Which imports of the load file may be those that the card has not (field lesson 10): all that every Java Card has,
/// and what this Service has brought, is left out. Of what other Services have brought nobody hears here. Whether a
/// card has a package that is part of it only the card knows: it lists none to us.
std::string missing_imports(const work& w, const gp::card_failure& failure);

// -- access rules in our ARA-C

/// They go with INSTALL where no listing has shown the ARA-C. Nothing where there is none to write, or no ARA-C.
std::optional<gp::access_client> client_to_write(const work& w, const std::vector<model::access_rule>& rules);
void note_client(work& w);

} // namespace tsms::process
