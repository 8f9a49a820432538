#include "process/work.hpp"

#include "gp/status_words.hpp"
#include "model/eligibility.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

/// The profile may have got other AIDs since the TSM's domain and its ARA-C came onto the card: there they have those
/// of then.
void keep_aids(model::card_parameters& parameters, const model::security_domain& domain) {
    parameters.tsm_sd_aid = domain.aid;
    if (!domain.arac_aid.empty())
        parameters.arac_aid = domain.arac_aid;
}

gp::key_form form_named(std::string_view name) {
    return name == "bare" ? gp::key_form::bare : gp::key_form::with_length;
}

} // namespace

work::work(process_request r, model::operation o)
    : request(std::move(r)), operation(o), instance(request.instance), card(request.card) {
    link.isd_aid = card.isd_aid.empty() ? parameters().isd_aid : card.isd_aid;
    link.key_form = form_named(card.tsm_domain && !card.tsm_domain->key_form.empty() ? card.tsm_domain->key_form
                                                                                     : parameters().key_form);
    if (card.tsm_domain) {
        keep_aids(instance.target.card, *card.tsm_domain);
        if (request.new_target)
            keep_aids(request.new_target->card, *card.tsm_domain);
    }
}

void raise(const failed& why) {
    using gp::card_failure;
    const auto category = static_cast<int>(why.category);
    if (why.phone_lost)
        throw card_failure(card_failure::kind::transmission, gp::step::relayed, category, why.details, 0, 0,
                           gp::transmission::phone_lost);
    card_failure failure(card_failure::kind::issuer, gp::step::relayed, category, why.details);
    failure.retry_can_help = why.retry_can_help;
    throw failure;
}

namespace {

/// Could this command have taken effect, as far as the answers tell? Errors are not authenticated, so "no" is the
/// phone's claim; what it decides is only how the process ends, and the card is looked at before it is changed again.
bool may_have_worked(const gp::batch_answer& answer, std::size_t index) {
    if (answer.end == gp::transmission::phone_lost || answer.unattributed)
        return true;
    if (index > answer.responses.size())
        return false; // the agent stops at the command it could not transmit
    if (index == answer.responses.size())
        return answer.end != gp::transmission::complete;
    const auto response = gp::parse_response(answer.responses[index]);
    return !response || response->sw == 0x9000 || response->sw >> 8 == 0x62 || response->sw >> 8 == 0x63 ||
           response->sw >> 8 == 0x61;
}

void note_changes(work& w, const gp::batch& sent, const gp::batch_answer& answer) {
    for (std::size_t i = 0; i < sent.commands.size(); ++i) {
        const auto what = sent.commands[i].what;
        if (gp::facts_of(what).changes == gp::owner::service && may_have_worked(answer, i))
            w.found.service_changed = true;
        if (what == gp::step::external_authenticate && i < answer.responses.size()) {
            const auto response = gp::parse_response(answer.responses[i]);
            w.found.authentication_failed = response && response->sw != 0x9000;
        }
    }
}

/// Has a command been refused, so that what comes after this order is of no use? The status word may be forged: the
/// card is looked at before it is changed again.
bool is_refused(const gp::batch& order, const gp::batch_answer& answer) {
    for (std::size_t i = 0; i < answer.responses.size(); ++i) {
        const auto& command = order.commands[i];
        const auto response = gp::parse_response(answer.responses[i]);
        const auto accepts = [&](std::uint16_t sw) {
            const auto& expected = command.expected;
            return expected.empty() ? gp::explain(command.what, sw).accepted
                                    : std::ranges::find(expected, sw) != expected.end();
        };
        if (!command.may_fail && (!response || !accepts(response->sw)))
            return true;
    }
    return false;
}

/// The next part of a batch that keeps the bounds of one order (gp/procedures, hazard 9).
gp::batch next_order(const gp::batch& all, std::size_t from, const model::card_parameters& bounds) {
    gp::batch order;
    std::size_t size = 0;
    for (std::size_t i = from; i < all.commands.size(); ++i) {
        const auto& command = all.commands[i];
        const auto count = order.commands.size();
        const bool full = count >= static_cast<std::size_t>(bounds.order_apdus) ||
                          size + command.apdu.size() > static_cast<std::size_t>(bounds.order_bytes) ||
                          (count + 1) * static_cast<std::size_t>(bounds.milliseconds_per_apdu) >
                              static_cast<std::size_t>(bounds.order_seconds) * 1000;
        if (full && count > 0)
            break;
        size += command.apdu.size();
        order.commands.push_back(command);
    }
    for (auto mark : all.progress)
        if (mark.before >= from && mark.before < from + order.commands.size()) {
            mark.before -= from;
            order.progress.push_back(mark);
        }
    return order;
}

} // namespace

