#pragma once
// What may be caused for secure components that nobody has proven (DIV-061): anybody can invent one. Token buckets over
// the steady clock. Knows no actor and no time of its own.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace tsms::actors {

/// Traces at once, and as many more in an hour. A trace is a row with its instance, a process with its result for the
/// SPOS, or an order at an issuer.
struct stranger_limits {
    int of_address = 120; ///< a new handset costs three and gives them back when its card is proven
    int of_card = 20;     ///< of one claimed identity, from wherever
    int in_all = 3000;
};

/// What is known of a card that somebody pays for. He has not shown that he has it, else he would not pay.
enum class standing {
    unproven,
    proven_once, ///< nothing of ours is on it any more that could show it; or the operator has vouched for it
    proven,      ///< its issuer has given us keys for it, and it had shown them when its instance was created
};

/// Who pays.
struct payer {
    std::string address;
    std::string card; ///< the identity that is claimed; empty: no card pays
    standing of_card = standing::unproven;
};

/// Safe to call from several threads.
class stranger_budget {
public:
    using time = std::chrono::steady_clock::time_point;
    enum class scope { address, card, all };

    /// Nothing was taken.
    struct refusal {
        scope of;
        std::chrono::seconds again; ///< until there is as much
        std::uint64_t unreported;   ///< refusals of this scope, this one too, if they are to be reported now; else 0
    };

    explicit stranger_budget(stranger_limits limits) : limits_(limits) {}

    /// All or nothing.
    std::optional<refusal> take(const payer& who, int traces, time now);
    /// The card was proven: what it cost was no stranger's.
    void give_back(const payer& who, int traces, time now);
    /// The issuer has found out that the card was invented. The address pays, as far as it can, and the card does not:
    /// it may be somebody's.
    void fine(const payer& who, int traces, time now);

private:
    struct bucket {
        double tokens;
        time updated;
    };
    struct purse {
        std::map<std::string, bucket> buckets; ///< of those that have been used; a full one may be forgotten
        std::optional<time> reported;
        std::uint64_t unreported = 0;
    };
    static constexpr std::size_t scopes = 3;
    static constexpr std::size_t most_buckets = 20000;

    int limit_of(scope s) const;
    /// Whose bucket pays in this scope; nothing: it does not count there.
    static std::optional<std::string> key_of(scope s, const payer& who);
    double available(scope s, const std::string& key, time now) const;
    void change(scope s, const std::string& key, double by, time now);
    bool has_room(scope s, const std::string& key, time now);
    refusal refuse(scope s, double missing, time now);
    purse& purse_of(scope s) { return purses_[static_cast<std::size_t>(s)]; }
    const purse& purse_of(scope s) const { return purses_[static_cast<std::size_t>(s)]; }

    stranger_limits limits_;
    std::mutex mutex_;
    purse purses_[scopes];
};

/// The line for the operator's log: whose budget is spent, which option it is, and what to do.
std::string report_of(const stranger_budget::refusal& r, const payer& who);

} // namespace tsms::actors
