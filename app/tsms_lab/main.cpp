// tsms-lab: what stands in for a phone's chip, an issuer and a service provider's SPOS-Service where there is none.
// Never part of a deployment.

#include "app/cli/program.hpp"
#include "app/tsms_lab/commands.hpp"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
    using namespace tsms::lab_app;
    CLI::App lab("Simulated card, issuer and SPOS-Service for trying out tsms without hardware", "tsms-lab");
    lab.require_subcommand(1);
    for (const auto add : {add_cap, add_card, add_issuer, add_spos})
        add(lab);
    return tsms::cli::run(lab, argc, argv);
}
