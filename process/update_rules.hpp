#pragma once
// What an update does to access rules (AMB-124): they change with an activation, and those of applications that go, go
// with them. Pure functions.

#include "model/update_plan.hpp"

namespace tsms::process {

struct rule_changes {
    std::vector<model::access_rule> remove;
    std::vector<model::access_rule> write;
    std::vector<model::access_rule> fresh; ///< of those written: what was not there before, as far as anybody knows
    std::vector<model::access_rule> left;  ///< that may be on the card in the end beside those of the new target

    bool any() const { return !remove.empty() || !write.empty(); }
};

/// `certain`: the rules of `there` are on the card, every one. Else those that shall be there are written once more.
rule_changes plan_rules(const model::deployment_target& there, const model::deployment_target& wanted,
                        const model::update_plan& plan, bool activates, bool certain);

/// A card keeps its rules where they are: the new target has them where the former one had any.
void keep_rule_store(model::card_parameters& wanted, const model::deployment_target& former);

} // namespace tsms::process
