// JSON at the limits of its reader: octets, depth, number of values.

#include "json/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;

BOOST_AUTO_TEST_SUITE(json_bounds)

BOOST_AUTO_TEST_CASE(octets) {
    const std::string text = R"({"a":1})";
    BOOST_TEST(json::parse(text, {.bytes = text.size()}).as_object() != nullptr);
    BOOST_CHECK_THROW(json::parse(text, {.bytes = text.size() - 1}), json::parse_error);
}

BOOST_AUTO_TEST_CASE(depth) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
    BOOST_CHECK_NO_THROW(json::parse(nested(5), {.depth = 5}));
    BOOST_CHECK_THROW(json::parse(nested(6), {.depth = 5}), json::parse_error);
}

BOOST_AUTO_TEST_CASE(values) {
    BOOST_CHECK_NO_THROW(json::parse("[1,2,3]", {.values = 4})); // the list is one of them
    BOOST_CHECK_THROW(json::parse("[1,2,3]", {.values = 3}), json::parse_error);
}

BOOST_AUTO_TEST_SUITE_END()
