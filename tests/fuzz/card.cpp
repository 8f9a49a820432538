// The fuzzer is the card: whole processes are played against a simulated card whose answers the input replaces,
// damages, shortens or leaves alone. A process ends in a defined outcome, success is only told where it is true, and an
// honest card afterwards leads back to an empty one.

#include "lab/cap_writer.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/sim/world.hpp"

namespace tsms::fuzz {

namespace {

constexpr std::size_t most_effects = 400; ///< of one process; an honest one has about 40
constexpr std::size_t most_orders = 64;

constexpr auto install = model::service_command::install;
constexpr auto activate = model::service_command::activate;

const gp::cap_file& service_cap() {
    static const auto cap = [] {
        lab::cap_request wanted;
        wanted.package = hex("D2760001855453");
        wanted.applets = {hex("D276000185545301")};
        return gp::parse_cap(lab::write_cap(wanted));
    }();
    return cap;
}

/// What is left of a world with a service on its card; setting up one takes longer than the rest of a run.
struct snapshot {
    lab::card_state card;
    model::service_instance instance;
    model::secure_component component;
};

const snapshot& operational() {
    static const auto taken = [] {
        sim::world w;
        w.add_cap(service_cap());
        require(w.deploy({install, activate}, true).status == model::error_category::none, "an honest card");
        return snapshot{w.card.state(), w.instance, w.component};
    }();
    return taken;
}

/// The answer to one command as the input wants it.
class hostile_card {
public:
    explicit hostile_card(input in) : in_(in) {}

    std::optional<bytes> answer(const std::function<bytes()>& card) {
        if (honest_ > 0 || in_.empty()) {
            honest_ -= honest_ > 0 ? 1 : 0;
            return std::nullopt;
        }
        const auto choice = in_.octet();
        if (choice < 0x80) {
            honest_ = choice;
            return std::nullopt;
        }
        if (choice < 0xA0) // the command never reaches the card
            return to_bytes(in_.take(in_.octet()));
        auto answer = card();
        if (choice < 0xC0) // other status word
            std::ranges::copy(in_.take(std::min<std::size_t>(2, answer.size())), answer.end() - 2);
        else if (choice < 0xE0) // one octet damaged
            answer[in_.octet() % answer.size()] ^= in_.octet();
        else if (choice < 0xF0) // shortened
            answer.resize(in_.octet() % (answer.size() + 1));
        else { // other data, same status word
            auto other = to_bytes(in_.take(in_.octet()));
            append(other, bytes_view(answer).last(2));
            answer = std::move(other);
        }
        return answer;
    }

private:
    input in_;
    std::size_t honest_ = 0;
};

process::process_outcome play(sim::world& w, process::process<process::process_outcome> running) {
    const auto outcome = w.play(std::move(running), most_effects);
    require(outcome.has_value() && w.orders <= most_orders, "a process ends after a bounded number of orders");
    const auto number = static_cast<int>(outcome->status);
    require(number >= 0 && number <= 100, "a process ends with a category of TR 4.2.4.4");
    require((number == 0) == outcome->details.empty(), "a failure says why, a success says nothing");
    return *outcome;
}

bool is_deployed(const sim::world& w) {
    const auto there = w.on_card();
    return there.contains("D2760001855453") && there.contains("D276000185545301") &&
           there.contains(w.instance.target.sd_aid);
}

bool is_gone(const sim::world& w) {
    const auto there = w.on_card();
    return !there.contains("D2760001855453") && !there.contains("D276000185545301") &&
           !there.contains(w.instance.target.sd_aid);
}

process::process<process::process_outcome> terminate(sim::world& w) {
    auto request = w.request();
    request.last_service_on_card = true;
    return process::terminate(std::move(request));
}

/// To a Version that installs its applet with other parameters.
process::process<process::process_outcome> update(sim::world& w) {
    auto request = w.request();
    request.new_target = w.instance.target;
    request.new_target->version_tag = "2.0.0";
    request.new_target->applications.front().install_parameters = "C90101";
    request.new_target->beside = {};
    return process::update(std::move(request), {{install, {}, false}, {activate, {}, false}}, true);
}

/// A card that has none of our keys says what it likes of itself: it is not the one of a row (AMB-239).
void identify(sim::world& w) {
    const auto& row = operational().component;
    process::card_to_prove card;
    card.reader = "SIM1";
    card.asked = {row.tsm_domain->aid, {row.tsm_domain->keys->version}, 8};
    card.expected_aid = card.asked.aid;
    card.rows = {row};
    const auto facts = w.ask(process::read_cards({{card.reader, card.asked}})).at(0);
    card.answers = facts.proof;
    require(!w.ask(process::prove_cards({card})).at(0).row, "nobody proves keys that he does not have");
}

} // namespace

void run(input in) {
    const auto scenario = in.octet() % 7;
    const auto options = in.octet();
    sim::world w;
    w.add_cap(service_cap());
    if (scenario >= 2 && scenario != 5) {
        w.card = lab::card(operational().card, w.random);
        w.instance = operational().instance;
        w.component = operational().component;
    }
    if (options & 1) {
        w.instance.target.card.ara = "aram-issuer";
        w.instance.target.device_apps = {std::string(40, 'A')};
    }
    if (options & 2)
        w.phone_vanishes_after = options >> 4;
    hostile_card hostile(in);
    w.on_the_way = [&](const gp::card_command&, const std::function<bytes()>& card) { return hostile.answer(card); };

    if (scenario == 0 || scenario == 1) {
        std::vector<process::command_request> commands{{install, {}, false}};
        if (scenario == 0)
            commands.push_back({activate, {}, false});
        const auto outcome = play(w, process::deploy(w.request(), commands, scenario == 0));
        if (outcome.status == model::error_category::none)
            require(is_deployed(w), "a deploy that succeeded has deployed");
    } else if (scenario == 2) {
        const auto outcome = play(w, terminate(w));
        if (outcome.status == model::error_category::none)
            require(is_gone(w), "a terminate that succeeded has removed everything");
    } else if (scenario == 3 || scenario == 4) {
        play(w, process::suspend_or_resume(w.request(), scenario == 3));
    } else if (scenario == 6) {
        const auto outcome = play(w, update(w));
        if (outcome.status == model::error_category::none)
            require(is_deployed(w) && w.instance.target.version_tag == "2.0.0", "an update that succeeded is there");
    } else {
        identify(w);
    }

    w.on_the_way = nullptr;
    w.phone_vanishes_after = SIZE_MAX;
    if (scenario == 6 && (options & 4) && !model::refuse_update(w.instance, {install, activate}, true, false)) {
        require(play(w, update(w)).status == model::error_category::none,
                "an update can be repeated on an honest card");
        require(is_deployed(w), "and is there then");
    }
    const auto outcome = play(w, terminate(w));
    if (!outcome.instance_gone) // also where the card proves to be empty already (AMB-121)
        std::fprintf(stderr, "%s\n", outcome.details.c_str());
    require(outcome.instance_gone, "a service can be terminated on an honest card whatever happened before");
    require(is_gone(w), "an honest card is empty after a terminate");
}

} // namespace tsms::fuzz
