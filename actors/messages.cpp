#include "actors/messages.hpp"

namespace tsms::actors {

std::string text_of(const come_again& later) {
    return "too many calls for new secure components, please try again in " + std::to_string(later.seconds) +
           " seconds";
}

} // namespace tsms::actors
