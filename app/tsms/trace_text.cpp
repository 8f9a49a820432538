#include "app/tsms/trace_text.hpp"

#include "app/cli/table.hpp"
#include "app/tsms/trace_reading.hpp"

#include <algorithm>
#include <ostream>

namespace tsms::app {

namespace {

using cli::harmless;
using sort = trace_line::sort;

/// Hours to milliseconds of ISO 8601.
std::string time_of_day(const std::string& at) {
    const auto t = at.find('T');
    return harmless(t == std::string::npos ? at : at.substr(t + 1, at.find('Z') - t - 1));
}

std::string octets_of(const store::traced_entry& e) {
    const bool cut = e.logged.apdu.size() < 2 * e.octets;
    return harmless(e.logged.apdu) + (cut ? "… (" + std::to_string(e.octets) + " octets)" : "");
}

void field(std::ostream& out, const char* name, const std::string& value) {
    if (!value.empty())
        out << "  " << name << std::string(11 - std::string_view(name).size(), ' ') << harmless(value) << "\n";
}

std::string end_of(const store::traced_process& p) {
    if (!p.has_ended)
        return {};
    return p.ended + ", status " + std::to_string(p.status) + (p.message.empty() ? "" : ", " + p.message);
}

void print_head(std::ostream& out, const store::traced_process& p) {
    out << "Process " << harmless(p.id) << "\n";
    field(out, "instance", p.instance);
    field(out, "card", p.card);
    field(out, "session", p.session);
    field(out, "app", p.caller);
    field(out, "version", p.version);
    field(out, "operations", p.requested);
    field(out, "began",
          p.started + ", state " + std::to_string(p.start_state) +
              (p.acknowledged ? ", the app has taken its start" : ", the app has not taken its start"));
    field(out, "ended", p.has_ended ? end_of(p) : "not yet");
    for (const auto& i : p.intents)
        field(out, "intent", i.at + " " + i.what + (i.settled ? "" : ", not settled"));
    for (const auto& d : p.deliveries)
        field(out, "SPOS",
              "result " + std::to_string(d.id) + (d.given_up ? " was given up" : " waits") + ", attempts " +
                  std::to_string(d.attempts) + (d.last_error.empty() ? "" : ", " + d.last_error));
}

std::string answer_of(const trace_line& line) {
    if (!line.answer)
        return "no answer";
    const auto note = line.answer->logged.note.empty() ? "" : "  [its data are not kept]";
    return octets_of(*line.answer) + "  " + line.meaning + note;
}

/// So many commands of one step from here on that went well, and say nothing that people need one by one.
std::size_t alike(const std::vector<trace_line>& lines, std::size_t from) {
    const auto good = [&](const trace_line& line) {
        return line.what == sort::command && line.answer && line.answer->status_word == 0x9000 && !line.failed;
    };
    const auto name = [](const trace_line& line) { return line.text.substr(0, line.text.find_first_of(",:")); };
    std::size_t count = 0;
    while (from + count < lines.size() && good(lines[from + count]) && name(lines[from + count]) == name(lines[from]))
        ++count;
    return count;
}

void print_line(std::ostream& out, const trace_line& line) {
    const auto at = "  " + time_of_day(line.at) + "  ";
    const std::string beneath(at.size(), ' ');
    switch (line.what) {
    case sort::remark:
        out << at << "· " << harmless(line.text) << "\n";
        return;
    case sort::ending:
        out << at << "✘ " << harmless(line.text) << "\n";
        return;
    case sort::command:
        out << at << "> " << harmless(line.text) << "\n"
            << beneath << "  " << octets_of(line.command) << (line.redacted ? "  [its data are not kept]" : "") << "\n";
        out << beneath << (line.failed ? "✘ " : line.refused || !line.answer ? "! " : "< ") << answer_of(line) << "\n";
        return;
    }
}

void print_lines(std::ostream& out, const std::vector<trace_line>& lines) {
    constexpr std::size_t worth_one_line = 4;
    for (std::size_t k = 0; k < lines.size();) {
        const auto same = alike(lines, k);
        print_line(out, lines[k]);
        if (same < worth_one_line) {
            ++k;
            continue;
        }
        out << std::string(16, ' ') << "… and " << same - 2 << " more like it, each answered 9000\n";
        print_line(out, lines[k + same - 1]);
        k += same;
    }
}

void print_process(std::ostream& out, const store::traced_process& p) {
    print_head(out, p);
    if (p.entries.empty())
        out << "  Nothing of it is in the sequence log: it never got to a card, or its time is over "
               "(tsm.card_log_days).\n";
    if (p.left_out > 0)
        out << "  " << p.left_out << " entries before these are left out (--entries)\n";
    const auto lines = lines_of(p);
    print_lines(out, lines);
    if (const auto cause = cause_of(p, lines); !cause.empty())
        out << "  Cause:  " << harmless(cause) << "\n";
    if (const auto remedy = remedy_of(p, lines); !remedy.empty())
        out << "  Remedy: " << harmless(remedy) << "\n";
}

const char* name_of(store::trace_subject what) {
    switch (what) {
    case store::trace_subject::process:
        return "process";
    case store::trace_subject::instance:
        return "instance";
    case store::trace_subject::card:
        break;
    }
    return "card";
}

const char* name_of(sort what) {
    switch (what) {
    case sort::remark:
        return "remark";
    case sort::command:
        return "command";
    case sort::ending:
        break;
    }
    return "ending";
}

json::object as_json(const trace_line& line) {
    json::object o{{"at", harmless(line.at)}, {"what", name_of(line.what)}, {"text", harmless(line.text)}};
    if (line.what != sort::command)
        return o;
    o.append("command", harmless(line.command.logged.apdu));
    o.append("commandOctets", static_cast<std::int64_t>(line.command.octets));
    if (line.answer) {
        o.append("answer", harmless(line.answer->logged.apdu));
        o.append("answerOctets", static_cast<std::int64_t>(line.answer->octets));
        o.append("meaning", line.meaning);
    }
    o.append("redacted", line.redacted || (line.answer && !line.answer->logged.note.empty()));
    o.append("refused", line.refused);
    o.append("failed", line.failed);
    return o;
}

json::object as_json(const store::traced_process& p) {
    const auto lines = lines_of(p);
    json::array intents, deliveries, told;
    for (const auto& i : p.intents)
        intents.push_back(json::object{{"what", harmless(i.what)}, {"at", harmless(i.at)}, {"settled", i.settled}});
    for (const auto& d : p.deliveries)
        deliveries.push_back(json::object{
            {"id", d.id}, {"attempts", d.attempts}, {"givenUp", d.given_up}, {"lastError", harmless(d.last_error)}});
    for (const auto& line : lines)
        told.push_back(as_json(line));
    return {{"process", harmless(p.id)},
            {"instance", harmless(p.instance)},
            {"card", harmless(p.card)},
            {"session", harmless(p.session)},
            {"caller", harmless(p.caller)},
            {"version", harmless(p.version)},
            {"requestedOperations", harmless(p.requested)},
            {"startState", p.start_state},
            {"started", harmless(p.started)},
            {"acknowledged", p.acknowledged},
            {"ended", p.has_ended ? json::value(harmless(p.ended)) : json::value()},
            {"status", p.has_ended ? json::value(p.status) : json::value()},
            {"message", harmless(p.message)},
            {"intents", std::move(intents)},
            {"deliveries", std::move(deliveries)},
            {"leftOut", static_cast<std::int64_t>(p.left_out)},
            {"lines", std::move(told)},
            {"cause", harmless(cause_of(p, lines))},
            {"remedy", harmless(remedy_of(p, lines))}};
}

} // namespace

void print_trace(std::ostream& out, const std::string& id, const store::trace& found) {
    if (found.processes.empty())
        out << "No process has worked on " << name_of(found.of) << " " << harmless(id)
            << ", or their time is over (tsm.card_log_days).\n";
    if (found.left_out > 0)
        out << found.left_out << " processes before these are left out (--processes)\n\n";
    for (std::size_t k = 0; k < found.processes.size(); ++k) {
        out << (k == 0 ? "" : "\n");
        print_process(out, found.processes[k]);
    }
    out << std::flush;
}

json::object trace_as_json(const std::string& id, const store::trace& found) {
    json::array processes;
    for (const auto& p : found.processes)
        processes.push_back(as_json(p));
    return {{"id", harmless(id)},
            {"of", name_of(found.of)},
            {"leftOut", static_cast<std::int64_t>(found.left_out)},
            {"processes", std::move(processes)}};
}

} // namespace tsms::app
