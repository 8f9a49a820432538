#pragma once
// A simulated card in a file as a secure component of the handset.

#include "sdk/transport.hpp"

#include <filesystem>
#include <memory>

namespace tsms::app {

/// Opens the card in `file`; where there is none, makes one with this personality (lab/card/personality.hpp; empty: the
/// default). `faults` is a SPEC of lab/card/faults.hpp; empty: those of the personality. Throws std::runtime_error that
/// says what is wrong with file, name or faults.
std::unique_ptr<sdk::secure_component> open_sim(const std::filesystem::path& file, const std::string& personality,
                                                std::string reader, std::string se_type, const std::string& faults);

} // namespace tsms::app
