#include "lab/card/card.hpp"

#include "lab/card/commands.hpp"
#include "lab/card/issuer_keys.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace tsms::lab {

namespace {

enum class needs { nothing, session };

gp::response_apdu pretend_confirmation(context&, const gp::command_apdu&) {
    return done();
}

gp::response_apdu pretend_status_word(context&, const gp::command_apdu&) {
    return {{}, sw::ok};
}

/// The commands of a Security Domain (GPCS 11, table 11-1).
constexpr struct {
    std::uint8_t ins;
    needs need;
    handler run;
    handler pretend; ///< null: it only reads, so there is nothing to pretend
} commands[] = {
    {0x50, needs::nothing, initialize_update, nullptr},
    {0x82, needs::nothing, external_authenticate, pretend_status_word},
    {0xCA, needs::nothing, get_data, nullptr},
    {0xD8, needs::session, put_key, pretend_put_key},
    {0xE2, needs::session, store_data, pretend_status_word},
    {0xE4, needs::session, delete_object, pretend_confirmation},
    {0xE6, needs::session, install, pretend_confirmation},
    {0xE8, needs::session, load, pretend_confirmation},
    {0xF0, needs::session, set_status, pretend_status_word},
    {0xF2, needs::session, get_status, nullptr},
};

/// CLA taken apart (GPCS 11.1.4, ISO/IEC 7816-4 5.4.1).
struct class_octet {
    bool proprietary;
    bool secure_messaging;
    bool iso_secure_messaging; ///< of ISO/IEC 7816-4, which no protocol of this card uses
    bool chained;
    int channel;
};

/// Nothing for the values that are reserved: 20 to 3F, A0 to BF and FF.
std::optional<class_octet> parse_class(std::uint8_t cla) {
    const bool proprietary = (cla & 0x80) != 0;
    const bool chained = (cla & 0x10) != 0;
    if (cla == 0xFF)
        return std::nullopt;
    if ((cla & 0x40) != 0)
        return class_octet{proprietary, (cla & 0x20) != 0, false, chained, (cla & 0x0F) + 4};
    if ((cla & 0x20) != 0)
        return std::nullopt;
    return class_octet{proprietary, (cla & 0x0C) == 0x04, (cla & 0x08) != 0, chained, cla & 0x03};
}

/// The logical channel in CLA, or the one that the transport assigns where CLA says basic channel.
std::size_t number_of(const class_octet& cla, int transport_channel) {
    return static_cast<std::size_t>(cla.channel != 0 ? cla.channel : transport_channel);
}

bool is_success(std::uint16_t status) {
    return status == sw::ok || status >> 8 == 0x62 || status >> 8 == 0x63;
}

/// What the card knows, or what it tells instead. A listing without entries is 6A88, as an honest one.
gp::response_apdu told(const context& c, gp::response_apdu known, bool lists) {
    if (!c.otherwise.untruth || !is_success(known.sw) || known.data.empty())
        return known; // a channel that has closed itself is not there any more
    auto data = with_lie(*c.otherwise.untruth, known.data);
    const auto room = c.channel.authenticated() ? c.channel.session->response_room() : std::size_t{gp::le_max_short};
    if (data.size() > room)
        return known;
    if (lists && data.empty() && !known.data.empty())
        return {{}, sw::reference_not_found};
    return {std::move(data), known.sw};
}

/// Asked of the card as it was when the faults began.
gp::response_apdu asked_before(const context& c, handler run, const gp::command_apdu& command) {
    auto then = *c.before;
    require(then.registry.find_domain(c.channel.selected), sw::reference_not_found);
    context past{then, c.channels, c.channel, c.random, {}, nullptr};
    return run(past, command);
}

gp::response_apdu security_domain_command(context& c, gp::command_apdu command, bool extended) {
    const auto* entry =
        std::find_if(std::begin(commands), std::end(commands), [&](const auto& row) { return row.ins == command.ins; });
    if (entry == std::end(commands))
        return {{}, sw::ins_not_supported};
    auto& channel = c.channel;
    const auto refusal = c.otherwise.refuse_with;
    const bool pretends = c.otherwise.pretend && entry->pretend != nullptr;
    const bool lists = entry->run == get_status;
    const bool looks_back = c.otherwise.stale && c.before && (lists || entry->run == get_data);
    const auto act = [&] {
        if (refusal)
            return gp::response_apdu{{}, *refusal};
        if (looks_back)
            return asked_before(c, entry->run, command);
        return told(c, (pretends ? entry->pretend : entry->run)(c, command), lists);
    };
    const bool is_done = !refusal && !pretends;
    if (entry->run == initialize_update || entry->run == external_authenticate) {
        if (!is_done)
            channel.end_session();
        return act();
    }
    if (channel.authenticated()) {
        auto plain = channel.session->unwrap(command, extended);
        if (!plain) {
            channel.end_session();
            return {{}, sw::security_status};
        }
        command = std::move(*plain);
    } else if ((command.cla & 0x04) != 0) {
        return {{}, sw::security_status};
    }
    if (entry->need == needs::session && (!channel.authenticated() || channel.session->level() == 0x00))
        return {{}, sw::security_status};
    // An interrupted load, personalization or listing is over (GPCS 9.3.5, 7.3.3, 11.4.2.2).
    if (entry->run != load || !is_done)
        channel.load.reset();
    if (entry->run != store_data || !is_done) {
        channel.personalizing.clear();
        channel.data.reset();
    }
    if (entry->run != get_status || !is_done)
        channel.listing.reset();
    // Each STORE DATA to an ARA needs its INSTALL [for personalization].
    if ((entry->run != store_data && entry->run != install) || !is_done)
        channel.rules.reset();
    gp::response_apdu response;
    try {
        response = act();
    } catch (const refused& r) {
        response = {{}, r.sw};
    }
    return channel.authenticated() ? channel.session->wrap(response, c.personality().macs_errors) : response;
}

gp::response_apdu application_command(context& c, const gp::command_apdu& command) {
    if ((command.cla & 0x04) != 0)
        return {{}, sw::cla_not_supported};
    if (keeps_access_rules(*c.registry().find_application(c.channel.selected)))
        return ara_command(c, command);
    if (c.registry().keeps_data(*c.registry().find_application(c.channel.selected)))
        return kept_data_command(c, command);
    return {{}, sw::ok};
}

} // namespace

