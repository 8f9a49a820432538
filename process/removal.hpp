#pragma once
// Steps that several processes share: deleting what is there, and ending a process.

#include "process/work.hpp"

namespace tsms::process {

/// What the card holds, told under R-MAC through the open channel. `applications`: as many as may be there; more cost
/// an exchange.
process<gp::card_contents> look(work* w, std::size_t applications);

/// What of a Service the card lists, and may be deleted; each in order of deletion.
struct own_contents {
    std::vector<bytes> instances;
    std::vector<bytes> load_files;
    std::vector<bytes> doubtful_load_files; ///< as in gp::service_removal
    std::optional<bytes> domain;
};
own_contents find_contents(const work& w, const model::deployment_target& target, const gp::card_contents& found);

/// Has the row seen our ARA-C? One of a domain that its issuer has just found again has not: only a listing tells then
/// whether rules are there that have to go.
bool knows_client(const work& w);
/// Is our ARA-C among it?
bool lists_client(const work& w, const model::card_parameters& parameters, const gp::card_contents& found);

/// Deletes what is this Service's: its instances, load files and security domain, but nothing that is associated with
/// another domain than the Service's or the TSM's own, is of another load file, or is no domain where the Service's
/// should be (AMB-125, AMB-229). `seen` is a listing of the card that is still true: nothing on the card was changed
/// after it. Without one the card is asked. With `last_service` the TSM's own store of access rules (ARA-C) goes too: a
/// domain with contents cannot be deleted.
process<gp::card_contents> remove_what_is_there(work* w, std::optional<gp::card_contents> seen,
                                                bool last_service = false);

/// The same for another Service than the process's own, of which only the target is left. It outlives the process that
/// this returns. Returns what is there then: `found`, or a new listing where anything was to be removed.
process<gp::card_contents> remove_target(work* w, const model::deployment_target* target, gp::card_contents found,
                                         bool last_service);

/// How a process ends; whoever plays it stores the outcome together with the result. `w.instance.state` is the new
/// state where it succeeded. Where it failed: the state of TR 3.2.2 (InError only if a component of the Service has
/// changed, AMB-100, AMB-101), and strikes of an authentication that was answered with failure.
process_outcome close_process(work& w, const std::optional<ending>& failed, model::instance_state from);

} // namespace tsms::process
