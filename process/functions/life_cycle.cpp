#include "process/functions/life_cycle.hpp"

#include "model/instance_view.hpp"
#include "model/life_cycle.hpp"
#include "process/functions/deploy_service.hpp"
#include "process/functions/suspend_or_resume_service.hpp"
#include "process/functions/terminate_service.hpp"
#include "process/functions/update_service.hpp"

namespace tsms::process {

std::optional<model::refusal> refuse(const model::life_cycle_function& what, const beginning& begins) {
    return std::visit([&]<class F>(const F& f) { return conduct<F>::refuse(f, begins); }, what);
}

std::vector<model::operation> requested(const model::life_cycle_function& what) {
    return std::visit([]<class F>(const F& f) { return conduct<F>::requested(f); }, what);
}

std::string version(const model::life_cycle_function& what) {
    return std::visit([]<class F>(const F& f) { return conduct<F>::version(f); }, what);
}

bool installs(const model::life_cycle_function& what) {
    return std::visit([]<class F>(const F& f) { return conduct<F>::installs(f); }, what);
}

process<process_outcome> run(const model::life_cycle_function& what, process_request request) {
    return std::visit([&]<class F>(const F& f) { return conduct<F>::run(f, std::move(request)); }, what);
}

model::life_cycle_result result_of(const model::life_cycle_function& what, const process_outcome& end,
                                   const model::process_info& info) {
    return std::visit([&]<class F>(const F&) -> model::life_cycle_result { return conduct<F>::result(end, info); },
                      what);
}

namespace {

std::vector<model::command_status> nothing_executed(const model::life_cycle_function& what) {
    return std::visit(
        [](const auto& f) {
            std::vector<model::command_status> none;
            if constexpr (requires { f.commands; })
                none.assign(f.commands.size(), model::command_status::not_executed);
            return none;
        },
        what);
}

} // namespace

process_outcome broken(const model::life_cycle_function& what, const model::service_instance& instance,
                       const model::secure_component& card, model::instance_state start_state) {
    process_outcome end;
    end.status = model::error_category::internal_error;
    end.details = "the process broke; the operator's log has the cause";
    end.instance = instance;
    end.card = card;
    end.card.doubt = true;
    model::fail(end.instance, start_state, requested(what).back());
    end.commands = nothing_executed(what);
    return end;
}

process_outcome interrupted(const model::life_cycle_function& what, model::service_instance instance,
                            model::secure_component card) {
    process_outcome end;
    end.status = model::error_category::execution_interrupted;
    end.details = "the TSM was restarted";
    end.instance = std::move(instance);
    end.card = std::move(card);
    end.commands = nothing_executed(what);
    return end;
}

model::tsm_api_result refusal_of(const model::life_cycle_function& what, const model::service_instance& instance,
                                 const model::execution& why, const std::string& now) {
    return std::visit(
        [&]<class F>(const F& f) {
            auto refusal = model::refusal_of(f, why, now);
            auto& result = std::get<typename F::result>(refusal);
            if constexpr (requires { result.state; }) {
                result.state = instance.id.empty() ? model::instance_state::unknown : instance.state;
                result.reader = instance.reader;
            }
            return refusal;
        },
        what);
}

} // namespace tsms::process
