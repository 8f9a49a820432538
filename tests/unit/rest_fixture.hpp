#pragma once
// The REST API over fresh databases, without a socket, and short ways to call it.

#include "base/log_event.hpp"
#include "base/time.hpp"
#include "http/rest/api.hpp"
#include "http/rest/profiles.hpp"
#include "lab/cap_writer.hpp"
#include "store/databases.hpp"
#include "store/deployments.hpp"
#include "store/memory/access.hpp"
#include "store/memory/catalog.hpp"
#include "tests/moved_clock.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

namespace tsms::rest_test {

/// A directory that ends with the test.
class scratch {
public:
    scratch() : path_(std::filesystem::temp_directory_path() / ("tsms-rest-" + crypto::system_random().uuid())) {
        std::filesystem::create_directory(path_);
    }
    ~scratch() { std::filesystem::remove_all(path_); }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// The databases of the REST role, as tsms init makes them.
struct rest_databases : scratch {
    rest_databases() {
        store::create_database({path() / "access.db", store::database_name::access}, "an installation");
        store::create_database({path() / "catalog.db", store::database_name::catalog}, "an installation");
    }
};

/// "1009 Not existing: …", or the status of an answer without GeneralError.
inline std::string problem(const net::response& r) {
    if (r.body.empty() || r.status < 400)
        return std::to_string(r.status);
    const auto body = json::parse(r.body);
    const json::reader error(json::root_object(body));
    return std::to_string(error.integer("errorCategory")) + " " + error.string("errorMessage");
}

inline json::value parsed(const net::response& r) {
    BOOST_REQUIRE_MESSAGE(r.status == 200, problem(r));
    return json::parse(r.body);
}
inline std::string text(const json::value& v, std::string_view key) {
    return json::reader(json::root_object(v)).string(key);
}
inline json::value member(const json::value& v, std::string_view key) {
    const auto* found = json::root_object(v).find(key);
    BOOST_REQUIRE_MESSAGE(found, key << " is missing");
    return *found;
}

/// Where a fixture keeps what it is told.
enum class kept { in_files, in_memory };

struct fixture {
    explicit fixture(kept where = kept::in_files)
        : opened_catalog(where == kept::in_files ? store::open_catalog(directory.path() / "catalog.db")
                                                 : store::catalog_in_memory()),
          opened_access(where == kept::in_files ? store::open_access(directory.path() / "access.db")
                                                : store::access_in_memory()),
          device_side(store::deployments_of(where == kept::in_files
                                                ? std::shared_ptr<const store::catalog_reader>(
                                                      store::open_catalog_reader(directory.path() / "catalog.db"))
                                                : opened_catalog)) {}

    rest_databases directory;
    std::shared_ptr<store::catalog> opened_catalog;
    std::unique_ptr<store::access> opened_access;
    std::unique_ptr<store::deployments> device_side; ///< what the device role reads of it
    store::catalog& catalog = *opened_catalog;
    store::access& access = *opened_access;
    moved_clock clock;
    wall_time& now = clock.wall_now;
    steady_time& ticks = clock.steady_now;
    std::string internal;              ///< the last error of the log
    std::vector<std::string> warnings; ///< of the log
    rest::api api{catalog, access, options()};
    std::string provider = access.add_provider("Example Corp", now).id;
    std::string long_term = access.issue_long_term(provider, now, now + std::chrono::hours(24));
    std::string token = login(long_term);
    std::string base = "/sptsm/1.0";

    rest::api_options options() {
        rest::api_options o;
        o.uploads.certificate = 8192;
        o.time = &clock;
        o.log = [this](const log_event& e) {
            if (e.level == severity::error)
                internal = e.text;
            else
                warnings.push_back(e.text);
        };
        return o;
    }

