#pragma once
// A lab card behind the SDK's code for readers, so that a test speaks to it as a phone does: with T=0 no Le behind
// data, and 6Cxx and 61xx are followed (ISO/IEC 7816-3 12.1.3).

#include "lab/card/card.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"
#include "sdk/transport.hpp"

namespace tsms {

/// The card outlives it. lab::no_answer comes through as it is.
class lab_reader final : public sdk::secure_component {
public:
    explicit lab_reader(lab::card& card) : card_(card) {}

    std::string reader() const override { return "SIM1"; }
    std::string se_type() const override { return "undefined"; }
    bytes atr() const override { return card_.atr(); }
    void open() override { card_.reset(); }
    void close() noexcept override { card_.reset(); }

private:
    bool is_t0() const override { return card_.state().personality->t0; }
    bytes exchange(bytes_view c_apdu) override { return card_.transmit(c_apdu); }

    lab::card& card_;
};

} // namespace tsms