gp::missing_counter counter_of(const work& w) {
    return w.parameters().challenge_counter ? gp::missing_counter::refused : gp::missing_counter::taken_as_random;
}

bytes expected_cplc(const model::secure_component& card) {
    const auto identity = model::identity_of(card);
    return identity && identity->kind() == model::card_identity::basis::cplc ? octets(identity->text()) : bytes{};
}

namespace {

void check_hindrance(const work& w) {
    if (const auto& hindrance = w.request.hindrance)
        throw gp::card_failure(gp::card_failure::kind::refused, gp::step::select, static_cast<int>(hindrance->category),
                               hindrance->details);
}

/// Alone, or with what changes nothing (AMB-230). The app has taken it, or the process ends.
process<gp::batch_answer> announce(work* w, std::optional<exchange> reads) {
    w->found.start_announced = true;
    auto answer = co_await announce_start{std::move(reads)};
    w->found.start_taken = true;
    co_return answer;
}

/// What a taken start means for the rows. Nothing of them has changed before.
process<void> note_start(work* w) {
    if (!w->shows_initialized)
        co_return;
    w->instance.state = model::instance_state::initialized;
    auto row = w->request.instance;
    row.state = w->instance.state;
    co_await commit(std::move(row), w->request.card);
}

/// One order, behind the start of its process or with it.
process<gp::batch_answer> transmit(work* w, gp::batch order) {
    exchange with_card(w->request.reader, std::move(order));
    const bool changes = std::ranges::any_of(with_card.commands.commands, &gp::card_command::changes_card);
    if (changes)
        co_await require_start(w);
    if (w->found.start_taken)
        co_return co_await std::move(with_card);
    auto answer = co_await announce(w, std::move(with_card));
    co_await note_start(w);
    co_return answer;
}

} // namespace

process<void> require_start(work* w) {
    if (w->found.start_taken)
        co_return;
    co_await announce(w, std::nullopt);
    co_await note_start(w);
}

process<std::optional<gp::card_failure>> run(work* w, process<void> steps) {
    std::optional<gp::card_failure> failed;
    // In another life of the server, where the phone has acknowledged it in a former one (DIV-108).
    w->found.start_announced = w->found.start_taken = w->request.start_acknowledged;
    try {
        check_hindrance(*w);
        if (w->found.start_taken)
            co_await note_start(w);
        co_await std::move(steps);
    } catch (const gp::card_failure& failure) {
        failed = failure;
    }
    if (w->found.start_announced)
        co_return failed;
    try {
        co_await announce(w, std::nullopt);
    } catch (const gp::card_failure& failure) {
        failed = failure; // AMB-132
    }
    co_return failed;
}

process<void> write_intent(work* w, std::string what) {
    w->found.intent_written = true;
    w->found.proven = false;
    w->card.doubt = true;
    if (!w->found.for_tombstone) {
        w->instance.on_card = true;
        w->instance.unproven_operation = w->operation;
        w->instance.last_operation = w->operation; // AMB-120
    }
    co_await commit(w->instance, w->card);
    co_await journal_intent(std::move(what));
}

