#pragma once
// Processes that the last run of the program left without an end.

#include "actors/backend.hpp"
#include "base/log_event.hpp"
#include "base/time.hpp"

namespace tsms::actors {

/// Ends each of them with 6 (AMB-101): the state before the process where no component of the Service can have changed,
/// else IN_ERROR, and the card is in doubt where an intent has no outcome. The SPOS is told.
/// Two things only a damaged database has. A process of which a row is missing or cannot be read ends with 6 too, its
/// card is in doubt, and no SPOS can be told. A row that names a process which does not run is freed, and its card is
/// in doubt. Returns how many there were.
std::size_t resolve_interrupted(store::device_store& db, const store::deployments& catalog, const spos_port& spos,
                                const log_sink& log, const time_source& time);

} // namespace tsms::actors
