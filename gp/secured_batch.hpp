#pragma once
// What procedures are written with: collects commands, wraps each where a secure channel is open, and afterwards checks
// every response in order.
//
//     secured_batch orders(channel);
//     orders.add_plain(step::external_authenticate, channel.external_authenticate());
//     const auto listed = orders.add(step::get_status, get_status(…));
//     orders.add(step::load, …);
//     batch b = orders.take();
//     const auto answers = orders.accept(co_await std::move(b));   // throws card_failure
//     answers[listed].data …

#include "gp/card_failure.hpp"
#include "gp/scp03.hpp"

namespace tsms::gp {

class secured_batch {
public:
    enum class tolerance {
        table,   ///< what gp/status_words.hpp accepts at this step
        success, ///< 9000 only
        /// As `table`, and 6A80 ("incorrect data"): the card may know another form of the same command.
        other_form,
        any, ///< every status word: the command asks a question
    };

    /// Plain commands only.
    secured_batch() = default;
    /// The channel must outlive the batch and its answers.
    explicit secured_batch(secure_channel& channel) : channel_(&channel) {}

    /// Wraps the command if there is a channel. Sets Le to "00" where R-MAC is on, because the response then carries
    /// data. Returns the index of its response. Throws card_failure if it cannot be wrapped.
    std::size_t add(step what, command_apdu command, tolerance accepted = tolerance::table);
    /// With status words of its own that are accepted, and no others.
    std::size_t add(step what, command_apdu command, std::vector<std::uint16_t> expected);
    /// Several commands of one step (LOAD, a chain of STORE DATA). Returns the index of the last one.
    std::size_t add_all(step what, std::vector<command_apdu> commands, tolerance accepted = tolerance::table);
    /// Sent as it is although there is a channel: EXTERNAL AUTHENTICATE, SELECT, INITIALIZE UPDATE of the next channel.
    std::size_t add_plain(step what, command_apdu command, tolerance accepted = tolerance::table);

    std::size_t add_plain(step what, command_apdu command, std::vector<std::uint16_t> expected);

    /// Progress to be told in front of the next command.
    void mark(int percent, int operation);

    bool empty() const { return commands_.empty(); }
    std::size_t size() const { return expected_.size(); }

    /// The commands, once; the expectations stay here for accept().
    batch take();

    /// Plain responses in the order of the commands. Throws card_failure at the first one that fails: status word not
    /// accepted, wrong R-MAC, garbage, or an answer that is missing. Later responses are then not believed.
    std::vector<response_apdu> accept(const batch_answer& answer);

private:
    struct expectation {
        step what;
        tolerance accepted;
        bool wrapped;
        response_context context;
        std::size_t sent = 0;                  ///< octets of data
        std::vector<std::uint16_t> words = {}; ///< accepted instead of `accepted`; empty: none
    };
    std::size_t add_expecting(command_apdu command, expectation expected);
    std::size_t push(const command_apdu& command, expectation expected, std::string about);
    response_apdu check(std::size_t index, bytes_view response);

    secure_channel* channel_ = nullptr;
    std::vector<card_command> commands_;
    std::vector<progress_mark> progress_;
    std::vector<expectation> expected_;
};

} // namespace tsms::gp
