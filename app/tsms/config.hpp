#pragma once
// DIR/tsms.toml: one table of options makes the commented file, reads it, and refuses what it does not know.

#include "store/databases.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace tsms::app {

/// The configuration file is missing, malformed, or holds an unknown option. The text names file, line and remedy.
class config_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct config {
    std::filesystem::path data; ///< the data directory; relative file names are in it

    std::string rest_address = "127.0.0.1";
    int rest_port = 8443;
    std::string rest_certificate = "rest.pem";
    std::string rest_key = "rest-key.pem";
    std::string rest_client_ca;
    int rest_connections = 512;
    int rest_connections_per_address = 128;
    int rest_handshake_seconds = 5;
    int rest_head_seconds = 5;
    int rest_head_octets = 16384;
    int rest_head_fields = 64;
    int rest_octets_per_second = 1000;
    int rest_progress_seconds = 15;
    int rest_whole_seconds = 30;
    int rest_idle_milliseconds = 1500;
    int load_file_kib = 2048;
    int script_kib = 1024;
    int certificate_kib = 64;
    int json_kib = 1024;
    int request_memory_mib = 64;
    int upload_room_mib = 256;
    int access_token_minutes = 15;
    int auth_burst = 60;
    int auth_per_second = 10;

    std::string device_address = "127.0.0.1";
    int device_port = 9443;
    std::string device_certificate = "device.pem";
    std::string device_key = "device-key.pem";
    int device_connections = 1000;
    int device_connections_per_address = 250;
    int device_handshake_seconds = 5;
    int device_head_seconds = 5;
    int device_head_octets = 16384;
    int device_head_fields = 64;
    int device_octets_per_second = 1000;
    int device_progress_seconds = 15;
    int device_whole_seconds = 30;
    int device_idle_milliseconds = 1500;
    int device_body_kib = 1024;
    int device_body_memory_mib = 64;
    int device_body_memory_mib_per_address = 16;
    int calls_at_once = 256;
    int calls_at_once_per_address = 64;
    int calls_per_address = 20;
    int calls_per_app = 200;
    int sessions_per_address = 500;
    int sessions_per_app = 5000;
    int sessions_in_all = 20000;
    int unproven_per_address = 120;
    int unproven_per_card = 20;
    int unproven_in_all = 3000;
    bool accept_unknown_apps = false;
    int long_poll_seconds = 20;
    int first_report_seconds = 60;
    int phone_lost_seconds = 300;
    int result_seconds = 900;
    std::string server_name = "device";
    int lease_seconds = 900;

    int operations_port = 9100;
    int operations_connections = 16;

    std::string client_certificate = "client.pem";
    std::string client_key = "client-key.pem";
    std::string vault_key = "vault.key";
    bool remove_domain_when_last = true;
    int issuer_calls = 8;
    int issuer_calls_in_all = 64;
    int issuer_queue = 1000;
    int issuer_wait_seconds = 60;
    int issuer_answer_seconds = 40;
    int spos_answer_seconds = 15;
    int tsm_connect_seconds = 5;
    int tsm_octets_per_second = 1000;
    int tsm_progress_seconds = 15;
    int tsm_whole_seconds = 30;
    int spos_deliveries = 2;
    int spos_deliveries_in_all = 32;
    int card_log_days = 42;
    int claimed_card_days = 90;
    int unproven_card_hours = 72;

    std::string tsm_identifier; ///< empty: not configured
    std::string token_curve = "P-256";

    std::string log_format = "human";
    std::string log_level = "info";

    std::filesystem::path file(const std::string& name) const { return data / name; }
    std::filesystem::path access_db() const { return data / "access.db"; }
    std::filesystem::path catalog_db() const { return data / "catalog.db"; }
    std::filesystem::path instances_db() const { return data / "instances.db"; }
    std::filesystem::path attestation_keys() const { return data / "attestation-keys.json"; }
    std::vector<store::database_file> databases() const {
        return {{access_db(), store::database_name::access},
                {catalog_db(), store::database_name::catalog},
                {instances_db(), store::database_name::instances}};
    }
};

/// The file that `tsms init` writes: every option with its default and what it is for. `made_for` says in its head what
/// is not as it is by default; empty: nothing.
std::string commented_config(const config& c, const std::string& made_for = {});

/// DIR/tsms.toml; TSMS_REST_PORT, TSMS_DEVICE_PORT and TSMS_OPS_PORT override it. Throws config_error.
config read_config(const std::filesystem::path& data);

/// A text file below the size limit of certificates and keys. Throws config_error.
std::string read_text(const std::filesystem::path& file);

} // namespace tsms::app
