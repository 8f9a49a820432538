#include "process/issuers_domain.hpp"

#include "gp/privileges.hpp"

namespace tsms::process {

namespace {

using model::error_category;

[[noreturn]] void refuse(error_category category, const std::string& details) {
    throw gp::card_failure(gp::card_failure::kind::refused, gp::step::initialize_update, static_cast<int>(category),
                           details);
}

void require(const work& w, const char* whose, std::uint8_t highest) {
    const auto level = w.parameters().minimum_level;
    if (highest < level)
        refuse(error_category::sc_inaccessible, std::string(whose) + " allows security level " + to_hex({&highest, 1}) +
                                                    " at most, the profile of the secure component demands " +
                                                    to_hex({&level, 1}));
}

} // namespace

void require_level_of_domain(const work& w) {
    const auto& domain = w.card.tsm_domain;
    if (domain && domain->keys && domain->scp03_i >= 0)
        require(w, "SCP03 of the TSM's security domain", gp::highest_level(static_cast<std::uint8_t>(domain->scp03_i)));
}

void require_offered_level(const work& w) {
    if (w.link.highest_level)
        require(w, "SCP03 of the secure component", *w.link.highest_level);
}

void check_created_domain(const work& w, const model::issuer_keys& got) {
    if (got.secure_component_identity != w.card.identity)
        refuse(error_category::sc_inaccessible,
               "the issuer has authenticated another secure component than the phone named");
    if (got.aid != w.parameters().tsm_sd_aid)
        refuse(error_category::issuer_error,
               "the issuer has created security domain " + got.aid + " instead of " + w.parameters().tsm_sd_aid);
    // Delegated Management alone (A0 00 00) needs the issuer's tokens for every step: not supported.
    const auto privileges = from_hex(got.privileges);
    const auto rights = privileges ? gp::parse_privileges(*privileges) : std::nullopt;
    if (rights && (*rights & gp::privilege::authorized_management) == 0)
        refuse(error_category::issuer_error,
               "the issuer has created the TSM's security domain without Authorized Management");
}

process<void> undo_creation(work* w, std::vector<model::access_rule> written_rules) {
    if (const auto& before = w->request.card.tsm_domain; before && before->keys)
        co_return;
    auto order = issuer_order_of(*w, "undo");
    order.domain = model::issuer_order::domain_change::remove;
    order.remove_rules = std::move(written_rules);
    try {
        co_await let_issuer(w, std::move(order));
    } catch (const gp::card_failure& failure) {
        w->tell_operator("security domain " + w->parameters().tsm_sd_aid +
                         ", which its issuer has created for this process, is still on the secure component: " +
                         failure.details() + "; the next process on it, or the issuer, removes it");
        co_return;
    }
    w->card.tsm_domain.reset();
    w->found.access_given = false;
    w->found.intent_written = false; // that was the rules
}

} // namespace tsms::process
