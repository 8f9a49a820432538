#include "crypto/vault.hpp"

namespace tsms::crypto {

session_material prepare_session(key_vault& vault, const wrapped_keys& keys, bytes_view host_challenge,
                                 bytes_view card_challenge, bytes_view sequence_counter, bytes_view domain_aid) {
    session_material out{vault.derive_session(keys, host_challenge, card_challenge), {}};
    if (!sequence_counter.empty())
        out.expected_challenge = vault.card_challenge(keys, sequence_counter, domain_aid, card_challenge.size());
    return out;
}

} // namespace tsms::crypto
