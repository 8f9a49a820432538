// TR 4.2.5.3 deployService: install, personalize, activate, finalize.

#include "gp/install_parameters.hpp"
#include "gp/package_names.hpp"
#include "gp/status_words.hpp"
#include "model/card_aids.hpp"
#include "model/life_cycle.hpp"
#include "process/card_forms.hpp"
#include "process/command_statuses.hpp"
#include "process/domain_keys.hpp"
#include "process/effect_proof.hpp"
#include "process/removal.hpp"
#include "process/renew_keys.hpp"
#include "process/tombstones.hpp"
#include "process/withdraw_access.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

using gp::card_failure;
using model::instance_state;
using model::service_command;

struct deployment {
    std::vector<command_request> commands;
    bool finalize = false;
    instance_state from = instance_state::not_deployed; ///< effective state (AMB-100)

    const command_request* find(service_command what) const {
        for (const auto& command : commands)
            if (command.what == what)
                return &command;
        return nullptr;
    }
    bool has(service_command what) const { return find(what) != nullptr; }
};

[[noreturn]] void refuse(model::error_category category, const std::string& details) {
    throw card_failure(card_failure::kind::refused, gp::step::install_for_install, static_cast<int>(category), details);
}

/// What does not fit into a command is too large, unless the card has refused long commands that its profile promises:
/// then the profile is wrong, and the file may be right.
[[noreturn]] void refuse_size(const work& w, const std::string& details) {
    if (!w.short_commands)
        refuse(model::error_category::content_related_error, details);
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

/// `data`: installationData; none where the applications are installed already.
std::vector<gp::application> applications_of(const work& w, const std::map<std::string, std::string>* data,
                                             bool activate) {
    std::vector<gp::application> list;
    for (const auto& app : w.instance.target.applications) {
        gp::application a;
        a.instance.load_file_aid = octets(app.elf_aid);
        a.instance.module_aid = octets(app.module_aid);
        a.instance.instance_aid = octets(app.instance_aid);
        a.instance.rights = privileges_of(app);
        a.instance.privilege_octets = w.parameters().privilege_bytes;
        if (a.instance.privilege_octets == 1 && (a.instance.rights & 0xFFFF) != 0)
            refuse(model::error_category::content_related_error,
                   "application " + app.instance_aid +
                       " needs a privilege of the second or third octet, the secure component takes one");
        try {
            if (data)
                a.instance.parameters = gp::install_parameters(app.install_parameters, *data);
        } catch (const gp::parameter_error& error) {
            refuse(model::error_category::invalid_request, error.what());
        }
        a.make_selectable = activate && app.make_selectable;
        list.push_back(std::move(a));
    }
    return list;
}

/// Plain octets that fit a block of LOAD or STORE DATA, and any other command.
struct size_bounds {
    std::size_t block;
    std::size_t command;
};

/// What fits in the best case, before anything is known of the card but its profile.
size_bounds bounds_of(const work& w) {
    const auto& parameters = w.parameters();
    const auto field = takes_extended_length(w) ? gp::extended_data_field : gp::short_data_field;
    const auto most =
        gp::max_plain_data(field, static_cast<std::size_t>(parameters.scp03_mode), parameters.minimum_level);
    return {parameters.block_size > 0 ? static_cast<std::size_t>(parameters.block_size) : most, most};
}

/// Bounds that no card can lift, checked before anything is changed (gp/procedures, "Sizes"): with short APDUs at most
/// 61,184 octets in S8 and 57,088 in S16, and no INSTALL over one command.
void check_sizes(const work& w, const std::vector<gp::application>& applications, size_bounds bounds) {
    for (const auto& file : w.instance.target.load_files) {
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

/// Those that are selectable when the procedure has ended.
std::vector<bytes> selectable(const std::vector<gp::application>& applications) {
    std::vector<bytes> aids;
    for (const auto& app : applications)
        if (app.make_selectable)
            aids.push_back(app.instance.instance_aid);
    return aids;
}

void note_client(work& w) {
    w.card.tsm_domain->client_installed = true;
    w.card.tsm_domain->client_aid = w.parameters().arac_aid;
}

/// The rules that an activation writes into our ARA-C. A listing that has shown it spares the INSTALL.
std::optional<gp::access_client> client_of(const work& w, const deployment& d) {
    auto client = d.has(service_command::activate) ? access_client_of(w) : std::nullopt;
    if (client)
        client->install = !w.card.tsm_domain->client_installed;
    return client;
}

/// Suspended from the moment of finalization (TR 4.2.3.5, AMB-107)?
bool locks(const work& w, const deployment& d) {
    if (!d.finalize)
        return false;
    if (const auto* activate = d.find(service_command::activate))
        return activate->suspension_control;
    return model::state_after_finalize(w.instance) == instance_state::suspended;
}

process<void> prepare_domain(work* w, gp::service_installation* what) {
    const auto& parameters = w->parameters();
    auto keys = co_await generate_keys(parameters.service_key_version, parameters.key_bits);
    what->domain.keys = co_await encrypt_keys(w->channel_keys, keys);
    what->domain.aid = octets(w->instance.target.sd_aid);
    what->domain.package_aid = octets(parameters.sd_package_aid);
    what->domain.module_aid = octets(parameters.sd_module_aid);
    what->domain.privilege_octets = parameters.privilege_bytes;
    what->domain.parameters = octets(parameters.sd_install_parameters);
    what->domain.key_form = w->key_form;
    what->domain.key_version = keys.version;
    what->domain.key_bits = keys.bits;
    model::security_domain domain;
    domain.aid = w->instance.target.sd_aid;
    domain.keys = std::move(keys);
    domain.keys_in_doubt = true; // until it proves them
    w->instance.domain = std::move(domain);
}

/// Keys for a domain that is not created reach the TSM's own: their version must be none of its.
void check_key_versions(const work& w) {
    const auto version = w.parameters().service_key_version;
    if (keys_of_version(*w.card.tsm_domain, version))
        refuse(model::error_category::internal_error,
               "the TSM's security domain on the secure component has keys of version " + std::to_string(version) +
                   "; change serviceKeyVersion of the profile");
}

/// Everything of the service onto the card, in one order: what the card gets is written down first.
process<void> install(work* w, const deployment* d) {
    const auto& target = w->instance.target;
    gp::service_installation what;
    what.tsm_domain_aid = octets(w->card.tsm_domain->aid);
    what.block_size = w->block_size;
    const bool activate = d->has(service_command::activate);
    what.applications = applications_of(*w, &d->find(service_command::install)->data, activate);
    check_sizes(*w, what.applications, {w->block_size, w->command_size});
    check_key_versions(*w);
    for (const auto& file : target.load_files) {
        auto image = co_await read_load_image(file);
        gp::load_file load_file;
        load_file.aid = octets(file.aid);
        load_file.hash = octets(file.sha256);
        load_file.image = std::move(image.octets);
        what.load_files.push_back(std::move(load_file));
    }
    what.client = client_of(*w, *d);
    what.lock = locks(*w, *d);
    what.lock_with_applications = w->parameters().lock_with_applications;
    what.others = w->request.aids_of_others.size();
    co_await prepare_domain(w, &what);
    what.rotation = co_await prepare_rotation(w);
    what.questions = co_await last_questions(w, !what.lock, selectable(what.applications));

    co_await write_intent(w, "install service " + target.service_id + " version " + target.version_tag);

    const bool has_client = what.client.has_value();
    w->access_given = w->access_given || has_client;
    auto rotation = what.rotation;
    const auto asked = what.questions;
    auto shown = co_await prove_on_card(w, gp::install_service(w->channel, std::move(what)), asked);
    w->proven = false; // until the keys are tidied
    if (has_client)
        note_client(*w);
    note_key_form(*w);
    if (rotation)
        shown.key_versions =
            co_await settle_rotation(w, *std::move(rotation), shown.rotation.value(), std::move(shown.key_versions));
    co_await tidy_keys(w, std::move(shown.key_versions));
    w->proven = true;
}

std::size_t octets_to_load(const work& w) {
    auto needed = static_cast<std::size_t>(w.parameters().memory_reserve);
    for (const auto& file : w.instance.target.load_files)
        needed += file.size;
    return needed;
}

/// In another form where the card refused the first one. What that has left goes, as after any other failure.
process<void> install_as_the_card_takes_it(work* w, const deployment* d) {
    while (true) {
        try {
            co_await install(w, d);
            co_return;
        } catch (const card_failure& failure) {
            if (!takes_another_form(*w, failure))
                throw;
        }
        w->channel.reset(); // what was asked at the end of the order has ended it
        co_await need_channel(w);
        co_await remove_what_is_there(w, std::nullopt);
        w->memory_needed = octets_to_load(*w);
        check_memory(*w, w->resources);
    }
}

process<void> activate(work* w, const deployment* d) {
    const auto& parameters = w->parameters();
    gp::service_activation what;
    what.domain_aid = octets(w->instance.target.sd_aid);
    what.applications = applications_of(*w, nullptr, d->has(service_command::activate));
    what.lock = locks(*w, *d);
    what.lock_with_applications = parameters.lock_with_applications;
    what.client = client_of(*w, *d);
    what.block_size = w->block_size;
    what.others = w->request.aids_of_others.size();
    what.questions = co_await last_questions(w, !what.lock, selectable(what.applications));
    const bool has_client = what.client.has_value();
    w->access_given = w->access_given || has_client;
    co_await write_intent(w, "activate service " + w->instance.target.service_id);
    const auto asked = what.questions;
    co_await prove_on_card(w, gp::activate_service(w->channel, std::move(what)), asked);
    if (has_client)
        note_client(*w);
}

/// No sharing between Services (AMB-125), and nothing that the card would refuse because an AID is there already
/// (DIV-066).
void check_conflicts(const work& w, const std::vector<model::held_aid>& there) {
    const auto& target = w.instance.target;
    if (const auto conflict = model::aid_conflict_of({target.load_files, target.applications, target.sd_aid}, there))
        refuse(model::error_category::content_related_error,
               std::string(model::name_of(conflict->what)) + " " + conflict->aid +
                   " cannot be on this secure component: it is the AID of " + conflict->holder);
}

std::vector<model::held_aid> held_by_others(const std::set<std::string>& aids) {
    std::vector<model::held_aid> out;
    for (const auto& aid : aids)
        out.push_back({aid, "something of another service"});
    return out;
}

/// What is known to be there before the card is asked.
std::vector<model::held_aid> known_aids(const work& w) {
    auto out = model::aids_of_cards(w.parameters());
    for (const auto& aid : own_aids(w))
        out.push_back({aid, "something of the TSM"});
    if (!w.isd_aid.empty())
        out.push_back({w.isd_aid, "the issuer security domain"});
    for (auto& held : held_by_others(w.request.aids_of_others))
        out.push_back(std::move(held));
    return out;
}

/// What a listing shows when everything of the Service is gone, and the rows do not know.
std::vector<model::held_aid> listed_aids(const gp::card_contents& card) {
    std::vector<model::held_aid> out;
    for (const auto* list : {&card.applications, &card.load_files})
        for (const auto& entry : *list)
            out.push_back({to_hex(entry.aid), "something else that the card lists"});
    return out;
}

issuer_need need_of(const work& w, const deployment& d) {
    issuer_need need;
    need.create_domain = !w.card.tsm_domain || !w.card.tsm_domain->keys;
    need.create_if_gone = d.has(service_command::install);
    if (!d.has(service_command::activate))
        return need;
    if (w.parameters().ara == "aram-issuer")
        need.add_rules = access_rules_of(w.instance.target);
    need.has_client = access_client_of(w).has_value();
    return need;
}

/// The card must be the one, and hold the Service (AMB-116).
process<void> check_presence(work* w, const deployment* d) {
    gp::service_presence what;
    what.domain_aid = octets(w->instance.target.sd_aid);
    for (const auto& file : w->instance.target.load_files)
        what.load_files.push_back(octets(file.aid));
    what.applications = applications_of(*w, nullptr, d->from == instance_state::activated);
    what.others = w->request.aids_of_others.size();
    what.questions = co_await last_questions(w, true, selectable(what.applications));
    const auto asked = what.questions;
    co_await prove_on_card(w, gp::check_service(w->channel, std::move(what)), asked);
}

process<void> deploy_steps(work* w, const deployment* d) {
    co_await begin(w);
    if (d->has(service_command::install)) {
        check_conflicts(*w, known_aids(*w));
        if (!w->instance.on_card && !w->request.look_first &&
            w->request.tombstones.empty()) // what is there is removed first, then there is room or not
            w->memory_needed = octets_to_load(*w);
        // Before the issuer does anything.
        const auto applications = applications_of(*w, &d->find(service_command::install)->data, false);
        check_sizes(*w, applications, bounds_of(*w));
    }
    if (d->from == instance_state::not_deployed) {
        // AMB-101: INITIALIZED is only visible while a process runs.
        w->instance.state = instance_state::initialized;
        co_await commit(w->instance, w->card);
    }
    if (d->has(service_command::personalize) &&
        std::any_of(w->instance.target.applications.begin(), w->instance.target.applications.end(),
                    [](const auto& app) { return app.has_personalization; }))
        refuse(model::error_category::unspecified,
               "personalization scripts and attestation tokens are not supported yet");
    co_await remove_rules_of_tombstones(w);
    require_open(*w, co_await open_tsm_domain(w, need_of(*w, *d)));
    if (d->has(service_command::install))
        check_conflicts(*w, held_by_others(w->request.aids_behind_proof));
    // In an installation the new keys travel with the rest, unless those that are there have the version of the
    // Service's.
    if (!d->has(service_command::install) ||
        keys_of_version(*w->card.tsm_domain, w->parameters().service_key_version)) {
        co_await renew_keys(w);
    }
    auto seen = co_await remove_tombstones(w);
    if (d->has(service_command::install)) {
        if (w->request.instance.on_card || w->request.card.doubt || w->request.look_first) {
            // An earlier life left something, or may have: look, and begin from an empty card.
            check_conflicts(*w, listed_aids(co_await remove_what_is_there(w, std::move(seen))));
            w->memory_needed = octets_to_load(*w);
            check_memory(*w, w->resources);
        }
        co_await install_as_the_card_takes_it(w, d);
    } else if (d->has(service_command::activate) || locks(*w, *d)) {
        co_await activate(w, d);
    } else { // finalization only, or personalization of nothing (AMB-150)
        co_await check_presence(w, d);
    }
}

/// Which imports of the load file may be those that the card has not (field lesson 10): all that every Java Card has,
/// and what this Service has brought, is left out. Of what other Services have brought nobody hears here. Whether a
/// card has a package that is part of it only the card knows: it lists none to us.
std::string missing_imports(const work& w, const card_failure& failure) {
    const bool of_imports = failure.sw == 0x6438 || failure.sw == gp::wrong_data || failure.sw == 0x6985;
    if (failure.why != card_failure::kind::status || failure.what != gp::step::load || !of_imports)
        return {};
    const auto& files = w.instance.target.load_files;
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
}

} // namespace

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

process<process_outcome> deploy(process_request request, std::vector<command_request> commands, bool finalize) {
    std::vector<service_command> kinds;
    for (const auto& command : commands)
        kinds.push_back(command.what);
    work w(std::move(request), model::deploy_operation(kinds, finalize));
    deployment d;
    d.commands = std::move(commands);
    d.finalize = finalize;
    d.from = model::effective_state(w.instance);

    std::optional<ending> failed;
    try {
        co_await deploy_steps(&w, &d);
    } catch (const gp::card_failure& failure) {
        failed = ending_of(failure);
        failed->details += missing_imports(w, failure);
    }

    if (failed)
        co_await withdraw_access(&w, *failed);
    else
        note_success(w.instance, d);
    auto outcome = close_process(w, failed, d.from);
    outcome.commands = statuses_of(d.commands, failed);
    co_return outcome;
}

} // namespace tsms::process
