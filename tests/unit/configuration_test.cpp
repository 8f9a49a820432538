// DIR/tsms.toml: every option at its borders. The tables here are written down beside the program's: whoever adds an
// option or moves a bound says so in both.

#include "app/tsms/config.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <unistd.h>

using namespace tsms::app;

namespace {

struct number {
    const char* name;
    int config::*where;
    int least;
    int most;
    int otherwise;
};
constexpr number numbers[] = {
    {"rest.port", &config::rest_port, 1, 65535, 8443},
    {"rest.connections", &config::rest_connections, 1, 10000, 512},
    {"rest.connections_per_address", &config::rest_connections_per_address, 1, 10000, 128},
    {"rest.handshake_seconds", &config::rest_handshake_seconds, 1, 60, 5},
    {"rest.head_seconds", &config::rest_head_seconds, 1, 60, 5},
    {"rest.head_octets", &config::rest_head_octets, 1024, 65536, 16384},
    {"rest.head_fields", &config::rest_head_fields, 8, 1000, 64},
    {"rest.octets_per_second", &config::rest_octets_per_second, 100, 1000000, 1000},
    {"rest.progress_seconds", &config::rest_progress_seconds, 1, 600, 15},
    {"rest.whole_seconds", &config::rest_whole_seconds, 1, 3600, 30},
    {"rest.idle_milliseconds", &config::rest_idle_milliseconds, 100, 60000, 1500},
    {"rest.load_file_kib", &config::load_file_kib, 1, 65536, 2048},
    {"rest.script_kib", &config::script_kib, 1, 65536, 1024},
    {"rest.certificate_kib", &config::certificate_kib, 1, 65536, 64},
    {"rest.json_kib", &config::json_kib, 1, 65536, 1024},
    {"rest.request_memory_mib", &config::request_memory_mib, 1, 65536, 64},
    {"rest.upload_room_mib", &config::upload_room_mib, 1, 65536, 256},
    {"rest.access_token_minutes", &config::access_token_minutes, 1, 60, 15},
    {"rest.auth_burst", &config::auth_burst, 1, 100000, 60},
    {"rest.auth_per_second", &config::auth_per_second, 1, 100000, 10},
    {"device.port", &config::device_port, 1, 65535, 9443},
    {"device.connections", &config::device_connections, 1, 10000, 1000},
    {"device.connections_per_address", &config::device_connections_per_address, 1, 10000, 250},
    {"device.handshake_seconds", &config::device_handshake_seconds, 1, 60, 5},
    {"device.head_seconds", &config::device_head_seconds, 1, 60, 5},
    {"device.head_octets", &config::device_head_octets, 1024, 65536, 16384},
    {"device.head_fields", &config::device_head_fields, 8, 1000, 64},
    {"device.octets_per_second", &config::device_octets_per_second, 100, 1000000, 1000},
    {"device.progress_seconds", &config::device_progress_seconds, 1, 600, 15},
    {"device.whole_seconds", &config::device_whole_seconds, 1, 3600, 30},
    {"device.idle_milliseconds", &config::device_idle_milliseconds, 100, 60000, 1500},
    {"device.body_kib", &config::device_body_kib, 16, 65536, 1024},
    {"device.body_memory_mib_per_address", &config::device_body_memory_mib_per_address, 1, 65536, 16},
    {"device.body_memory_mib", &config::device_body_memory_mib, 1, 65536, 64},
    {"device.calls_at_once", &config::calls_at_once, 1, 10000, 256},
    {"device.calls_at_once_per_address", &config::calls_at_once_per_address, 1, 10000, 64},
    {"device.calls_per_address", &config::calls_per_address, 1, 100000, 20},
    {"device.calls_per_app", &config::calls_per_app, 1, 100000, 200},
    {"device.sessions_per_address", &config::sessions_per_address, 1, 20000, 500},
    {"device.sessions_in_all", &config::sessions_in_all, 1, 1000000, 20000},
    {"device.sessions_per_app", &config::sessions_per_app, 1, 20000, 5000},
    {"device.unproven_per_address", &config::unproven_per_address, 3, 1000000, 120},
    {"device.unproven_per_card", &config::unproven_per_card, 3, 1000000, 20},
    {"device.unproven_in_all", &config::unproven_in_all, 3, 1000000, 3000},
    {"device.long_poll_seconds", &config::long_poll_seconds, 1, 25, 20},
    {"device.first_report_seconds", &config::first_report_seconds, 5, 3600, 60},
    {"device.phone_lost_seconds", &config::phone_lost_seconds, 10, 3600, 300},
    {"device.lease_seconds", &config::lease_seconds, 2, 86400, 900},
    {"device.result_seconds", &config::result_seconds, 10, 86400, 900},
    {"operations.port", &config::operations_port, 0, 65534, 9100},
    {"operations.connections", &config::operations_connections, 2, 1000, 16},
    {"tsm.issuer_answer_seconds", &config::issuer_answer_seconds, 1, 600, 40},
    {"tsm.spos_answer_seconds", &config::spos_answer_seconds, 1, 600, 15},
    {"tsm.connect_seconds", &config::tsm_connect_seconds, 1, 60, 5},
    {"tsm.octets_per_second", &config::tsm_octets_per_second, 100, 1000000, 1000},
    {"tsm.progress_seconds", &config::tsm_progress_seconds, 1, 600, 15},
    {"tsm.whole_seconds", &config::tsm_whole_seconds, 1, 3600, 30},
    {"tsm.issuer_calls", &config::issuer_calls, 1, 1000, 8},
    {"tsm.issuer_calls_in_all", &config::issuer_calls_in_all, 1, 10000, 64},
    {"tsm.issuer_queue", &config::issuer_queue, 1, 100000, 1000},
    {"tsm.issuer_wait_seconds", &config::issuer_wait_seconds, 1, 3600, 60},
    {"tsm.spos_deliveries", &config::spos_deliveries, 1, 1000, 2},
    {"tsm.spos_deliveries_in_all", &config::spos_deliveries_in_all, 1, 10000, 32},
    {"tsm.card_log_days", &config::card_log_days, 1, 3650, 42},
    {"tsm.claimed_card_days", &config::claimed_card_days, 1, 3650, 90},
    {"tsm.unproven_card_hours", &config::unproven_card_hours, 1, 87600, 72},
};

struct text {
    const char* name;
    std::string config::*where;
    const char* otherwise;
};
constexpr text texts[] = {
    {"rest.address", &config::rest_address, "127.0.0.1"},
    {"rest.certificate", &config::rest_certificate, "rest.pem"},
    {"rest.key", &config::rest_key, "rest-key.pem"},
    {"rest.client_ca", &config::rest_client_ca, ""},
    {"device.address", &config::device_address, "127.0.0.1"},
    {"device.certificate", &config::device_certificate, "device.pem"},
    {"device.key", &config::device_key, "device-key.pem"},
    {"device.server_name", &config::server_name, "device"},
    {"tsm.client_certificate", &config::client_certificate, "client.pem"},
    {"tsm.client_key", &config::client_key, "client-key.pem"},
    {"tsm.vault_key", &config::vault_key, "vault.key"},
    {"token.tsm_identifier", &config::tsm_identifier, ""},
    {"token.curve", &config::token_curve, "P-256"},
    {"log.format", &config::log_format, "human"},
    {"log.level", &config::log_level, "info"},
};

struct flag {
    const char* name;
    bool config::*where;
    bool otherwise;
};
constexpr flag flags[] = {
    {"device.accept_unknown_apps", &config::accept_unknown_apps, false},
    {"tsm.remove_domain_when_last", &config::remove_domain_when_last, true},
};

/// A data directory with a tsms.toml; no variable overrides it.
class data_directory {
public:
    data_directory() {
        for (const char* variable : {"TSMS_REST_PORT", "TSMS_DEVICE_PORT", "TSMS_OPS_PORT"})
            ::unsetenv(variable);
        std::filesystem::create_directories(path_);
    }
    ~data_directory() {
        for (const char* variable : {"TSMS_REST_PORT", "TSMS_DEVICE_PORT", "TSMS_OPS_PORT"})
            ::unsetenv(variable);
        std::filesystem::remove_all(path_);
    }

