#include "app/tsms_lab/commands.hpp"
#include "lab/cap_writer.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace tsms::lab_app {

namespace {

using namespace lab;

struct options {
    std::string out;
    std::string package = "D276000168010101";
    std::vector<std::string> applets;
    std::string version = "1.0";
    std::string java_card;
    std::string gp_api;
    std::size_t load_size = 0;
    bool extended = false;
    bool json = false;
};

bytes aid(const std::string& text) {
    auto value = from_hex(text);
    if (!value || value->size() < 5 || value->size() > 16)
        throw std::runtime_error("'" + text + "' is no AID: give 10 to 32 hexadecimal digits");
    return *value;
}

cap_version version(const std::string& text) {
    unsigned major = 0;
    unsigned minor = 0;
    char dot = 0;
    char behind = 0;
    if (std::sscanf(text.c_str(), "%3u%c%3u%c", &major, &dot, &minor, &behind) != 3 || dot != '.' || major > 255 ||
        minor > 255)
        throw std::runtime_error("'" + text + "' is no version: give MAJOR.MINOR");
    return {static_cast<std::uint8_t>(major), static_cast<std::uint8_t>(minor)};
}

void run(const options& o) {
    cap_request request;
    request.package = aid(o.package);
    for (const auto& applet : o.applets)
        request.applets.push_back(aid(applet));
    if (request.applets.empty()) {
        request.applets.push_back(request.package);
        request.applets.back().push_back(0x01);
    }
    request.version = version(o.version);
    request.java_card = version(!o.java_card.empty() ? o.java_card : o.extended ? "1.8" : "1.5");
    request.extended = o.extended;
    if (!o.gp_api.empty())
        request.gp_api = version(o.gp_api);
    request.load_size = o.load_size;
    const auto cap = write_cap(request);
    std::ofstream file(o.out, std::ios::binary);
    file.write(reinterpret_cast<const char*>(cap.data()), static_cast<std::streamsize>(cap.size()));
    if (!file.flush())
        throw std::runtime_error(o.out + " cannot be written; check the directory and free space");
    if (o.json)
        std::cout << json::dump(json::object{{"file", o.out}, {"octets", static_cast<std::int64_t>(cap.size())}})
                  << "\n";
    else
        std::cout << o.out << ": " << cap.size() << " octets\n";
}

} // namespace

void add_cap(CLI::App& lab) {
    auto o = std::make_shared<options>();
    auto* command = lab.add_subcommand(
        "cap", "Write a valid CAP file whose applets keep data on a simulated card (docs/lab.md), and do nothing else");
    command->footer("Example:\n  tsms-lab cap --out app.cap --package D27600018501 --applet D2760001850101");
    command->add_option("--out", o->out, "the file to write")->required();
    command->add_option("--load-size", o->load_size,
                        "octets of the load file, about; 0: as small as possible, at most 55000 (extended: 1048576)");
    command->add_option("--package", o->package, "AID of the package")->capture_default_str();
    command->add_option("--applet", o->applets,
                        "AID of an applet, repeatable (default: the package's with 01 appended)");
    command->add_option("--package-version", o->version, "version of the package")->capture_default_str();
    command->add_option(
        "--java-card", o->java_card,
        "version of javacard.framework to import (default: 1.5 of Java Card 3.0.4; extended: 1.8 of 3.1)");
    command->add_option("--gp-api", o->gp_api, "version of org.globalplatform to import (default: none)");
    command->add_flag("--extended", o->extended, "write the extended CAP format of Java Card 3.1");
    command->add_flag("--json", o->json, "print JSON");
    command->callback([o] { run(*o); });
}

} // namespace tsms::lab_app
