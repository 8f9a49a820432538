#pragma once
// The world of a process without actors, sockets or clock: a lab card, a vault, an issuer on the same card, and the
// rows as they were committed. A test plays a process in it, to the end or to the n-th effect.

#include "crypto/software_vault.hpp"
#include "gp/cap.hpp"
#include "lab/card/card.hpp"
#include "lab/card/issuer_keys.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"
#include "lab/issuer/card_work.hpp"
#include "lab/issuer/issuer_lies.hpp"
#include "process/enquiries.hpp"
#include "process/processes.hpp"
#include "tests/sim/bystanders.hpp"
#include "tests/sim/invariants.hpp"

#include <functional>
#include <map>
#include <set>

namespace tsms::sim {

/// Octets that look random and are the same in every run.
class counting_random final : public crypto::random_source {
public:
    explicit counting_random(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::uint8_t> out) override {
        for (auto& octet : out) {
            state_ = state_ * 6364136223846793005u + 1442695040888963407u;
            octet = static_cast<std::uint8_t>(state_ >> 56);
        }
    }

private:
    std::uint64_t state_;
};

class world {
public:
    explicit world(std::string_view personality = "jc305", std::uint64_t seed = 1);
    /// A card that no table lists.
    explicit world(lab::personality personality, std::uint64_t seed = 1);
    world(world&&) = default; ///< for functions that return one: elided, because card and vault refer to `random`
    world& operator=(world&&) = delete;

    /// What happens to one C-APDU on its way: an answer instead of the card's, or nothing and the card is asked. It may
    /// throw lab::no_answer, as a card with faults does.
    using tamper =
        std::function<std::optional<bytes>(const gp::card_command& command, const std::function<bytes()>& card)>;

    /// Plays the process to its end. With `break_after` it is broken off behind that many effects: coroutine destroyed,
    /// card without power, as after a crash of the server; then there is no outcome.
    std::optional<process::process_outcome> play(process::process<process::process_outcome> running,
                                                 std::optional<std::size_t> break_after = std::nullopt);
    /// The same for who plays the effects of a process by himself (tests/sim/tsm): it begins, each of its effects is
    /// carried out and looked at, and it ends. One that does not end has lost its card's power. `started`: its start
    /// was announced in a former life of the server.
    void begin(bool started = false);
    process::answer_variant perform(const process::effect& effect);
    void end(const process::process_outcome& outcome);
    /// An effect that belongs to no process.
    process::answer_variant interpret(const process::effect& effect);
    /// What the server makes of the row when it comes back after a crash.
    void restart();
    std::vector<process::card_facts> identify();
    /// Plays what only asks cards.
    template <class T> T ask(process::process<T> asking) {
        const auto* effect = asking.start();
        while (effect)
            effect = asking.answer(interpret(*effect));
        return asking.result();
    }

    process::process_request request();
    process::process_outcome deploy(std::vector<model::service_command> commands, bool finalize,
                                    bool suspended = false);
    process::process_outcome terminate();
    process::process_outcome suspend(bool suspend);

    /// Adds a load file with these applets to the target; `load_size` as of tsms-lab cap.
    void add_load_file(bytes package, std::vector<bytes> applets, std::size_t load_size = 2000);
    void add_cap(const gp::cap_file& cap);

    /// AIDs of applications, security domains and load files on the card that are not from the factory, in hex.
    std::set<std::string> on_card() const;

    std::shared_ptr<const lab::personality>
        personality; ///< a card's state points to it: the table's own where it has a name
    counting_random random;
    lab::card card;
    std::unique_ptr<crypto::key_vault> vault;
    std::map<std::string, bytes> images;              ///< load images by AID; other contents of one by their hash
    model::service_instance instance;                 ///< as committed
    model::secure_component component;                ///< as committed
    std::vector<model::deployment_target> tombstones; ///< on this card, of requests
    bool last_on_card = true;                         ///< of terminates
    bool issuer_down = false;
    std::size_t phone_vanishes_after = SIZE_MAX; ///< orders
    bool listener_throws = false;                ///< the app does not take the start of a process
    tamper on_the_way;
    std::function<void(gp::batch_answer&)> on_report; ///< what the agent makes of a whole order's answers
    std::uint8_t issuer_key_version = 0x30;
    bool issuer_without_end = false; ///< it always has one more command
    lab::issuer_lies issuer_lies;
    std::size_t issuer_takes = SIZE_MAX; ///< orders; then it cannot be reached
    bool issuer_ignores_level = false;   ///< it is of before: minimumLevel is an unknown member
    std::string issuer_privileges;       ///< of the domain, as it says; empty: it says nothing

    std::size_t effects = 0; ///< played so far, in the last play
    std::size_t orders = 0;  ///< that the phone got, in the last play
    std::size_t apdus = 0;
    std::size_t issuer_orders = 0; ///< given to the issuer, in the last play
    /// Orders that the situation of a test costs in every process of it, beyond what is expected of one.
    std::size_t extra_orders = 0;
    std::vector<std::string> journal;

private:
    world(std::shared_ptr<const lab::personality> personality, std::uint64_t seed);
    struct issuer_run;
    std::string tsm_domain_aid() const;
    bool has_keys_of_row() const;
    bool is_undisturbed() const;
    process::answer_variant announce(const process::announce_start& start);
    gp::batch_answer transmit(const gp::batch& commands);
    gp::batch_answer execute(const gp::batch& commands);
    model::issuer_step advance(const gp::card_effect* effect);
    process::answer_variant open_issuer_session(const process::open_issuer_session& e);
    process::answer_variant relay_to_issuer(const process::relay_to_issuer& e);
    process::answer_variant issuer_keys();

    bystanders bystanders_;
    write_ahead write_ahead_;
    std::optional<expected_traffic> expected_; ///< of the process that runs, where nobody disturbs it
    std::set<std::string> factory_;
    std::set<std::string> listed() const;
    std::shared_ptr<issuer_run> issuer_;
    std::map<std::string, lab::domain_keys> issued_; ///< by AID of the domain: the issuer's memory
    std::map<std::string, std::string> carried_out_;
    std::size_t processes_ = 0;
    model::instance_state before_ = model::instance_state::not_deployed; ///< the state that the last process began in
    bool phone_lost_ = false;
    bool intent_open_ = false; ///< the last process has written one and not ended
};

} // namespace tsms::sim
