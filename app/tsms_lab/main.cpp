// tsms-lab: what stands in for a phone's chip, an issuer and a service provider's SPOS-Service where there is none.
// Never part of a deployment.

#include "app/failure.hpp"
#include "app/tsms_lab/commands.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

int main(int argc, char** argv) {
    using namespace tsms;
    using namespace tsms::lab_app;
    const bool as_json = app::asks_for_json(argc, argv);
    CLI::App lab("Simulated card, issuer and SPOS-Service for trying out tsms without hardware", "tsms-lab");
    lab.require_subcommand(1);
    for (const auto add : {add_cap, add_card, add_issuer, add_spos})
        add(lab);
    try {
        lab.parse(argc, argv);
        return 0;
    } catch (const CLI::ParseError& e) {
        const int code = lab.exit(e);
        if (code != 0 && as_json)
            std::cout << json::dump(app::failure_json(e.what())) << std::endl;
        return code;
    } catch (const std::exception& e) {
        app::tell_failure("tsms-lab", as_json, e.what());
        return 1;
    }
}
