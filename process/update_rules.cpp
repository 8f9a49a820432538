#include "process/update_rules.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

using rules = std::vector<model::access_rule>;

rules without(rules all, const rules& some) {
    std::erase_if(all, [&](const auto& rule) { return std::ranges::find(some, rule) != some.end(); });
    return all;
}

rules rules_of(const model::deployment_target& target) {
    return target.card.ara == "none" ? rules{} : model::rules_on_card(target);
}

} // namespace

rule_changes plan_rules(const model::deployment_target& there, const model::deployment_target& wanted,
                        const model::update_plan& plan, bool activates, bool certain) {
    const auto may_be_there = rules_of(there);
    const auto final_rules = wanted.card.ara == "none" ? rules{} : model::access_rules_of(wanted);
    rule_changes changes;
    if (activates) {
        changes.remove = without(may_be_there, final_rules);
        changes.write = certain ? without(final_rules, may_be_there) : final_rules;
        changes.fresh = without(final_rules, may_be_there);
        return changes;
    }
    const auto goes = [&](const model::access_rule& rule) {
        return std::ranges::find(plan.kept, rule.aid, &model::target_application::instance_aid) == plan.kept.end();
    };
    std::ranges::copy_if(may_be_there, std::back_inserter(changes.remove), goes);
    changes.left = without(without(may_be_there, changes.remove), final_rules);
    return changes;
}

void keep_rule_store(model::card_parameters& wanted, const model::deployment_target& former) {
    if (rules_of(former).empty())
        return;
    wanted.ara = former.card.ara;
    wanted.arac_aid = former.card.arac_aid;
    wanted.arac_package_aid = former.card.arac_package_aid;
    wanted.arac_module_aid = former.card.arac_module_aid;
}

} // namespace tsms::process
