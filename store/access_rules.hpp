#pragma once
// What every implementation of store::access holds to. Only for store/.

#include "store/access.hpp"

#include <deque>
#include <map>
#include <mutex>

namespace tsms::store {

/// Throws store::error for what is no name of a service provider.
void check_provider_name(const std::string& name);
error provider_name_taken(const std::string& name);

/// A new token: 256 random bits.
std::string new_token(crypto::random_source& random);
/// All that is kept of a token.
std::string token_hash(const std::string& token);

/// Times of tokens are milliseconds since 1970, to compare them.
std::int64_t milliseconds(wall_time t);
/// ISO 8601
std::string iso_time(std::int64_t milliseconds);

struct noted_refusal {
    std::int64_t at = 0; ///< milliseconds since 1970
    refused_upload what;
};

/// Refusals that nobody has written yet. Thread-safe.
class refusal_notes {
public:
    using lists = std::map<std::string, std::deque<noted_refusal>>; ///< by provider, oldest first

    /// Cuts its name and reason; the oldest one of the provider makes room.
    void add(const std::string& provider, refused_upload refusal, wall_time now);
    /// All since the last time.
    lists take();

private:
    std::mutex mutex_; ///< never waits for a database
    lists noted_;
};

} // namespace tsms::store
