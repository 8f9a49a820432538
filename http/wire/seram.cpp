#include "http/wire/seram.hpp"

#include <algorithm>
#include <array>

namespace tsms::wire {

namespace {

constexpr std::string_view https = "HTTPS";
constexpr std::string_view json_format = "application/json";
constexpr std::string_view version = "2.0.0";

constexpr std::array<std::pair<seram_status, std::string_view>, 5> status_names{{
    {seram_status::processed, "PROCESSED"},
    {seram_status::polling, "POLLING"},
    {seram_status::unavailable_se, "UNAVAILABLE_SE"},
    {seram_status::unknown_failure, "UNKNOWN_FAILURE"},
    {seram_status::ungranted_access, "UNGRANTED_ACCESS"},
}};

json::value strings(const std::vector<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
}

json::value apdus(const std::vector<bytes>& octets) {
    json::array list;
    for (const auto& apdu : octets)
        list.emplace_back(to_hex(apdu));
    return list;
}

std::vector<bytes> parse_apdus(const json::reader& r, std::string_view key) {
    r.array(key); // must be there
    std::vector<bytes> octets;
    for (const auto& text : r.strings(key)) {
        auto apdu = from_hex(text);
        if (!apdu)
            throw json::parse_error(std::string(key) + ": an APDU is not hexadecimal");
        octets.push_back(std::move(*apdu));
    }
    return octets;
}

const json::object& as_object(const json::value& v, const char* what) {
    if (const auto* o = v.as_object())
        return *o;
    throw json::parse_error(std::string(what) + ": an object is expected");
}

json::value to_json(const seram_secure_element& se) {
    json::object o{{"seType", se.type}, {"seId", se.id}};
    if (!se.extra.empty())
        o.append("seExtraInfo", se.extra);
    return o;
}

seram_secure_element parse_secure_element(const json::reader& r) {
    return {r.string("seType"), r.string("seId"), r.string_or("seExtraInfo", "")};
}

json::value to_json(const seram_command& command) {
    struct writer {
        json::value operator()(const seram_start&) const { return json::object{{"ramCommandType", "ramStartCommand"}}; }
        json::value operator()(const seram_apdus& c) const {
            return json::object{{"ramCommandType", "seRamCommand"}, {"listOfCAPDU", apdus(c.commands)}};
        }
        json::value operator()(const seram_notification& c) const {
            return json::object{{"ramCommandType", "notificationCommand"}, {"deviceAppNotification", c.text}};
        }
        json::value operator()(const seram_stop&) const { return json::object{{"ramCommandType", "ramStopCommand"}}; }
        json::value operator()(const seram_unknown& c) const { return json::object{{"ramCommandType", c.type}}; }
    };
    return std::visit(writer{}, command);
}

/// The names of the discriminator mapping and those of the examples (AMB-212).
seram_command parse_command(const json::reader& r) {
    auto type = r.string("ramCommandType");
    if (type == "ramStartCommand" || type == "startCommand")
        return seram_start{};
    if (type == "seRamCommand")
        return seram_apdus{parse_apdus(r, "listOfCAPDU")};
    if (type == "notificationCommand")
        return seram_notification{r.string("deviceAppNotification")};
    if (type == "ramStopCommand" || type == "stopCommand")
        return seram_stop{};
    return seram_unknown{std::move(type)};
}

std::vector<std::string> strings_or(const json::reader& r, std::string_view key, std::string_view otherwise) {
    if (!r.has(key))
        return {std::string(otherwise)};
    return r.strings(key);
}

bool contains(const std::vector<std::string>& texts, std::string_view text) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
}

int bounded(std::int64_t number, const char* what) {
    if (number < 0 || number > 1'000'000)
        throw json::parse_error(std::string(what) + ": out of range");
    return static_cast<int>(number);
}

} // namespace

bool seram_handshake::acceptable() const {
    // The major version decides: additions to 2.x are fields, which are ignored.
    const bool version_known = std::any_of(versions.begin(), versions.end(),
                                           [](std::string_view v) { return v.substr(0, 2) == version.substr(0, 2); });
    return version_known && contains(transport_protocols, https) && contains(data_formats, json_format);
}

