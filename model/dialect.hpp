#pragma once
// The versions of the guideline that the APIs speak (AMB-019, AMB-139, DIV-119): the version in the URL says which.

#include <cstdint>

namespace tsms::model {

enum class dialect : std::uint8_t { v1_0 = 1, v1_0_4 = 2 };

inline constexpr dialect all_dialects[] = {dialect::v1_0, dialect::v1_0_4};

} // namespace tsms::model
