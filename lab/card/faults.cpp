#include "lab/card/faults.hpp"

#include "base/number.hpp"

#include <algorithm>
#include <thread>

namespace tsms::lab {

namespace {

constexpr std::size_t most_faults = 64;
constexpr std::uint32_t largest_number = 1'000'000;
constexpr std::uint32_t longest_delay = 60'000;

enum class operand { none, status_word, octets, milliseconds, value, object, patch };

constexpr struct {
    std::string_view name;
    fault_action action;
    operand takes;
    bool always = false; ///< a property of a card: without a position it is due at every command
} actions[] = {
    {"sw", fault_action::refuse, operand::status_word},
    {"pretend", fault_action::pretend, operand::none},
    {"lie", fault_action::tell, operand::value, true},
    {"hide", fault_action::tell, operand::object, true},
    {"patch", fault_action::tell, operand::patch, true},
    {"stale", fault_action::stale, operand::none, true},
    {"forge", fault_action::forge, operand::status_word},
    {"bad-rmac", fault_action::bad_rmac, operand::none},
    {"short-rmac", fault_action::short_rmac, operand::none},
    {"cut", fault_action::cut, operand::octets},
    {"noise", fault_action::noise, operand::none},
    {"replay", fault_action::replay, operand::none},
    {"mute", fault_action::mute, operand::none},
    {"tear-before", fault_action::tear_before, operand::none},
    {"tear-after", fault_action::tear_after, operand::none},
    {"slow", fault_action::slow, operand::milliseconds, true},
};

/// What a command is for: to pretend it or to answer it with what was before must make sense.
enum class purpose { opens, reads, changes, mixed };

/// Commands by INS and, for the forms of INSTALL, P1: both stay readable under secure messaging.
constexpr struct {
    std::string_view name;
    int ins;
    int p1;
    purpose what = purpose::changes;
} commands[] = {
    {"any", -1, -1, purpose::mixed},
    {"select", 0xA4, -1, purpose::opens},
    {"manage-channel", 0x70, -1, purpose::opens},
    {"get-response", 0xC0, -1, purpose::opens},
    {"initialize-update", 0x50, -1, purpose::opens},
    {"external-authenticate", 0x82, -1},
    {"get-data", 0xCA, -1, purpose::reads},
    {"get-status", 0xF2, -1, purpose::reads},
    {"set-status", 0xF0, -1},
    {"store-data", 0xE2, -1},
    {"put-key", 0xD8, -1},
    {"delete", 0xE4, -1},
    {"load", 0xE8, -1},
    {"install", 0xE6, -1},
    {"install-for-load", 0xE6, 0x02},
    {"install-for-install", 0xE6, 0x04},
    {"install-for-make-selectable", 0xE6, 0x08},
    {"install-and-make-selectable", 0xE6, 0x0C},
    {"install-for-extradition", 0xE6, 0x10},
    {"install-for-personalization", 0xE6, 0x20},
    {"install-for-registry-update", 0xE6, 0x40},
};

std::string names_of(const auto& table) {
    std::string names;
    for (const auto& row : table)
        names += (names.empty() ? "" : ", ") + std::string(row.name);
    return names;
}

[[noreturn]] void refuse_item(std::string_view item, const std::string& why) {
    throw fault_error("fault '" + std::string(item.substr(0, 80)) + "': " + why);
}

std::optional<std::uint32_t> number(std::string_view text, int base = 10, std::uint32_t most = largest_number) {
    const auto value = text::number<std::uint32_t>(text, base);
    return value && *value <= most ? value : std::nullopt;
}

bytes status_word(std::uint32_t value) {
    return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

} // namespace

/// Returns where COMMAND begins.
std::size_t fault_plan::parse_action(fault& f, std::string_view item) {
    const auto at = item.find('@');
    if (at == std::string_view::npos)
        refuse_item(item, "write ACTION@COMMAND or ACTION@COMMAND:POSITION, for instance sw6A84@load:3");
    const auto action = item.substr(0, at);
    const auto* row = std::ranges::find_if(actions, [&](const auto& a) {
        // Only what takes an operand goes on behind its name.
        return a.takes == operand::none ? action == a.name : action.starts_with(a.name);
    });
    if (row == std::end(actions))
        refuse_item(item, "'" + std::string(action.substr(0, 40)) + "' is no action; there are " + names_of(actions));
    f.action = row->action;
    if (row->always)
        f.last = largest_number;
    const auto value = action.substr(row->name.size());
    const auto take = [&](auto read, const char* wanted) {
        if (!read)
            refuse_item(item, "behind " + std::string(row->name) + " stands " + wanted);
        return *std::move(read);
    };
    switch (row->takes) {
    case operand::none:
        break;
    case operand::status_word:
        f.value =
            take(value.size() == 4 ? number(value, 16) : std::nullopt, "a status word of four hexadecimal digits");
        break;
    case operand::octets:
        f.value = take(number(value, 10, 65538), "a number of octets, at most 65538");
        break;
    case operand::milliseconds:
        f.value = take(number(value, 10, longest_delay), "a number of milliseconds, at most 60000");
        break;
    case operand::value:
        f.untruth = take(parse_lie(lie::kind::value, value),
                         "TAG=HEX or TAG=HEX/AID, for instance lie9F70=07@get-status; HEX has at most 200 octets");
        break;
    case operand::object:
        f.untruth = take(parse_lie(lie::kind::hide, value), "TAG or TAG/AID, for instance hideE3@get-status");
        break;
    case operand::patch:
        f.untruth = take(parse_lie(lie::kind::patch, value),
                         "OFFSET=HEX, for instance patch12=00@initialize-update; OFFSET is at most 255");
        break;
    }
    return at + 1;
}

void fault_plan::parse_position(fault& f, std::string_view position) {
    const auto wrong_position = [&]() {
        refuse_item(f.text, "the position is N, N- (from the N-th on), N-M, or ~N (by chance, 1 in N); they count from "
                            "1 to 1000000");
    };
    if (position.starts_with('~')) {
        f.chance = number(position.substr(1)).value_or(0);
        if (f.chance == 0)
            wrong_position();
        return;
    }
    const auto dash = std::min(position.find('-'), position.size());
    f.first = number(position.substr(0, dash)).value_or(0);
    f.last = dash == position.size()       ? f.first
             : dash + 1 == position.size() ? largest_number
                                           : number(position.substr(dash + 1)).value_or(0);
    if (f.first == 0 || f.last < f.first)
        wrong_position();
}

fault_plan::fault fault_plan::parse_item(std::string_view item) {
    fault f;
    f.text = item;
    const auto begin = parse_action(f, item);
    const auto colon = std::min(item.find(':', begin), item.size());
    const auto command = item.substr(begin, colon - begin);
    const auto* target = std::ranges::find_if(commands, [&](const auto& c) { return c.name == command; });
    if (target == std::end(commands))
        refuse_item(item,
                    "'" + std::string(command.substr(0, 40)) + "' is no command; there are " + names_of(commands));
    const auto fits = [&](purpose p) { return target->what == p || target->what == purpose::mixed; };
    if (f.action == fault_action::pretend && !fits(purpose::changes))
        refuse_item(item, std::string(command) + " changes nothing that a card could pretend");
    if (f.action == fault_action::stale && !fits(purpose::reads))
        refuse_item(item, std::string(command) + " does not read; get-status and get-data do");
    f.ins = target->ins;
    f.p1 = target->p1;
    if (colon != item.size())
        parse_position(f, item.substr(colon + 1));
    return f;
}

fault_plan fault_plan::parse(std::string_view spec, crypto::random_source& seeds) {
    fault_plan plan;
    if (spec.empty())
        throw fault_error("no faults are named; write none, or for instance sw6A84@load:3,slow20@any");
    if (spec == "none")
        return plan;
    std::optional<std::uint32_t> seed;
    while (true) {
        const auto comma = std::min(spec.find(','), spec.size());
        const auto item = spec.substr(0, comma);
        if (item.starts_with("seed") && item.find('@') == std::string_view::npos) {
            if (seed)
                refuse_item(item, "there is a seed already");
            seed = number(item.substr(4), 10, UINT32_MAX);
            if (!seed)
                refuse_item(item, "behind seed stands a number");
        } else {
            if (plan.faults_.size() == most_faults)
                refuse_item(item, "too many faults; there may be " + std::to_string(most_faults));
            plan.faults_.push_back(parse_item(item));
        }
        if (comma == spec.size())
            break;
        spec.remove_prefix(comma + 1);
    }
    if (!seed) {
        const auto octets = seeds.take(4);
        seed = static_cast<std::uint32_t>(octets[0]) << 24 | octets[1] << 16 | octets[2] << 8 | octets[3];
    }
    plan.seed_ = *seed;
    plan.random_ = *seed;
    return plan;
}

std::string fault_plan::text() const {
    if (empty())
        return "none";
    std::string out;
    for (const auto& f : faults_)
        out += f.text + ",";
    return out + "seed" + std::to_string(seed_);
}

/// SplitMix64: the same numbers everywhere, which is all that is asked of them.
std::uint32_t fault_plan::draw() {
    auto z = random_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return static_cast<std::uint32_t>(z >> 32);
}

bool fault_plan::is_due(fault& f, bytes_view c_apdu) {
    if (f.ins >= 0 && (c_apdu.size() < 4 || c_apdu[1] != f.ins || (f.p1 >= 0 && c_apdu[2] != f.p1)))
        return false;
    if (f.chance != 0)
        return draw() % f.chance == 0;
    if (f.seen < largest_number)
        ++f.seen;
    return f.seen >= f.first && f.seen <= f.last;
}

bool fault_plan::looks_back() const {
    return std::ranges::any_of(faults_, [](const auto& f) { return f.action == fault_action::stale; });
}

/// What the card itself does; nothing where the fault happens around it.
std::optional<deviation> fault_plan::in_the_card(const fault& f) {
    switch (f.action) {
    case fault_action::refuse:
        return deviation{.refuse_with = static_cast<std::uint16_t>(f.value)};
    case fault_action::pretend:
        return deviation{.pretend = true};
    case fault_action::tell:
        return deviation{.untruth = f.untruth};
    case fault_action::stale:
        return deviation{.stale = true};
    case fault_action::forge:
    case fault_action::bad_rmac:
    case fault_action::short_rmac:
    case fault_action::cut:
    case fault_action::noise:
    case fault_action::replay:
    case fault_action::mute:
    case fault_action::tear_before:
    case fault_action::tear_after:
    case fault_action::slow:
        break;
    }
    return std::nullopt;
}

void fault_plan::require_on_the_way() const {
    for (const auto& f : faults_)
        if (const auto own = in_the_card(f); own && !own->refuse_with)
            refuse_item(f.text, "only a card can play it, which has the keys of the channel; give it to the card");
}

bytes fault_plan::play(bytes_view c_apdu, const carrier& carry) {
    require_on_the_way();
    return play_in_card(c_apdu, [&](const deviation& d) { return carry(d.refuse_with); });
}

bytes fault_plan::play_in_card(bytes_view c_apdu, const card_carrier& carry) {
    const fault* hit = nullptr;
    std::uint32_t delay = 0;
    for (auto& f : faults_) { // all of them count, the first that is due is played
        if (!is_due(f, c_apdu))
            continue;
        if (f.action == fault_action::slow)
            delay += f.value;
        else if (hit == nullptr)
            hit = &f;
    }
    if (delay != 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    if (hit == nullptr)
        return former_ = carry({});

    const auto because = " (fault " + hit->text + ")";
    if (const auto own = in_the_card(*hit))
        return former_ = carry(*own);
    if (hit->action == fault_action::tear_before)
        throw no_answer("the card lost its power" + because, false);
    auto answer = carry({});
    switch (hit->action) {
    case fault_action::forge:
        answer = status_word(hit->value);
        break;
    case fault_action::bad_rmac:
        if (answer.size() > 2)
            answer[answer.size() - 3] ^= 1;
        break;
    case fault_action::short_rmac:
        if (answer.size() > 2)
            answer.erase(answer.end() - 3);
        break;
    case fault_action::cut:
        answer.resize(std::min<std::size_t>(answer.size(), hit->value));
        break;
    case fault_action::noise:
        answer.resize(draw() % 48);
        for (auto& octet : answer)
            octet = static_cast<std::uint8_t>(draw());
        break;
    case fault_action::replay:
        answer = former_;
        break;
    case fault_action::mute:
        throw no_answer("the card does not answer" + because, true);
    case fault_action::tear_after:
        throw no_answer("the card lost its power" + because, false);
    case fault_action::refuse:
    case fault_action::pretend:
    case fault_action::tell:
    case fault_action::stale:
    case fault_action::tear_before:
    case fault_action::slow:
        break; // played above
    }
    return former_ = answer;
}

} // namespace tsms::lab
