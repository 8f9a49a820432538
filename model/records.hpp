#pragma once
// What is kept of calls and processes, as plain values: the conducting of a call works with them, store/ keeps them.

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "model/tsm_api.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tsms::model {

/// By what a phone's session is known again in every life of the server. Hashes only.
struct session_proof {
    std::string secret_hash; ///< SHA-256 of the cookie's secret, hex
    std::string call_hash;   ///< of the callId; empty: the caller has given none
    std::string call_digest; ///< of what the call asks, keyed with the callId: a repetition must be the same call
    std::string address;     ///< of the caller
    std::optional<std::string> provider; ///< that the app has proved to belong to; nothing: anonymous

    friend bool operator==(const session_proof&, const session_proof&) = default;
};

/// How a call was answered that has changed something and runs no process: who repeats it, by the hashes of his callId,
/// gets the same, in every life of the server (DIV-107).
struct answered_call {
    std::string hash;   ///< of the callId, hex, as in session_proof
    std::string digest; ///< likewise
    std::string caller;
    std::optional<std::string> provider; ///< that the app had proved to belong to; nothing: anonymous
    create_service_instance_result result;
};

/// What the app has asked: with it the call can be conducted again (DIV-108). Its parameters may be secrets of the
/// service provider, so it is kept until the process ends, and no longer.
struct asked_call {
    life_cycle_function what;
    std::vector<announced_card> cards;
    model::dialect dialect = dialect::v1_0; ///< that it is answered in (DIV-119)
};

/// A life-cycle process from its acceptance to its end.
struct process_record {
    std::string id;
    std::string session;
    std::string instance;
    std::string card;
    std::string caller;
    std::string version_tag;
    std::vector<operation> requested; ///< for the SPOS (AMB-120)
    instance_state start_state = instance_state::not_deployed;
    std::string started;
    bool acknowledged = false; ///< the phone has taken its start (AMB-132)
    session_proof proof = {};
    std::optional<asked_call> asked = {}; ///< nothing: another life of the server cannot go on with it
};

/// How a card's domain of ours can be asked for a proof.
struct domain_hint {
    std::string aid;
    std::uint8_t key_version = 0;
    int scp03_mode = 0; ///< 0: not seen yet

    friend bool operator==(const domain_hint&, const domain_hint&) = default;
};

enum class creation {
    created,
    has_service,  ///< the card has an instance of the service already
    card_changed, ///< the card's row is not what it was read as: whoever decided by it has to do so anew
    answered,     ///< the same call has been answered already
};

/// What a process works on. No card: it is not touched.
struct process_rows {
    service_instance instance;
    std::optional<secure_component> card;
};

/// What became of the wish to begin a process.
enum class beginning {
    begun,
    changed, ///< a row is not what it was read as: whoever decided by it has to do so anew
    leased,  ///< the store holds the card, or the instance, for another process
};

/// How a process ended.
struct process_end {
    std::string id;
    error_category status = error_category::none;
    std::string message;
    std::string ended;
    std::vector<std::string> cleaned = {}; ///< ids of tombstones whose contents this process has removed from the card
    std::optional<life_cycle_result> result = {}; ///< what the app is told
};

/// A result on its way to a SPOS-Service (AMB-180): kept until it was delivered, or an operator drops it.
struct outbox_entry {
    std::int64_t id = 0;  ///< given by the database
    std::string process;  ///< empty: a failed eligibility check (AMB-140)
    std::string provider; ///< id of the service provider; empty in rows of before
    spos_target spos;
    std::string body;
    wall_time created{}; ///< for people, nothing is decided by it; not set: given by the database
    int attempts = 0;
    std::chrono::seconds waited{0}; ///< sum of the pauses before its attempts, as far as the server lived through them
    std::string last_error;
    bool given_up = false;
};

/// A secure component issuer (SCI).
struct issuer_record {
    std::string name;
    std::string url;
    std::string certificate_pem; ///< trust anchors of its server
    bytes transport_key;         ///< a handle of the key vault
    identification cards;        ///< cards it owns
};

} // namespace tsms::model
