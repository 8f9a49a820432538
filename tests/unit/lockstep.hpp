#pragma once
// Two implementations of one port, played in lockstep: the same steps, drawn at random from a seed, and the same
// answers. Nothing here knows what is behind the port.

#include "store/error.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>

namespace tsms::lockstep {

/// What a step's own code throws.
struct own_error {};

/// What f tells, or how it was ended.
template <class F> std::string outcome(F f) {
    try {
        return f();
    } catch (const store::error& e) {
        BOOST_TEST(std::string(e.what()) != "");
        return "refused";
    } catch (const std::out_of_range&) {
        return "out of range";
    } catch (const own_error&) {
        return "own error";
    }
}

/// The first lines that are not alike; empty if there are none.
inline std::string difference(const std::string& left, const std::string& right) {
    std::istringstream of_left(left), of_right(right);
    for (std::string l, r; of_left || of_right; l.clear(), r.clear()) {
        std::getline(of_left, l);
        std::getline(of_right, r);
        if (l != r)
            return "\n  " + l + "\n  " + r;
    }
    return {};
}

/// The same numbers for the same seed, with every library.
class dice {
public:
    explicit dice(unsigned seed) : random_(seed) {}
    /// 0 … sides - 1
    std::size_t roll(std::size_t sides) { return random_() % sides; }
    bool once_in(std::size_t times) { return roll(times) == 0; }
    template <class C> const auto& one_of(const C& all) { return all[roll(std::size(all))]; }

private:
    std::mt19937 random_;
};

} // namespace tsms::lockstep
