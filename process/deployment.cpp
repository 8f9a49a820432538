#include "process/deployment.hpp"

#include "crypto/digest.hpp"
#include "gp/install_parameters.hpp"
#include "gp/package_names.hpp"
#include "gp/status_words.hpp"
#include "model/life_cycle.hpp"

#include <algorithm>

namespace tsms::process {

using gp::card_failure;
using model::service_command;

const command_request* deployment::find(service_command what) const {
    for (const auto& command : commands)
        if (command.what == what)
            return &command;
    return nullptr;
}

std::vector<service_command> deployment::kinds() const {
    std::vector<service_command> list;
    for (const auto& command : commands)
        list.push_back(command.what);
    return list;
}

void note_success(model::service_instance& instance, const deployment& d) {
    for (const auto& command : d.commands) {
        if (command.what == service_command::install) {
            instance.executed.clear();
            instance.on_card = true;
        }
        instance.executed.push_back(command.what);
        instance.state = model::state_after(command.what);
        if (command.what == service_command::activate)
            instance.suspend_on_finalize = command.suspension_control;
    }
    if (d.commands.empty())
        instance.state = d.from;
    if (d.finalize)
        instance.state = model::state_after_finalize(instance);
    instance.half_personalized = false;
}

namespace {

/// What does not fit into a command is too large, unless the card has refused long commands that its profile promises:
/// then the profile is wrong, and the file may be right.
[[noreturn]] void refuse_size(const work& w, const std::string& details) {
    if (!w.link.short_commands)
        refuse_content(model::error_category::content_related_error, details);
    card_failure failure(card_failure::kind::refused, gp::step::install_for_install,
                         static_cast<int>(model::error_category::internal_error),
                         details + "; it refused a longer one (extendedLength, blockSize of the profile)");
    failure.mender = to_string(gp::mender::operator_);
    throw failure;
}

gp::privileges privileges_of(const model::target_application& app) {
    gp::privileges rights = 0;
    for (const auto& name : app.privileges)
        rights |= gp::privilege_from_name(name).value_or(0);
    return rights;
}

} // namespace

void refuse_content(model::error_category category, const std::string& details) {
    throw card_failure(card_failure::kind::refused, gp::step::install_for_install, static_cast<int>(category), details);
}

std::vector<gp::application> applications_of(const work& w, const std::vector<model::target_application>& applications,
                                             const std::map<std::string, std::string>* data, bool activate) {
    std::vector<gp::application> list;
    for (const auto& app : applications) {
        gp::application a;
        a.instance.load_file_aid = octets(app.elf_aid);
        a.instance.module_aid = octets(app.module_aid);
        a.instance.instance_aid = octets(app.instance_aid);
        a.instance.rights = privileges_of(app);
        a.instance.privilege_octets = w.parameters().privilege_bytes;
        if (a.instance.privilege_octets == 1 && (a.instance.rights & 0xFFFF) != 0)
            refuse_content(model::error_category::content_related_error,
                           "application " + app.instance_aid +
                               " needs a privilege of the second or third octet, the secure component takes one");
        try {
            if (data)
                a.instance.parameters = gp::install_parameters(app.install_parameters, *data);
        } catch (const gp::parameter_error& error) {
            refuse_content(model::error_category::invalid_request, error.what());
        }
        a.make_selectable = activate && app.make_selectable;
        list.push_back(std::move(a));
    }
    return list;
}

size_bounds bounds_of(const work& w) {
    const auto& parameters = w.parameters();
    const auto field = takes_extended_length(w) ? gp::extended_data_field : gp::short_data_field;
    const auto most =
        gp::max_plain_data(field, static_cast<std::size_t>(parameters.scp03_mode), parameters.minimum_level);
    return {parameters.block_size > 0 ? static_cast<std::size_t>(parameters.block_size) : most, most};
}

void check_sizes(const work& w, const std::vector<model::target_load_file>& files,
                 const std::vector<gp::application>& applications, size_bounds bounds) {
    for (const auto& file : files) {
        const auto blocks = gp::load_block_count(file.size, bounds.block);
        if (blocks > 256)
            refuse_size(w, "load file " + file.aid + " needs " + std::to_string(blocks) + " blocks of " +
                               std::to_string(bounds.block) + " octets; the block number of LOAD allows 256" +
                               (takes_extended_length(w) ? ", and the card takes no longer commands (9F65, blockSize)"
                                                         : ", and the card takes no extended length"));
    }
    for (const auto& app : applications) {
        const auto size = gp::install_for_install(app.instance).data.size();
        if (size > bounds.command)
            refuse_size(w, "install parameters of application " + to_hex(app.instance.instance_aid) +
                               " are too long: INSTALL has " + std::to_string(size) +
                               " octets of data, the secure component takes " + std::to_string(bounds.command));
    }
}

void check_rule_count(const model::deployment_target& target, const model::target_remnants& beside) {
    constexpr std::size_t most = 4096;
    const auto selectable = static_cast<std::size_t>(
        std::ranges::count(target.applications, true, &model::target_application::make_selectable));
    const auto rules = selectable * target.device_apps.size() + beside.rules.size();
    if (target.card.ara != "none" && rules > most)
        refuse_content(model::error_category::content_related_error,
                       "the service has " + std::to_string(rules) + " access rules on a secure component, at most " +
                           std::to_string(most) + " can be written");
}

std::vector<bytes> selectable(const std::vector<gp::application>& applications) {
    std::vector<bytes> aids;
    for (const auto& app : applications)
        if (app.make_selectable)
            aids.push_back(app.instance.instance_aid);
    return aids;
}

void note_parameters(std::vector<model::target_application>& applications,
                     const std::map<std::string, std::string>& data) {
    for (auto& app : applications) {
        app.parameters_digest = to_hex(crypto::sha256(gp::install_parameters(app.install_parameters, data)));
        app.personalized = false;
    }
}

process<std::vector<gp::load_file>> read_load_files(std::vector<model::target_load_file> files) {
    std::vector<gp::load_file> read;
    for (const auto& file : files) {
        auto image = co_await read_load_image(file);
        read.push_back({octets(file.aid), octets(file.sha256), std::move(image.octets)});
    }
    co_return read;
}

model::card_content content_of(const model::deployment_target& target) {
    return {target.load_files, target.applications, target.sd_aid};
}

void check_conflicts(const model::card_content& content, const std::vector<model::held_aid>& there) {
    if (const auto conflict = model::aid_conflict_of(content, there))
        refuse_content(model::error_category::content_related_error,
                       std::string(model::name_of(conflict->what)) + " " + conflict->aid +
                           " cannot be on this secure component: it is the AID of " + conflict->holder);
}

std::vector<model::held_aid> held_by_others(const std::set<std::string>& aids) {
    std::vector<model::held_aid> out;
    for (const auto& aid : aids)
        out.push_back({aid, "something of another service"});
    return out;
}

std::vector<model::held_aid> known_aids(const work& w) {
    auto out = model::aids_of_cards(w.parameters());
    for (const auto& aid : own_aids(w))
        out.push_back({aid, "something of the TSM"});
    if (!w.link.isd_aid.empty())
        out.push_back({w.link.isd_aid, "the issuer security domain"});
    for (auto& held : held_by_others(w.request.aids_of_others))
        out.push_back(std::move(held));
    return out;
}

std::string missing_imports(const work& w, const gp::card_failure& failure) {
    const bool of_imports = failure.sw == 0x6438 || failure.sw == gp::wrong_data || failure.sw == 0x6985;
    if (failure.why != gp::card_failure::kind::status || failure.what != gp::step::load || !of_imports)
        return {};
    const auto& files = w.wanted().load_files;
    const auto file = std::ranges::find(files, to_hex(failure.object), &model::target_load_file::aid);
    if (file == files.end())
        return {};
    std::set<std::string> present;
    for (auto before = files.begin(); before != file; ++before) {
        present.insert(before->aid);
        present.insert(before->packages.begin(), before->packages.end());
    }
    std::string names;
    for (const auto& aid : file->imports)
        if (!present.contains(aid) && !gp::is_on_every_card(octets(aid)))
            names += (names.empty() ? "" : ", ") + gp::package_name(octets(aid));
    if (names.empty())
        return "; load file " + file->aid +
               " imports nothing that is not part of every Java Card, so their versions may be too old";
    return "; load file " + file->aid + " imports what only some cards have: " + names;
}

std::optional<gp::access_client> client_to_write(const work& w, const std::vector<model::access_rule>& rules) {
    auto client = access_client_of(w.parameters(), rules);
    if (client)
        client->install = !w.card.tsm_domain->arac_installed;
    return client;
}

void note_client(work& w) {
    w.card.tsm_domain->arac_installed = true;
    w.card.tsm_domain->arac_aid = w.parameters().arac_aid;
}

std::optional<std::string> refuse_parameters(const model::deployment_target& target,
                                             const std::vector<command_request>& commands) {
    for (const auto& command : commands)
        if (command.what == service_command::install)
            for (const auto& app : target.applications)
                try {
                    gp::install_parameters(app.install_parameters, command.data);
                } catch (const gp::parameter_error& error) {
                    return error.what();
                }
    return std::nullopt;
}

} // namespace tsms::process
