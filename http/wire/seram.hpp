#pragma once
// Messages of GP SERAM 2.0 in their JSON data format, both directions: the TSM is Remote Agent towards the phone and
// Local Agent towards an issuer. Reading is tolerant where the specification contradicts itself (AMB-212, hazard 4),
// strict in everything else. Readers throw json::parse_error.

#include "base/bytes.hpp"
#include "json/json.hpp"

#include <variant>

namespace tsms::wire {

struct seram_secure_element {
    std::string type;  ///< eSE, iSE, uicc, euicc, ieuicc, undefined
    std::string id;    ///< seId: the reader's name where the card's id is not known yet
    std::string extra; ///< seExtraInfo

    friend bool operator==(const seram_secure_element&, const seram_secure_element&) = default;
};

/// What the Local Agent offers. A list that is absent means the one value that this protocol knows.
struct seram_handshake {
    std::vector<seram_secure_element> secure_elements;
    std::vector<std::string> transport_protocols = {"HTTPS"};
    std::vector<std::string> data_formats = {"application/json"};
    std::vector<std::string> versions = {"2.0.0"};

    /// False: the Remote Agent answers 406.
    bool acceptable() const;
};

struct seram_start {
    friend bool operator==(const seram_start&, const seram_start&) = default;
};
struct seram_apdus {
    std::vector<bytes> commands;
    friend bool operator==(const seram_apdus&, const seram_apdus&) = default;
};
struct seram_notification {
    std::string text; ///< deviceAppNotification
    friend bool operator==(const seram_notification&, const seram_notification&) = default;
};
struct seram_stop {
    friend bool operator==(const seram_stop&, const seram_stop&) = default;
};
/// A Local Agent ends the session with UNKNOWN_FAILURE when it meets one.
struct seram_unknown {
    std::string type;
    friend bool operator==(const seram_unknown&, const seram_unknown&) = default;
};
using seram_command = std::variant<seram_start, seram_apdus, seram_notification, seram_stop, seram_unknown>;

struct seram_order {
    int delay = 0; ///< milliseconds; always sent, because text and YAML disagree on the default
    std::optional<seram_secure_element> secure_element;
    std::vector<seram_command> commands;

    friend bool operator==(const seram_order&, const seram_order&) = default;
};

enum class seram_status { processed, polling, unavailable_se, unknown_failure, ungranted_access };

struct seram_report {
    seram_status status = seram_status::polling;
    int executed = 0; ///< seRamCommands, not APDUs
    std::string error;
    std::vector<std::vector<bytes>> responses; ///< per seRamCommand; empty octets where there was no R-APDU

    friend bool operator==(const seram_report&, const seram_report&) = default;
};

json::value to_json(const seram_handshake& handshake);
seram_handshake parse_seram_handshake(const json::value& document);
/// The Remote Agent's answer to an acceptable handshake; there is nothing to choose.
json::value seram_handshake_answer();
/// Throws if the answer chooses what was not offered.
void check_seram_handshake_answer(const json::value& document);

json::value to_json(const seram_order& order);
seram_order parse_seram_order(const json::value& document);

json::value to_json(const seram_report& report);
seram_report parse_seram_report(const json::value& document);

} // namespace tsms::wire
