#pragma once

#include "actors/framework/attempt.hpp"
#include "actors/spawn.hpp"

namespace tsms::actors {

/// A message that writes, with the moment after which nobody waits for it any more.
template <class Message> Message timely(const surroundings& around, Message message) {
    message.deadline = around.now() + write_deadline;
    return message;
}

} // namespace tsms::actors
