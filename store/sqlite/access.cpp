// access.db: one class and one file a subject, over one connection.

#include "store/access.hpp"

#include "store/sqlite/client_certificates.hpp"
#include "store/sqlite/providers.hpp"
#include "store/sqlite/refusals.hpp"
#include "store/sqlite/tokens.hpp"

namespace tsms::store {

namespace {

/// What access asks for is what its bases do.
class sqlite_access final : private access_session, // before those that work on it
                            public access,
                            private sqlite_providers,
                            private sqlite_tokens,
                            private sqlite_client_certificates,
                            private sqlite_refusals {
public:
    sqlite_access(const std::filesystem::path& file, crypto::random_source& random)
        : access_session(file), sqlite_providers(session(), random), sqlite_tokens(session(), random),
          sqlite_client_certificates(session()), sqlite_refusals(session()) {}

private:
    access_session& session() { return *this; }
};

} // namespace

std::unique_ptr<access> open_access(const std::filesystem::path& file, crypto::random_source& random) {
    return std::make_unique<sqlite_access>(file, random);
}

} // namespace tsms::store
