#pragma once
// Personalization scripts of a simulated Service, and what has become of them.

#include "tests/sim/versions.hpp"

namespace tsms::sim {

inline model::script_command stores(std::string tag, std::string data, std::string header = "80E28800") {
    return {std::move(tag), std::move(header), std::move(data), "", {"9000"}, model::script_way::store_data, false};
}
inline model::script_command selects(std::string tag, std::string header, std::string data, std::string le = "") {
    return {std::move(tag), std::move(header), std::move(data), std::move(le), {"9000"}, model::script_way::select,
            false};
}

inline void add_script(world& w, std::size_t application, std::vector<model::script_command> commands) {
    auto& app = w.instance.target.applications.at(application);
    app.has_personalization = true;
    app.script = {std::move(commands), ""};
}

/// A Service of two applets, the first of which has this script.
inline world scripted(std::vector<model::script_command> commands) {
    auto w = ready();
    add_script(w, 0, std::move(commands));
    return w;
}

/// Its applet is a stranger's, that has no personalization interface.
inline world without_interface() {
    world w;
    lab::cap_request wanted;
    wanted.package = package;
    wanted.applets = {applet_1};
    wanted.load_size = 600;
    wanted.keeps_data = false;
    w.add_cap(gp::parse_cap(lab::write_cap(wanted)));
    add_script(w, 0, {stores("pin", "010104${pin}")});
    return w;
}

inline std::vector<process::command_request> requests(const std::vector<model::service_command>& kinds,
                                                      const std::map<std::string, std::string>& data) {
    std::vector<process::command_request> list;
    for (const auto what : kinds)
        list.push_back({what, what == P ? data : std::map<std::string, std::string>{}, false});
    return list;
}

inline process::process_outcome run(world& w, const std::vector<model::service_command>& kinds,
                                    const std::map<std::string, std::string>& data, bool finalize = true) {
    return *w.play(process::deploy(w.request(), requests(kinds, data), finalize));
}

/// What STORE DATA has brought to it; empty where it is not there.
inline std::string kept_by(const world& w, const bytes& aid) {
    const auto* app = w.card.state().registry.find_application(aid);
    return app ? to_hex(app->kept.personalization) : "";
}

/// "AID: tag command response, tag …; AID: …; "
inline std::string results_of(const process::process_outcome& end) {
    std::string text;
    for (const auto& result : end.personalized) {
        text += result.application_instance_aid + ":";
        for (const auto& [tag, command, response] : result.results)
            text += " " + tag + " " + command + " " + response + ",";
        text.back() = ';';
        text += " ";
    }
    return text;
}

/// What means something to us in our own domain, in the Service's, and in the ISD: E0, 42, 45 (GPCS 11.3.3).
inline std::string domains(const world& w) {
    std::string text;
    for (const auto* aid : {tsm_domain, service_domain}) {
        const auto* app = w.card.state().registry.find_application(hex(aid));
        if (!app)
            continue;
        for (const auto& set : app->sd->key_sets)
            text += to_hex({&set.version, 1}) + " ";
        for (const auto& [tag, value] : app->sd->data)
            text += std::to_string(tag) + "=" + to_hex(value) + " ";
    }
    for (const auto& [tag, value] : w.card.state().registry.isd().sd->data)
        text += std::to_string(tag) + "=" + to_hex(value) + " ";
    return text + to_hex(w.card.state().registry.isd().aid) + to_hex(w.card.state().diversification());
}

inline std::vector<int> statuses_of(const process::process_outcome& end) {
    std::vector<int> told;
    for (const auto status : end.commands)
        told.push_back(static_cast<int>(status));
    return told;
}

} // namespace tsms::sim