json::value to_json(const seram_handshake& handshake) {
    json::array elements;
    for (const auto& se : handshake.secure_elements)
        elements.push_back(to_json(se));
    return json::object{{"secureElements", std::move(elements)},
                        {"supportedTransportProtocols", strings(handshake.transport_protocols)},
                        {"supportedDataFormats", strings(handshake.data_formats)},
                        {"supportedVersions", strings(handshake.versions)}};
}

seram_handshake parse_seram_handshake(const json::value& document) {
    json::reader r(json::root_object(document));
    seram_handshake h;
    for (const auto& se : r.array("secureElements"))
        h.secure_elements.push_back(parse_secure_element({as_object(se, "secureElements"), "secureElements"}));
    h.transport_protocols = strings_or(r, "supportedTransportProtocols", https);
    h.data_formats = strings_or(r, "supportedDataFormats", json_format);
    h.versions = strings_or(r, r.has("supportedVersion") ? "supportedVersion" : "supportedVersions", version);
    return h;
}

json::value seram_handshake_answer() {
    return json::object{
        {"chosenTransportProtocol", https}, {"chosenDataFormat", json_format}, {"chosenVersion", version}};
}

void check_seram_handshake_answer(const json::value& document) {
    json::reader r(json::root_object(document));
    const auto format = r.string_or("chosenDataFormat", r.string_or("chosenDataProtocol", json_format));
    if (r.string_or("chosenTransportProtocol", https) != https || format != json_format ||
        r.string_or("chosenVersion", version).substr(0, 2) != version.substr(0, 2))
        throw json::parse_error("the handshake's answer chooses what was not offered");
}

json::value to_json(const seram_order& order) {
    json::object o{{"delay", order.delay}};
    if (order.secure_element)
        o.append("chosenSecureElement", to_json(*order.secure_element));
    if (!order.commands.empty()) {
        json::array commands;
        for (const auto& command : order.commands)
            commands.push_back(to_json(command));
        o.append("ramCommands", std::move(commands));
    }
    return o;
}

seram_order parse_seram_order(const json::value& document) {
    json::reader r(json::root_object(document));
    seram_order order;
    order.delay = bounded(r.integer_or("delay", 1000), "delay");
    if (r.has("chosenSecureElement"))
        order.secure_element = parse_secure_element(r.object("chosenSecureElement"));
    for (const auto& command : r.array_or_empty("ramCommands"))
        order.commands.push_back(parse_command({as_object(command, "ramCommands"), "ramCommands"}));
    return order;
}

json::value to_json(const seram_report& report) {
    const auto* name = std::find_if(status_names.begin(), status_names.end(),
                                    [&](const auto& row) { return row.first == report.status; });
    json::object status{{"localAgentStatusEnum", name->second}, {"executedSeRamCommands", report.executed}};
    if (!report.error.empty())
        status.append("errorMsg", report.error);
    json::object o{{"localAgentStatus", std::move(status)}};
    if (!report.responses.empty()) {
        json::array responses;
        for (const auto& response : report.responses)
            responses.push_back(json::object{{"ramResponseType", "seRamResponse"}, {"listOfRAPDU", apdus(response)}});
        o.append("ramResponses", std::move(responses));
    }
    return o;
}

seram_report parse_seram_report(const json::value& document) {
    json::reader r(json::root_object(document));
    const auto status = r.object("localAgentStatus");
    const auto text = status.string("localAgentStatusEnum");
    const auto* row = std::find_if(status_names.begin(), status_names.end(),
                                   [&](const auto& candidate) { return candidate.second == text; });
    if (row == status_names.end())
        throw json::parse_error("localAgentStatus.localAgentStatusEnum: unknown status");

    seram_report report;
    report.status = row->first;
    report.executed = bounded(status.integer_or("executedSeRamCommands", 0), "executedSeRamCommands");
    report.error = status.string_or("errorMsg", "");
    for (const auto& element : r.array_or_empty("ramResponses")) {
        json::reader response(as_object(element, "ramResponses"), "ramResponses");
        if (response.string("ramResponseType") == "seRamResponse")
            report.responses.push_back(parse_apdus(response, "listOfRAPDU"));
    }
    return report;
}

} // namespace tsms::wire
