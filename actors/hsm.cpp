#include "actors/framework/attempt.hpp"
#include "actors/spawn.hpp"
#include "crypto/unopened_handle.hpp"
#include "store/error.hpp"

#include <caf/all.hpp>

namespace tsms::actors {

namespace {

crypto::wrapped_keys for_vault(const model::key_set& k) {
    return {k.version, k.bits, k.wrapped};
}
model::key_set from_vault(crypto::wrapped_keys k) {
    return {k.version, k.bits, std::move(k.wrapped), false};
}

/// A handle that does not open is damage of the row that has it, and is told as every other damage (DIV-103).
template <class F> auto with_keys_of(const std::string& row, F open) {
    try {
        return open();
    } catch (const crypto::unopened_handle& e) {
        throw store::error("reading instances.db failed: " + row +
                           ": the handle of its keys does not open: " + e.what() +
                           "; only what needs this row suffers. To have it again, stop the server and restore the "
                           "databases from one backup");
    }
}

class hsm final : public hsm_actor::base {
public:
    hsm(caf::actor_config& config, std::shared_ptr<crypto::key_vault> vault)
        : hsm_actor::base(config), vault_(std::move(vault)) {}

    const char* name() const override { return "hsm"; }

    behavior_type make_behavior() override {
        return {
            [this](const process::derive_session& d) {
                return effect([&] {
                    return with_keys_of(d.row, [&] {
                        return crypto::prepare_session(*vault_, for_vault(d.keys), d.host_challenge, d.card_challenge,
                                                       d.sequence_counter, d.domain_aid);
                    });
                });
            },
            [this](const process::generate_keys& g) {
                return effect([&] { return from_vault(vault_->generate(g.version, g.bits)); });
            },
            [this](const process::encrypt_keys& e) {
                return effect([&] { return vault_->encrypt_keys(for_vault(e.under), for_vault(e.keys)); });
            },
            [this](const process::encrypt_data& e) {
                return effect([&] { return vault_->encrypt_data(for_vault(e.under), crypto::secret(e.data)); });
            },
            [this](const take_over_keys& t) { return effect([&] { return take_over(t); }); },
        };
    }

private:
    template <class F> answered effect(F work) { return attempt_effect(model::error_category::internal_error, work); }

    model::issuer_keys take_over(const take_over_keys& t) {
        const auto& m = t.material;
        const crypto::transported_keys keys{crypto::transported_key{m.enc.wrapped, m.enc.kcv},
                                            crypto::transported_key{m.mac.wrapped, m.mac.kcv},
                                            crypto::transported_key{m.dek.wrapped, m.dek.kcv}};
        model::issuer_keys taken;
        taken.aid = m.aid;
        taken.keys = from_vault(with_keys_of("row ‘" + t.issuer + "’ of table issuers", [&] {
            return vault_->import_wrapped(t.under, m.key_version, m.bits, keys);
        }));
        taken.scp_i = m.scp_i;
        taken.privileges = m.privileges;
        taken.secure_component_identity = m.secure_component_identity;
        return taken;
    }

    std::shared_ptr<crypto::key_vault> vault_;
};

} // namespace

hsm_actor spawn_hsm(caf::actor_system& system, std::shared_ptr<crypto::key_vault> vault) {
    return system.spawn<hsm, caf::detached>(std::move(vault));
}

} // namespace tsms::actors
