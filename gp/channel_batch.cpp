#include "gp/channel_batch.hpp"

#include "gp/card_data.hpp"
#include "gp/commands.hpp"

namespace tsms::gp {

channel_batch::channel_batch(channel_ptr channel) : secured_batch(*channel), channel_(std::move(channel)) {
    if (channel_->authenticated())
        return;
    add_plain(step::external_authenticate, channel_->external_authenticate(), tolerance::success);
    cplc_ = add(step::get_data, get_data(0x9F7F), tolerance::any);
}

std::vector<response_apdu> channel_batch::accept(const batch_answer& answer) {
    auto answers = secured_batch::accept(answer);
    if (!cplc_ || channel_->cplc.empty() || answers[*cplc_].sw != 0x9000)
        return answers;
    if (parse_cplc(answers[*cplc_].data) != channel_->cplc)
        throw card_failure(card_failure::kind::authentication, step::get_data, 9,
                           "the authenticated secure component is another one than the instance's", *cplc_);
    return answers;
}

} // namespace tsms::gp
