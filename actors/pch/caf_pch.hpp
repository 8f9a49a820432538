// Precompiled: CAF costs seconds for each unit that includes it.
#include "actors/spawn.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/all.hpp>
