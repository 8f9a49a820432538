#pragma once
// What service providers sent to the REST API and were refused for (DIV-067).

#include "base/time.hpp"

#include <string>
#include <vector>

namespace tsms::store {

struct refused_upload {
    std::string at;     ///< ISO 8601
    std::string kind;   ///< the TR's name of the entity
    std::string name;   ///< as the provider calls it: of the file, or an attribute; may be empty
    int category = 0;   ///< errorCategory of TR 4.1.5.2
    std::string reason; ///< for people, without control characters
};

/// Refusals that are kept of each provider; the oldest ones make room.
inline constexpr int refusals_kept = 100;

class refusal_list {
public:
    virtual ~refusal_list() = default;

    /// Costs no commit: it is kept in memory, up to refusals_kept of a provider, until write_refusals(). Its name and
    /// reason are cut after 255 and 2000 octets.
    virtual void note_refusal(const std::string& provider, refused_upload refusal, wall_time now) = 0;
    /// Writes what was noted since the last time, in one transaction. What cannot be written is forgotten, and all of
    /// it if one is of a provider that is not there.
    virtual void write_refusals() = 0;
    /// Those that were written, newest first.
    virtual std::vector<refused_upload> refusals(const std::string& provider) const = 0;
};

} // namespace tsms::store
