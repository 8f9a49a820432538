#include "app/handset/sim_transport.hpp"

#include "lab/card/card.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"

namespace tsms::app {

namespace {

const lab::personality& personality_named(const std::string& name) {
    if (const auto* found = lab::find_personality(name.empty() ? lab::default_personality : std::string_view(name)))
        return *found;
    std::string names;
    for (const auto& p : lab::personalities())
        names += (names.empty() ? "" : ", ") + std::string(p.name);
    throw std::runtime_error("no simulated card is called '" + name + "'; there are " + names);
}

class sim_component final : public sdk::secure_component {
public:
    sim_component(const std::filesystem::path& file, const std::string& personality, std::string reader,
                  std::string se_type, const std::string& faults)
        : card_(file, personality_named(personality), crypto::system_random(), faults), reader_(std::move(reader)),
          se_type_(std::move(se_type)), atr_(card_.card().atr()), t0_(card_.card().state().personality->t0) {}

    std::string reader() const override { return reader_; }
    std::string se_type() const override { return se_type_; }
    bytes atr() const override { return atr_; }
    void open() override { card_.card().reset(); }
    void close() noexcept override { card_.card().reset(); }

private:
    bool is_t0() const override { return t0_; }

    bytes exchange(bytes_view c_apdu) override {
        try {
            return card_.transmit(c_apdu);
        } catch (const lab::no_answer& e) {
            throw sdk::transport_error(e.powered() ? sdk::transport_cause::other : sdk::transport_cause::unavailable,
                                       e.what());
        } catch (const std::exception& e) { // its file cannot be written any more
            throw sdk::transport_error(sdk::transport_cause::unavailable, e.what());
        }
    }

    lab::stored_card card_;
    std::string reader_;
    std::string se_type_;
    bytes atr_;
    bool t0_;
};

} // namespace

std::unique_ptr<sdk::secure_component> open_sim(const std::filesystem::path& file, const std::string& personality,
                                                std::string reader, std::string se_type, const std::string& faults) {
    return std::make_unique<sim_component>(file, personality, std::move(reader), std::move(se_type), faults);
}

} // namespace tsms::app
