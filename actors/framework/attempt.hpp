#pragma once
// Exceptions end at the edge of an actor: CAF would end the actor with them.

#include "actors/interfaces.hpp"

#include <caf/make_message.hpp>
#include <caf/result.hpp>
#include <caf/sec.hpp>

namespace tsms::actors {

inline caf::error error_of(const std::string& text) {
    return caf::error(static_cast<std::uint8_t>(caf::sec::runtime_error), caf::atom("system"), caf::make_message(text));
}

/// The text that error_of was given, or CAF's own for a timeout or a receiver that is gone.
inline std::string text_of(const caf::error& e) {
    if (e.context().match_elements<std::string>())
        return e.context().get_as<std::string>(0);
    return "an internal request was not answered in time (" + caf::to_string(e) + ")";
}

using calls::internal_problem;

inline std::string no_issuer(const std::string& name) {
    return name.empty() ? "no issuer is known to own this secure component (tsms issuer add, tsms card assign)"
                        : "no issuer ‘" + name + "’ is configured (tsms issuer add)";
}

/// What a process is told of it.
inline process::failed failed_by(const port_error& e) {
    return {e.category(), e.for_app(), false, e.retry_can_help()};
}

/// The answer of an effect: what `work` returns, or why it could not be had, for the operator.
template <class F> answered attempt_effect(model::error_category category, F work) {
    try {
        return answered{process::answer_variant(work())};
    } catch (const std::exception& e) {
        return answered{process::failed{category, e.what(), false}};
    }
}

template <class F> auto attempt(F work) -> caf::result<decltype(work())> {
    try {
        return work();
    } catch (const std::exception& e) {
        return error_of(e.what());
    }
}

/// Deadlines, inner before outer (DESIGN section 5).
inline constexpr std::chrono::seconds store_deadline{2};
inline constexpr std::chrono::seconds key_deadline{5};
inline constexpr std::chrono::seconds catalog_deadline{5};
inline constexpr std::chrono::seconds actor_deadline{10};
inline constexpr std::chrono::seconds write_deadline{
    9}; ///< of the store for a write, before its sender gives up after actor_deadline

} // namespace tsms::actors
