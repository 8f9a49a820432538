#include "store/access_rules.hpp"

#include "base/utf8.hpp"
#include "crypto/digest.hpp"

#include <utility>

namespace tsms::store {

void check_provider_name(const std::string& name) {
    if (name.empty() || name.size() > 255)
        throw error("the name of a service provider has 1 to 255 octets");
    if (text::quotable(name) != name) // it is told in JSON and on terminals
        throw error("the name of a service provider is UTF-8 without control characters");
}

error provider_name_taken(const std::string& name) {
    return error("there is a service provider named '" + name +
                 "' already; choose another name, or use `tsms provider token`");
}

std::string new_token(crypto::random_source& random) {
    return to_hex(random.take(32));
}

std::string token_hash(const std::string& token) {
    return to_hex(crypto::sha256(as_bytes(token)));
}

std::int64_t milliseconds(wall_time t) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}

std::string iso_time(std::int64_t milliseconds) {
    return iso8601(wall_time(std::chrono::milliseconds(milliseconds)));
}

void refusal_notes::add(const std::string& provider, refused_upload refusal, wall_time now) {
    refusal.name = text::shortened(refusal.name, 255);
    refusal.reason = text::shortened(refusal.reason, 2000);
    const std::lock_guard lock(mutex_);
    auto& list = noted_[provider];
    list.push_back({milliseconds(now), std::move(refusal)});
    if (list.size() > refusals_kept)
        list.pop_front();
}

refusal_notes::lists refusal_notes::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(noted_, {});
}

} // namespace tsms::store
