#pragma once
// What a command is at its place in the life of a card, and everything that depends on nothing but that: one row a
// step. And the part of a process that it is sent in, which the same step can be in more than once.

#include <optional>
#include <string_view>

namespace tsms::gp {

/// Where in the life of a card a command stands: names the row of the status-word table, the log line and the progress.
enum class step {
    select,
    get_data,
    get_status,
    initialize_update,
    external_authenticate,
    install_security_domain,
    install_for_personalization,
    store_data,
    put_key,
    delete_key,
    set_status,
    lock,   ///< SET STATUS that locks or unlocks
    unlock, ///< the same where a locked Service is only unlocked to be changed
    install_for_load,
    load,
    install_for_install,
    make_selectable,
    extradite,
    access_rule,
    access_rule_removal,
    access_rule_reading, ///< the rules of our ARA-C, read back
    delete_object,
    script_receiver, ///< INSTALL [for personalization] of an application that has a script
    script_data,     ///< STORE DATA of a personalization script
    script_command,  ///< a command of one to the selected application
    relayed,         ///< an issuer's opaque command
};

/// Whose contents of the card a step changes.
enum class owner {
    nobody,  ///< it asks, or opens a channel
    service, ///< a component of the Service: a failure behind it ends in IN_ERROR (TR 3.2.2, AMB-223)
    tsm,     ///< keys of the TSM's own domain
    issuer,
};

struct step_facts {
    std::string_view name; ///< in details, logs and progress
    owner changes = owner::nobody;
    /// It carries key material or personal data, or may: only its header is logged (AMB-233).
    bool confidential = false;
    /// A proof of it that is missing is a matter of the card or its issuer, not of the provider's content (DIV-078).
    bool of_keys = false;
};

/// The row of a step. One that has none does not compile.
step_facts facts_of(step what);

inline std::string_view to_string(step what) {
    return facts_of(what).name;
}
/// The step of this name; nothing where there is none, as in the log of another version.
std::optional<step> step_named(std::string_view name);
/// Then it needs the acknowledged start of the process (AMB-132).
inline bool changes_card(step what) {
    return facts_of(what).changes != owner::nobody;
}

/// The part of a deployment that a ServiceCommand stands for (TR 4.2.5.3), or its finalization. Which of them has
/// failed is told by the phase that the command was sent in, never by its step: the same steps stand in several
/// (DIV-094).
enum class phase {
    install,
    personalize,
    activate,
    finalize,
};

} // namespace tsms::gp