    const std::filesystem::path& path() const { return path_; }
    config read(const std::string& toml) const {
        std::ofstream(path_ / "tsms.toml") << toml;
        return read_config(path_);
    }
    /// One option; `value` as TOML writes it.
    config read(const std::string& name, const std::string& value) const {
        const auto dot = name.find('.');
        return read("[" + name.substr(0, dot) + "]\n" + name.substr(dot + 1) + " = " + value + "\n");
    }
    /// Refused with a text that names the option and its line.
    bool refuses(const std::string& name, const std::string& value) const {
        try {
            read(name, value);
        } catch (const config_error& e) {
            const std::string why = e.what();
            BOOST_TEST(why.find(name) != why.npos, why);
            BOOST_TEST(why.find("line 2") != why.npos, why);
            return true;
        }
        return false;
    }

private:
    std::filesystem::path path_ =
        std::filesystem::temp_directory_path() / ("tsms-config-test-" + std::to_string(::getpid()));
};

/// Every member by the name of its option.
std::string all_of(const config& c) {
    std::ostringstream out;
    for (const auto& n : numbers)
        out << n.name << " = " << c.*n.where << "\n";
    for (const auto& t : texts)
        out << t.name << " = " << c.*t.where << "\n";
    for (const auto& f : flags)
        out << f.name << " = " << c.*f.where << "\n";
    return out.str();
}

} // namespace

