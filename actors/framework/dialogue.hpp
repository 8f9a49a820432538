#pragma once
// The Remote Agent's side of one SERAM management session, without I/O, clock or actor: what the phone reports, what
// the owner of the session wants, and which order follows from both. The device session actor only carries messages to
// and from it.

#include "actors/messages.hpp"
#include "base/time.hpp"

#include <chrono>

namespace tsms::actors {

struct dialogue_settings {
    std::chrono::seconds poll{20};        ///< longest wait inside one long poll, then a void order
    std::chrono::seconds phone_lost{300}; ///< SERAM: a Local Agent that has been silent so long is lost
    /// C-APDUs in one seRamCommand, so that there is progress between them (hazard 9).
    std::size_t apdus_per_command = 32;
    std::chrono::seconds first_report{60}; ///< likewise lost: one that has never sent a report
    /// An order or report that is on its way is no silence, if it moves so fast; the port sees to that
    /// (http/net/progress.hpp). 0: all are there at once.
    std::uint64_t octets_per_second = 0;
    std::uint64_t most_of_report = 1 << 20; ///< octets

    std::chrono::seconds travel(std::uint64_t octets) const {
        return std::chrono::seconds(octets_per_second == 0 ? 0 : (octets + octets_per_second - 1) / octets_per_second);
    }
    /// The longest time from an order of so many octets to its report.
    std::chrono::seconds longest(std::uint64_t octets) const {
        return phone_lost + travel(octets) + travel(most_of_report);
    }
};

/// About as many octets as an order with these commands has on its way.
std::uint64_t octets_on_the_way(const gp::batch& work);

class dialogue {
public:
    /// `before`: the numbers of its orders are greater. What answers an order of a former life of the server has a
    /// smaller one: where the session goes on it is a poll, whatever it says (DIV-108).
    dialogue(std::vector<announced_card> cards, dialogue_settings settings, std::uint64_t before = 0)
        : cards_(std::move(cards)), settings_(settings), before_(before) {
        last_.number = before;
    }

    // -- the phone --
    /// Its call has been answered with the session. While it waited for that, it was not silent.
    void opened(steady_time now) { last_seen_ = now; }
    struct unknown_order {};
    struct wait {}; ///< the order will come from next()
    using turn = std::variant<order, wait, unknown_order>;

    /// Handshake; the phone may repeat it until it has seen an order. Only the first is a sign of life: handshakes do
    /// not bring a process on.
    bool handshake(steady_time now);
    /// Its call, which came at `since`, asks for the first order: it stands for the handshake and the void report
    /// (DIV-106). A repeated call gets the stored order again.
    turn first_report(steady_time since, steady_time now);
    /// A report that answers the order `number` (0: none yet). A repeated report gets the stored order again.
    turn report_arrived(const report& r, std::uint64_t number, steady_time now);
    /// The head of a report that answers this order has come, and so many octets will follow. It may begin again on
    /// another connection, but not for ever. False where report_arrived() would not know the order.
    bool report_begins(std::uint64_t number, std::uint64_t octets, steady_time now);
    /// The order for a phone that waits: when there is work, when the long poll is over, or when the session ends.
    std::optional<order> next(steady_time now);

    /// The user does not want it any more. False where it is too late: something that changes the card has left, or the
    /// session has its outcome. Else nothing of the kind leaves any more, and the owner learns it in place of what it
    /// waits for, or asks for next.
    bool cancel() { return cancel(process::cancelled_by_user); }
    /// Its app has begun anew (DIV-113): likewise, and where it is too late for that, the phone counts as lost. False
    /// where the session has its outcome.
    bool give_way();

