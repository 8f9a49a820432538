#pragma once
// Secure component issuers (SCI) that the operator has configured.

#include "model/records.hpp"

namespace tsms::store {

class issuer_rows {
public:
    virtual ~issuer_rows() = default;

    virtual bool has(const std::string& name) const = 0;
    virtual std::optional<model::issuer_record> find(const std::string& name) const = 0;
    /// By name.
    virtual std::vector<model::issuer_record> all() const = 0;
    /// Refuses a name that is taken.
    virtual void insert(const model::issuer_record& issuer) = 0;
    virtual void remove(const std::string& name) = 0;
};

} // namespace tsms::store
