#pragma once
// A personalization script (TR 4.1.4.16; docs/personalization.md): C-APDUs with placeholders for what only a call or a
// Flavor knows. Here is what a script is; store/script_document.hpp reads one, and gp/domain_data.hpp knows what none
// may store.

#include "base/bytes.hpp"

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tsms::model {

/// How a command reaches its application.
enum class script_way : int {
    by_state = 0,   ///< `select` where the application is selectable, else `store_data` (AMB-234)
    store_data = 1, ///< STORE DATA behind INSTALL [for personalization] (GPCS 7.3.3)
    select = 2,     ///< to the selected application, as it is written
};

/// One command as the provider has written it. All texts are canonical: hexadecimal in upper case.
struct script_command {
    std::string tag;                 ///< names its result (TR 4.2.3.12)
    std::string header;              ///< CLA INS P1 P2
    std::string data;                ///< hexadecimal octets, ${key} between them
    std::string le;                  ///< one octet; empty: none
    std::vector<std::string> expect; ///< status words of which any is a success
    script_way via = script_way::by_state;
    bool encrypt = false; ///< the data are encrypted under the static DEK of the security domain

    friend bool operator==(const script_command&, const script_command&) = default;
};

struct personalization_script {
    std::vector<script_command> commands;
    std::string hindrance; ///< why this script cannot be executed; empty: it can

    friend bool operator==(const personalization_script&, const personalization_script&) = default;
};

inline constexpr std::size_t most_script_commands = 256;

/// The way of a command to an application that is, or is not, selectable by then. A domain encrypts only what goes
/// through its own channel.
constexpr script_way way_of(const script_command& command, bool selectable) {
    if (command.via != script_way::by_state)
        return command.via;
    return selectable && !command.encrypt ? script_way::select : script_way::store_data;
}

/// Where placeholders get their values from: personalizationData, then spParameters (AMB-211). Must outlive its use.
struct script_values {
    const std::map<std::string, std::string>& of_call;
    const std::map<std::string, std::string>& of_flavor;

    const std::string* find(const std::string& key) const;
};

/// The text names the placeholder, fit for category 4 (TR 4.2.4.4). It never quotes a value.
class script_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Hexadecimal octets with ${key} between them; a key is letters, digits, '-', '_' and '.'.
bool is_data_template(std::string_view text);
std::vector<std::string> placeholders_of(std::string_view data_template);
/// The octets in front of the first placeholder; all of them where there is none.
bytes fixed_octets(std::string_view data_template);
/// How many octets there are at least: those that are no placeholder's.
std::size_t known_octets(std::string_view data_template);
/// Throws script_error where a value is missing, or is no even number of hexadecimal digits.
bytes fill(std::string_view data_template, const script_values& values);

} // namespace tsms::model
