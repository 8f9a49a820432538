// Many phones at once at a device port: each makes a Service Instance, deploys it and terminates it, with a simulated
// card of its own. All of them begin each step together. One line of JSON for each step.

#include "app/handset/sim_transport.hpp"
#include "sdk/tsm_api.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

namespace {

using namespace tsms;
using model::service_command;
using clock_type = std::chrono::steady_clock;

struct load {
    std::string url, ca_pem, service, version, folder;
    int phones = 0;
};

/// What became of one step of all phones, by executionStatus.
class tally {
public:
    explicit tally(const char* step) : step_(step), begin_(clock_type::now()) {}

    void add(const model::execution& outcome) {
        const std::lock_guard lock(mutex_);
        ++by_status_[static_cast<int>(outcome.status)];
        if (outcome.status != model::error_category::none && ++shown_ <= 3)
            std::cerr << step_ << ": " << outcome.message << "\n";
    }
    void print() const {
        const std::chrono::duration<double> took = clock_type::now() - begin_;
        std::cout << "{\"step\":\"" << step_ << "\",\"seconds\":" << took.count() << ",\"byStatus\":{";
        const char* separator = "";
        for (const auto& [status, count] : by_status_) {
            std::cout << separator << "\"" << status << "\":" << count;
            separator = ",";
        }
        std::cout << "}}" << std::endl;
    }

private:
    const char* step_;
    clock_type::time_point begin_;
    std::mutex mutex_;
    std::map<int, int> by_status_;
    int shown_ = 0;
};

class phone {
public:
    phone(const load& l, int number) : load_(l) {
        sdk::tsm_api_options options;
        options.url = l.url;
        options.ca_pem = l.ca_pem;
        options.caller_id = std::string(64, '3');
        options.connect_timeout = std::chrono::seconds(60);
        options.answer_timeout = std::chrono::seconds(120);
        options.components = {
            app::open_sim(l.folder + "/load-" + std::to_string(number) + ".card", "jc305", "eSE1", "eSE", "")};
        api_ = std::make_unique<sdk::tsm_api>(std::move(options));
    }

    model::execution create() {
        const auto created = api_->createServiceInstance(load_.service, load_.version);
        if (created.service_instance)
            instance_ = created.service_instance->id;
        return created.outcome;
    }
    model::execution deploy() {
        return api_
            ->deployService(instance_, {{service_command::install, {}, false}, {service_command::activate, {}, false}},
                            true)
            .get()
            .process.outcome;
    }
    model::execution terminate() { return api_->terminateService(instance_).get().process.outcome; }

private:
    const load& load_;
    std::unique_ptr<sdk::tsm_api> api_;
    std::string instance_;
};

void run(const load& l) {
    std::vector<std::unique_ptr<phone>> phones;
    for (int i = 0; i < l.phones; ++i)
        phones.push_back(std::make_unique<phone>(l, i));
    for (const auto& [name, step] : std::initializer_list<std::pair<const char*, model::execution (phone::*)()>>{
             {"create", &phone::create}, {"deploy", &phone::deploy}, {"terminate", &phone::terminate}}) {
        tally result(name);
        std::vector<std::thread> threads;
        for (const auto& one : phones)
            threads.emplace_back([&, s = step] { result.add((*one.*s)()); });
        for (auto& thread : threads)
            thread.join();
        result.print();
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--version") {
        std::puts("device_load " TSMS_VERSION);
        return 0;
    }
    if (argc != 7) {
        std::fprintf(stderr, "usage: %s URL CA-FILE SERVICE VERSION CARD-FOLDER PHONES\n", argv[0]);
        return 2;
    }
    std::ifstream ca(argv[2]);
    load l{argv[1], std::string(std::istreambuf_iterator<char>(ca), {}), argv[3], argv[4], argv[5], std::atoi(argv[6])};
    try {
        run(l);
    } catch (const std::exception& e) {
        std::cerr << e.what() << "\n";
        return 1;
    }
}