BOOST_AUTO_TEST_SUITE(configuration)

BOOST_AUTO_TEST_CASE(every_option_is_in_these_tables_with_its_default) {
    std::set<std::string> known;
    const config c;
    for (const auto& n : numbers) {
        known.insert(n.name);
        BOOST_TEST((c.*n.where == n.otherwise), n.name);
    }
    for (const auto& t : texts) {
        known.insert(t.name);
        BOOST_TEST((c.*t.where == t.otherwise), t.name);
    }
    for (const auto& f : flags) {
        known.insert(f.name);
        BOOST_TEST((c.*f.where == f.otherwise), f.name);
    }
    std::istringstream written(commented_config(c));
    std::string line, section;
    bool explained = false;
    while (std::getline(written, line)) {
        if (line.starts_with('[')) {
            section = line.substr(1, line.size() - 2) + ".";
        } else if (const auto equals = line.find(" = "); equals != line.npos && !line.starts_with('#')) {
            const auto name = section + line.substr(0, equals);
            BOOST_TEST(known.erase(name) == 1u, name << " is not in the tables of this test: give it its row");
            BOOST_TEST(explained, name);
        }
        explained = line.starts_with("# ") && line.size() > 10;
    }
    for (const auto& name : known)
        BOOST_ERROR("there is no option " << name << " any more: take its row away");
}

BOOST_AUTO_TEST_CASE(numbers_end_where_they_say) {
    const data_directory d;
    for (const auto& n : numbers) {
        BOOST_TEST_CONTEXT(n.name) {
            for (const int good : {n.least, n.most}) {
                config expected;
                expected.*n.where = good;
                BOOST_TEST(all_of(d.read(n.name, std::to_string(good))) == all_of(expected)); // and no other one
            }
            BOOST_TEST(d.refuses(n.name, std::to_string(n.least - 1)));
            BOOST_TEST(d.refuses(n.name, std::to_string(n.most + 1)));
            for (const char* other : {"4294967297", "-9223372036854775808", "1.0", "true", "\"1\"", "[1]"})
                BOOST_TEST(d.refuses(n.name, other), other);
        }
    }
}

