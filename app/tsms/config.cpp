#include "app/tsms/config.hpp"

#include "base/number.hpp"
#include "crypto/object_identifier.hpp"
#include "store/attestation_keys.hpp"
#include "store/leases.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <toml++/toml.h>
#include <variant>

namespace tsms::app {

namespace {

using member = std::variant<std::string config::*, int config::*, bool config::*>;

struct option {
    const char* section;
    const char* name;
    member where;
    int least; ///< of a number
    int most;
    const char* purpose;
};

constexpr const char* most_connections =
    "most connections at once; each costs a thread and two descriptors. At most half of them may be connections that "
    "have not completed a request";
constexpr const char* most_of_address =
    "of them, most of one IPv4 address or IPv6 /64: one stranger must not keep everybody out. As many as all clients "
    "need that share an address (NAT)";
constexpr const char* handshake_time = "longest TLS handshake: a connection that says nothing is closed then";
constexpr const char* head_time =
    "longest time for the head of a request, the first one included: protects from clients that send slowly on purpose";
constexpr const char* head_size = "most octets of a request's head; they are held before anybody has shown who he is";

constexpr const char* slowest = "a body or an answer that moves more slowly is cut (408 where it can be told): "
                                "protects connections and memory from "
                                "clients that send or read slowly on purpose. As many as the slowest honest link has";
constexpr const char* progress_window =
    "octets_per_second is the average over so long: a link may stand still for less";
constexpr const char* whole_time =
    "longest body or answer, beside a second for each octets_per_second octets of it; what is sent around the content "
    "gives no more time";
constexpr const char* idle_time =
    "how long a connection waits for its next request when its last answer has been taken: each costs a thread";

constexpr option options[] = {
    {"rest", "address", &config::rest_address, 0, 0, "numeric address the REST API of service providers listens on"},
    {"rest", "port", &config::rest_port, 1, 65535, "TSMS_REST_PORT overrides it"},
    {"rest", "certificate", &config::rest_certificate, 0, 0, "TLS certificate chain, PEM, leaf first"},
    {"rest", "key", &config::rest_key, 0, 0, "its private key, PEM"},
    {"rest", "client_ca", &config::rest_client_ca, 0, 0,
     "CA of client certificates, PEM; a second factor for those providers that tsms provider certificate names; "
     "empty: none"},
    {"rest", "connections", &config::rest_connections, 1, 10000, most_connections},
    {"rest", "connections_per_address", &config::rest_connections_per_address, 1, 10000, most_of_address},
    {"rest", "handshake_seconds", &config::rest_handshake_seconds, 1, 60, handshake_time},
    {"rest", "head_seconds", &config::rest_head_seconds, 1, 60, head_time},
    {"rest", "head_octets", &config::rest_head_octets, 1024, 65536, head_size},
    {"rest", "head_fields", &config::rest_head_fields, 8, 1000, "most header fields of a request"},
    {"rest", "octets_per_second", &config::rest_octets_per_second, 100, 1000000, slowest},
    {"rest", "progress_seconds", &config::rest_progress_seconds, 1, 600, progress_window},
    {"rest", "whole_seconds", &config::rest_whole_seconds, 1, 3600, whole_time},
    {"rest", "idle_milliseconds", &config::rest_idle_milliseconds, 100, 60000, idle_time},
    {"rest", "load_file_kib", &config::load_file_kib, 1, 65536, "largest CAP file, in units of 1024 octets"},
    {"rest", "script_kib", &config::script_kib, 1, 65536, "largest personalization script, likewise"},
    {"rest", "certificate_kib", &config::certificate_kib, 1, 65536, "largest certificate, likewise"},
    {"rest", "json_kib", &config::json_kib, 1, 65536, "largest JSON document, likewise"},
    {"rest", "request_memory_mib", &config::request_memory_mib, 1, 65536,
     "memory for JSON bodies and large answers, of all connections together, in units of 2^20 octets; more is "
     "refused (500, Retry-After)"},
    {"rest", "upload_room_mib", &config::upload_room_mib, 1, 65536,
     "room for unfinished uploads in this directory, likewise"},
    {"rest", "access_token_minutes", &config::access_token_minutes, 1, 60, "how long a token of /auth is valid"},
    {"rest", "auth_burst", &config::auth_burst, 1, 100000,
     "requests to /auth at once, of one address and with one long-term token"},
    {"rest", "auth_per_second", &config::auth_per_second, 1, 100000, "and how many more each second"},
    {"device", "address", &config::device_address, 0, 0, "numeric address the TSM-API and GP SERAM listen on"},
    {"device", "port", &config::device_port, 1, 65535, "TSMS_DEVICE_PORT overrides it"},
    {"device", "certificate", &config::device_certificate, 0, 0, "TLS certificate chain, PEM, leaf first"},
    {"device", "key", &config::device_key, 0, 0, "its private key, PEM"},
    {"device", "connections", &config::device_connections, 1, 10000, most_connections},
    {"device", "connections_per_address", &config::device_connections_per_address, 1, 10000, most_of_address},
    {"device", "handshake_seconds", &config::device_handshake_seconds, 1, 60, handshake_time},
    {"device", "head_seconds", &config::device_head_seconds, 1, 60, head_time},
    {"device", "head_octets", &config::device_head_octets, 1024, 65536, head_size},
    {"device", "head_fields", &config::device_head_fields, 8, 1000, "most header fields of a request"},
    {"device", "octets_per_second", &config::device_octets_per_second, 100, 1000000, slowest},
    {"device", "progress_seconds", &config::device_progress_seconds, 1, 600, progress_window},
    {"device", "whole_seconds", &config::device_whole_seconds, 1, 3600, whole_time},
    {"device", "idle_milliseconds", &config::device_idle_milliseconds, 100, 60000, idle_time},
    {"device", "body_kib", &config::device_body_kib, 16, 65536,
     "largest report of a handset, in units of 1024 octets. More than 16 are read only for the session that awaits "
     "it; a call of the TSM-API has at most 64"},
    {"device", "body_memory_mib", &config::device_body_memory_mib, 1, 65536,
     "memory for bodies of requests beyond the first 16 KiB of each, of all connections together, in units of 2^20 "
     "octets; more is refused (503, Retry-After). At most half of it is for calls, which are read before the app "
     "has "
     "shown who it is"},
    {"device", "body_memory_mib_per_address", &config::device_body_memory_mib_per_address, 1, 65536,
     "of it, most of one IPv4 address or IPv6 /64: one stranger who sends slowly must not keep everybody out"},
    {"device", "calls_at_once", &config::calls_at_once, 1, 10000,
     "most calls of the TSM-API that are carried out at once; a call for a service instance with a process waits "
     "for it. More are refused (503, Retry-After)"},
    {"device", "calls_at_once_per_address", &config::calls_at_once_per_address, 1, 10000,
     "of them, most of one IPv4 address or IPv6 /64: one stranger must not keep everybody out. More are refused "
     "(429, Retry-After)"},
    {"device", "calls_per_address", &config::calls_per_address, 1, 100000,
     "calls of the TSM-API a second from one address in the long run, ten times as many at once; many handsets may "
     "share one"},
    {"device", "calls_per_app", &config::calls_per_app, 1, 100000, "likewise of one app on all handsets"},
    {"device", "sessions_per_address", &config::sessions_per_address, 1, 20000,
     "sessions of one address whose process has not ended; many handsets may share one"},
    {"device", "sessions_per_app", &config::sessions_per_app, 1, 20000, "likewise of one app on all handsets"},
    {"device", "sessions_in_all", &config::sessions_in_all, 1, 1000000,
     "sessions of all, ended ones that still tell their result among them; the oldest of these make room first. "
     "Protects this machine's memory"},
    {"device", "unproven_per_address", &config::unproven_per_address, 3, 1000000,
     "what secure components that no issuer has proven may cause from one address at once, and as much again in an "
     "hour; anybody can invent one. Rows, processes (with their result for the SPOS) and issuers' orders count one "
     "each: a new handset costs three, and gives them back when its card is proven; failed creations that an SPOS "
     "is told have as much of their own. Keeps one stranger from the others"},
    {"device", "unproven_per_card", &config::unproven_per_card, 3, 1000000,
     "likewise with one claimed identity, from wherever. Keeps one card's issuer from being asked again and again"},
    {"device", "unproven_in_all", &config::unproven_in_all, 3, 1000000,
     "likewise from all addresses together. Keeps this machine, the issuers and the SPOS from all strangers"},
    {"device", "accept_unknown_apps", &config::accept_unknown_apps, 0, 0,
     "apps of a service provider that has never had one registered may call without a credential: for development "
     "only (tsms init --development). A revoked app counts as registered. In production false, and every app has a "
     "credential (tsms app add)"},
    {"device", "long_poll_seconds", &config::long_poll_seconds, 1, 25, "longest wait inside one SERAM poll"},
    {"device", "first_report_seconds", &config::first_report_seconds, 5, 3600,
     "a handset that has never reported to its session is lost after so long"},
    {"device", "phone_lost_seconds", &config::phone_lost_seconds, 10, 3600, "a handset that is silent so long is lost"},
    {"device", "result_seconds", &config::result_seconds, 10, 86400, "how long a finished session tells its result"},
    {"device", "server_name", &config::server_name, 0, 0,
     "name of this server in its leases of cards; servers on the same databases need different ones"},
    {"device", "lease_seconds", &config::lease_seconds, 2, store::longest_lease / std::chrono::seconds(1),
     "another server on the same databases takes a card over whose process has sent and written nothing for so long. "
     "Longer than a process waits for a handset or an issuer"},
    {"operations", "port", &config::operations_port, 0, 65534,
     "/health and /metrics of the device role on 127.0.0.1, the REST role's on the next port; TSMS_OPS_PORT "
     "overrides it; 0: none"},
    {"operations", "connections", &config::operations_connections, 2, 1000,
     "most connections at once to each of the two ports"},
    {"tsm", "client_certificate", &config::client_certificate, 0, 0,
     "what the TSM proves to be towards issuers and SPOS"},
    {"tsm", "client_key", &config::client_key, 0, 0, "its private key, PEM"},
    {"tsm", "vault_key", &config::vault_key, 0, 0, "master key of the key vault; lost key, lost cards: back it up"},
    {"tsm", "remove_domain_when_last", &config::remove_domain_when_last, 0, 0,
     "the last service that leaves a card takes the TSM's own security domain with it"},
    {"tsm", "issuer_calls", &config::issuer_calls, 1, 1000,
     "exchanges with one issuer at once, each on a thread; others wait in a queue. It protects that issuer, and "
     "the phones of all others from one that hangs"},
    {"tsm", "issuer_calls_in_all", &config::issuer_calls_in_all, 1, 10000,
     "likewise with all issuers together; it protects this machine"},
    {"tsm", "issuer_queue", &config::issuer_queue, 1, 100000,
     "processes that may wait for a session of one issuer; more are told at once when to come again"},
    {"tsm", "issuer_wait_seconds", &config::issuer_wait_seconds, 1, 3600,
     "a phone is held so long in all while its issuer is busy, then it is told when to come again"},
    {"tsm", "issuer_answer_seconds", &config::issuer_answer_seconds, 1, 600,
     "longest wait for an issuer's answer to begin, of each exchange; its thread and the phone are kept so long"},
    {"tsm", "spos_answer_seconds", &config::spos_answer_seconds, 1, 600, "likewise for an SPOS-Service's"},
    {"tsm", "connect_seconds", &config::tsm_connect_seconds, 1, 60,
     "longest time for a connection and TLS handshake with an issuer or SPOS-Service"},
    {"tsm", "octets_per_second", &config::tsm_octets_per_second, 100, 1000000,
     "a message to or from an issuer or SPOS-Service that moves more slowly is given up: protects the threads of "
     "the "
     "options above"},
    {"tsm", "progress_seconds", &config::tsm_progress_seconds, 1, 600, progress_window},
    {"tsm", "whole_seconds", &config::tsm_whole_seconds, 1, 3600, whole_time},
    {"tsm", "spos_deliveries", &config::spos_deliveries, 1, 1000,
     "results on their way to one SPOS-Service at once, each on a thread; one that has just refused or was silent "
     "gets one at a time"},
    {"tsm", "spos_deliveries_in_all", &config::spos_deliveries_in_all, 1, 10000,
     "likewise to all; it protects this machine"},
    {"tsm", "card_log_days", &config::card_log_days, 1, 3650,
     "how long the log of card commands is kept, and with it the processes that have ended"},
    {"tsm", "claimed_card_days", &config::claimed_card_days, 1, 3650,
     "how long a secure component is remembered that an issuer has proven once and on which nothing of the TSM is "
     "any more, with its never deployed instances"},
    {"tsm", "unproven_card_hours", &config::unproven_card_hours, 1, 87600,
     "likewise one that phones have named and no issuer has ever proven, with its processes and their log"},
    {"token", "tsm_identifier", &config::tsm_identifier, 0, 0,
     "object identifier of this TSM in Attestation Tokens, dots between numbers; service providers know it. That of "
     "tsms init is made of a UUID (2.25.…) and nobody else's. Empty: no tokens are made"},
    {"token", "curve", &config::token_curve, 0, 0,
     "\"P-256\" or \"brainpoolP256r1\": of the next key that signs them (tsms token key --new)"},
    {"log", "format", &config::log_format, 0, 0, "\"human\" or \"json\""},
    {"log", "level", &config::log_level, 0, 0, "\"debug\", \"info\", \"warning\" or \"error\""},
};

struct show_value {
    const config& c;
    std::string operator()(std::string config::*m) const { return "\"" + c.*m + "\""; }
    std::string operator()(int config::*m) const { return std::to_string(c.*m); }
    std::string operator()(bool config::*m) const { return c.*m ? "true" : "false"; }
};

struct take_value {
    config& c;
    const option& o;
    const toml::node& node;
    /// False where the node is of another type or out of range.
    bool operator()(std::string config::*m) const {
        const auto v = node.value_exact<std::string>();
        return v && (c.*m = *v, true);
    }
    bool operator()(int config::*m) const {
        const auto v = node.value_exact<std::int64_t>();
        return v && *v >= o.least && *v <= o.most && (c.*m = static_cast<int>(*v), true);
    }
    bool operator()(bool config::*m) const {
        const auto v = node.value_exact<bool>();
        return v && (c.*m = *v, true);
    }
};

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
    throw config_error(file.string() + ": " + what);
}

void take(config& c, const std::filesystem::path& file, const std::string& section, const std::string& name,
          const toml::node& node) {
    const auto line = " (line " + std::to_string(node.source().begin.line) + ")";
    const auto* found =
        std::ranges::find_if(options, [&](const option& o) { return section == o.section && name == o.name; });
    if (found == std::end(options))
        refuse(file,
               "there is no option " + section + "." + name + line + "; tsms init writes a file with every option");
    if (!std::visit(take_value{c, *found, node}, found->where))
        refuse(file, section + "." + name + " has a value of the wrong type or out of range" + line);
}

void override_port(const char* variable, int& port, long least, long most) {
    const char* text = std::getenv(variable);
    if (!text || !*text)
        return;
    const auto value = text::number<int>(text);
    if (!value || *value < least || *value > most)
        throw config_error(std::string(variable) + " is no port number: give one of " + std::to_string(least) + " to " +
                           std::to_string(most));
    port = *value;
}

} // namespace

