#include "http/device/provider_token.hpp"

namespace tsms::http {

std::variant<std::string, token_refused> provider_of(std::string_view token, std::string_view caller_id,
                                                     const token_keys_of& keys, wall_time now) {
    std::optional<wire::access_token> read;
    try {
        read = wire::parse_access_token(token);
    } catch (const json::parse_error& e) {
        return token_refused{e.what()};
    }
    const auto known = keys ? keys(read->issuer) : std::vector<wire::token_key>();
    const auto* key = wire::verify(*read, known);
    if (!key)
        return token_refused{"no key that its service provider has given to this TSM verifies it"};
    if (auto why = wire::refuse(*read, *key, caller_id, now))
        return token_refused{*std::move(why)};
    return key->provider;
}

} // namespace tsms::http