    net::response send(std::string method, std::string path, std::string body = {},
                       std::string_view content_type = "application/json") {
        net::request r;
        r.method = std::move(method);
        r.path = base + path;
        r.target = r.path;
        r.remote_address = "192.0.2.1";
        r.headers.add("Authorization", "Bearer " + token);
        if (!body.empty())
            r.headers.add("Content-Type", std::string(content_type));
        r.body = std::move(body);
        return api.handle(r);
    }
    net::response get(const std::string& path) { return send("GET", path); }
    net::response post(const std::string& path, const json::value& body) {
        return send("POST", path, json::dump(body));
    }
    net::response put(const std::string& path, const json::value& body) { return send("PUT", path, json::dump(body)); }
    net::response remove(const std::string& path) { return send("DELETE", path); }

    std::string login(const std::string& credential) {
        net::request r;
        r.method = "POST";
        r.path = "/sptsm/1.0/auth";
        r.remote_address = "192.0.2.1";
        r.headers.add("Authorization", "Bearer " + credential);
        const auto answer = api.handle(r);
        return answer.status == 200 ? *json::parse(answer.body).as_string() : problem(answer);
    }
    /// A token of another service provider.
    std::string stranger() {
        const auto other = access.add_provider("Other Corp", now).id;
        return login(access.issue_long_term(other, now, now + std::chrono::hours(24)));
    }

    struct part {
        std::string name;
        std::string file_name; ///< empty: no file
        std::string content;
    };
    net::response upload(const std::string& method, const std::string& path, const std::vector<part>& parts) {
        std::string body;
        for (const auto& p : parts) {
            body += "--b\r\nContent-Disposition: form-data; name=\"" + p.name + "\"";
            if (!p.file_name.empty())
                body += "; filename=\"" + p.file_name + "\"\r\nContent-Type: application/octet-stream";
            body += "\r\n\r\n" + p.content + "\r\n";
        }
        return send(method, path, body + "--b--\r\n", "multipart/form-data; boundary=b");
    }

    static std::string cap(std::string_view package = "D2760001635445", std::string_view applet = "D276000163544501") {
        lab::cap_request request;
        request.package = hex(package);
        request.applets = {hex(applet)};
        const auto zip = lab::write_cap(request);
        return {zip.begin(), zip.end()};
    }

    /// Id of a new profile.
    std::string profile(std::string name = "sim", std::string java_card = "3.0.5", json::object csp = {},
                        json::object card = {{"ara", "aram-issuer"}}) {
        const json::array file{json::object{{"name", name},
                                            {"scType", 1},
                                            {"hardwarePlatform", "P" + name},
                                            {"os", "LAB"},
                                            {"osVersion", "1.0"},
                                            {"javaCardVersion", java_card},
                                            {"javaCardFeatures", json::object()},
                                            {"gpSpecVersions", json::object{{"card", "2.3.1"}}},
                                            {"gpApiVersions", json::object{{"card", "1.6"}}},
                                            {"csp", std::move(csp)},
                                            {"certifications", json::object()},
                                            {"identification", json::object{{"cplc", json::array{"47.."}}}},
                                            {"card", std::move(card)}}};
        return rest::import_profiles(catalog, json::dump(file), crypto::system_random(), now).front().id;
    }
    std::string service(const std::string& name = "Pay") {
        return text(parsed(post("/services", json::object{{"name", name}})), "id");
    }
    std::string load_file() {
        return text(parsed(upload("POST", "/executable-load-files", {{"elf-file", "pay.cap", cap()}})), "id");
    }
    std::string module(const std::string& elf) {
        return text(parsed(get("/executable-load-files/" + elf + "/executable-modules")).as_array()->at(0), "id");
    }
    std::string config(const std::string& aid = "D27600016354450101") {
        return text(
            parsed(post("/application-configs", json::object{{"instanceAid", aid}, {"installConfig", json::object()}})),
            "id");
    }
    static json::object instantiation(const std::string& module_id, const std::string& config_id) {
        return {{"executableModuleId", module_id}, {"applicationConfigId", config_id}};
    }
};

} // namespace tsms::rest_test
