// tsms trace: what happened in the processes of an instance or a card, APDU by APDU (TR 3.5.1). It only reads, beside a
// server that runs or without one.

#include "app/cli/program.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"
#include "app/tsms/trace_text.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace tsms::app {

namespace {

struct trace_options {
    std::string data, id;
    store::trace_bounds bounds;
    bool all_octets = false;
    bool as_json = false;
};

void show_trace(const trace_options& o) {
    constexpr std::size_t longest_apdu = 1 << 17; // one of extended length, with room
    auto bounds = o.bounds;
    if (o.all_octets)
        bounds.octets = longest_apdu;
    const auto found = store::read_trace(read_config(o.data).instances_db(), o.id, bounds);
    if (!found)
        throw config_error("nothing is known of ‘" + o.id +
                           "’: it is no process that is still kept "
                           "(tsm.card_log_days), no service instance and no secure component (tsms card list)");
    if (o.as_json)
        std::cout << json::dump(trace_as_json(o.id, *found)) << std::endl;
    else
        print_trace(std::cout, o.id, *found);
}

} // namespace

void add_trace_command(CLI::App& app) {
    auto* trace = app.add_subcommand("trace", "What happened between TSM, card and issuer in a process");
    auto o = std::make_shared<trace_options>();
    trace->add_option("--data", o->data, "data directory")->required();
    trace->add_option("ID", o->id, "id of a process, of a service instance or of a secure component")->required();
    trace->add_option("--processes", o->bounds.processes, "so many processes at most, the last ones")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    trace->add_option("--entries", o->bounds.entries, "so many entries of each process at most, the last ones")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    trace->add_flag("--octets", o->all_octets, "every octet that was kept, not the first 32 of each APDU");
    trace->add_flag("--json", o->as_json, "output for programs");
    cli::examples(
        *trace,
        {"tsms trace --data ./data 1b9d6bcd-…", "tsms trace --data ./data 1b9d6bcd-… --processes 1 --octets",
         "tsms trace --data ./data 1b9d6bcd-… --json"},
        "Keys, personalization data and the issuer's commands beyond their headers are never kept; what an "
        "app says of itself is a claim.\n> is a command, < its answer, ! one that is refused or missing, ✘ the "
        "one that the process failed with, · what the TSM did.");
    trace->callback([o] { show_trace(*o); });
}

} // namespace tsms::app
