#pragma once

namespace tsms::app {

/// What a crowd of phones or a large body took shall go back to the system when it is gone, whichever thread had it.
/// Left alone, the C library has an arena for every eight threads of each core, each keeps what it once needed, and the
/// largest block that was ever freed counts as usual. Call it before any thread exists.
void give_memory_back();

/// Gives back what is free in the middle of the heap, if that is much and something has changed since the last call.
/// For one thread, every few seconds.
void give_idle_memory_back();

} // namespace tsms::app