    // -- the owner --
    /// Its session was one of a former life of the server, and the phone has acknowledged the start of this process
    /// there; empty: of none.
    void goes_on(std::string process_id) {
        revived_ = true;
        acknowledged_ = started_ = !process_id.empty();
        process_id_ = std::move(process_id);
        changing_ = acknowledged_; // or may have been
    }
    /// What changes nothing may travel with the start (AMB-230); anything else is not sent, as in perform().
    void announce(model::process_start start, std::optional<process::exchange> reads = std::nullopt);
    /// Commands that change the card need the acknowledged start of a process (AMB-132): without it they fail here.
    void perform(std::string reader, gp::batch work);
    void finish(result outcome, std::optional<model::process_progress> completed = std::nullopt) {
        outcome_ = std::move(outcome);
        completed_ = std::move(completed);
    }

    // -- what the owner learns; each once --
    struct start_acknowledged {
        gp::batch_answer answer; ///< of what travelled with the start
    };
    struct start_refused {
        std::string detail;
        bool phone_lost = false;
    };
    struct work_cancelled {
        std::string why;
    };
    using event = std::variant<start_acknowledged, start_refused, work_cancelled, gp::batch_answer>;
    /// Call after everything that happened, and once a second.
    std::optional<event> take_event(steady_time now);

    /// How long it lasts, if the phone says nothing from now on, until it counts as lost.
    std::chrono::seconds patience(steady_time now) const;
    bool lost() const { return lost_; }
    /// Why nobody wants it any more; empty: it is wanted.
    const std::string& unwanted() const { return unwanted_; }
    bool never_came() const { return lost_ && gave_none(); } ///< lost before its first order
    std::uint64_t last_number() const { return last_.number; }
    bool stopped() const { return stopped_; } ///< the Stop has been handed out

private:
    enum class expects { nothing, acknowledgement, responses };

    bool cancel(const char* why);
    void lose();
    std::optional<steady_time> lost_at() const;
    bool silent(steady_time now) const;
    /// None has been given, or one of a former life: then it does not matter which.
    std::uint64_t of_this_life(std::uint64_t number) const {
        return number == 0 || (revived_ && number < before_) ? before_ : number;
    }
    bool gave_none() const { return last_.number == before_; }
    bool repeats(std::uint64_t number) const { return !gave_none() && number + 1 == last_.number; }
    bool answers_last(std::uint64_t number) const { return number == last_.number && !stopped_; }
    void consume(const report& r);
    void consume_acknowledgement(const report& r);
    gp::batch_answer responses_in(const report& r);
    std::optional<gp::batch_answer> accept(std::string reader, gp::batch work);
    order fresh();
    order remember(order o, expects what);
    void append_work(order& o);
    const announced_card* card_in(const std::string& reader) const;

    std::vector<announced_card> cards_;
    dialogue_settings settings_;
    std::uint64_t before_ = 0;
    bool revived_ = false;
    std::optional<steady_time> last_seen_; ///< nothing: its call is not answered yet
    std::optional<steady_time> begun_;     ///< when a report to the last order began to arrive
    std::uint64_t travelling_ = 0;         ///< octets of the last order, or of the report that arrives
    bool shaken_ = false;
    bool called_ = false; ///< its call has asked for the first order, and may not have got it
    std::optional<steady_time> waiting_since_;

    order last_;           ///< the order that was sent last, to be sent again
    bool consumed_ = true; ///< the report to it has been read
    expects expected_ = expects::nothing;
    bool started_ = false; ///< Start has been sent
    std::string chosen_;   ///< reader that was chosen last
    std::string process_id_;
    int percent_ = 0; ///< told last

    std::optional<model::process_start> announcement_;
    gp::batch_answer not_sent_with_it_; ///< why nothing travels with it, though something was to
    std::optional<gp::batch> work_;
    bool work_sent_ = false;
    bool announcement_sent_ = false;
    bool acknowledged_ = false;
    bool changing_ = false;  ///< something that changes the card has left
    bool cancelled_ = false; ///< before it was too late
    std::string unwanted_;
    std::optional<result> outcome_;
    std::optional<model::process_progress> completed_;
    bool stopped_ = false;
    bool lost_ = false;
    std::optional<event> event_;
};

} // namespace tsms::actors
