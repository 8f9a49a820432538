#include "model/update_plan.hpp"

#include "model/load_order.hpp"

#include <algorithm>
#include <set>

namespace tsms::model {

namespace {

/// AIDs by which others import it.
std::set<std::string> names_of(const target_load_file& file) {
    std::set<std::string> names(file.packages.begin(), file.packages.end());
    names.insert(file.aid);
    return names;
}

bool imports_any(const target_load_file& file, const std::set<std::string>& names) {
    return std::ranges::any_of(file.imports, [&](const auto& import) { return names.contains(import); });
}

template <class T> void add(std::set<T>& all, const std::set<T>& more) {
    all.insert(more.begin(), more.end());
}

const target_load_file* find_file(const std::vector<target_load_file>& files, const std::string& aid) {
    const auto found = std::ranges::find(files, aid, &target_load_file::aid);
    return found == files.end() ? nullptr : &*found;
}

const target_application* find_application(const std::vector<target_application>& list, const std::string& aid) {
    const auto found = std::ranges::find(list, aid, &target_application::instance_aid);
    return found == list.end() ? nullptr : &*found;
}

/// Is it on the card as it is wanted?
bool is_there(const target_load_file& wanted, const deployment_target& there) {
    const auto* former = find_file(there.load_files, wanted.aid);
    return former && former->sha256 == wanted.sha256 && !find_file(there.beside.load_files, wanted.aid);
}

/// Load files come in load order, so that what one imports is judged before it.
void plan_files(update_plan& plan, const deployment_target& there, const std::vector<target_load_file>& all_there,
                const deployment_target& wanted) {
    std::set<std::string> replaced;
    for (const auto& file : all_there)
        if (const auto* same = find_file(wanted.load_files, file.aid); !same || !is_there(*same, there))
            add(replaced, names_of(file));
    for (const auto& file : wanted.load_files) {
        if (is_there(file, there) && !imports_any(file, replaced)) {
            plan.kept_files.push_back(file);
            continue;
        }
        plan.added_files.push_back(file);
        if (is_there(file, there))
            add(replaced, names_of(file));
    }
    for (const auto& file : all_there)
        if (!find_file(plan.kept_files, file.aid))
            plan.removed_files.push_back(file);
}

/// Rows of before have no digest: configured text without placeholders says it as well.
bool same_parameters(const target_application& a, const target_application& b) {
    if (!a.parameters_digest.empty() && !b.parameters_digest.empty())
        return a.parameters_digest == b.parameters_digest;
    return a.install_parameters == b.install_parameters && a.install_parameters.find("${") == std::string::npos;
}

/// A row of before only knows that there was one, which nobody has executed.
bool same_script(const target_application& former, const target_application& wanted) {
    return (former.has_personalization && !former.script) || former.script == wanted.script;
}

/// Does the script get the same values, as far as they are not of a call?
bool same_values(const target_application& app, const deployment_target& there, const deployment_target& wanted) {
    const auto value = [](const deployment_target& of, const std::string& key) {
        const auto found = of.sp_parameters.find(key);
        return found == of.sp_parameters.end() ? std::nullopt : std::optional(found->second);
    };
    return !app.script || std::ranges::all_of(app.script->commands, [&](const script_command& command) {
        return std::ranges::all_of(placeholders_of(command.data),
                                   [&](const std::string& key) { return value(there, key) == value(wanted, key); });
    });
}

} // namespace

bool is_same(const target_application& a, const target_application& b) {
    const auto privileges = [](const auto& app) {
        return std::set<std::string>(app.privileges.begin(), app.privileges.end());
    };
    return a.elf_aid == b.elf_aid && a.module_aid == b.module_aid && a.instance_aid == b.instance_aid &&
           privileges(a) == privileges(b) && same_parameters(a, b) && a.make_selectable == b.make_selectable &&
           a.has_personalization == b.has_personalization && same_script(a, b);
}

update_plan plan_update(const deployment_target& there, const deployment_target& wanted) {
    update_plan plan;
    const auto whole = with_remnants(there);
    plan_files(plan, there, whole.load_files, wanted);
    for (const auto& app : wanted.applications) {
        const auto* former = find_application(there.applications, app.instance_aid);
        const bool kept = former && is_same(*former, app) && same_values(app, there, wanted) &&
                          find_file(plan.kept_files, app.elf_aid) &&
                          !find_application(there.beside.applications, app.instance_aid);
        (kept ? plan.kept : plan.installed).push_back(app);
    }
    for (const auto& app : whole.applications)
        if (!find_application(plan.kept, app.instance_aid))
            plan.removed.push_back(app);
    return plan;
}

std::vector<target_load_file> loadable_beforehand(const update_plan& plan, const deployment_target& there) {
    std::set<std::string> taken{there.sd_aid};
    const auto whole = with_remnants(there);
    for (const auto& file : whole.load_files)
        add(taken, names_of(file));
    for (const auto& app : whole.applications)
        taken.insert(app.instance_aid);
    std::set<std::string> later; // names of what has to wait
    std::vector<target_load_file> list;
    for (const auto& file : plan.added_files) {
        const auto names = names_of(file);
        const bool free = std::ranges::none_of(names, [&](const auto& name) { return taken.contains(name); });
        if (free && !imports_any(file, later))
            list.push_back(file);
        else
            add(later, names);
    }
    return list;
}

deployment_target with_remnants(const deployment_target& target) {
    auto whole = target;
    for (const auto& file : target.beside.load_files) {
        const auto same = std::ranges::find(whole.load_files, file.aid, &target_load_file::aid);
        if (same == whole.load_files.end())
            whole.load_files.push_back(file);
        else // in one form or the other
            same->imports.insert(same->imports.end(), file.imports.begin(), file.imports.end());
    }
    if (!target.beside.load_files.empty())
        whole.load_files = in_load_order(std::move(whole.load_files));
    for (const auto& app : target.beside.applications)
        if (!find_application(whole.applications, app.instance_aid))
            whole.applications.push_back(app);
    whole.beside = {};
    return whole;
}

std::vector<access_rule> access_rules_of(const deployment_target& target) {
    std::vector<access_rule> rules;
    if (target.card.ara == "none")
        return rules;
    for (const auto& app : target.applications) {
        if (!app.make_selectable) // AMB-044
            continue;
        for (const auto& device_app : target.device_apps) {
            const auto octets = device_app.size() / 2;
            const bool known = octets == 20 ? target.card.rule_hash_sha1 : target.card.rule_hash_sha256;
            if (known)
                rules.push_back({app.instance_aid, device_app, app.accessible_via_apdu, app.accessible_via_nfc});
        }
    }
    return rules;
}

std::vector<access_rule> rules_on_card(const deployment_target& target) {
    auto rules = access_rules_of(target);
    if (target.card.ara != "none")
        add_missing(rules, target.beside.rules);
    return rules;
}

void remember_attempt(target_remnants& beside, const update_plan& plan, const std::vector<access_rule>& written) {
    for (const auto& file : plan.added_files)
        if (!find_file(beside.load_files, file.aid))
            beside.load_files.push_back(file);
    for (const auto& app : plan.installed)
        if (!find_application(beside.applications, app.instance_aid))
            beside.applications.push_back(app);
    add_missing(beside.rules, written);
}

void add_missing(std::vector<access_rule>& rules, const std::vector<access_rule>& more) {
    for (const auto& rule : more)
        if (std::ranges::find(rules, rule) == rules.end())
            rules.push_back(rule);
}

std::size_t octets_of(const std::vector<target_load_file>& files) {
    std::size_t octets = 0;
    for (const auto& file : files)
        octets += file.size;
    return octets;
}

} // namespace tsms::model
