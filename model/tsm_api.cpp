#include "model/tsm_api.hpp"

namespace tsms::model {

function_kind kind_of(const tsm_api_function& function) {
    return std::visit(
        []<class Function>(const Function& f) -> function_kind {
            if constexpr (runs_process<Function>)
                return life_cycle_function(f);
            else
                return enquiry_function(f);
        },
        function);
}

tsm_api_result result_of(const life_cycle_result& result) {
    return std::visit([](const auto& r) -> tsm_api_result { return r; }, result);
}

tsm_api_result refusal_of(const tsm_api_function& function, const execution& why, const std::string& now) {
    return std::visit(
        [&]<class Function>(const Function& f) -> tsm_api_result {
            typename Function::result result{};
            if constexpr (runs_process<Function>)
                result.process = {{}, why, now, now};
            else
                result.outcome = why;
            if constexpr (requires { result.commands; })
                result.commands.resize(f.commands.size());
            return result;
        },
        function);
}

const execution& outcome_of(const tsm_api_result& result) {
    return std::visit(
        []<class Result>(const Result& r) -> const execution& {
            if constexpr (requires { r.process; })
                return r.process.outcome;
            else
                return r.outcome;
        },
        result);
}

} // namespace tsms::model
