#include "gp/card_failure.hpp"

#include "base/utf8.hpp"
#include "gp/scp03.hpp"
#include "gp/status_words.hpp"

namespace tsms::gp {

namespace {

// TR 4.2.4.4
constexpr int execution_interrupted = 6;
constexpr int content_related = 7;
constexpr int inaccessible = 9;
constexpr int channel_not_available = 10;
constexpr int nfc_not_activated = 11;

std::string hex_of(std::uint16_t sw) {
    const std::uint8_t octets[] = {static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)};
    return to_hex(octets);
}

std::string at(step what) {
    return " (" + std::string(to_string(what)) + ")";
}

/// What a phone says is hostile, and this text goes into results and logs. Names of readers have umlauts.
std::string printable(std::string_view words) {
    return text::quotable(words, 100);
}

struct ending {
    std::string_view text;
    int category;
    bool retry;
};

ending of(transmission end) {
    switch (end) {
    case transmission::unavailable:
        return {"secure component is not available", inaccessible, true};
    case transmission::no_channel:
        return {"no logical channel to the secure component is free", channel_not_available, true};
    case transmission::nfc_off:
        return {"please activate NFC", nfc_not_activated, true};
    case transmission::ungranted:
        return {"app not authorized to access SC", inaccessible, false};
    case transmission::phone_lost:
        return {"connection to the handset was lost", execution_interrupted, true};
    case transmission::complete:
    case transmission::failed:
        break;
    }
    return {"transmission to the secure component failed", execution_interrupted, true};
}

} // namespace

card_failure::card_failure(kind k, step what_, int category_, const std::string& details, std::size_t index_,
                           std::uint16_t sw_, transmission end_)
    : std::runtime_error(details), why(k), what(what_), index(index_), sw(sw_), category(category_), end(end_),
      phone_lost(end_ == transmission::phone_lost), retry_can_help(false) {}

card_failure status_failure(step what, std::uint16_t sw, std::size_t index) {
    auto meaning = explain(what, sw);
    if (meaning.accepted) { // at this step, but not where the procedure needs the command to have been carried out
        meaning.category = inaccessible;
        meaning.who = mender::card;
    }
    card_failure failure(card_failure::kind::status, what, meaning.category,
                         std::string(meaning.text) + at(what) + ", status word " + hex_of(sw), index, sw);
    failure.retry_can_help = meaning.retry_can_help;
    failure.mender = to_string(meaning.who);
    return failure;
}

card_failure channel_failure(step what, const scp03_error& error, std::size_t index) {
    using reason = scp03_error::reason;
    using kind = card_failure::kind;
    const std::string text = error.what() + at(what);
    switch (error.why) {
    case reason::wrong_card_challenge:
    case reason::wrong_card_cryptogram:
        return {kind::authentication, what, inaccessible, text, index};
    case reason::wrong_mac:
    case reason::wrong_padding:
        return {kind::mac, what, inaccessible, text, index};
    case reason::too_long:
        return {kind::refused, what, content_related, text, index};
    case reason::level_not_supported:
    case reason::chain_broken:
        return {kind::refused, what, inaccessible, text, index};
    case reason::malformed_response:
    case reason::short_response:
        break;
    }
    return {kind::malformed, what, inaccessible, text, index};
}

void not_proven(step what, const std::string& text, std::optional<phase> during) {
    // Keys are the TSM's own matter, or the issuer's; everything else is content of the secure component (TR 4.2.4.4),
    // which the provider can make otherwise (DIV-078).
    const bool of_keys = facts_of(what).of_keys;
    card_failure failure(card_failure::kind::status, what, of_keys ? inaccessible : content_related, text);
    failure.mender = to_string(of_keys ? mender::card : mender::provider);
    failure.during = during;
    throw failure;
}

card_failure transmission_failure(step what, transmission end, std::string_view agents_words, std::size_t index) {
    if (end == transmission::complete) // fewer answers than commands, and nobody says why
        end = transmission::failed;
    const auto how = of(end);
    auto text = std::string(how.text) + at(what);
    if (!agents_words.empty())
        text += ": " + printable(agents_words);
    card_failure failure(card_failure::kind::transmission, what, how.category, text, index, 0, end);
    failure.retry_can_help = how.retry;
    return failure;
}

} // namespace tsms::gp
