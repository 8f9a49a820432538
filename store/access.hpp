#pragma once
// Who may call the REST API: service providers, their tokens and certificates, and what they were refused for
// (AMB-005 … AMB-008). The REST role and `tsms provider` use it, nobody else.
//
// Two implementations: access.db (store/sqlite), and rows in memory (store/memory) for tests.

#include "crypto/random.hpp"
#include "store/error.hpp"
#include "store/ports/client_certificates.hpp"
#include "store/ports/providers.hpp"
#include "store/ports/refusals.hpp"
#include "store/ports/tokens.hpp"

#include <filesystem>
#include <memory>

namespace tsms::store {

/// Thread-safe. Throws store::error. Virtual bases: an implementation may have a class for each of them.
class access : public virtual provider_directory,
               public virtual token_store,
               public virtual client_certificate_list,
               public virtual refusal_list {};

/// access.db. Throws store::error.
std::unique_ptr<access> open_access(const std::filesystem::path& file,
                                    crypto::random_source& random = crypto::system_random());

} // namespace tsms::store
