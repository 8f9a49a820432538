#pragma once

#include "actors/framework/attempt.hpp"
#include "actors/spawn.hpp"

namespace tsms::actors {

/// A message that writes, with its deadline: after that its sender has given up, and it must not be carried out.
template <class Message> Message timely(const environment& around, Message message) {
    message.deadline = around.now() + write_deadline;
    return message;
}

} // namespace tsms::actors