void logical_channel::end_session() {
    session.reset();
    session_holder.clear();
    load.reset();
    personalizing.clear();
    data.reset();
    listing.reset();
    rules.reset();
}

bool context::in_reach(bytes_view domain_aid, std::uint32_t global_privilege) const {
    return domain().has(global_privilege) || registry().within(domain_aid, channel.selected);
}

bool context::selected_anywhere(bytes_view aid) const {
    return std::any_of(channels.begin(), channels.end(), [&](const auto& ch) { return ch && same(ch->selected, aid); });
}

struct card::impl {
    card_state state;
    crypto::random_source& random;
    logical_channels channels;
    bytes t0_rest;              ///< response data that GET RESPONSE fetches
    std::size_t t0_channel = 0; ///< on which it waits
    /// Header and logical channel of a command that named a wrong length, and what it answered.
    std::pair<bytes, bytes> t0_repetition;
    fault_plan faults;
    std::optional<card_state> before; ///< when the faults began, where one of them looks back
    bool powered = true;

    gp::response_apdu dispatch(bytes_view raw, int transport_channel, const deviation& otherwise) {
        auto command = gp::parse_command(raw);
        const bool extended = raw.size() >= 7 && raw[4] == 0x00;
        if (!command || (extended && !state.personality->extended_length) ||
            (!extended && command->data.size() > state.personality->longest_data))
            return {{}, sw::wrong_length};
        const auto cla = parse_class(command->cla);
        if (!cla)
            return {{}, sw::cla_not_supported};
        const auto number = number_of(*cla, transport_channel);
        if (number >= channels.size() || !channels[number])
            return {{}, sw::channel_not_supported};
        if (cla->iso_secure_messaging)
            return {{}, sw::secure_messaging_not_supported};
        if (cla->chained)
            return {{}, sw::chaining_not_supported};
        // From here on the class is that of the basic channel, which is what MACs are computed on (Amendment D, 6.2.4).
        command->cla =
            static_cast<std::uint8_t>((cla->proprietary ? 0x80 : 0x00) | (cla->secure_messaging ? 0x04 : 0x00));
        auto& channel = *channels[number];
        context c{state, channels, channel, random, otherwise, before ? &*before : nullptr};
        try {
            const bool of_runtime = command->cla == 0x00 && (command->ins == 0xA4 || command->ins == 0x70);
            const auto* selected = state.registry.find_application(channel.selected);
            if (!of_runtime && !selected)
                return {{}, sw::conditions};
            if (!of_runtime && selected->sd)
                return security_domain_command(c, std::move(*command), extended);
            if (otherwise.refuse_with)
                return {{}, *otherwise.refuse_with};
            if (of_runtime)
                return told(c, command->ins == 0xA4 ? select(c, *command) : manage_channel(c, *command), false);
            return told(c, application_command(c, *command), false);
        } catch (const refused& r) {
            return {{}, r.sw};
        }
    }

