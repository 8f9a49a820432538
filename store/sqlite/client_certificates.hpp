#pragma once

#include "store/ports/client_certificates.hpp"
#include "store/sqlite/access_session.hpp"

namespace tsms::store {

class sqlite_client_certificates : public virtual client_certificate_list {
public:
    explicit sqlite_client_certificates(access_session& session) : session_(session) {}

    void add_client_certificate(const std::string& provider, const std::string& fingerprint) override;
    int remove_client_certificates(const std::string& provider, const std::string& fingerprint) override;
    std::vector<std::string> client_certificates(const std::string& provider) const override;

private:
    access_session& session_;
};

} // namespace tsms::store
