#pragma once
// What the conductor has to know of a TSM-API function that runs a process (TR 4.2.5.3 to 4.2.5.6): may it begin, what
// does it request, what does it do, what does it return. Each function is one specialisation of `conduct` in a file of
// its own; a function without one does not compile.

#include "model/tsm_api.hpp"
#include "process/processes.hpp"

namespace tsms::process {

/// What the catalog says of the Version that a function asks for.
struct wanted_version {
    bool exists = false; ///< of the instance's Service
    /// Its effective configuration for the profile of the instance's card; nothing where it has no published Flavor.
    std::optional<model::deployment_target> target;
};

/// What the decision to begin rests on.
struct beginning {
    const model::service_instance& instance;
    bool version_exists = false; ///< in the catalog, of the instance's target
    bool flavor_exists = false;  ///< likewise
    wanted_version wanted = {};  ///< of the function's version()

    /// TR 3.2.3: its Flavor has been deleted.
    bool orphaned() const { return !flavor_exists && instance.state != model::instance_state::not_deployed; }
};

/// A specialisation has these static members:
///   std::optional<model::refusal> refuse(const Function&, const beginning&);       nothing if it may begin (TR 3.2.2)
///   std::vector<model::operation> requested(const Function&);                      requestedOperations (AMB-120)
///   std::string version(const Function&);                                          tag that it asks for; empty: none
///   bool installs(const Function&);                                                has the issuer create a domain
///   process<process_outcome> run(const Function&, process_request);
///   Function::result result(const process_outcome&, const model::process_info&);   of a process that has ended
template <class Function> struct conduct;

std::optional<model::refusal> refuse(const model::life_cycle_function& what, const beginning& begins);
std::vector<model::operation> requested(const model::life_cycle_function& what);
std::string version(const model::life_cycle_function& what);
bool installs(const model::life_cycle_function& what);
process<process_outcome> run(const model::life_cycle_function& what, process_request request);
model::life_cycle_result result_of(const model::life_cycle_function& what, const process_outcome& end,
                                   const model::process_info& info);

/// The outcome of a process that broke, by an exception that no process may throw: nobody knows what is on the card.
process_outcome broken(const model::life_cycle_function& what, const model::service_instance& instance,
                       const model::secure_component& card, model::instance_state start_state);

/// The outcome of a process with which nobody goes on: it ends with 6 (AMB-101). `instance`: its row from now on.
process_outcome interrupted(const model::life_cycle_function& what, model::service_instance instance,
                            model::secure_component card);

/// What the function returns when it is refused on an instance that the caller may know of (AMB-130). `instance`: its
/// row.
model::tsm_api_result refusal_of(const model::life_cycle_function& what, const model::service_instance& instance,
                                 const model::execution& why, const std::string& now);

} // namespace tsms::process
