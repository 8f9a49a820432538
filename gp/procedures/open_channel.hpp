#pragma once
// The first half of an SCP03 channel: SELECT the security domain and INITIALIZE UPDATE. The second half, EXTERNAL
// AUTHENTICATE, travels with the first real work (secure_channel::external_authenticate), which saves an exchange.

#include "gp/secured_batch.hpp"

namespace tsms::gp {

class channel_request {
public:
    /// A version that the domain does not have is answered with 6A88 and costs no attempt. 00 is the first set that
    /// there is: for whoever has one key set for the card, as an issuer.
    channel_request(secured_batch& orders, bytes_view domain_aid, std::uint8_t key_version, bytes_view host_challenge);

    enum class finding {
        answered,  ///< the domain is there and offers a channel
        no_domain, ///< SELECT was refused: a claim of the phone, nothing is concluded from it
        refused, ///< the domain opens no channel with these keys: it has none of this version (6A88), they are blocked
                 ///< (6983), …
        other_length, ///< the domain wants a challenge of its other mode, 8 or 16 octets (field lesson 3)
    };
    finding found(const std::vector<response_apdu>& answers) const;
    /// Of a domain that answered. Throws card_failure if the answer is malformed.
    initialize_update_response offer(const std::vector<response_apdu>& answers) const;

    /// Of a domain that refused: the words of its status word.
    std::string refusal(const std::vector<response_apdu>& answers) const;

    /// Octets of data in a short command to the domain: what its 9F65 tells (field lesson 6), where that makes sense.
    std::size_t short_field(const std::vector<response_apdu>& answers) const;

    /// Tag 9F65 of the domain's answer to SELECT, if it has one.
    std::optional<std::size_t> longest_data(const std::vector<response_apdu>& answers) const;

private:
    std::size_t select_;
    std::size_t initialize_update_;
};

} // namespace tsms::gp
