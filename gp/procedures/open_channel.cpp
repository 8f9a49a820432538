#include "gp/procedures/open_channel.hpp"

#include "gp/card_data.hpp"
#include "gp/commands.hpp"
#include "gp/status_words.hpp"

#include <algorithm>

namespace tsms::gp {

channel_request::channel_request(secured_batch& orders, bytes_view domain_aid, std::uint8_t key_version,
                                 bytes_view host_challenge)
    : select_(orders.add_plain(step::select, select(domain_aid), secured_batch::tolerance::any)),
      initialize_update_(orders.add_plain(step::initialize_update, initialize_update(key_version, host_challenge),
                                          secured_batch::tolerance::any)) {}

channel_request::finding channel_request::found(const std::vector<response_apdu>& answers) const {
    if (!is_success_or_warning(answers[select_].sw))
        return finding::no_domain;
    if (answers[initialize_update_].sw == wrong_length)
        return finding::other_length;
    return answers[initialize_update_].sw == 0x9000 ? finding::answered : finding::refused;
}

initialize_update_response channel_request::offer(const std::vector<response_apdu>& answers) const {
    try {
        return parse_initialize_update(answers[initialize_update_].data, missing_counter::taken_as_random);
    } catch (const scp03_error& error) {
        throw channel_failure(step::initialize_update, error, initialize_update_);
    }
}

std::string channel_request::refusal(const std::vector<response_apdu>& answers) const {
    return status_failure(step::initialize_update, answers[initialize_update_].sw).details();
}

std::size_t channel_request::short_field(const std::vector<response_apdu>& answers) const {
    return std::min(longest_data(answers).value_or(short_data_field), short_data_field);
}

std::optional<std::size_t> channel_request::longest_data(const std::vector<response_apdu>& answers) const {
    return parse_fci(answers[select_].data).longest_data;
}

} // namespace tsms::gp
