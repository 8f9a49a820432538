#pragma once
// Second factor (TR 4.1.3, AMB-008): a service provider with client certificates is served over TLS with one of them
// only.

#include <string>
#include <vector>

namespace tsms::store {

class client_certificate_list {
public:
    virtual ~client_certificate_list() = default;

    /// Once, however often it is added. Refuses a provider that is not there.
    virtual void add_client_certificate(const std::string& provider, const std::string& fingerprint) = 0;
    /// All of them if the fingerprint is empty. Returns how many there were.
    virtual int remove_client_certificates(const std::string& provider, const std::string& fingerprint) = 0;
    /// Their fingerprints, in order.
    virtual std::vector<std::string> client_certificates(const std::string& provider) const = 0;
};

} // namespace tsms::store
