#pragma once
// The life-cycle processes (TR 3.2.1): what each is asked and how it ends. All of them are re-entered, never resumed:
// they look at what is on the card (or know it from the last commit) and do what is missing.

#include "model/life_cycle.hpp"
#include "model/results.hpp"
#include "process/effect.hpp"

#include <set>

namespace tsms::process {

using model::command_request;

struct process_request {
    std::string process_id;
    std::string caller_id;
    std::string reader;                                 ///< where the card was found
    std::string se_type;                                ///< SERAM seType, for the issuer
    model::service_instance instance;                   ///< as stored; `target` is the snapshot to deploy
    std::optional<model::deployment_target> new_target; ///< of the Version that an update asks for
    model::secure_component card;                       ///< as stored
    std::optional<model::refusal>
        hindrance; ///< why the card cannot be used: the process announces itself and ends with it (AMB-131)
    /// AIDs (hex) of load files and application instances that other Services of ours have on this card. An order is
    /// speculative, so a conflict must be known before it leaves: the extradition at its end would move their objects
    /// (AMB-125).
    std::set<std::string> aids_of_others;
    /// The same of other rows that are known under this card's name. They say nothing of it, and nobody hears of them,
    /// before it has been proven to be the one (AMB-239).
    std::set<std::string> aids_behind_proof;
    /// There are such rows: what they say is on the card may be there, so an installation looks first.
    bool look_first = false;
    /// What lost Service Instances left on this card, to be removed before the process's own work (AMB-227).
    std::vector<model::deployment_target> tombstones;
    /// It was announced in a former life of the server, and the phone has taken that (DIV-108).
    bool start_acknowledged = false;
    /// Names the life of the server that has entered it again; empty in the one that has begun it.
    std::string life;
    bool last_service_on_card = false;       ///< terminate: no other instance of ours is on the card
    bool remove_tsm_domain_when_last = true; ///< operator's policy (AMB-121, AMB-227)
};

struct process_outcome {
    model::error_category status = model::error_category::none;
    std::string details;                         ///< of the failure, without the category's prefix
    bool retry_can_help = false;                 ///< for the operator's log: the same process started again may succeed
    std::string for_operator;                    ///< for the operator's log alone: more of the cause, and the remedy
    std::vector<model::command_status> commands; ///< one for each requested command (AMB-149)
    std::optional<std::size_t> personalize_at;   ///< index of the command Personalize, where it has succeeded
    std::vector<model::personalization_result> personalized; ///< what its scripts have sent, and were answered
    model::service_instance instance;                        ///< to be stored together with the result
    model::secure_component card;                            ///< likewise
    bool tombstones_gone = false; ///< what the request's tombstones name is not on the card any more
    bool card_proven = false;     ///< by the card cryptogram of our own domain
    bool instance_gone = false;   ///< terminated: the id is invalid from now on (AMB-121)
};

/// Why the installationData does not fit the configured install parameters: category 4, before a process begins
/// (AMB-131, AMB-147).
std::optional<std::string> refuse_parameters(const model::deployment_target& target,
                                             const std::vector<command_request>& commands);

/// The same of personalization scripts: a value that is missing, or does not fit (AMB-147, AMB-242). `executed`: of the
/// deployment that the commands go on with.
std::optional<std::string> refuse_scripts(const model::deployment_target& target,
                                          const std::vector<command_request>& commands,
                                          const std::vector<model::service_command>& executed);

/// TR 4.2.5.3. The caller has checked the state and the combination (model/life_cycle.hpp).
process<process_outcome> deploy(process_request request, std::vector<command_request> commands, bool finalize);

/// TR 4.2.5.4, to the request's `new_target`. The caller has checked as for a deploy.
process<process_outcome> update(process_request request, std::vector<command_request> commands, bool finalize);

/// TR 4.2.5.5
process<process_outcome> suspend_or_resume(process_request request, bool suspend);

/// TR 4.2.5.6
process<process_outcome> terminate(process_request request);

} // namespace tsms::process
