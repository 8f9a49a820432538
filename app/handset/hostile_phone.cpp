#include "app/handset/hostile_phone.hpp"

namespace tsms::app {

namespace {

class hostile_component final : public sdk::secure_component {
public:
    hostile_component(std::unique_ptr<sdk::secure_component> card, lab::fault_plan tricks)
        : card_(std::move(card)), tricks_(std::move(tricks)) {}

    std::string reader() const override { return card_->reader(); }
    std::string se_type() const override { return card_->se_type(); }
    bytes atr() const override { return card_->atr(); }
    void open() override {
        card_->open();
        open_ = true;
    }
    void close() noexcept override {
        card_->close();
        open_ = false;
    }

private:
    bytes exchange(bytes_view c_apdu) override {
        if (!open_)
            throw sdk::transport_error(sdk::transport_cause::unavailable, "the phone holds no card");
        // A phone cannot make the card refuse: it keeps the command to itself and answers for the card.
        const auto carry = [&](std::optional<std::uint16_t> instead) {
            return instead ? bytes{static_cast<std::uint8_t>(*instead >> 8), static_cast<std::uint8_t>(*instead)}
                           : card_->transmit(c_apdu);
        };
        try {
            return tricks_.play(c_apdu, carry);
        } catch (const lab::no_answer& e) {
            if (!e.powered())
                close();
            throw sdk::transport_error(e.powered() ? sdk::transport_cause::other : sdk::transport_cause::unavailable,
                                       e.what());
        }
    }

    std::unique_ptr<sdk::secure_component> card_;
    lab::fault_plan tricks_;
    bool open_ = false;
};

} // namespace

std::unique_ptr<sdk::secure_component> behind_hostile_phone(std::unique_ptr<sdk::secure_component> card,
                                                            lab::fault_plan tricks) {
    tricks.require_on_the_way();
    return std::make_unique<hostile_component>(std::move(card), std::move(tricks));
}

} // namespace tsms::app
