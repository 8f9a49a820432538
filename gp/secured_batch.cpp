#include "gp/secured_batch.hpp"

#include "gp/command_words.hpp"
#include "gp/status_words.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

/// For the log, which shall not say what stands in it.
std::string about(step what, const command_apdu& plain) {
    return facts_of(what).confidential ? std::string() : words_of(plain);
}

bool is_accepted(step what, std::uint16_t sw, secured_batch::tolerance accepted) {
    switch (accepted) {
    case secured_batch::tolerance::any:
        return true;
    case secured_batch::tolerance::success:
        return sw == 0x9000;
    case secured_batch::tolerance::other_form:
        return sw == wrong_data || explain(what, sw).accepted;
    case secured_batch::tolerance::table:
        break;
    }
    return explain(what, sw).accepted;
}

} // namespace

std::size_t secured_batch::add(step what, command_apdu command, tolerance accepted) {
    return add_expecting(std::move(command), {what, accepted, false, {}, 0});
}

std::size_t secured_batch::add(step what, command_apdu command, std::vector<std::uint16_t> expected) {
    return add_expecting(std::move(command), {what, tolerance::table, false, {}, 0, std::move(expected)});
}

std::size_t secured_batch::add_expecting(command_apdu command, expectation expected) {
    auto words = about(expected.what, command);
    if (!channel_)
        return push(command, std::move(expected), std::move(words));
    if (channel_->has_response_mac() && !command.le)
        command.le = le_max_short;
    try {
        const auto wrapped = channel_->wrap(std::move(command));
        expected.wrapped = true;
        expected.context = wrapped.context;
        return push(wrapped.command, std::move(expected), std::move(words));
    } catch (const scp03_error& error) {
        throw channel_failure(expected.what, error, expected_.size());
    }
}

std::size_t secured_batch::add_all(step what, std::vector<command_apdu> commands, tolerance accepted) {
    std::size_t last = expected_.size();
    for (auto& command : commands)
        last = add(what, std::move(command), accepted);
    return last;
}

std::size_t secured_batch::add_plain(step what, command_apdu command, tolerance accepted) {
    return push(command, {what, accepted, false, {}, 0}, about(what, command));
}

std::size_t secured_batch::add_plain(step what, command_apdu command, std::vector<std::uint16_t> expected) {
    return push(command, {what, tolerance::table, false, {}, 0, std::move(expected)}, about(what, command));
}

std::size_t secured_batch::push(const command_apdu& command, expectation expected, std::string about) {
    expected.sent = command.data.size();
    commands_.emplace_back(expected.what, encode(command), changes_card(expected.what),
                           facts_of(expected.what).confidential,
                           expected.accepted == tolerance::any || expected.accepted == tolerance::other_form);
    commands_.back().expected = expected.words;
    commands_.back().about = std::move(about);
    expected_.push_back(std::move(expected));
    return expected_.size() - 1;
}

void secured_batch::mark(int percent, int operation) {
    progress_.push_back({expected_.size(), percent, operation});
}

batch secured_batch::take() {
    return {std::exchange(commands_, {}), std::exchange(progress_, {})};
}

std::vector<response_apdu> secured_batch::accept(const batch_answer& answer) {
    std::vector<response_apdu> plain;
    plain.reserve(expected_.size());
    for (std::size_t k = 0; k < expected_.size(); ++k) {
        // An agent omits a faulty response or sends it empty (hazard 4); only a SELECT may be empty on success.
        const bool select_without_fci = k < answer.responses.size() && answer.responses[k].empty() &&
                                        expected_[k].what == step::select && !expected_[k].wrapped;
        if (k >= answer.responses.size() || (answer.responses[k].empty() && !select_without_fci))
            throw transmission_failure(expected_[k].what, answer.end, answer.detail, k);
        plain.push_back(select_without_fci ? response_apdu{{}, 0x9000} : check(k, answer.responses[k]));
    }
    if (answer.responses.size() > expected_.size())
        throw transmission_failure(step::relayed, transmission::failed, "more responses than commands",
                                   expected_.size());
    return plain;
}

response_apdu secured_batch::check(std::size_t index, bytes_view response) {
    const auto& expected = expected_[index];
    response_apdu plain;
    try {
        if (expected.wrapped) {
            plain = channel_->unwrap(expected.context, response);
        } else if (auto parsed = parse_response(response)) {
            plain = *std::move(parsed);
        } else {
            throw scp03_error(scp03_error::reason::short_response, "response without status word");
        }
    } catch (const scp03_error& error) {
        throw channel_failure(expected.what, error, index);
    }
    const auto& words = expected.words;
    if (words.empty() ? is_accepted(expected.what, plain.sw, expected.accepted)
                      : std::ranges::find(words, plain.sw) != words.end())
        return plain;
    auto failure = status_failure(expected.what, plain.sw, index);
    failure.sent = expected.sent;
    throw failure;
}

} // namespace tsms::gp
