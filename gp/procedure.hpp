#pragma once
// A card procedure: a coroutine that yields batches of C-APDUs and receives R-APDUs (gp/flow.hpp). A batch is what may
// travel to the card in one order, so that a deploy costs a constant number of network exchanges.

#include "gp/apdu.hpp"
#include "gp/card_steps.hpp"
#include "gp/flow.hpp"

#include <string>
#include <variant>

namespace tsms::gp {

/// One C-APDU on its way to the card.
struct card_command {
    card_command(step what_, bytes apdu_, bool changes_card_ = false, bool sensitive_ = false, bool may_fail_ = true)
        : what(what_), apdu(std::move(apdu_)), changes_card(changes_card_), sensitive(sensitive_), may_fail(may_fail_) {
    }

    step what;
    bytes apdu;        ///< as transmitted, wrapped where a secure channel is open
    bool changes_card; ///< a process may send it only after the start of the process was acknowledged (AMB-132)
    bool
        sensitive; ///< carries key material or personal data, plain or wrapped: only the header may be logged (AMB-233)
    std::string about = {}; ///< which object of the card is meant (gp/command_words.hpp); empty: nobody knows
    bool may_fail; ///< false: what stands behind it is of no use if the status word is not one that its step accepts
    std::vector<std::uint16_t> expected = {}; ///< that are accepted instead; empty: what the step says
};

/// Progress of a process, told to the app between two commands (TR 4.2.3.8).
struct progress_mark {
    std::size_t before = 0; ///< index of the command in front of which it is told
    int percent = 0;
    int operation = 0; ///< TR 4.2.4.2
};

/// Why fewer answers came back than commands were sent. The card itself never causes this: an error status word is an
/// answer.
enum class transmission {
    complete,
    unavailable, ///< SERAM UNAVAILABLE_SE: no card, no reader
    no_channel, ///< SERAM UNKNOWN_FAILURE with "no channel: …": all logical channels are in use (docs/tsm-api-wire.md)
    nfc_off,    ///< likewise with "NFC off: …": the secure component is reached over NFC, which is not active
    ungranted,  ///< SERAM UNGRANTED_ACCESS: the phone's access control refused
    failed,     ///< SERAM UNKNOWN_FAILURE, or a count that does not fit
    phone_lost, ///< no report within the deadline
};

struct batch_answer {
    std::vector<bytes>
        responses; ///< R-APDUs of the commands that were executed, in order; empty octets where a SELECT gave none
    transmission end = transmission::complete;
    std::string detail; ///< the agent's own words, for the log; hostile
    /// Nobody can say which answer belongs to which command, so there are none here, and every command may have been
    /// executed.
    bool unattributed = false;
};

/// The answers that belong to `count` commands from `from` on, where parts of one order are read by different parties.
/// If the transmission broke inside or before, the part is broken too; what ended it before says nothing of the part's
/// own commands.
batch_answer part_of(const batch_answer& all, std::size_t from, std::size_t count);

struct batch {
    using result = batch_answer;
    std::vector<card_command> commands;
    std::vector<progress_mark> progress;

    /// What another party reads, behind what is there. Its progress is not told.
    void append(batch part);
};

/// The one effect of a card procedure.
struct card_effect {
    using answer_type = batch_answer;
    card_effect(batch b) : commands(std::move(b)) {}
    template <class E> static batch_answer take(batch_answer&& answer) { return std::move(answer); }

    batch commands;
};

template <class T> using procedure = flow<card_effect, T>;

} // namespace tsms::gp
