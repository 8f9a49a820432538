#pragma once
// Everything a life-cycle process can ask of the world: a closed set. The actor that owns the process interprets it, a
// test plays it. A process has no other way out, so it can be broken off after any effect and entered again.

#include "crypto/vault.hpp"
#include "gp/card_failure.hpp"
#include "gp/procedure.hpp"
#include "model/device.hpp"
#include "model/issuer.hpp"

namespace tsms::process {

/// Why an effect could not be had. Inside the coroutine it becomes a gp::card_failure: the one exception that is an
/// expected end. Every other exception is a bug and leaves the card in doubt.
struct failed {
    model::error_category category = model::error_category::internal_error;
    std::string details;
    bool phone_lost = false;
    bool retry_can_help = false; ///< the same process started again may succeed
};

[[noreturn]] void raise(const failed& why);

/// Details of EXECUTION_INTERRUPTED (TR 4.2.4.4, AMB-148).
inline constexpr const char* cancelled_by_user = "manually cancelled";
inline constexpr const char* begun_anew = "its app has begun anew"; ///< with another call (DIV-113)

struct done {};

// -- the phone
// --------------------------------------------------------------------------------------------------------------

/// One order of C-APDUs to the secure component in a reader, and its report. A vanished phone is an answer
/// (gp::transmission::phone_lost), so that a process ends on its normal failure path.
struct exchange {
    using result = gp::batch_answer;
    exchange(std::string reader_, gp::batch commands_) : reader(std::move(reader_)), commands(std::move(commands_)) {}
    std::string reader;
    gp::batch commands;
};

/// Sends ProcessStart and waits for the report that acknowledges it (TR 3.2.1, AMB-132). No command that changes the
/// card may leave before, and no order for an issuer.
struct announce_start {
    using result = gp::batch_answer; ///< of what travelled with it
    std::optional<exchange> reads;   ///< C-APDUs in the same order, that change nothing (AMB-230)
};

// -- the issuer (TR 3.3.1.1; issuer contract)
// ----------------------------------------------------------------------------

/// Opens the issuer's management session for this card. Idempotent by the order's id.
struct open_issuer_session {
    using result = model::issuer_step;
    explicit open_issuer_session(model::issuer_order o) : order(std::move(o)) {}
    model::issuer_order order;
};

/// Reports the card's answers to the issuer's last commands and gets its next ones.
struct relay_to_issuer {
    using result = model::issuer_step;
    relay_to_issuer(std::vector<bytes> r, bool interrupted_) : responses(std::move(r)), interrupted(interrupted_) {}
    std::vector<bytes> responses;
    bool interrupted; ///< fewer answers than commands: the transmission broke
};

/// The keys of the security domain that the issuer created, taken over into the vault.
struct fetch_issuer_keys {
    using result = model::issuer_keys;
};

// -- keys: static ones never leave the vault
// --------------------------------------------------------------------------------

/// Session keys of a channel, and the challenge that the card must have sent if it is pseudo-random (SCP03 6.2.2.1).
struct derive_session {
    using result = crypto::session_material;
    derive_session(model::key_set k, bytes host, bytes card, bytes counter, bytes aid, std::string of = {})
        : keys(std::move(k)), host_challenge(std::move(host)), card_challenge(std::move(card)),
          sequence_counter(std::move(counter)), domain_aid(std::move(aid)), row(std::move(of)) {}
    model::key_set keys;
    bytes host_challenge;
    bytes card_challenge;
    bytes sequence_counter; ///< 3 octets; empty where the challenge is random
    bytes domain_aid;       ///< of the selected domain
    std::string row;        ///< of instances.db, whose keys they are: for an operator, where their handle does not open
};

struct generate_keys {
    using result = model::key_set;
    generate_keys(std::uint8_t v, int b) : version(v), bits(b) {}
    std::uint8_t version;
    int bits;
};

struct encrypt_keys {
    using result = crypto::encrypted_keys;
    encrypt_keys(model::key_set u, model::key_set k) : under(std::move(u)), keys(std::move(k)) {}
    model::key_set under;
    model::key_set keys;
};

/// What a script wants encrypted under the static DEK of a domain: a multiple of 16 octets.
struct encrypt_data {
    using result = bytes;
    encrypt_data(model::key_set u, bytes d) : under(std::move(u)), data(std::move(d)) {}
    model::key_set under;
    bytes data;
};

struct random_octets {
    using result = bytes;
    explicit random_octets(std::size_t n) : count(n) {}
    std::size_t count;
};

// -- what is kept
// -------------------------------------------------------------------------------------------------------------

struct load_image {
    bytes octets; ///< the load file data block
};

struct read_load_image {
    using result = load_image;
    explicit read_load_image(model::target_load_file f) : file(std::move(f)) {}
    model::target_load_file file;
};

/// What is about to happen to the card, durable before the order leaves. It stays open until the process ends.
struct journal_intent {
    using result = done;
    explicit journal_intent(std::string what_) : what(std::move(what_)) {}
    std::string what;
};

/// Both rows in one transaction, durable before the answer.
struct commit {
    using result = done;
    commit(model::service_instance i, model::secure_component c) : instance(std::move(i)), card(std::move(c)) {}
    model::service_instance instance;
    model::secure_component card;
};

using effect_variant =
    std::variant<announce_start, exchange, open_issuer_session, relay_to_issuer, fetch_issuer_keys, derive_session,
                 generate_keys, encrypt_keys, encrypt_data, random_octets, read_load_image, journal_intent, commit>;
using answer_variant =
    std::variant<failed, done, gp::batch_answer, model::issuer_step, model::issuer_keys, crypto::session_material,
                 model::key_set, crypto::encrypted_keys, bytes, load_image>;

struct effect : effect_variant {
    using answer_type = answer_variant;
    using effect_variant::effect_variant;

    template <class E> static typename E::result take(answer_variant&& answer) {
        if (auto* f = std::get_if<failed>(&answer))
            raise(*f);
        return std::get<typename E::result>(std::move(answer)); // another kind of answer is a bug of the interpreter
    }
};

template <class T> using process = gp::flow<effect, T>;

} // namespace tsms::process
