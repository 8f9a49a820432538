#pragma once
// Faults on purpose: what goes wrong between a host and a card, in a small language that command lines and tests
// share. docs/lab.md has the grammar with examples:
//
//     SPEC     = "none" | ITEM { "," ITEM }
//     ITEM     = ACTION "@" COMMAND [ ":" POSITION ] | "seed" NUMBER
//     POSITION = N | N "-" | N "-" M | "~" N

#include "crypto/random.hpp"
#include "lab/card/lie.hpp"

#include <functional>
#include <stdexcept>

namespace tsms::lab {

/// A SPEC is wrong. The text names cause and remedy.
class fault_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// No R-APDU came. The text names the fault, so that it can be played again.
class no_answer : public std::runtime_error {
public:
    no_answer(const std::string& text, bool powered) : std::runtime_error(text), powered_(powered) {}
    /// False where the card lost its power: until it is reset, it answers nothing.
    bool powered() const { return powered_; }

private:
    bool powered_;
};

enum class fault_action {
    refuse,      ///< the card answers this status word instead of doing the command; its secure channel goes on
    pretend,     ///< the card answers as if it had done the command, and does nothing
    tell,        ///< done, and the card lies about it
    stale,       ///< the card tells what it was when the faults began
    forge,       ///< the command is done, the answer is this status word alone
    bad_rmac,    ///< done, the lowest bit of the last data octet changed
    short_rmac,  ///< done, the last data octet missing
    cut,         ///< done, the answer ends after this many octets
    noise,       ///< done, the answer is random octets
    replay,      ///< done, the answer before is given once more
    mute,        ///< done, no answer; the card keeps its power
    tear_before, ///< power lost before the command was done
    tear_after,  ///< power lost after the command was done and before its answer left
    slow,        ///< so many milliseconds later
};

/// What a card itself does otherwise at one command. It has the keys of its sessions, so a success carries its R-MAC.
struct deviation {
    std::optional<std::uint16_t> refuse_with; ///< the command is refused once it is known and proven
    bool pretend = false;                     ///< the answer of an honest card, and nothing is done
    bool stale = false;                       ///< what is read is that of the card when the faults began
    std::optional<lie> untruth;               ///< in the answer
};

/// The faults of one card or phone, with the count of commands up to now. Not safe to use from several threads.
class fault_plan {
public:
    fault_plan() = default; ///< no faults
    /// Throws fault_error. Where SPEC has no seed, one is drawn from `seeds`.
    static fault_plan parse(std::string_view spec, crypto::random_source& seeds);

    bool empty() const { return faults_.empty(); }
    /// True where the card must remember what it was when the faults began.
    bool looks_back() const;
    /// The SPEC with its seed: played again, the same happens.
    std::string text() const;

    /// The card of `play_in_card`: answers one command, with this deviation.
    using card_carrier = std::function<bytes(const deviation&)>;
    /// One command; `carry` is called at most once. Throws no_answer.
    bytes play_in_card(bytes_view c_apdu, const card_carrier& carry);

    /// The card of `play`: does the command and answers, or is not asked because a status word is answered instead.
    using carrier = std::function<bytes(std::optional<std::uint16_t> refuse_with)>;
    /// The same for whoever stands between host and card and has no keys. Throws no_answer.
    bytes play(bytes_view c_apdu, const carrier& carry);
    /// Throws fault_error where only the card itself can play one of the faults.
    void require_on_the_way() const;

private:
    struct fault {
        std::string text;
        fault_action action{};
        std::uint32_t value = 0; ///< status word, octets or milliseconds
        std::optional<lie> untruth;
        int ins = 0; ///< -1: every command
        int p1 = 0;  ///< -1: any
        std::uint32_t first = 1, last = 1;
        std::uint32_t chance = 0; ///< 1 in so many; 0: by position
        std::uint32_t seen = 0;
    };
    static fault parse_item(std::string_view item);
    static std::size_t parse_action(fault& f, std::string_view item);
    static void parse_position(fault& f, std::string_view position);
    static std::optional<deviation> in_the_card(const fault& f);
    bool is_due(fault& f, bytes_view c_apdu);
    std::uint32_t draw();

    std::vector<fault> faults_;
    std::uint32_t seed_ = 0;
    std::uint64_t random_ = 0;
    bytes former_; ///< answer
};

} // namespace tsms::lab
