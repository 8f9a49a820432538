#include "actors/framework/dialogue.hpp"

#include <algorithm>

namespace tsms::actors {

namespace {

constexpr int idle_delay_ms = 200; ///< after a void order, so that a phone without work does not spin

// SERAM has no status for them (docs/tsm-api-wire.md).
constexpr std::string_view no_channel = "no channel: ";
constexpr std::string_view nfc_off = "NFC off: ";

gp::transmission meaning(const report& r) {
    switch (r.status) {
    case agent_status::processed:
        return gp::transmission::complete;
    case agent_status::unavailable:
        return gp::transmission::unavailable;
    case agent_status::ungranted:
        return gp::transmission::ungranted;
    case agent_status::unknown_failure:
        if (r.error.starts_with(no_channel))
            return gp::transmission::no_channel;
        if (r.error.starts_with(nfc_off))
            return gp::transmission::nfc_off;
        break;
    case agent_status::polling:
        break;
    }
    return gp::transmission::failed;
}

bool changes_card(const gp::batch& work) {
    return std::ranges::any_of(work.commands, &gp::card_command::changes_card);
}

/// Has the app seen the start? Alone, only PROCESSED says so (AMB-132). An agent that broke off among the C-APDUs
/// behind it has come past it: it has begun their list of answers, or says what is wrong with the secure component.
bool takes_start(const report& r, bool with_commands) {
    if (r.status == agent_status::processed)
        return true;
    if (!with_commands || r.status == agent_status::polling)
        return false;
    return !r.responses.empty() || meaning(r) != gp::transmission::failed;
}

} // namespace

std::uint64_t octets_on_the_way(const gp::batch& work) {
    constexpr std::uint64_t around = 512; // status line, fields, names
    constexpr std::uint64_t around_each = 4;
    auto octets = around;
    for (const auto& command : work.commands)
        octets += 2 * command.apdu.size() + around_each; // hexadecimal
    return octets;
}

bool dialogue::handshake(steady_time now) {
    if (!std::exchange(shaken_, true))
        last_seen_ = now;
    const bool first_unseen = gave_none() || (called_ && last_.number == before_ + 1 && !consumed_);
    return first_unseen && (!lost_ || outcome_); // who comes late gets the result
}

dialogue::turn dialogue::first_report(steady_time since, steady_time now) {
    if (!gave_none())
        return last_;
    handshake(now);
    called_ = true;
    auto turn = report_arrived({}, 0, now);
    waiting_since_ = since; // it has not waited longer for its answer than any report does
    return turn;
}

dialogue::turn dialogue::report_arrived(const report& r, std::uint64_t number, steady_time now) {
    number = of_this_life(number);
    if (repeats(number))
        return last_; // the answer to this report was lost on its way
    if (!answers_last(number))
        return unknown_order{};
    last_seen_ = now;
    begun_.reset();
    travelling_ = 0;
    if (!consumed_) {
        consumed_ = true;
        consume(r);
    }
    waiting_since_ = now;
    return wait{};
}

bool dialogue::report_begins(std::uint64_t number, std::uint64_t octets, steady_time now) {
    number = of_this_life(number);
    const bool fresh = answers_last(number);
    if (fresh && !gave_none() && !waiting_since_ && !lost_) {
        begun_ = now;
        travelling_ = std::max(travelling_, std::min(octets, settings_.most_of_report));
    }
    return fresh || repeats(number);
}

/// When it counts as lost, unless it says something; nothing while it is not its turn.
std::optional<steady_time> dialogue::lost_at() const {
    if (waiting_since_ || stopped_ || !last_seen_)
        return std::nullopt;
    if (gave_none())
        return *last_seen_ + std::min(settings_.first_report, settings_.phone_lost);
    const auto order = work_ ? octets_on_the_way(*work_) : 0;
    return std::min(begun_.value_or(*last_seen_) + settings_.phone_lost + settings_.travel(travelling_),
                    *last_seen_ + settings_.longest(order));
}

bool dialogue::silent(steady_time now) const {
    const auto at = lost_at();
    return at && now >= *at;
}

std::chrono::seconds dialogue::patience(steady_time now) const {
    if (lost_ || !unwanted_.empty())
        return std::chrono::seconds(0); // it ends
    return std::chrono::ceil<std::chrono::seconds>(lost_at().value_or(now + settings_.phone_lost) - now);
}

void dialogue::consume(const report& r) {
    switch (std::exchange(expected_, expects::nothing)) {
    case expects::nothing:
        break;
    case expects::acknowledgement:
        consume_acknowledgement(r);
        break;
    case expects::responses:
        event_ = responses_in(r);
        break;
    }
}

void dialogue::consume_acknowledgement(const report& r) {
    announcement_.reset();
    const bool with_work = work_ && work_sent_; // else it is for the order behind this report
    acknowledged_ = takes_start(r, with_work);
    if (acknowledged_)
        event_ = start_acknowledged{with_work ? responses_in(r) : std::exchange(not_sent_with_it_, {})};
    else
        event_ = start_refused{r.error.empty() ? "the app did not take the start of the process" : r.error, false};
    if (with_work || !acknowledged_)
        work_.reset();
}

gp::batch_answer dialogue::responses_in(const report& r) {
    gp::batch_answer answer;
    answer.end = meaning(r);
    answer.detail = r.error;
    for (const auto& list : r.responses)
        answer.responses.insert(answer.responses.end(), list.begin(), list.end());
    const auto sent = work_->commands.size();
    const auto got = answer.responses.size();
    const bool all_executed =
        answer.end ==
        gp::transmission::complete; // says the agent; else it stops at the first that it could not transmit
    if (got > sent || (got < sent && all_executed)) {
        answer.responses.clear();
        answer.unattributed = true;
        answer.end = gp::transmission::failed;
        answer.detail = got > sent ? "more R-APDUs than C-APDUs" : "fewer R-APDUs than C-APDUs";
    }
    work_.reset();
    return answer;
}

std::optional<order> dialogue::next(steady_time now) {
    if (!waiting_since_)
        return std::nullopt;
    const bool poll_over = now - *waiting_since_ >= settings_.poll;
    const bool work_to_send = work_ && !work_sent_;
    const bool start_to_send = announcement_ && !announcement_sent_;
    if (outcome_) {
        auto o = fresh();
        if (completed_)
            o.items.emplace_back(*completed_);
        o.items.emplace_back(*outcome_);
        o.items.emplace_back(stop_session{});
        stopped_ = true;
        return remember(std::move(o), expects::nothing);
    }
    if (start_to_send) {
        auto o = fresh();
        process_id_ = announcement_->process_id;
        o.items.emplace_back(*announcement_);
        announcement_sent_ = true;
        if (work_to_send)
            append_work(o);
        return remember(std::move(o), expects::acknowledgement);
    }
    if (work_to_send) {
        auto o = fresh();
        append_work(o);
        return remember(std::move(o), expects::responses);
    }
    if (poll_over) {
        order o;
        o.delay = idle_delay_ms;
        if (const auto* card = card_in(chosen_))
            o.card = *card;
        return remember(std::move(o), expects::nothing);
    }
    return std::nullopt;
}

order dialogue::fresh() {
    order o;
    if (const auto* card = card_in(chosen_))
        o.card = *card;
    if (!std::exchange(started_, true))
        o.items.emplace_back(start_session{});
    return o;
}

order dialogue::remember(order o, expects what) {
    o.number = last_.number + 1;
    last_ = o;
    consumed_ = false;
    expected_ = what;
    waiting_since_.reset();
    return o;
}

void dialogue::append_work(order& o) {
    work_sent_ = true;
    changing_ = changing_ || changes_card(*work_);
    travelling_ = octets_on_the_way(*work_);
    if (const auto* card = card_in(chosen_))
        o.card = *card;
    auto mark = work_->progress.begin();
    card_commands bundle;
    const auto progress = [&](const gp::progress_mark& m) {
        percent_ = std::max(percent_, m.percent); // AMB-133: a process that begins a part again does not go back
        return model::process_progress{process_id_, percent_, static_cast<model::operation>(m.operation)};
    };
    const auto flush = [&] {
        if (!bundle.apdus.empty())
            o.items.emplace_back(std::exchange(bundle, {}));
    };
    for (std::size_t i = 0; i < work_->commands.size(); ++i) {
        for (; mark != work_->progress.end() && mark->before <= i; ++mark) {
            flush();
            if (!process_id_.empty())
                o.items.emplace_back(progress(*mark));
        }
        if (bundle.apdus.size() == settings_.apdus_per_command)
            flush();
        bundle.apdus.push_back(work_->commands[i].apdu);
    }
    flush();
    for (; mark != work_->progress.end(); ++mark)
        if (!process_id_.empty())
            o.items.emplace_back(progress(*mark));
}

const announced_card* dialogue::card_in(const std::string& reader) const {
    const auto found = std::find_if(cards_.begin(), cards_.end(), [&](const auto& c) { return c.reader == reader; });
    if (found != cards_.end())
        return &*found;
    return chosen_.empty() && !cards_.empty() ? &cards_.front()
                                              : nullptr; // before the first APDU any will do; SERAM wants one
}

bool dialogue::cancel(const char* why) {
    if (changing_ || outcome_ || lost_)
        return false;
    if (!std::exchange(cancelled_, true))
        unwanted_ = why;
    const bool had_work = std::exchange(work_, std::nullopt).has_value();
    if (std::exchange(announcement_, std::nullopt))
        event_ = start_refused{unwanted_, false};
    else if (had_work)
        event_ = work_cancelled{unwanted_};
    expected_ = expects::nothing; // what the phone still says of it does not matter any more
    return true;
}

bool dialogue::give_way() {
    if (outcome_)
        return false;
    if (!cancel(process::begun_anew)) {
        unwanted_ = process::begun_anew;
        lose();
    }
    return true;
}

/// An order may be large, and its process ends: a phone that comes back gets none of it.
void dialogue::lose() {
    lost_ = true;
    last_.items = {};
}

void dialogue::announce(model::process_start start, std::optional<process::exchange> reads) {
    if (cancelled_) {
        event_ = start_refused{unwanted_, false};
        return;
    }
    announcement_ = std::move(start);
    announcement_sent_ = false;
    not_sent_with_it_ = {};
    if (reads)
        if (auto refused = accept(std::move(reads->reader), std::move(reads->commands)))
            not_sent_with_it_ = *std::move(refused);
}

void dialogue::perform(std::string reader, gp::batch work) {
    if (cancelled_) {
        event_ = work_cancelled{unwanted_};
        return;
    }
    if (auto refused = accept(std::move(reader), std::move(work)))
        event_ = *std::move(refused);
}

/// Takes over the work for the next order; or says why it does not go to the card.
std::optional<gp::batch_answer> dialogue::accept(std::string reader, gp::batch work) {
    if (std::ranges::find(cards_, reader, &announced_card::reader) ==
        cards_.end()) // another card's APDUs must not go to this one
        return gp::batch_answer{{}, gp::transmission::unavailable, "the reader was not announced"};
    if (!acknowledged_ && changes_card(work))
        return gp::batch_answer{{}, gp::transmission::failed, "the app has not acknowledged the start of the process"};
    chosen_ = std::move(reader);
    work_ = std::move(work);
    work_sent_ = false;
    return std::nullopt;
}

std::optional<dialogue::event> dialogue::take_event(steady_time now) {
    if (silent(now) && !lost_)
        lose();
    if (lost_ && !event_) {
        if (std::exchange(announcement_, std::nullopt)) {
            work_.reset();
            event_ = start_refused{"the phone has not been heard of any more", true};
        } else if (std::exchange(work_, std::nullopt))
            event_ = gp::batch_answer{
                {}, gp::transmission::phone_lost, unwanted_.empty() ? "no report within the deadline" : unwanted_};
        expected_ = expects::nothing;
    }
    return std::exchange(event_, std::nullopt);
}

} // namespace tsms::actors
