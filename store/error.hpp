#pragma once

#include <stdexcept>

namespace tsms::store {

/// A database cannot be opened, is of another schema version, or holds what cannot be. The text says cause and remedy.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace tsms::store