process<gp::batch_answer> send(work* w, gp::batch commands) {
    gp::batch_answer all;
    for (std::size_t next = 0; next < commands.commands.size();) {
        auto order = next_order(commands, next, w->parameters());
        next += order.commands.size();
        auto answer = co_await transmit(w, order);
        if (answer.responses.size() > order.commands.size()) {
            answer.responses.clear();
            answer.unattributed = true;
            answer.end = gp::transmission::failed;
            answer.detail = "more answers than commands";
        }
        note_changes(*w, order, answer);
        const bool over = answer.end != gp::transmission::complete || is_refused(order, answer);
        std::move(answer.responses.begin(), answer.responses.end(), std::back_inserter(all.responses));
        all.end = answer.end;
        all.detail = answer.detail;
        all.unattributed = answer.unattributed;
        if (over)
            break;
    }
    co_return all;
}

void check_memory(const work& w, const std::optional<gp::card_resources>& card) {
    if (card && card->non_volatile < w.link.memory_needed)
        throw gp::card_failure(gp::card_failure::kind::refused, gp::step::get_data,
                               static_cast<int>(model::error_category::content_related_error),
                               "not enough memory on the secure component: " + std::to_string(w.link.memory_needed) +
                                   " octets needed, " + std::to_string(card->non_volatile) + " free");
}

std::optional<gp::access_client> access_client_of(const model::card_parameters& parameters,
                                                  const std::vector<model::access_rule>& rules) {
    if (parameters.ara != "arac" || rules.empty())
        return std::nullopt;
    gp::access_client client;
    for (const auto& rule : rules)
        client.rules.push_back({octets(rule.aid), octets(rule.device_app), rule.apdu, rule.nfc});
    client.read_back = parameters.rules_read_back;
    client.instance.load_file_aid = octets(parameters.arac_package_aid);
    client.instance.module_aid = octets(parameters.arac_module_aid);
    client.instance.instance_aid = octets(parameters.arac_aid);
    client.instance.privilege_octets = parameters.privilege_bytes;
    return client;
}

std::set<std::string> own_aids(const work& w) {
    std::set<std::string> aids{w.parameters().tsm_sd_aid, w.parameters().arac_aid};
    if (w.card.tsm_domain)
        aids.insert(w.card.tsm_domain->aid);
    return aids;
}

void require_told_apart(const work& w) {
    if (!model::identity_of(w.card))
        throw gp::card_failure(gp::card_failure::kind::refused, gp::step::select,
                               static_cast<int>(model::error_category::sc_inaccessible),
                               "the secure component cannot be told from others, so its issuer is asked for nothing");
}

model::issuer_order issuer_order_of(const work& w, std::string_view purpose) {
    if (w.link.isd_aid.empty())
        throw gp::card_failure(gp::card_failure::kind::refused, gp::step::select,
                               static_cast<int>(model::error_category::sc_inaccessible),
                               "the handset does not tell the AID of the issuer security domain; the operator can "
                               "(isdAid in the profile)");
    require_told_apart(w);
    model::issuer_order order;
    // One id for one content: another life of the server may find another one, and asks anew.
    const auto life = w.request.life.empty() ? "" : "-" + w.request.life;
    order.id = w.request.process_id + life + "-" + std::string(purpose) + "-" + w.link.isd_aid;
    order.secure_component_identity = w.card.identity;
    order.cin_iin = w.card.cin_iin;
    order.se_type = w.request.se_type;
    order.isd_aid = w.link.isd_aid;
    order.domain_aid = w.parameters().tsm_sd_aid;
    order.device_app = w.request.caller_id;
    order.rules_read_back = w.parameters().rules_read_back;
    return order;
}

ending ending_of(const gp::card_failure& failure) {
    return {static_cast<model::error_category>(failure.category),
            failure.details(),
            failure.during,
            failure.why,
            failure.retry_can_help,
            failure.mender};
}

std::optional<ending> ending_of(const std::optional<gp::card_failure>& failure) {
    return failure ? std::optional(ending_of(*failure)) : std::nullopt;
}

} // namespace tsms::process
