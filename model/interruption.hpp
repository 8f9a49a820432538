#pragma once

namespace tsms::model {

/// Why nobody goes on with a process that has no end.
enum class interruption {
    restart,     ///< its server was started again
    server_gone, ///< its server has not used its lease for too long
    begun_anew,  ///< its app has, with another call (DIV-113)
    abandoned,   ///< who has begun it does not know of it, an operator has broken its lease, or no server can have it
};

} // namespace tsms::model
