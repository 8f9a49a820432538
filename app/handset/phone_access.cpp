#include "app/handset/phone_access.hpp"

#include <algorithm>

namespace tsms::app {

namespace {

using sdk::transport_cause;
using sdk::transport_error;

constexpr std::uint8_t select_instruction = 0xA4;
constexpr std::uint8_t manage_channel_instruction = 0x70;

bool successful(const bytes& response) {
    return response.size() >= 2 && (response[response.size() - 2] == 0x90 || response[response.size() - 2] == 0x62 ||
                                    response[response.size() - 2] == 0x63);
}

class phone_component final : public sdk::secure_component {
public:
    phone_component(std::unique_ptr<sdk::secure_component> card, phone_rules rules)
        : card_(std::move(card)), rules_(std::move(rules)) {}

    std::string reader() const override { return card_->reader(); }
    std::string se_type() const override { return card_->se_type(); }
    bytes atr() const override { return card_->atr(); }
    void open() override { card_->open(); }
    void close() noexcept override {
        channel_ = 0;
        card_->close();
    }

private:
    bytes exchange(bytes_view c_apdu) override {
        const auto ins = c_apdu[1];
        if (ins == select_instruction && c_apdu[2] == 0x04)
            return open_channel(c_apdu);
        if (ins == select_instruction || ins == manage_channel_instruction)
            throw transport_error(transport_cause::access_denied, "the phone does not let apps send this command");
        if (channel_ == 0)
            throw transport_error(transport_cause::no_channel, "no application has been selected");
        return card_->transmit(on_channel(c_apdu));
    }

    /// GPD_SPE_075 openLogicalChannel: the channel opened last is closed first, so that a session uses one at a time.
    bytes open_channel(bytes_view select) {
        const auto length = select.size() > 4 ? std::size_t{select[4]} : 0;
        const auto aid = select.size() >= 5 + length ? select.subspan(5, length) : bytes_view();
        if (std::ranges::any_of(rules_.denied, [&](const bytes& denied) { return std::ranges::equal(denied, aid); }) ||
            (aid.empty() && !rules_.denied.empty()))
            throw transport_error(transport_cause::access_denied, "app not authorized to access SC");
        close_channel();
        const auto opened = card_->transmit(hex("0070000001"));
        if (opened.size() != 3 || !successful(opened))
            throw transport_error(transport_cause::no_channel, "the card gives no logical channel");
        channel_ = opened[0];
        auto answer = card_->transmit(on_channel(select));
        if (!successful(answer)) {
            close_channel();
            throw transport_error(transport_cause::unavailable, "no such application"); // hazard 3
        }
        return rules_.fci ? answer : bytes{};
    }

    void close_channel() {
        if (channel_ != 0)
            card_->transmit(bytes{0x00, manage_channel_instruction, 0x80, channel_});
        channel_ = 0;
    }

    /// The channel's number in CLA (ISO/IEC 7816-4 5.4.1); the app computed its C-MAC as on channel 0.
    bytes on_channel(bytes_view c_apdu) const {
        auto command = to_bytes(c_apdu);
        if (channel_ < 4)
            command[0] = static_cast<std::uint8_t>((command[0] & 0xFC) | channel_);
        else
            command[0] = static_cast<std::uint8_t>((command[0] & 0x80) | 0x40 | ((command[0] & 0x0C) ? 0x20 : 0) |
                                                   (channel_ - 4));
        return command;
    }

    std::unique_ptr<sdk::secure_component> card_;
    phone_rules rules_;
    std::uint8_t channel_ = 0; ///< open, 0: none
};

} // namespace

std::unique_ptr<sdk::secure_component> behind_phone(std::unique_ptr<sdk::secure_component> card, phone_rules rules) {
    return std::make_unique<phone_component>(std::move(card), std::move(rules));
}

} // namespace tsms::app
