#pragma once
// What the operator is told: never key material, never personal data. Human text and JSON are two ways of printing the
// same event (app/tsms/log).

#include <functional>
#include <string>

namespace tsms {

enum class severity { info, warning, error };

/// Whom an event concerns. An empty one concerns nobody of this kind.
struct log_subject {
    std::string process;  ///< id
    std::string session;  ///< id of the device session
    std::string instance; ///< id of the Service Instance
    std::string card;     ///< id of the secure component's row
    std::string provider; ///< name or id of the service provider

    bool operator==(const log_subject&) const = default;
};

struct log_event {
    severity level = severity::info;
    std::string text; ///< cause and remedy; what others said in it may be hostile, the printer makes it harmless
    log_subject of = {};

    bool operator==(const log_event&) const = default;
};

/// May be called from several threads.
using log_sink = std::function<void(const log_event&)>;

} // namespace tsms
