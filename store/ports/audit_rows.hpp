#pragma once
// The audit chain: every change appends an entry in its own transaction, and every entry's hash covers the one before
// it, so that nothing can be changed or taken out of the middle unseen.

#include <cstdint>
#include <optional>
#include <string>

namespace tsms::store {

class audit_rows {
public:
    virtual ~audit_rows() = default;

    virtual void append(const std::string& what, const std::string& subject) = 0;
    virtual std::size_t count() const = 0;
    /// Sequence number of the first entry whose hash does not fit; nothing if the chain is whole.
    virtual std::optional<std::int64_t> first_broken() const = 0;
};

} // namespace tsms::store
