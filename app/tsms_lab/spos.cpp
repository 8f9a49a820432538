// tsms-lab spos: the SPOS-Service of a service provider (TR 4.3), which shows what it receives.

#include "app/tsms_lab/commands.hpp"
#include "app/tsms_lab/listener.hpp"
#include "http/wire/process_result.hpp"
#include "lab/spos/spos_service.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace tsms::lab_app {

namespace {

struct options {
    listener_options listen{9643};
    std::string state;
    int fail_first = 0;
};

void announce(const listener& server, bool as_json) {
    if (as_json)
        std::cout << json::dump(json::object{{"url", server.url()}, {"ca", server.files().ca.string()}}) << std::endl;
    else
        std::cout << "SPOS-Service: " << server.url()
                  << ", certificate for the SposConfig: " << server.files().ca.string() << std::endl;
}

void run(const options& o) {
    lab::spos_service::options serving;
    serving.file = o.state;
    serving.fail_first = o.fail_first;
    serving.on_result = [as_json = o.listen.json](const model::process_result& result) {
        std::cout << (as_json ? json::dump(wire::to_json(result)) : lab::describe(result)) << std::endl;
    };
    serving.log = [](const std::string& line) { std::cerr << line << std::endl; };
    lab::spos_service service(std::move(serving));

    listener server(o.listen, "spos");
    announce(server, o.listen.json);
    server.run([&](const net::request& request) { return service.handle(request); });
}

} // namespace

void add_spos(CLI::App& lab) {
    auto o = std::make_shared<options>();
    auto* command = lab.add_subcommand("spos", "Simulated SPOS-Service: receives, keeps and shows process results");
    command->footer("Example:\n  tsms-lab spos --state spos.json --tls-dir lab-tls --client-ca data/ca.pem");
    o->listen.add_to(*command);
    command->add_option("--state", o->state, "file that keeps the results")->required();
    command->add_option("--fail-first", o->fail_first, "refuse so many deliveries, to see the TSM repeat them")
        ->check(CLI::NonNegativeNumber);
    command->callback([o] { run(*o); });
}

} // namespace tsms::lab_app
