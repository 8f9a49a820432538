#pragma once
// What PersonalizeServiceCommand means (TR 4.2.3.4; docs/personalization.md): the scripts of the applications with
// their values, the ways on which they go to the card, and what the app is told of them.

#include "gp/procedures/service.hpp"
#include "process/deployment.hpp"

namespace tsms::process {

/// A command of a script with its values.
struct personal_command {
    std::string tag;
    gp::command_apdu command; ///< as the provider has written it; its data plain
    std::vector<std::uint16_t> expect;
    bool encrypt = false;
};

struct application_personalization {
    std::string aid;
    std::vector<personal_command> stored;   ///< through the channel of the application's domain
    std::vector<personal_command> selected; ///< to the selected application, behind those of all applications
};
using personalization = std::vector<application_personalization>; ///< in order of instantiation

/// Is an activation done by the time that the personalization has its turn?
bool activates_before(const std::vector<command_request>& commands);

/// The scripts of these applications. `activated`: those that are to be selectable are so by then. `below_own_domain`:
/// they go through the domain of the Service, and not through the TSM's, whose keys encrypt nothing of a provider.
/// `longest`: octets of data that fit STORE DATA. Throws model::script_error, which names application and command: a
/// value that is missing, or makes data too long or meaningful for a security domain; a way that is closed.
personalization fill_scripts(const std::vector<model::target_application>& applications,
                             const std::map<std::string, std::string>& sp_parameters,
                             const std::map<std::string, std::string>& data, bool activated, bool below_own_domain,
                             std::size_t longest);

/// Those that a call runs of these applications, for the channel that is open; none without a command Personalize. Ends
/// the process where they cannot be filled in.
personalization scripts_to_run(const work& w, const deployment& d,
                               const std::vector<model::target_application>& applications, bool below_own_domain);

/// Ends the process where one of these cannot be executed whatever its values are: what is not supported yet.
void require_executable(const std::vector<model::target_application>& applications);

/// Ends the process where a script selects an application that the same order locks.
void require_usable(const personalization& scripts, bool locks);

/// What goes through a channel to the domain that has these keys; applications without such commands are left out.
process<std::vector<gp::application_script>> stored_scripts(const personalization* scripts, model::key_set keys);
/// Applications that are to be selected for their script.
std::vector<bytes> to_select(const personalization& scripts);

/// What the app is told of a stored part: `sent` as it left, before secure messaging.
void note_answers(work& w, const personalization& scripts, const std::vector<gp::application_script>& sent,
                  const gp::script_answers& answers);

/// Ends the process where an application that has to be selected could not be.
void require_selected(const personalization& scripts, const std::set<bytes>& selected);

/// The part for selected applications, in an order of its own, if there is one. `selected`: those that could be
/// selected in the order before.
process<void> run_selected(work* w, const personalization* scripts, std::set<bytes> selected);

/// Of a process that has succeeded: the row notes whose scripts have run, and the app is told.
void note_personalized(const work& w, std::vector<model::target_application>& applications);
void tell_personalized(process_outcome& outcome, work& w, const deployment& d);

/// Applications that are below the Service's own domain by now: through a channel to that. `offer`: its answer to the
/// last of the questions that were asked.
process<void> personalize_below_domain(work* w, const personalization* scripts, gp::plain_questions asked,
                                       gp::shown_contents shown);

} // namespace tsms::process
