#pragma once
// Read this first: every actor of the device role, what it is told and what it answers. Commands are imperative,
// answers and events are in the past tense. Each actor is described where its handle is.

#include "actors/framework/dialogue.hpp"
#include "actors/framework/peer_bounds.hpp"
#include "actors/message_types.hpp"
#include "actors/messages.hpp"
#include "actors/ports.hpp"
#include "process/calls/life_cycle_call.hpp"
#include "store/deployments.hpp"
#include "store/device_store.hpp"

#include <caf/typed_actor.hpp>
#include <memory>
#include <set>

namespace tsms::actors {

// What the conducting of a call asks (process/calls/questions.hpp) is a message as it is.
using calls::answer_found;
using calls::begin_process;
using calls::cards_found;
using calls::check_target;
using calls::create_row;
using calls::end_process;
using calls::enqueue_delivery;
using calls::find_answer;
using calls::find_cards;
using calls::find_kinds;
using calls::find_provider;
using calls::find_target;
using calls::instance_loaded;
using calls::kinds_found;
using calls::known_card;
using calls::load_instance;
using calls::process_begun;
using calls::process_ended;
using calls::provider_found;
using calls::row_created;
using calls::service_surveyed;
using calls::survey_service;
using calls::target_checked;
using calls::target_found;

// -- answers that many give
// --------------------------------------------------------------------------------------------------------

/// The answer to an effect of a process; process::failed is one of its alternatives.
struct answered {
    process::answer_variant value;
};
struct stored {}; ///< durable
struct tick {     ///< once a second, from the gate
    steady_time now;
};
struct ask_health {};
struct store_health {
    bool works = false;
    std::size_t damaged_rows = 0; ///< found since the start
    std::string superseded;       ///< by whom this server's cards are served now, and what helps; empty: by itself
};
struct ask_idle {}; ///< may this actor go? true: nothing depends on it

// -- hsm: the key vault on a thread of its own. Static keys never leave it
// -----------------------------------------------------------

struct take_over_keys {
    crypto::transport_key_handle under;
    model::issuer_key_material material;
    std::string issuer = {}; ///< whose row has `under`
};
using hsm_actor =
    caf::typed_actor<caf::replies_to<process::derive_session>::with<answered>, // session keys for one channel
                     caf::replies_to<process::generate_keys>::with<answered>,  // a new static set, wrapped
                     caf::replies_to<process::encrypt_keys>::with<answered>, // a set under another's DEK, for the card
                     caf::replies_to<process::encrypt_data>::with<answered>, // a script's data under one
                     caf::replies_to<take_over_keys>::with<answered>>;       // an issuer's keys into the vault

// -- catalog_store: reads the catalog on a thread of its own
// -------------------------------------------------------------------------

using catalog_actor =
    caf::typed_actor<caf::replies_to<survey_service>::with<service_surveyed>, // what can be deployed on which cards
                     caf::replies_to<find_target>::with<target_found>,        // the effective configuration
                     caf::replies_to<check_target>::with<target_checked>,     // is an instance orphaned?
                     caf::replies_to<process::read_load_image>::with<answered>>;

// -- instance_store: writes instances.db on a thread of its own; every answer is given after the commit
// -------------------------------

/// Who has asked for a beginning and does not know what became of it has given up: where the process has begun, nobody
/// goes on with it.
struct abandon_process {
    std::string process_id;
};
/// Before the phone is told that its call is cancelled: no other life of the server goes on with it.
struct note_cancel {
    std::string session_id;
    steady_time deadline = steady_time::max();
};
struct acknowledge_start {
    std::string process_id;
    steady_time deadline = steady_time::max();
};
/// Before an order leaves: is the card still this process's?
struct hold_lease {
    std::string process_id;
    steady_time deadline = steady_time::max();
};
struct write_intent {
    std::string process_id;
    std::string what;
    steady_time deadline = steady_time::max();
};
struct commit_step {
    std::string process_id;
    model::service_instance instance;
    model::secure_component card;
    steady_time deadline = steady_time::max();
};
struct log_apdus {
    std::vector<store::card_log_entry> entries;
};
/// Nobody has come for this process of a former life of the server, or its app has begun anew.
struct end_parked_process {
    calls::left_process left;
    model::interruption why = model::interruption::restart;
};
struct parked_process_ended {
    std::optional<store::ended_process> ended;
};
struct trim_store {
    std::chrono::hours log_kept;
    std::chrono::hours claims_kept;
    std::chrono::hours unproven_kept;
    std::chrono::seconds results_kept;
};
struct find_issuer {
    std::string name;
};
struct issuer_found {
    std::optional<model::issuer_record> issuer;
};
struct load_outbox {
    bool if_changed = false; ///< by an operator; else it is loaded anyway
};
struct outbox_loaded {
    bool changed = false;                        ///< false: what follows is empty
    std::vector<model::outbox_entry> deliveries; ///< that wait
    std::size_t given_up = 0;
};
struct load_delivery {
    std::int64_t id = 0;
};
struct delivery_loaded {
    std::optional<model::outbox_entry> row; ///< nothing where it does not wait any more
};
struct settle_delivery {
    std::int64_t id = 0;
    bool delivered = false;
    std::chrono::seconds waited{0}; ///< before this attempt
    std::string error;
    steady_time deadline = steady_time::max();
};
struct delivery_settled {
    std::optional<model::outbox_entry> waits; ///< as it is now; nothing: delivered, given up, or dropped
    bool given_up = false;
};
using store_actor =
    caf::typed_actor<caf::replies_to<load_instance>::with<instance_loaded>, // row, its card
                     caf::replies_to<find_provider>::with<provider_found>,  // whose apps must prove who they are
                     caf::replies_to<find_kinds>::with<kinds_found>,   // what cards of such kinds prove themselves by
                     caf::replies_to<find_cards>::with<cards_found>,   // what is known of the handset's cards
                     caf::replies_to<find_answer>::with<answer_found>, // to a call of another life of the server
                     caf::replies_to<create_row>::with<row_created>,   // createServiceInstance
                     caf::replies_to<begin_process>::with<process_begun>,    // before ProcessStart leaves
                     caf::reacts_to<abandon_process>,                        // where that was not answered
                     caf::replies_to<acknowledge_start>::with<stored>,       // the app has seen ProcessStart
                     caf::replies_to<note_cancel>::with<stored>,             // before a cancel is answered
                     caf::replies_to<hold_lease>::with<answered>,            // before an order leaves
                     caf::replies_to<write_intent>::with<answered>,          // before one that changes the card
                     caf::replies_to<commit_step>::with<answered>,           // after its outcome
                     caf::replies_to<end_process>::with<process_ended>,      // result and delivery in one transaction
                     caf::replies_to<enqueue_delivery>::with<process_ended>, // a failed eligibility check (AMB-140)
                     caf::reacts_to<log_apdus>,                              // sequence log (TR 3.5.1)
                     caf::replies_to<end_parked_process>::with<parked_process_ended>,
                     caf::reacts_to<trim_store>,                        // what is older is deleted (AMB-190, DIV-032)
                     caf::replies_to<find_issuer>::with<issuer_found>,  // by name
                     caf::replies_to<load_outbox>::with<outbox_loaded>, // at the start, and after an operator
                     caf::replies_to<load_delivery>::with<delivery_loaded>,    // before an attempt
                     caf::replies_to<settle_delivery>::with<delivery_settled>, // after an attempt
                     caf::replies_to<ask_health>::with<store_health>>;         // does the database answer?

// -- issuer_desk: which exchange with which issuer may be made now; one issuer_worker, with its thread, for each in
// progress
// ------------------

class issuer_line;

/// How an exchange ended: with what the issuer said, or why it could not be had.
struct exchanged {
    std::variant<model::issuer_step, model::issuer_key_material, port_error, process::failed> value;
};
struct issuer_exchange {
    std::string issuer;         ///< name
    lane where = lane::goes_on; ///< fresh: it opens a session
    steady_time due;            ///< not before
    steady_time until;          ///< it has to have begun by then, else its phone is told to come again
    std::shared_ptr<issuer_line> line;
    std::function<exchanged()> call; ///< blocks; throws port_error. It is repeated where the issuer is busy
};
struct exchange_made {
    std::uint64_t ticket = 0;
    exchanged outcome;
};
using issuer_desk_actor = caf::typed_actor<caf::replies_to<issuer_exchange>::with<exchanged>, // from issuer sessions
                                           caf::reacts_to<exchange_made>,                     // from a worker
                                           caf::reacts_to<tick>>; // exchanges that are due, or come too late
struct make_exchange {
    std::uint64_t ticket = 0;
    std::function<exchanged()> call;
    issuer_desk_actor desk;
};
using issuer_worker_actor = caf::typed_actor<caf::reacts_to<make_exchange>>;

// -- issuer_session: one issuer's management session for one process; its exchanges go over the desk
// -------------------------------------------

struct fetch_material {};
struct material_fetched {
    std::optional<model::issuer_key_material> material;
    process::failed failure; ///< where there is none
};
using issuer_actor =
    caf::typed_actor<caf::replies_to<process::open_issuer_session>::with<answered>, // first commands for the card
                     caf::replies_to<process::relay_to_issuer>::with<answered>,     // the next ones
                     caf::replies_to<fetch_material>::with<material_fetched>>;      // keys under the transport key

// -- spos_outbox: one spos_delivery for each row that waits, and whose turn it is

struct deliver_result {
    model::outbox_entry delivery;
};
struct turn_used {
    std::int64_t id = 0;
    std::optional<delivery_outcome> outcome; ///< nothing: no attempt was made
};
struct turn_awaited {
    std::int64_t id = 0;
    int attempts = 0;
    steady_time due; ///< not before
};
struct delivery_ended {
    std::int64_t id = 0;
    bool given_up = false; ///< its row stays
};
struct count_deliveries {};
struct deliveries_counted {
    std::size_t waiting = 0;
    std::size_t given_up = 0;
};
using outbox_actor = caf::typed_actor<caf::reacts_to<deliver_result>, // a result that has been stored
                                      caf::reacts_to<turn_used>,      // from a delivery: the SPOS is free for others
                                      caf::reacts_to<turn_awaited>,   // from a delivery: it wants another attempt
                                      caf::reacts_to<delivery_ended>, // from a delivery, its last word
                                      caf::reacts_to<tick>, // attempts that are due, and what operators have changed
                                      caf::replies_to<count_deliveries>::with<deliveries_counted>>;

// -- spos_delivery: one result from its row in the outbox to its end; each attempt is a spos_worker's

struct take_turn {};
struct row_dropped {};
struct attempt_made {
    delivery_outcome outcome;
};
using delivery_actor = caf::typed_actor<caf::reacts_to<take_turn>,    // from the outbox: an attempt may be made now
                                        caf::reacts_to<attempt_made>, // from its worker
                                        caf::reacts_to<row_dropped>>; // from the outbox, while it waits

/// One attempt on a thread of its own.
struct attempt_delivery {
    model::outbox_entry row;
    std::shared_ptr<spos_port> port;
    delivery_actor delivery; ///< gets attempt_made
};
using spos_worker_actor = caf::typed_actor<caf::reacts_to<attempt_delivery>>;

// -- device_session: the phone's SERAM management session
// ------------------------------------------------------------------------------

struct shake_hands {
    std::string secret;
};
struct hand_shaken {
    bool accepted = false;
};
struct report_first { ///< the call is the first report too (DIV-106)
    std::string secret;
    steady_time since; ///< when the call came
};
struct report_back {
    std::string secret;
    std::uint64_t order = 0; ///< number of the order that is answered
    report content;
};
struct order_given {
    order_answer answer;
};
struct report_begins { ///< its octets are still to come
    std::string secret;
    std::uint64_t order = 0;
    std::uint64_t octets = 0;
};
struct report_awaited {
    bool awaited = false; ///< else nobody needs its octets
};
struct fetch_result {
    std::string secret;
};
struct result_fetched {
    result_answer answer;
};
struct announce_process {
    model::process_start start;
    std::optional<process::exchange> reads; ///< in the same order (AMB-230)
};
struct process_announced {
    bool acknowledged = false;
    std::string detail;
    bool phone_lost = false;
    gp::batch_answer answer; ///< of the reads
};
struct perform_order {
    std::string reader;
    gp::batch commands;
};
struct order_performed {
    gp::batch_answer answer;
    std::string unwanted = {}; ///< why; nothing of it has changed the card (AMB-148), and there is no answer
};
struct finish_session {
    result outcome;
    std::optional<model::process_progress> completed; ///< 100 %, of a process that succeeded (AMB-133)
};
struct cancel_session { ///< the user's wish
    std::string secret;
};
struct session_cancelled {
    cancel_answer answer = cancel_answer::no_session;
};
struct call_answered {   ///< the phone has the session's id now
    bool has_id = false; ///< the call can come again with its callId (DIV-107)
};
struct give_way {}; ///< its app has begun anew (DIV-113)
struct ask_wish {}; ///< does anybody still want it?
struct user_wish {
    std::string unwanted; ///< why nobody does; empty: it is wanted
};
struct ask_patience {}; ///< how long will it last until the phone counts as lost, if it says nothing from now on?
struct phone_patience {
    std::chrono::seconds longest{0};
};
using session_actor = caf::typed_actor<
    caf::reacts_to<call_answered>,                              // gate
    caf::replies_to<shake_hands>::with<hand_shaken>,            // phone
    caf::replies_to<report_first>::with<order_given>,           // phone, with its call: long poll
    caf::replies_to<report_back>::with<order_given>,            // phone: long poll
    caf::replies_to<report_begins>::with<report_awaited>,       // phone
    caf::replies_to<fetch_result>::with<result_fetched>,        // phone
    caf::replies_to<cancel_session>::with<session_cancelled>,   // phone
    caf::reacts_to<give_way>,                                   // gate: its process ends
    caf::replies_to<announce_process>::with<process_announced>, // owner: ProcessStart and its acknowledgement
    caf::replies_to<perform_order>::with<order_performed>, // owner: APDUs and their answers; a lost phone is an answer
    caf::reacts_to<finish_session>,                        // owner: the result; the phone gets Stop
    caf::replies_to<ask_wish>::with<user_wish>,            // owner: before an issuer gets an order
    caf::replies_to<ask_patience>::with<phone_patience>,   // owner: for whoever asks while it works
    caf::reacts_to<tick>>; // quits when its result has been kept long enough, or nobody came for it

// -- secure_component: one process per card at a time (AMB-228)
// ------------------------------------------------------------------------

struct lease_card {
    std::string process_id;
    steady_time deadline; ///< a lease that comes later is not wanted any more
};
struct card_leased {
    bool granted = false;
};
struct return_card {
    std::string process_id;
};
using card_actor =
    caf::typed_actor<caf::replies_to<lease_card>::with<card_leased>, // waits until the card is free or the deadline is
                                                                     // over
                     caf::reacts_to<return_card>, caf::reacts_to<tick>, caf::replies_to<ask_idle>::with<bool>>;

// -- conductor: who owns a process: a service_instance, or an enquiry (check, create, get)
// ----------------------------------------------

struct begin_call {
    call request;
    std::string session_id;
    session_actor session;
    model::session_proof proof = {};              ///< by what the session is known again after a restart
    std::optional<calls::left_process> left = {}; ///< to be entered again (DIV-108): it has been admitted
    std::vector<std::string> former = {};         ///< sessions whose processes end for it (DIV-113)
    /// A process of the instance waits so long for its phone to come back after a restart.
    std::optional<std::chrono::seconds> parked_for = {};
};
struct call_begun {
    std::optional<result> refusal;        ///< nothing may begin; else the session's owner is at work
    std::optional<come_again> later = {}; ///< why it was refused, where waiting is all that helps
};
using conductor_actor = caf::typed_actor<caf::replies_to<begin_call>::with<call_begun>, caf::reacts_to<tick>,
                                         caf::replies_to<ask_idle>::with<bool>>;

// -- gate: the one address of the device role; finds and spawns the others
// --------------------------------------------------------------

struct find_card {
    std::string id;
};
struct card_handle {
    card_actor card;
};
struct route_handshake {
    std::string session_id;
    shake_hands message;
};
struct route_first_report {
    std::string session_id;
    report_first message;
};
struct route_report {
    std::string session_id;
    report_back message;
};
struct route_beginning {
    std::string session_id;
    report_begins message;
};
struct route_fetch {
    std::string session_id;
    fetch_result message;
};
struct route_cancel {
    std::string session_id;
    cancel_session message;
};
struct call_routed {
    call_answer answer;
};
struct session_finished { ///< from a session that has its result
    std::string session_id;
};
struct caller_gone {}; ///< from whoever waits for the answer to a call: his own caller has hung up
struct pulse {};       ///< to itself, once a second
struct ask_load {};
using gate_actor = caf::typed_actor<
    caf::replies_to<call>::with<call_routed>, caf::replies_to<route_handshake>::with<hand_shaken>,
    caf::replies_to<route_first_report>::with<order_given>, caf::replies_to<route_report>::with<order_given>,
    caf::replies_to<route_beginning>::with<report_awaited>, caf::replies_to<route_fetch>::with<result_fetched>,
    caf::replies_to<route_cancel>::with<session_cancelled>,
    caf::replies_to<find_card>::with<card_handle>, // from conductors
    caf::reacts_to<session_finished>, caf::reacts_to<caller_gone>, caf::replies_to<ask_load>::with<load>,
    caf::reacts_to<pulse>>;

} // namespace tsms::actors
