#pragma once
// Whom an access token of a service provider's own speaks for (AMB-146, DIV-120).

#include "http/wire/access_token.hpp"

#include <functional>
#include <variant>

namespace tsms::http {

/// The keys of this issuer. Called from several threads.
using token_keys_of = std::function<std::vector<wire::token_key>(const std::string& issuer)>;

struct token_refused {
    std::string why; ///< fit for the sender
};

/// The id of the service provider. What is not signed by a key of its issuer is told nothing more than that.
std::variant<std::string, token_refused> provider_of(std::string_view token, std::string_view caller_id,
                                                     const token_keys_of& keys, wall_time now);

} // namespace tsms::http
