#pragma once

#include <stdexcept>

namespace tsms::store {

/// A database cannot be opened, is of another schema version, or holds what cannot be. The text says cause and remedy.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A document of a row is not one that the program has written.
class damaged_document : public error {
public:
    using error::error;
};

} // namespace tsms::store
