#pragma once
#include "store/ports/card_rows.hpp"
#include "store/sqlite/device_session.hpp"

namespace tsms::store {

class sqlite_cards final : public card_rows {
public:
    explicit sqlite_cards(device_session& session) : session_(session) {}

    std::optional<model::secure_component> find(const std::string& id) const override;
    std::vector<model::secure_component> all() const override;
    std::vector<model::secure_component> with_identity(const std::string& identity, std::size_t most) const override;
    std::optional<model::secure_component> with_claims(const std::string& identity,
                                                       const std::string& claims) const override;
    std::vector<model::secure_component> with_issuers_number(const std::string& cin_iin,
                                                             std::size_t most) const override;
    std::vector<model::secure_component> of_issuer(const std::string& name) const override;
    std::vector<model::secure_component> met_in(const std::string& reader, const std::string& atr,
                                                std::size_t most) const override;
    std::vector<model::secure_component> only_claimed_before(wall_time limit, bool proven_once) const override;
    void insert(const model::secure_component& card) override;
    bool update(const model::secure_component& card) override;
    void remove(const std::string& id) override;

private:
    device_session& session_;
};

} // namespace tsms::store
