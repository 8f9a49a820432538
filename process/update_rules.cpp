#include "process/update_rules.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

using rules = std::vector<model::access_rule>;

rules without(rules all, const rules& some) {
    std::erase_if(all, [&](const auto& rule) { return std::ranges::find(some, rule) != some.end(); });
    return all;
}

rules new_among(rules all, const model::deployment_target& former) {
    const auto known = model::access_rules_of(former);
    std::erase_if(all, [&](const auto& rule) {
        return std::ranges::any_of(known,
                                   [&](const auto& k) { return k.aid == rule.aid && k.device_app == rule.device_app; });
    });
    return all;
}

} // namespace

rule_changes plan_rules(const model::deployment_target& there, const model::deployment_target& wanted,
                        const model::update_plan& plan, bool activates, rules_of_before before) {
    const auto may_be_there = model::rules_on_card(there);
    const auto final_rules = model::access_rules_of(wanted);
    rule_changes changes;
    if (activates) {
        changes.remove = without(may_be_there, final_rules);
        changes.write = before == rules_of_before::there ? without(final_rules, may_be_there) : final_rules;
        changes.fresh = new_among(final_rules, there);
        return changes;
    }
    const auto goes = [&](const model::access_rule& rule) {
        return std::ranges::find(plan.kept, rule.aid, &model::target_application::instance_aid) == plan.kept.end();
    };
    std::ranges::copy_if(may_be_there, std::back_inserter(changes.remove), goes);
    changes.left = without(without(may_be_there, changes.remove), final_rules);
    if (before == rules_of_before::in_doubt)
        changes.write = without(model::access_rules_of(there), changes.remove);
    return changes;
}

void keep_rule_store(model::card_parameters& wanted, const model::deployment_target& former) {
    if (model::rules_on_card(former).empty())
        return;
    copy_rule_store(wanted, former.card);
}

void copy_rule_store(model::card_parameters& to, const model::card_parameters& from) {
    to.ara = from.ara;
    to.arac_aid = from.arac_aid;
    to.arac_package_aid = from.arac_package_aid;
    to.arac_module_aid = from.arac_module_aid;
}

} // namespace tsms::process
