#pragma once
// Packages that CAP files import from the card itself: their names, for people.

#include "base/bytes.hpp"

namespace tsms::gp {

/// The AID in hex, with the package's name where it is a published one.
std::string package_name(bytes_view aid);

/// Packages that no Java Card is without, in some version (JCVM 2.1 on: java.lang, javacard.framework,
/// javacard.security).
bool is_on_every_card(bytes_view aid);

} // namespace tsms::gp
