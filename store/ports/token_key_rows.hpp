#pragma once
// Keys with which access tokens of service providers are verified (AMB-146, DIV-120), and which providers want their
// apps to prove who they are, whether or not one has been registered.

#include <string>
#include <vector>

namespace tsms::store {

struct token_key_record {
    std::string issuer;     ///< "iss" of the tokens; one provider's
    std::string key_id;     ///< "kid"; unique for its issuer
    std::string provider;   ///< id of the service provider
    std::string audience;   ///< in "aud"
    std::string public_key; ///< PEM
    std::string created;    ///< ISO 8601; filled in by the store

    friend bool operator==(const token_key_record&, const token_key_record&) = default;
};

class token_key_rows {
public:
    virtual ~token_key_rows() = default;

    /// By provider, issuer and key id.
    virtual std::vector<token_key_record> all() const = 0;
    /// By key id.
    virtual std::vector<token_key_record> of_issuer(const std::string& issuer) const = 0;
    /// Refuses a key id that its issuer has.
    virtual void insert(const token_key_record& key) = 0;
    virtual void remove(const std::string& issuer, const std::string& key_id) = 0;

    virtual bool demands_proof(const std::string& provider) const = 0;
    virtual void set_demands_proof(const std::string& provider, bool demands) = 0;
};

} // namespace tsms::store
