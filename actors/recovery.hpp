#pragma once
// Processes that the last run of the program left without an end.

#include "actors/backend.hpp"
#include "actors/framework/parked_sessions.hpp"
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

/// Takes over the processes of this server's former life whose phones may come back (DIV-108), and finds the results
/// that are still kept. To be called before resolve_interrupted(), which ends the others.
left_behind park(store::device_store& db, const log_sink& log, const time_source& time,
                 std::chrono::seconds results_kept);

/// Ends one that was taken over: nobody has come for it, or its app has begun anew. What became of it; nothing: it had
/// ended.
std::optional<store::ended_process> end_parked(store::device_store& db, const store::deployments& catalog,
                                               const spos_port& spos, const log_sink& log, const time_source& time,
                                               const calls::left_process& left, model::interruption why);

} // namespace tsms::actors
