#include "process/calls/effect.hpp"

namespace tsms::calls {

std::string text_of(const come_again& later) {
    return "too many calls for new secure components, please try again in " + std::to_string(later.seconds) +
           " seconds";
}

} // namespace tsms::calls