BOOST_AUTO_TEST_CASE(texts_and_flags_are_nothing_else) {
    const data_directory d;
    for (const auto& t : texts) {
        BOOST_TEST_CONTEXT(t.name) {
            const std::string value = t.where == &config::log_format       ? "json"
                                      : t.where == &config::log_level      ? "debug"
                                      : t.where == &config::tsm_identifier ? "2.999.1"
                                      : t.where == &config::token_curve    ? "brainpoolP256r1"
                                                                           : "/somewhere else";
            config expected;
            expected.*t.where = value;
            BOOST_TEST(all_of(d.read(t.name, "\"" + value + "\"")) == all_of(expected));
            for (const char* other : {"1", "true", "[\"x\"]"})
                BOOST_TEST(d.refuses(t.name, other), other);
        }
    }
    for (const auto& f : flags) {
        BOOST_TEST_CONTEXT(f.name) {
            config expected;
            expected.*f.where = !f.otherwise;
            BOOST_TEST(all_of(d.read(f.name, f.otherwise ? "false" : "true")) == all_of(expected));
            for (const char* other : {"1", "0", "\"true\""})
                BOOST_TEST(d.refuses(f.name, other), other);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_file_of_init_says_what_is_so_without_it) {
    const data_directory d;
    BOOST_TEST(all_of(d.read(commented_config({}, "made for a test"))) == all_of({}));
    BOOST_TEST(all_of(d.read("")) == all_of({}));
    config other;
    other.rest_port = 1;
    other.log_format = "json";
    other.accept_unknown_apps = true;
    BOOST_TEST(all_of(d.read(commented_config(other))) == all_of(other));
}

BOOST_AUTO_TEST_CASE(what_it_does_not_know_it_refuses) {
    const data_directory d;
    BOOST_TEST(d.refuses("rest.nothing", "1"));
    BOOST_TEST(d.refuses("nothing.port", "1"));
    BOOST_TEST(d.refuses("device.auth_burst", "1")); // of another section
    for (const auto* bad : {"rest_port = 1", "[rest", "[rest]\nport = 1\nport = 2", "[rest]\nport = 08443"})
        BOOST_CHECK_THROW(d.read(bad), config_error);
    for (const auto& level : {"debug", "info", "warning", "error"})
        BOOST_CHECK_NO_THROW(d.read("log.level", std::string("\"") + level + "\""));
    for (const auto& [name, value] : {std::pair{"log.level", "\"Info\""},
                                      {"log.level", "\"\""},
                                      {"log.format", "\"text\""},
                                      {"token.tsm_identifier", "\"2.999.\""},
                                      {"token.tsm_identifier", "\"3.1\""},
                                      {"token.tsm_identifier", "\"tsm\""},
                                      {"token.curve", "\"p-256\""},
                                      {"token.curve", "\"\""}})
        BOOST_CHECK_THROW(d.read(name, value), config_error);
    BOOST_CHECK_NO_THROW(d.read("log.format", "\"human\""));
    std::filesystem::remove(d.path() / "tsms.toml");
    BOOST_CHECK_THROW(read_config(d.path()), config_error);
}

BOOST_AUTO_TEST_CASE(ports_of_the_environment_have_the_same_bounds) {
    const data_directory d;
    for (const auto& [variable, name] : {std::pair{"TSMS_REST_PORT", "rest.port"},
                                         {"TSMS_DEVICE_PORT", "device.port"},
                                         {"TSMS_OPS_PORT", "operations.port"}}) {
        BOOST_TEST_CONTEXT(variable) {
            const auto& row = *std::find_if(std::begin(numbers), std::end(numbers),
                                            [wanted = std::string(name)](const number& n) { return n.name == wanted; });
            const auto with = [&, v = variable](const std::string& value) {
                const std::unique_ptr<const char, void (*)(const char*)> set(v, [](const char* x) { ::unsetenv(x); });
                ::setenv(v, value.c_str(), 1);
                const auto c = d.read(row.name, std::to_string(row.otherwise));
                return (c.*row.where);
            };
            BOOST_TEST(with(std::to_string(row.least)) == row.least);
            BOOST_TEST(with(std::to_string(row.most)) == row.most);
            BOOST_TEST(with("") == row.otherwise);
            for (const auto& bad : {std::to_string(row.least - 1), std::to_string(row.most + 1), std::string("80 "),
                                    std::string("x"), std::string("99999999999999999999")})
                BOOST_CHECK_THROW(with(bad), config_error);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_file_of_up_to_a_mebibyte_is_read) {
    const data_directory d;
    const auto of_size = [&](std::size_t octets) {
        std::ofstream(d.path() / "x.pem") << std::string(octets, 'x');
        return read_text(d.path() / "x.pem").size();
    };
    BOOST_CHECK_THROW(of_size(0), config_error);
    BOOST_TEST(of_size(1) == 1u);
    BOOST_TEST(of_size(1 << 20) == 1u << 20);
    BOOST_CHECK_THROW(of_size((1 << 20) + 1), config_error);
    BOOST_CHECK_THROW(read_text(d.path() / "none.pem"), config_error);
}

BOOST_AUTO_TEST_SUITE_END()
