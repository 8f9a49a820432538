#include "store/sqlite/client_certificates.hpp"

namespace tsms::store {

void sqlite_client_certificates::add_client_certificate(const std::string& provider, const std::string& fingerprint) {
    session_.change([&] {
        run(session_.rows(), "INSERT OR IGNORE INTO client_certificate (provider, fingerprint) VALUES (?, ?)", provider,
            fingerprint);
        session_.audit("client certificate added: " + fingerprint, provider);
    });
}

int sqlite_client_certificates::remove_client_certificates(const std::string& provider,
                                                           const std::string& fingerprint) {
    return session_.change([&] {
        const int removed =
            run(session_.rows(), "DELETE FROM client_certificate WHERE provider = ?1 AND (?2 = '' OR fingerprint = ?2)",
                provider, fingerprint);
        session_.audit("client certificates removed: " + std::to_string(removed), provider);
        return removed;
    });
}

std::vector<std::string> sqlite_client_certificates::client_certificates(const std::string& provider) const {
    return session_.look([&] {
        return all(session_.rows(), only_text,
                   "SELECT fingerprint FROM client_certificate WHERE provider = ? ORDER BY fingerprint", provider);
    });
}

} // namespace tsms::store
