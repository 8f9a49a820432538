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

/// Of the former Version, which of them are on the card?
enum class rules_of_before {
    there,       ///< every one
    in_doubt,    ///< an update that has failed may have removed some
    not_written, ///< it was not activated
};

/// Where it is not certain that rules are there which shall be, they are written once more. A rule that takes the place
/// of another one of the same application and app is not fresh: its withdrawal would be that of the other one.
rule_changes plan_rules(const model::deployment_target& there, const model::deployment_target& wanted,
                        const model::update_plan& plan, bool activates, rules_of_before before);

/// A card keeps its rules where they are: the new target has them where the former one had any.
void keep_rule_store(model::card_parameters& wanted, const model::deployment_target& former);
void copy_rule_store(model::card_parameters& to, const model::card_parameters& from);

} // namespace tsms::process
