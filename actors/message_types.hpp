#pragma once
// What may travel in messages: every plain struct of the namespaces below, and every effect, which names its result.
// Messages never leave the program, so CAF needs no way to write them.

#include <caf/allowed_unsafe_message_type.hpp>
#include <concepts>
#include <type_traits>

namespace tsms::actors {
std::true_type may_travel(const auto&);
}
namespace tsms::calls {
std::true_type may_travel(const auto&);
}
namespace tsms::process {
std::true_type may_travel(const auto&);
}

namespace tsms {

/// may_travel is found by the namespace of its argument only: there is none in this one.
template <class T>
concept message_type = (std::is_aggregate_v<T> || requires { typename T::result; }) && requires(const T& value) {
    { may_travel(value) } -> std::same_as<std::true_type>;
};

} // namespace tsms

namespace caf {
template <tsms::message_type T> struct allowed_unsafe_message_type<T> : std::true_type {};
} // namespace caf