    /// GET RESPONSE has the class of the command whose response it fetches (ISO/IEC 7816-3 12.2, ETSI TS 102 221
    /// 7.3.1.1.4), or the interindustry one. All that counts of it is the logical channel. Over T=0 exactly P3 octets
    /// are sent (ISO/IEC 7816-3 10.3.2): another number than what waits, also 00, is answered with the right one.
    bytes get_response(bytes_view raw, int transport_channel) {
        const auto cla = parse_class(raw[0]);
        if (!cla)
            return {0x6E, 0x00};
        const auto number = number_of(*cla, transport_channel);
        if (number >= channels.size() || !channels[number])
            return {0x68, 0x81};
        if (raw[2] != 0x00 || raw[3] != 0x00)
            return {0x6A, 0x86};
        if (t0_rest.empty() || number != t0_channel)
            return {0x69, 0x85};
        const std::size_t octets = raw[4] == 0 ? 256 : raw[4];
        if (octets + 2 != t0_rest.size())
            return {0x6C, static_cast<std::uint8_t>(t0_rest.size() - 2)};
        return std::exchange(t0_rest, {});
    }

    /// ISO/IEC 7816-3 12.1.3: over T=0 a command with data has no Le and its response waits for GET RESPONSE; one
    /// without data must name the exact length. One that named another is repeated (12.2, case 2S.3) and has been
    /// carried out only once: what it answered waits for the repetition.
    bytes over_t0(bytes_view raw, int channel, const deviation& otherwise) {
        if (raw.size() == 5 && raw[1] == 0xC0)
            return get_response(raw, channel);
        t0_rest.clear();
        const auto cla = raw.empty() ? std::nullopt : parse_class(raw[0]);
        const std::size_t number = cla ? number_of(*cla, channel) : 0;
        auto header = to_bytes(raw.first(std::min<std::size_t>(raw.size(), 4)));
        header.push_back(static_cast<std::uint8_t>(number));
        auto [asked_before, waited] = std::exchange(t0_repetition, {});
        if (raw.size() > 5 && raw.size() != 5u + raw[4])
            return {0x67, 0x00};
        const std::size_t asked = raw.size() != 5 ? 0 : raw[4] == 0 ? 256 : raw[4];
        if (raw.size() == 5 && !otherwise.refuse_with && header == asked_before && asked + 2 == waited.size())
            return std::move(waited);
        auto response = gp::encode(dispatch(raw, channel, otherwise));
        if (raw.size() < 5 || response.size() == 2)
            return response;
        const auto waiting = static_cast<std::uint8_t>(response.size() - 2);
        if (raw.size() > 5) {
            t0_channel = number;
            t0_rest = std::move(response);
            return {0x61, waiting};
        }
        if (asked + 2 == response.size())
            return response;
        t0_repetition = {header, std::move(response)};
        return {0x6C, waiting};
    }

