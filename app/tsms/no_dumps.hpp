#pragma once

namespace tsms::app {

/// From here on the memory of this process is not written to a core and not shown to other processes of its user
/// (ptrace, /proc/PID/mem): it holds the vault's master key and, for moments, other keys. An exec undoes it, so every
/// program does it first. False if the system refuses (errno).
bool forbid_dumps();

} // namespace tsms::app
