#pragma once
// A simulated GlobalPlatform card: an honest one that keeps its Registry, its keys and its counters, and runs no
// bytecode: a selected applet answers 9000 to every command of class 00 and 80. Those of the lab keep data (DIV-091).

#include "crypto/random.hpp"
#include "lab/card/faults.hpp"
#include "json/json.hpp"

#include <filesystem>
#include <memory>

namespace tsms::lab {

struct personality;
struct card_state;

class card {
public:
    /// A card as from the factory, its ISD keys diversified from the lab issuer's master key (issuer_keys.hpp).
    /// The random source must outlive the card.
    static card create(const personality& p, crypto::random_source& random);
    /// The card of a state file. Throws card_error or json::parse_error (state.hpp).
    static card load(const std::filesystem::path& file, crypto::random_source& random);
    explicit card(card_state state, crypto::random_source& random);
    card(card&&) noexcept;
    card& operator=(card&&) noexcept;
    ~card();

    /// One command APDU, one response APDU; always an answer, 6700 to what is no APDU. The logical channel is the one
    /// in CLA, or `channel` where a transport (Open Mobile API) assigns it and CLA says basic channel.
    /// A command is atomic: it has happened or it has not, whatever the faults are. They alone let this throw
    /// no_answer.
    bytes transmit(bytes_view c_apdu, int channel = 0);

    /// What goes wrong from now on.
    void inject(fault_plan faults);
    const fault_plan& faults() const;

    bytes atr() const;
    /// Ends every session and closes every channel but the basic one; gives power to a card that has lost it.
    void reset();

    /// Replaces the file at once (temporary file and rename), readable by its owner only.
    void save(const std::filesystem::path& file) const;

    const card_state& state() const; ///< state.hpp
    /// For tests that need a situation which no command brings about.
    card_state& state();
    json::value registry() const; ///< for people and tests: no keys
    std::string registry_text() const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// A card that lives in a file: opened, or created with a personality; written after every command that changed it.
class stored_card {
public:
    /// `faults` is a SPEC of faults.hpp; an empty one leaves the card those of its personality. Throws card_error,
    /// json::parse_error or fault_error.
    stored_card(std::filesystem::path file, const personality& for_a_new_card, crypto::random_source& random,
                std::string_view faults = {});

    bytes transmit(bytes_view c_apdu, int channel = 0);
    lab::card& card() { return card_; }

private:
    void write();

    std::filesystem::path file_;
    lab::card card_;
    json::value written_;
};

} // namespace tsms::lab
