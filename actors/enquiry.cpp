// The functions that look at the handset's cards and change nothing on them: what they do stands in
// process/calls/enquiries/. One actor a call; it goes by itself.

#include "actors/framework/call_interpreter.hpp"
#include "process/calls/enquiry_call.hpp"

#include <caf/all.hpp>

namespace tsms::actors {

namespace {

class enquiry final : public conductor_actor::base {
public:
    enquiry(caf::actor_config& config, std::shared_ptr<const environment> around)
        : conductor_actor::base(config), interpreter_(*this, std::move(around), [this] { quit(); }) {}

    const char* name() const override { return "enquiry"; }

    behavior_type make_behavior() override {
        return {
            [this](const begin_call& b) -> caf::result<call_begun> {
                auto promise = make_response_promise<call_begun>();
                interpreter_.start(b, promise, calls::conduct_enquiry(request_of(b)));
                return promise;
            },
            [](const tick&) {},
            [](const ask_idle&) { return false; },
        };
    }

    void on_exit() override { interpreter_.stop(); }

private:
    call_interpreter<enquiry> interpreter_;
};

} // namespace

conductor_actor spawn_enquiry(caf::actor_system& system, std::shared_ptr<const environment> around) {
    return system.spawn<enquiry>(std::move(around));
}

} // namespace tsms::actors