    bytes answer(bytes_view raw, int channel, const deviation& otherwise) {
        return state.personality->t0 ? over_t0(raw, channel, otherwise) : gp::encode(dispatch(raw, channel, otherwise));
    }
};

card::card(card_state state, crypto::random_source& random)
    : impl_(new impl{std::move(state), random, {}, {}, 0, {}, {}, {}}) {
    reset();
}

card::card(card&&) noexcept = default;
card& card::operator=(card&&) noexcept = default;
card::~card() = default;

card card::create(const personality& p, crypto::random_source& random) {
    return card(make_card(p, lab_issuer_master(), random), random);
}

card card::load(const std::filesystem::path& file, crypto::random_source& random) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in)
        throw card_error("card file " + file.string() + " cannot be read");
    try {
        return card(card_from_json(json::parse(text.str())), random);
    } catch (const json::parse_error& e) {
        throw card_error("card file " + file.string() + ": " + e.what());
    }
}

bytes card::transmit(bytes_view c_apdu, int channel) {
    if (!impl_->powered)
        throw no_answer("the card has no power; it must be reset", false);
    const auto carry = [&](const deviation& otherwise) { return impl_->answer(c_apdu, channel, otherwise); };
    try {
        return impl_->faults.empty() ? carry({}) : impl_->faults.play_in_card(c_apdu, carry);
    } catch (const no_answer& e) {
        if (!e.powered()) {
            reset();
            impl_->powered = false;
        }
        throw;
    }
}

void card::inject(fault_plan faults) {
    impl_->faults = std::move(faults);
    impl_->before = impl_->faults.looks_back() ? std::optional(impl_->state) : std::nullopt;
}

const fault_plan& card::faults() const {
    return impl_->faults;
}

bytes card::atr() const {
    return impl_->state.personality->atr();
}

void card::reset() {
    impl_->powered = true;
    impl_->t0_rest.clear();
    impl_->t0_repetition = {};
    impl_->channels.assign(static_cast<std::size_t>(impl_->state.personality->channels), std::nullopt);
    impl_->channels[0].emplace().selected = default_selected(impl_->state.registry);
}

const card_state& card::state() const {
    return impl_->state;
}

card_state& card::state() {
    return impl_->state;
}

void card::save(const std::filesystem::path& file) const {
    const auto text = json::pretty(to_json(impl_->state)) + "\n";
    auto temporary = file;
    temporary += ".new";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    if (fd >= 0)
        ::close(fd);
    std::error_code failed;
    if (written)
        std::filesystem::rename(temporary, file, failed);
    if (!written || failed)
        throw card_error("card file " + file.string() + " cannot be written; check the directory and free space");
}

stored_card::stored_card(std::filesystem::path file, const personality& for_a_new_card, crypto::random_source& random,
                         std::string_view faults)
    : file_(std::move(file)),
      card_(std::filesystem::exists(file_) ? card::load(file_, random) : card::create(for_a_new_card, random)) {
    card_.inject(fault_plan::parse(faults.empty() ? card_.state().personality->faults : faults, random));
    if (std::filesystem::exists(file_))
        written_ = to_json(card_.state()); // to look at a card that is in use changes nothing
    else
        write();
}

bytes stored_card::transmit(bytes_view c_apdu, int channel) {
    try {
        auto response = card_.transmit(c_apdu, channel);
        write();
        return response;
    } catch (const no_answer& e) {
        try {
            write(); // it may have done the command nevertheless
        } catch (const card_error& also) {
            throw no_answer(std::string(e.what()) + "; " + also.what(), e.powered());
        }
        throw;
    }
}

/// Before the answer leaves: what the host has seen acknowledged is in the file.
void stored_card::write() {
    auto now = to_json(card_.state());
    if (now == written_)
        return;
    card_.save(file_);
    written_ = std::move(now);
}

} // namespace tsms::lab
