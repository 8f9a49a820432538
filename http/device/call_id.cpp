#include "http/device/call_id.hpp"

#include "crypto/digest.hpp"
#include "crypto/hmac.hpp"

namespace tsms::http {

namespace {

bytes digest_of(std::string_view purpose, bytes_view call_id) {
    bytes data(purpose.begin(), purpose.end());
    append(data, call_id);
    return crypto::sha256(data);
}

} // namespace

bytes hash_of_call_id(const std::string& call_id) {
    return digest_of("tsms call", from_hex(call_id).value());
}

actors::call_id identify(const wire::tsm_api_call& call, model::dialect dialect) {
    const auto id = from_hex(call.call_id).value();
    // As it was understood, so that neither spaces nor the order of members make another call of it. Keyed, because
    // what an app asks may be guessed.
    auto asked = std::string(wire::function_name(call.function)) +
                 json::dump(wire::to_json(wire::tsm_api_call{call.function, call.phone}));
    if (dialect != model::dialect::v1_0) // whose digests are as they were before there was another one
        asked.insert(0, wire::base_path(dialect));
    return {hash_of_call_id(call.call_id), crypto::hmac_sha256(crypto::secret(id), as_bytes(asked)),
            to_hex(digest_of("tsms session", id))};
}

} // namespace tsms::http