std::string commented_config(const config& c, const std::string& made_for) {
    std::ostringstream out;
    out << "# Configuration of tsms. Every option is here with its default. File names are relative to this "
           "directory.\n";
    if (!made_for.empty())
        out << "# " << made_for << "\n";
    std::string section;
    for (const auto& o : options) {
        if (section != o.section)
            out << "\n[" << (section = o.section) << "]\n";
        out << "# " << o.purpose << "\n" << o.name << " = " << std::visit(show_value{c}, o.where) << "\n";
    }
    return out.str();
}

config read_config(const std::filesystem::path& data) {
    config c;
    c.data = data;
    const auto file = data / "tsms.toml";
    if (!std::filesystem::exists(file))
        refuse(file, "not found; make a data directory with: tsms init --data " + data.string());
    toml::table document;
    try {
        document = toml::parse_file(file.string());
    } catch (const toml::parse_error& e) {
        refuse(file, std::string(e.description()) + " (line " + std::to_string(e.source().begin.line) + ")");
    }
    for (const auto& [section, node] : document) {
        const auto* entries = node.as_table();
        if (!entries)
            refuse(file, "there is no option " + std::string(section.str()) + " outside a section");
        for (const auto& [name, value] : *entries)
            take(c, file, std::string(section.str()), std::string(name.str()), value);
    }
    if (c.log_format != "human" && c.log_format != "json")
        refuse(file, "log.format is \"human\" or \"json\"");
    if (!std::set<std::string>{"debug", "info", "warning", "error"}.contains(c.log_level))
        refuse(file, "log.level is \"debug\", \"info\", \"warning\" or \"error\"");
    if (!c.tsm_identifier.empty() && !crypto::object_identifier(c.tsm_identifier))
        refuse(file, "token.tsm_identifier is an object identifier: numbers with dots between them, as in 2.999.1");
    if (!store::curve_of(c.token_curve))
        refuse(file, "token.curve is \"P-256\" or \"brainpoolP256r1\"");
    if (c.server_name.empty() || c.server_name.size() > 100)
        refuse(file, "device.server_name has 1 to 100 octets");
    override_port("TSMS_REST_PORT", c.rest_port, 1, 65535);
    override_port("TSMS_DEVICE_PORT", c.device_port, 1, 65535);
    override_port("TSMS_OPS_PORT", c.operations_port, 0, 65534);
    return c;
}

std::string read_text(const std::filesystem::path& file) {
    constexpr std::size_t most = 1 << 20;
    std::ifstream in(file, std::ios::binary);
    std::string text(most + 1, '\0');
    if (!in || (in.read(text.data(), most + 1), in.bad()))
        throw config_error("cannot read " + file.string() + "; is the path right, and may this user read it?");
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.empty() || text.size() > most)
        throw config_error(file.string() + " is empty or larger than 1 MiB");
    return text;
}

} // namespace tsms::app
