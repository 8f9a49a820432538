#pragma once
// Batches through the TSM's own channel. The first one begins with EXTERNAL AUTHENTICATE and asks the card for its CPLC
// under R-MAC: what the phone said of it before was a claim (AMB-226; gp/procedures, hazard 17).

#include "gp/secured_batch.hpp"

#include <memory>

namespace tsms::gp {

/// A channel to the TSM's own domain, and the card that it must be on.
struct tsm_channel : secure_channel {
    tsm_channel(secure_channel opened, bytes expected_cplc)
        : secure_channel(std::move(opened)), cplc(std::move(expected_cplc)) {}

    bytes cplc; ///< 42 octets; empty where the card is not known by its CPLC
};
using channel_ptr = std::shared_ptr<tsm_channel>;

class channel_batch : public secured_batch {
public:
    /// Shares the channel.
    explicit channel_batch(channel_ptr channel);

    /// As secured_batch, and throws card_failure if the card is another one than the channel's. A domain that does not
    /// answer for the CPLC leaves the proof to its keys.
    std::vector<response_apdu> accept(const batch_answer& answer);

private:
    channel_ptr channel_;
    std::optional<std::size_t> cplc_; ///< its answer; nothing in later batches of a channel
};

} // namespace tsms::gp
