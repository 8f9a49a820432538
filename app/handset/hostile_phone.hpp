#pragma once
// A phone that lies: it plays the faults of lab/card/faults.hpp on what passes it. The card itself is honest.

#include "lab/card/faults.hpp"
#include "sdk/transport.hpp"

#include <memory>

namespace tsms::app {

/// What a hostile phone does where nobody says what.
inline constexpr const char* usual_tricks =
    "replay@any:~40,forge9000@any:~40,forge6985@any:~40,noise@any:~80,mute@any:~80";

std::unique_ptr<sdk::secure_component> behind_hostile_phone(std::unique_ptr<sdk::secure_component> card,
                                                            lab::fault_plan tricks);

} // namespace tsms::app
