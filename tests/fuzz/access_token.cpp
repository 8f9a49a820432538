// Access tokens of service providers, before anything of them is verified.

#include "http/wire/access_token.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

void run(input in) {
    const auto text = in.text();
    const auto token = attempt<json::parse_error>([&] { return wire::parse_access_token(text); });
    if (!token)
        return;
    require(wire::looks_like_token(text), "a token is taken for one");
    require(text.starts_with(token->signed_part + "."), "what is signed is the beginning of the token, as it came");
    require(!token->issuer.empty() && !token->algorithm.empty() && !token->signature.empty(),
            "a token says who signed it, and how");
    require(wire::verify(*token, {}) == nullptr, "nothing verifies what no key verifies");
}

} // namespace tsms::fuzz
