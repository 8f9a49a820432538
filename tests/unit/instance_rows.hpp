#pragma once
// An instance database in a folder of its own, and rows for it.

#include "store/device_store.hpp"
#include "store/instance_records.hpp"

#include <unistd.h>

namespace tsms::unit {

struct temporary_database {
    temporary_database() {
        char name[] = "/tmp/tsms-store-XXXXXX";
        folder = ::mkdtemp(name);
        store::create_database({file(), store::database_name::instances}, "an installation");
    }
    ~temporary_database() { std::filesystem::remove_all(folder); }
    std::filesystem::path file() const { return folder / "instances.db"; }
    std::filesystem::path folder;
};

inline model::secure_component some_card() {
    model::secure_component card;
    card.id = "card-1";
    card.identity = "479001";
    card.issuer = "lab";
    model::security_domain domain;
    domain.aid = "D27600016354534D0001";
    domain.keys = model::key_set{0x30, 128, {1, 2, 3}, true};
    domain.key_form = "bare";
    card.tsm_domain = domain;
    return card;
}

inline model::service_instance some_instance(const std::string& id = "instance-1") {
    model::service_instance i;
    i.id = id;
    i.secure_component_id = "card-1";
    i.reader = "eSE1";
    i.target.service_id = "service-1";
    i.target.version_tag = "1.0.0";
    i.target.sp_parameters = {{"color", "blue"}};
    i.target.load_files.push_back({"elf", "D276000185", "00FF", 1234, {"A0000000620101"}});
    model::target_application app;
    app.instance_aid = "D27600018501";
    app.privileges = {"CVMManagement"};
    app.make_selectable = false;
    app.script = {{{"pin", "80E28800", "0101${pin}", "00", {"9000", "6A88"}, model::script_way::store_data, true}},
                  "why it cannot be executed"};
    app.personalized = true;
    i.target.applications.push_back(app);
    i.target.card.order_apdus = 17;
    i.target.card.challenge_counter = false;
    i.target.spos = model::spos_target{"https://spos", "PEM"};
    i.executed = {model::service_command::install, model::service_command::activate};
    i.state = model::instance_state::activated;
    return i;
}

inline model::process_record some_process() {
    model::process_record p;
    p.id = "process-1";
    p.session = "session";
    p.instance = "instance-1";
    p.card = "card-1";
    p.version_tag = "1.0.0";
    p.requested = {model::operation::service_deployment_installation, model::operation::service_deployment_activation};
    p.start_state = model::instance_state::not_deployed;
    p.started = "2026-01-01T00:00:00.000Z";
    return p;
}

/// A call with a secret of its service provider.
inline model::asked_call some_call() {
    model::deploy_service what{
        "instance-1", {{model::service_command::install, {{"pin", "a secret of the provider"}}}}, true};
    what.commands.push_back({model::service_command::activate, {}, true});
    return {what, {{"eSE1", "eSE", "", "3B00"}, {"SIM1", "uicc", "id", ""}}};
}

inline model::life_cycle_result some_result() {
    model::deploy_service_result r;
    r.process = {
        "process-1", {model::error_category::none, ""}, "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"};
    r.state = model::instance_state::operational;
    r.technical = {{{"color", "blue"}}, "service-1", "1.0.0", "flavor-1", "gold", "profile-1"};
    r.commands = {{model::command_status::execution_success, {{"D276", {{"t", "00A4", "9000"}}}}},
                  {model::command_status::not_executed, {}}};
    r.reader = "eSE1";
    return r;
}

inline bool created(model::creation outcome) {
    return outcome == model::creation::created;
}

/// A process begins on the rows as they are, and shows this instance.
inline bool begin(store::device_store& db, const model::process_record& p, const model::service_instance& shown) {
    return db.processes.begin(p, {*db.instances.find(p.instance), db.cards.find(p.card)},
                              {shown, db.cards.find(p.card)}) == model::beginning::begun;
}

} // namespace tsms::unit
