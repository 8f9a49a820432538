#pragma once

#include "crypto/random.hpp"
#include "store/ports/providers.hpp"
#include "store/sqlite/access_session.hpp"

namespace tsms::store {

class sqlite_providers : public virtual provider_directory {
public:
    sqlite_providers(access_session& session, crypto::random_source& random) : session_(session), random_(random) {}

    provider_record add_provider(const std::string& name, wall_time now) override;
    std::vector<provider_record> providers() const override;
    std::optional<provider_record> provider(const std::string& id) const override;
    std::optional<provider_record> provider_by_name(const std::string& name) const override;

private:
    access_session& session_;
    crypto::random_source& random_;
};

} // namespace tsms::store
