#pragma once
// The device role without its sockets: the real backend, with its threads, over a real instances.db and vault; a
// catalog, an issuer and an SPOS that the test plays.

#include "actors/backend.hpp"
#include "crypto/software_vault.hpp"
#include "store/device_store.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <filesystem>
#include <mutex>

namespace tsms::actors_test {

using namespace tsms::actors;

/// A Service "service" of the provider "sp" with a version "1.0.0" for the profile "p" of cards whose CPLC begins with
/// 4790.
struct played_catalog_port final : store::deployments {
    std::vector<model::card_profile> profiles() const override {
        fail();
        model::card_profile p;
        p.id = p.name = "p";
        p.sc_type = 1;
        p.recognised_by.cplc = {"4790"};
        return {p};
    }
    std::optional<model::offered_service> service(const std::string& id) const override {
        fail();
        if (held)
            held();
        if (id != "service")
            return std::nullopt;
        model::offered_service s;
        s.id = id;
        s.provider = "sp";
        s.has_flavors = true;
        s.versions = {{"1.0.0", true, {"p"}}};
        return s;
    }
    std::optional<model::deployment_target> target(const std::string& service, const std::string& version,
                                                   const std::string& profile) const override {
        fail();
        model::deployment_target t;
        t.service_id = service;
        t.version_tag = version;
        t.profile_id = profile;
        return service == "service" ? std::optional(t) : std::nullopt;
    }
    bool flavor_exists(const std::string&, const std::string& flavor) const override {
        fail();
        return flavor == "flavor";
    }
    bool version_exists(const std::string&, const std::string& tag) const override {
        fail();
        return tag == "1.0.0";
    }
    std::optional<bytes> load_image(const model::target_load_file& file) const override {
        fail();
        return file.aid == "A0" ? std::optional(hex("C0FFEE")) : std::nullopt;
    }

    std::atomic<bool> broken = false;
    std::function<void()> held; ///< called by each service(), on the catalog's thread

private:
    void fail() const {
        if (broken)
            throw std::runtime_error("the catalog cannot be read");
    }
};

/// Takes every delivery and remembers it.
class played_spos final : public spos_port {
public:
    std::string encode(const model::process_result& r) const override { return "result of " + r.process_id; }
    delivery_outcome deliver(const model::spos_target& target, const std::string& body) override {
        {
            const std::lock_guard lock(mutex_);
            delivered_.push_back(target.url + " " + body);
        }
        changed_.notify_all();
        return {delivery_outcome::kind::delivered, 200, ""};
    }
    void cancel() override {}

    /// So many of them, once they are there.
    std::vector<std::string> delivered(std::size_t wanted) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return delivered_.size() >= wanted; });
        return delivered_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> delivered_;
};

/// A new instances.db that ends with the test.
struct instances_file {
    instances_file() { store::create_database({path, store::database_name::instances}, "an installation"); }
    ~instances_file() {
        for (const char* suffix : {"", "-wal", "-shm", "-mark"})
            std::filesystem::remove(path.string() + suffix);
    }
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("tsms-device-role-" + crypto::system_random().uuid());
};

struct device_role {
    explicit device_role(backend_options options = {}) : backend_(parts(), options) {}

    backend_parts parts() {
        backend_parts p;
        p.db = std::make_shared<store::device_store>(file.path);
        if (before_start)
            before_start(*p.db);
        p.catalog = catalog;
        p.vault = crypto::make_software_vault(crypto::secret(bytes(32, 7)));
        p.issuers = [](const model::issuer_record&) { return nullptr; };
        p.spos = [this] { return spos; };
        p.log = [this](const log_event& e) {
            const std::lock_guard lock(mutex);
            log += e.text + "\n";
        };
        return p;
    }
    std::string logged() {
        const std::lock_guard lock(mutex);
        return log;
    }
    device_backend& backend() { return backend_; }

    /// What a test writes into the database of the next role.
    static inline thread_local std::function<void(store::device_store&)> before_start;

    instances_file file;
    std::shared_ptr<played_catalog_port> catalog = std::make_shared<played_catalog_port>();
    std::shared_ptr<played_spos> spos = std::make_shared<played_spos>();

private:
    std::mutex mutex;
    std::string log;
    device_backend backend_;
};

inline call call_for(function what, std::vector<announced_card> cards = {{"eSE1", "eSE", "", ""}}) {
    call c;
    c.what = std::move(what);
    c.caller_id = "CAFE";
    c.cards = std::move(cards);
    c.address = "192.0.2.1";
    return c;
}

} // namespace tsms::actors_test
