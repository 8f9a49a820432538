#include "actors/framework/redaction.hpp"

#include "base/utf8.hpp"

#include <stdexcept>

namespace tsms::actors {

namespace {

constexpr std::size_t header_octets = 5; ///< CLA INS P1 P2 Lc
constexpr std::size_t status_octets = 2;

std::string_view name_of(gp::transmission end) {
    switch (end) {
    case gp::transmission::complete:
        return "complete";
    case gp::transmission::unavailable:
        return "the secure component is not available";
    case gp::transmission::no_channel:
        return "no logical channel is free";
    case gp::transmission::ungranted:
        return "the phone's access control refuses";
    case gp::transmission::nfc_off:
        return "NFC is switched off";
    case gp::transmission::failed:
        return "failed";
    case gp::transmission::phone_lost:
        return "the phone is gone";
    }
    throw std::logic_error("no end of a transmission");
}

bool confidential(const gp::card_command& c) {
    return c.sensitive || gp::facts_of(c.what).confidential;
}

} // namespace

std::vector<store::card_log_entry> log_of_commands(const std::string& process, const gp::batch& batch) {
    std::vector<store::card_log_entry> entries;
    for (const auto& c : batch.commands) {
        bytes_view kept = c.apdu;
        std::string note(to_string(c.what));
        if (confidential(c) && kept.size() > header_octets) {
            kept = kept.first(header_octets);
            note += ", redacted";
        }
        if (!c.sensitive && !c.about.empty())
            note += ": " + c.about;
        entries.push_back({process, false, to_hex(kept), note, {}});
    }
    return entries;
}

std::vector<store::card_log_entry> log_of_answers(const std::string& process, const gp::batch& batch,
                                                  const gp::batch_answer& answer) {
    std::vector<store::card_log_entry> entries;
    for (std::size_t i = 0; i < answer.responses.size() && i < batch.commands.size(); ++i) {
        bytes_view kept = answer.responses[i];
        std::string note;
        if (confidential(batch.commands[i]) && kept.size() > status_octets) {
            kept = kept.last(status_octets);
            note = "redacted";
        }
        entries.push_back({process, true, to_hex(kept), note, {}});
    }
    if (answer.end != gp::transmission::complete)
        entries.push_back({process,
                           true,
                           {},
                           "transmission ended: " + std::string(name_of(answer.end)) +
                               (answer.detail.empty() ? "" : ", " + text::quotable(answer.detail, 200)),
                           {}});
    return entries;
}

} // namespace tsms::actors
