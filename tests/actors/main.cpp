#define BOOST_TEST_MODULE actors
#include "tests/deadline.hpp"

using deadline = tsms::tests::named_deadline<120>;
BOOST_TEST_GLOBAL_FIXTURE(deadline);
