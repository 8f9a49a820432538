#include "actors/framework/attempt.hpp"
#include "actors/spawn.hpp"

#include <caf/all.hpp>

namespace tsms::actors {

namespace {

/// The port is made on this actor's own thread, at the first order, and dies with it.
class issuer_session final : public issuer_actor::base {
public:
    issuer_session(caf::actor_config& config, issuer_ports ports, std::string name, std::shared_ptr<issuer_line> line)
        : issuer_actor::base(config), ports_(std::move(ports)), name_(std::move(name)), line_(std::move(line)) {}

    const char* name() const override { return "issuer_session"; }

    behavior_type make_behavior() override {
        return {
            [this](const process::open_issuer_session& o) {
                return attempt_effect(category, [&] {
                    auto opened = port().open(o.order);
                    session_ = std::move(opened.session);
                    return std::move(opened.first);
                });
            },
            [this](const process::relay_to_issuer& r) {
                return attempt_effect(category, [&] { return port().relay(session_, r.responses, r.interrupted); });
            },
            [this](const fetch_material&) {
                try {
                    return material_fetched{port().fetch_keys(session_), {}};
                } catch (const port_error& e) {
                    return material_fetched{std::nullopt, {e.category(), e.what(), false}};
                } catch (const std::exception& e) {
                    return material_fetched{std::nullopt, {category, e.what(), false}};
                }
            },
        };
    }

private:
    static constexpr auto category = model::error_category::internal_error;

    issuer_port& port() {
        if (!port_)
            port_ = ports_(name_);
        if (!port_)
            throw port_error(port_cause::refused, no_issuer(name_));
        line_->attach(port_);
        return *port_;
    }

    issuer_ports ports_;
    std::string name_;
    std::shared_ptr<issuer_line> line_;
    std::shared_ptr<issuer_port> port_;
    std::string session_;
};

} // namespace

issuer_actor spawn_issuer_session(caf::actor_system& system, issuer_ports ports, std::string name,
                                  std::shared_ptr<issuer_line> line) {
    return system.spawn<issuer_session, caf::detached>(std::move(ports), std::move(name), std::move(line));
}

} // namespace tsms::actors
