#pragma once
// What is said of databases that are refused.

#include "store/error.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <string>
#include <sys/resource.h>

namespace tsms::unit {

/// What is said where f is refused; empty if it is not.
template <class F> std::string refusal(F f) {
    try {
        f();
        return {};
    } catch (const store::error& e) {
        return e.what();
    }
}

inline bool says(const std::string& text, std::initializer_list<std::string> parts) {
    for (const auto& part : parts)
        if (text.find(part) == std::string::npos) {
            BOOST_TEST_MESSAGE("'" << part << "' is not in: " << text);
            return false;
        }
    return true;
}

/// No file grows any more, for as long as it lives.
class full_disk {
public:
    full_disk() {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~full_disk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    full_disk(const full_disk&) = delete;
    full_disk& operator=(const full_disk&) = delete;

private:
    rlimit before_{};
};

} // namespace tsms::unit
