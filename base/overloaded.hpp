#pragma once
// One lambda for each alternative of a closed set: a visitor that does not compile when an alternative is added.

namespace tsms {

template <class... Cases> struct overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases> overloaded(Cases...) -> overloaded<Cases...>;

} // namespace tsms
