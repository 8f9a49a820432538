#include "app/handset/phone_access.hpp"

#include "app/handset/access_rules.hpp"
#include "gp/apdu.hpp"
#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::app {

namespace {

using sdk::transport_cause;
using sdk::transport_error;

constexpr std::uint8_t select_instruction = 0xA4;
constexpr std::uint8_t manage_channel_instruction = 0x70;
constexpr const char* ara_m_aid = "A00000015141434C00";
constexpr int most_channels = 20; ///< ISO/IEC 7816-4 5.4.1
constexpr std::size_t most_rule_octets = 64 * 1024;

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
    void open() override {
        if (rules_.nfc_off)
            throw transport_error(transport_cause::nfc_off, "the user has turned it off");
        card_->open();
        refresh_tag_.clear();
        for (int i = 0; rules_.busy && i < most_channels; ++i)
            if (!manage_open())
                break;
    }
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
        if (!access_.permits(c_apdu))
            throw transport_error(transport_cause::access_denied,
                                  "the access rules of the card do not let the app send this command");
        return card_->transmit(on_channel(channel_, c_apdu));
    }

    /// GPD_SPE_075 openLogicalChannel: the channel opened last is closed first, so that a session uses one at a time.
    bytes open_channel(bytes_view select) {
        const auto length = select.size() > 4 ? std::size_t{select[4]} : 0;
        const auto aid = select.size() >= 5 + length ? select.subspan(5, length) : bytes_view();
        close_channel();
        access_ = access_of(aid);
        if (!access_.allowed)
            throw transport_error(transport_cause::access_denied, "app not authorized to access SC");
        const auto opened = manage_open();
        if (!opened)
            throw transport_error(transport_cause::no_channel, "the card gives no logical channel");
        channel_ = *opened;
        auto answer = card_->transmit(on_channel(channel_, select));
        if (!successful(answer)) {
            close_channel();
            throw transport_error(transport_cause::unavailable, "no such application"); // hazard 3
        }
        return rules_.fci ? answer : bytes{};
    }

    access_decision access_of(bytes_view aid) {
        if (std::ranges::any_of(rules_.denied, [&](const bytes& denied) { return std::ranges::equal(denied, aid); }) ||
            (aid.empty() && !rules_.denied.empty()))
            return {};
        if (rules_.app.empty())
            return {true, {}};
        refresh_rules();
        return decide(card_rules_, aid, rules_.app);
    }

    /// GPD_SPE_013 4: the rules are read again where the refresh tag has changed. A card without ARA-M, or one whose
    /// rules cannot be read, lets nobody in.
    void refresh_rules() {
        const auto opened = manage_open();
        if (!opened)
            throw transport_error(transport_cause::no_channel, "the card gives no logical channel to read its rules");
        const auto ask = [&](bytes_view c_apdu) {
            auto answer = card_->transmit(on_channel(*opened, c_apdu));
            const bool good = successful(answer);
            answer.resize(answer.size() < 2 ? 0 : answer.size() - 2);
            return good ? std::optional(std::move(answer)) : std::nullopt;
        };
        if (ask(gp::encode({0x00, select_instruction, 0x04, 0x00, hex(ara_m_aid), gp::le_max_short}))) {
            const auto tag = ask(hex("80CADF2000"));
            if (!tag || *tag != refresh_tag_) {
                auto all = ask(hex("80CAFF4000"));
                while (all && all->size() < most_rule_octets && !gp::parse_tlvs(*all)) {
                    const auto more = ask(hex("80CAFF6000"));
                    if (!more || more->empty())
                        all.reset();
                    else
                        append(*all, *more);
                }
                const auto value = all ? gp::find_path(*all, {0xFF40}) : std::nullopt;
                card_rules_ =
                    (value ? parse_access_rules(*value) : std::nullopt).value_or(std::vector<access_rule_entry>());
                refresh_tag_ = tag.value_or(bytes());
            }
        } else {
            card_rules_.clear();
        }
        manage_close(*opened);
    }

    std::optional<std::uint8_t> manage_open() {
        const auto opened = card_->transmit(bytes{0x00, manage_channel_instruction, 0x00, 0x00, 0x01});
        return opened.size() == 3 && successful(opened) ? std::optional(opened[0]) : std::nullopt;
    }
    void manage_close(std::uint8_t channel) { card_->transmit(bytes{0x00, manage_channel_instruction, 0x80, channel}); }

    void close_channel() {
        if (channel_ != 0)
            manage_close(channel_);
        channel_ = 0;
    }

    /// The channel's number in CLA (ISO/IEC 7816-4 5.4.1); the app computed its C-MAC as on channel 0.
    static bytes on_channel(std::uint8_t channel, bytes_view c_apdu) {
        auto command = to_bytes(c_apdu);
        if (channel < 4)
            command[0] = static_cast<std::uint8_t>((command[0] & 0xFC) | channel);
        else
            command[0] = static_cast<std::uint8_t>((command[0] & 0x80) | 0x40 | ((command[0] & 0x0C) ? 0x20 : 0) |
                                                   (channel - 4));
        return command;
    }

    std::unique_ptr<sdk::secure_component> card_;
    phone_rules rules_;
    std::uint8_t channel_ = 0; ///< open, 0: none
    access_decision access_;   ///< to the application selected on it
    std::vector<access_rule_entry> card_rules_;
    bytes refresh_tag_; ///< of card_rules_, as the card gave it
};

} // namespace

std::unique_ptr<sdk::secure_component> behind_phone(std::unique_ptr<sdk::secure_component> card, phone_rules rules) {
    return std::make_unique<phone_component>(std::move(card), std::move(rules));
}

} // namespace tsms::app
