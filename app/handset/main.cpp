// tsms-handset: a handset on the command line, built on the TSM-API SDK (DESIGN 2).

#include "app/cli/program.hpp"
#include "app/cli/secret_file.hpp"
#include "app/cli/table.hpp"
#include "app/failure.hpp"
#include "app/handset/component.hpp"
#include "app/handset/console.hpp"
#include "app/handset/interrupts.hpp"
#include "sdk/pending_file.hpp"
#include "sdk/tsm_api.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unistd.h>

namespace {

using namespace tsms;

constexpr int exit_failed = 1; ///< executionStatus is not 0
constexpr int exit_usage = 2;

struct arguments {
    std::string url = "https://127.0.0.1:9443";
    std::string ca_file;
    std::vector<std::string> components;
    std::string caller_id = app::default_caller;
    std::string credential;
    std::string credential_file;
    std::string pending;
    std::string token_file;
    bool json = false;
    bool log = false;
    std::optional<std::string> stats; ///< empty: standard error
    int answer_seconds = 40;
    std::string dialect = "1.0";

    std::string service, instance, version; // positional, by subcommand
    std::string commands;
    std::vector<std::string> data;
    bool suspended = false;
    bool finalize = false;
    std::string aid;
    std::vector<std::string> apdus;
};

std::string read_file(const std::string& name) {
    std::ifstream in(name, std::ios::binary);
    std::ostringstream text;
    if (!(text << in.rdbuf()))
        throw std::runtime_error("cannot read '" + name + "'");
    return text.str();
}

std::vector<model::command_request> commands_of(const arguments& a) {
    std::map<std::string, std::string> data;
    for (const auto& pair : a.data) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            throw std::runtime_error("--data '" + pair + "': write key=value");
        data[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    std::vector<model::command_request> commands;
    std::istringstream names(a.commands);
    for (std::string name; std::getline(names, name, ',');) {
        if (name == "install")
            commands.push_back({model::service_command::install, data, false});
        else if (name == "personalize")
            commands.push_back({model::service_command::personalize, data, false});
        else if (name == "activate")
            commands.push_back({model::service_command::activate, {}, a.suspended});
        else
            throw std::runtime_error("--commands: '" + name + "' is none of install, personalize, activate");
    }
    return commands;
}

sdk::tsm_api_options options_of(const arguments& a) {
    sdk::tsm_api_options options;
    options.url = a.url;
    options.dialect = a.dialect == "1.0.4" ? model::dialect::v1_0_4 : model::dialect::v1_0;
    if (!a.ca_file.empty())
        options.ca_pem = read_file(a.ca_file);
    options.caller_id = a.caller_id;
    options.credential = a.credential_file.empty() ? crypto::secret(as_bytes(a.credential))
                                                   : cli::read_secret("--credential-file", a.credential_file);
    options.answer_timeout = std::chrono::seconds(a.answer_seconds);
    options.components = app::open_components(a.components);
    if (!a.pending.empty())
        options.pending = std::make_shared<sdk::pending_file>(a.pending);
    if (!a.log) // else the same line comes through it
        options.log = [](const std::string& line) { std::cerr << line << "\n"; };
    return options;
}

/// What --stats asks for. The file is opened before anything is done, because the result can be shown only once.
class statistics_output {
public:
    explicit statistics_output(const std::optional<std::string>& where) : where_(where) {
        if (!where_ || where_->empty())
            return;
        file_.open(*where_);
        if (!file_)
            throw std::runtime_error("cannot write '" + *where_ + "'");
    }
    /// False where they could not be written.
    bool write(const sdk::statistics& s) {
        if (!where_)
            return true;
        auto& out = where_->empty() ? std::cerr : static_cast<std::ostream&>(file_);
        if (out << json::dump(app::statistics_json(s)) << std::endl)
            return true;
        std::cerr << "tsms-handset: cannot write '" + *where_ + "'" << std::endl;
        return false;
    }

private:
    const std::optional<std::string>& where_;
    std::ofstream file_;
};

using call = std::function<model::tsm_api_result(sdk::tsm_api&, const arguments&, sdk::ProcessListener*)>;

int run(const arguments& a, const call& function) {
    statistics_output statistics(a.stats);
    sdk::tsm_api api(options_of(a));
    if (!a.token_file.empty())
        api.setAccessToken([&a] { return cli::read_secret("--token-file", a.token_file); });
    if (a.log)
        api.setLogListener([](const sdk::log_message& m) {
            std::cerr << m.at << (m.level == sdk::log_level::error ? " error " : " info  ") << cli::harmless(m.text)
                      << std::endl;
        });
    const auto result = [&] {
        const app::cancel_on_interrupt interrupts([&] {
            std::cerr << (api.cancel() ? "cancelled" : "too late to cancel: it goes on to its end") << std::endl;
        });
        app::progress_view view(::isatty(STDERR_FILENO) != 0);
        return function(api, a, &view);
    }();
    std::cout << (a.json ? json::pretty(wire::to_json(result)) : app::result_text(result)) << std::flush;
    const bool told = statistics.write(api.counted());
    return told && model::outcome_of(result).status == model::error_category::none ? 0 : exit_failed;
}

/// Uses an applet on the (first) secure component as an app would: select it, send it commands.
int run_apdus(const arguments& a) {
    const auto components = app::open_components(a.components);
    if (components.empty())
        throw std::runtime_error("no secure component; give one with --se");
    const auto aid = from_hex(a.aid);
    if (!aid || aid->size() < 5 || aid->size() > 16)
        throw std::runtime_error("'" + a.aid + "' is no AID (5 to 16 octets in hexadecimal)");
    std::vector<bytes> commands{{0x00, 0xA4, 0x04, 0x00, static_cast<std::uint8_t>(aid->size())}};
    append(commands[0], *aid);
    commands[0].push_back(0);
    for (const auto& text : a.apdus) {
        auto apdu = from_hex(text);
        if (!apdu || apdu->size() < 4)
            throw std::runtime_error("'" + text + "' is no C-APDU in hexadecimal");
        commands.push_back(*std::move(apdu));
    }
    auto& card = *components.front();
    json::array exchanges;
    bool success = true;
    std::string failure;
    try {
        card.open();
        for (auto command = commands.begin(); success && command != commands.end(); ++command) {
            const auto response = to_hex(card.transmit(*command));
            success = response.ends_with("9000");
            exchanges.push_back(json::object{{"command", to_hex(*command)}, {"response", response}});
            if (!a.json)
                std::cout << "> " << to_hex(*command) << "\n< " << response << "\n";
        }
    } catch (const sdk::transport_error& e) { // what was answered before is told all the same
        failure = e.what();
        std::cerr << "tsms-handset: " << failure << std::endl;
    }
    card.close();
    if (a.json) {
        json::object told{{"reader", card.reader()}, {"exchanges", std::move(exchanges)}};
        if (!failure.empty())
            told.set("error", failure);
        std::cout << json::pretty(told);
    }
    return !failure.empty() ? exit_usage : success ? 0 : exit_failed;
}

struct subcommand {
    const char* name;
    const char* about;
    const char* example;
    std::vector<std::pair<const char*, std::string arguments::*>> positional;
    bool with_commands;
    call function;
};

const std::vector<subcommand>& subcommands() {
    using sdk::tsm_api;
    using L = sdk::ProcessListener;
    using R = model::tsm_api_result;
    using A = const arguments&;
    static const std::vector<subcommand> all{
        {"instances",
         "Service Instances of a service on this handset (getServiceInstances)",
         "instances SERVICE",
         {{"SERVICE", &arguments::service}},
         false,
         [](tsm_api& api, A a, L*) -> R { return api.getServiceInstances(a.service); }},
        {"create",
         "Create a Service Instance on an eligible secure component (createServiceInstance)",
         "create SERVICE 1.0.0",
         {{"SERVICE", &arguments::service}, {"VERSION", &arguments::version}},
         false,
         [](tsm_api& api, A a, L*) -> R { return api.createServiceInstance(a.service, a.version); }},
        {"check",
         "Can the service be deployed here (checkServiceDeploymentAvailable)? PATTERN: 1.0.0, 1.0.x, x.x.x",
         "check SERVICE x.x.x",
         {{"SERVICE", &arguments::service}, {"PATTERN", &arguments::version}},
         false,
         [](tsm_api& api, A a, L*) -> R { return api.checkServiceDeploymentAvailable(a.service, a.version).get(); }},
        {"check-update",
         "Is there an update (checkServiceUpdateAvailable)?",
         "check-update INSTANCE x.x.x",
         {{"INSTANCE", &arguments::instance}, {"PATTERN", &arguments::version}},
         false,
         [](tsm_api& api, A a, L*) -> R { return api.checkServiceUpdateAvailable(a.instance, a.version).get(); }},
        {"deploy",
         "Execute service commands (deployService)",
         "deploy INSTANCE --commands install,activate --finalize --pending phone.pending",
         {{"INSTANCE", &arguments::instance}},
         true,
         [](tsm_api& api, A a, L* l) -> R {
             return api.deployService(a.instance, commands_of(a), a.finalize, l).get();
         }},
        {"update",
         "Update to another version (updateService)",
         "update INSTANCE 1.1.0 --commands install,activate --finalize",
         {{"INSTANCE", &arguments::instance}, {"VERSION", &arguments::version}},
         true,
         [](tsm_api& api, A a, L* l) -> R {
             return api.updateService(a.instance, a.version, commands_of(a), a.finalize, l).get();
         }},
        {"suspend",
         "Lock the applications (suspendOrResumeService)",
         "suspend INSTANCE",
         {{"INSTANCE", &arguments::instance}},
         false,
         [](tsm_api& api, A a, L* l) -> R { return api.suspendOrResumeService(a.instance, true, l).get(); }},
        {"resume",
         "Unlock the applications (suspendOrResumeService)",
         "resume INSTANCE",
         {{"INSTANCE", &arguments::instance}},
         false,
         [](tsm_api& api, A a, L* l) -> R { return api.suspendOrResumeService(a.instance, false, l).get(); }},
        {"terminate",
         "Remove everything of the service from the handset (terminateService)",
         "terminate INSTANCE",
         {{"INSTANCE", &arguments::instance}},
         false,
         [](tsm_api& api, A a, L* l) -> R { return api.terminateService(a.instance, l).get(); }},
    };
    return all;
}

std::string example(const std::string& arguments) {
    return "Example:\n  tsms-handset --url https://localhost:9443 --ca data/ca.pem --se "
           "'sim:phone.card?profile=jc305' " +
           arguments;
}

std::string why_no_caller(const std::string& text) {
    const auto octets = from_hex(text);
    return octets && (octets->size() == 20 || octets->size() == 32)
               ? std::string()
               : "the SHA-256 (or SHA-1) of the app's signing certificate, 64 (or 40) hexadecimal digits";
}

int parse_and_run(int argc, char** argv) {
    arguments a;
    CLI::App program("A handset on the command line: an SP app with the TSM-API SDK and its secure components.",
                     "tsms-handset");
    program.require_subcommand(1);
    program.fallthrough();
    program.add_option("--url", a.url, "device port of the backend")->capture_default_str();
    program.add_option("--ca", a.ca_file, "CA certificate of the backend, PEM; without it the system's");
    program
        .add_option(
            "--se", a.components,
            "secure component, repeatable: sim:FILE[?profile=NAME&access=omapi&faults=SPEC&type=eSE&reader=NAME] "
            "or pcsc:READER[?type=uicc] (docs/lab.md)")
        ->allow_extra_args(false);
    program.add_option("--caller-id", a.caller_id, "hash of the app's signing certificate, hex")
        ->check(CLI::Validator(why_no_caller, ""))
        ->capture_default_str();
    program.add_option("--credential-file", a.credential_file,
                       "file with the app's credential, -: standard input (or TSMS_APP_CREDENTIAL)");
    program.add_option("--token-file", a.token_file,
                       "file with an access token of the service provider's own (setAccessToken), instead of it");
    program.add_option("--dialect", a.dialect, "version of the guideline whose TSM-API is spoken")
        ->check(CLI::IsMember({"1.0", "1.0.4"}))
        ->capture_default_str();
    program.add_option("--pending", a.pending,
                       "file that remembers calls without a result, of this handset alone: what one that was killed "
                       "has begun is ended by its next call, which need not wait");
    program.add_flag("--json", a.json, "print the TR's result object, or {\"error\"} where there is none");
    program.add_flag("--log", a.log, "tell on standard error what the SDK does: no secrets, no data");
    program.add_option("--answer-seconds", a.answer_seconds, "longest wait for an answer of the backend to begin")
        ->check(CLI::Range(1, 600))
        ->capture_default_str();
    auto* stats =
        program
            .add_option("--stats", "write exchanges, octets, milliseconds and APDUs as JSON, to standard error or FILE")
            ->expected(0, 1)
            ->type_name("[FILE]");
    if (const char* credential = std::getenv("TSMS_APP_CREDENTIAL"))
        a.credential = credential;

    std::function<int()> chosen;
    for (const auto& s : subcommands()) {
        auto* sub = program.add_subcommand(s.name, s.about);
        sub->footer(example(s.example));
        for (const auto& [name, member] : s.positional)
            sub->add_option(name, a.*member)->required();
        if (s.with_commands) {
            sub->add_option("--commands", a.commands,
                            "install, personalize, activate: those to execute, in order, with commas");
            sub->add_flag("--suspended", a.suspended, "suspensionControl of activate");
            sub->add_flag("--finalize", a.finalize, "finalizeDeployment");
            sub->add_option("--data", a.data, "key=value for installationData and personalizationData, repeatable")
                ->allow_extra_args(false);
        }
        sub->callback([&, function = s.function] { chosen = [&a, function] { return run(a, function); }; });
    }
    auto* apdu = program.add_subcommand("apdu", "Select an applet on the secure component and send it commands");
    apdu->footer(example("apdu D2760001850101 00010000"));
    apdu->add_option("AID", a.aid)->required();
    apdu->add_option("HEX", a.apdus, "C-APDUs");
    apdu->callback([&] { chosen = [&a] { return run_apdus(a); }; });

    if (const int code = tsms::cli::run(program, argc, argv, exit_usage); code != 0 || !chosen)
        return code;
    if (stats->count() > 0)
        a.stats = stats->results().front() == "{}" ? std::string() : stats->results().front();
    return chosen();
}

} // namespace

int main(int argc, char** argv) {
    try {
        return parse_and_run(argc, argv);
    } catch (const std::exception& e) {
        tsms::app::tell_failure("tsms-handset", tsms::app::asks_for_json(argc, argv), e.what());
        return exit_usage;
    }
}
