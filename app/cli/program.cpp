#include "app/cli/program.hpp"

#include "app/failure.hpp"
#include "base/utf8.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>

namespace tsms::cli {

namespace {

/// Letters to change, add, leave out or swap with their neighbour (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a.size()][b.size()];
}

/// Commands below this one; option groups are not commands, though the parser keeps them in the same list.
std::vector<CLI::App*> commands_of(CLI::App& app) {
    return app.get_subcommands([](const CLI::App* a) { return !a->get_name().empty(); });
}

std::vector<std::string> names_of(const std::vector<CLI::App*>& commands) {
    std::vector<std::string> names;
    for (const auto* c : commands)
        names.push_back(c->get_name());
    return names;
}

void add_options(const CLI::App& app, std::vector<std::string>& names) {
    for (const auto* o : app.get_options())
        for (const auto& name : o->get_lnames())
            names.push_back("--" + name);
    for (const auto* group : app.get_subcommands([](const CLI::App* a) { return a->get_name().empty(); }))
        add_options(*group, names);
}

/// The command that was reached, and the words that lead there.
std::pair<CLI::App*, std::string> reached(CLI::App& program) {
    auto* at = &program;
    auto path = program.get_name();
    for (auto below = at->get_subcommands(); !below.empty(); below = at->get_subcommands()) {
        at = below.front();
        path += " " + at->get_name();
    }
    return {at, path};
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string meant(const std::string& word, const std::vector<std::string>& known) {
    const auto near = nearest(word, known);
    return near.empty() ? "" : "; did you mean ‘" + near + "’?";
}

bool is(const CLI::Error& e, CLI::ExitCodes kind) {
    return e.get_exit_code() == static_cast<int>(kind);
}

std::vector<std::string> options_up(const CLI::App* app) {
    std::vector<std::string> options;
    for (; app; app = app->get_parent())
        add_options(*app, options);
    return options;
}

/// Without the value behind "=".
std::string option_name(const std::string& word) {
    return word.substr(0, word.find('='));
}

std::string no_option(const std::string& word, const std::vector<std::string>& options) {
    const auto name = option_name(word);
    return "there is no option ‘" + text::escaped(name) + "’" + meant(name, options);
}

/// Options of the commands below, each with the answer to: does a value follow?
void add_options_below(CLI::App& app, std::map<std::string, bool>& known) {
    for (auto* below : app.get_subcommands([](CLI::App*) { return true; })) {
        for (const auto* o : below->get_options())
            for (const auto& name : o->get_lnames())
                known["--" + name] |= o->get_items_expected_max() > 0;
        add_options_below(*below, known);
    }
}

/// The line ends before it is said which command. Options of those that it could be are no mistake, only too early.
std::string without_command(CLI::App& at, const std::vector<std::string>& left) {
    const auto commands = names_of(commands_of(at));
    std::map<std::string, bool> early;
    add_options_below(at, early);
    for (auto word = left.begin(); word != left.end(); ++word) {
        if (!word->starts_with("-"))
            return "there is no command ‘" + text::escaped(*word) + "’" + meant(*word, commands) +
                   "\nCommands: " + listed(commands);
        const auto known = early.find(option_name(*word));
        if (known == early.end()) {
            auto options = options_up(&at);
            for (const auto& [name, takes_value] : early)
                options.push_back(name);
            return no_option(*word, options);
        }
        const bool value_follows = known->second && word->find('=') == std::string::npos;
        if (value_follows && word + 1 != left.end())
            ++word;
    }
    return "say which command: " + listed(commands);
}

/// The parser's text, in words that say which command and what to do.
std::string explained(CLI::App& program, const CLI::Error& e) {
    const auto [at, path] = reached(program);
    const auto left = program.remaining(true);
    const bool whole = commands_of(*at).empty();
    std::string text;
    if (!whole)
        text = without_command(*at, left);
    else if (left.empty() || !(is(e, CLI::ExitCodes::ExtrasError) || is(e, CLI::ExitCodes::RequiredError)))
        text = e.what();
    else if (left.front().starts_with("-"))
        text = no_option(left.front(), options_up(at));
    else
        text = "‘" + text::escaped(option_name(left.front())) + "’ was not expected";
    return path + ": " + text + "\n‘" + path + " --help’ shows " + (whole ? "its options and an example" : "them all") +
           ".";
}

/// Thrown, not returned: the command line is well-formed, and scripts find their own mistake by the exit code of one.
void refuse_empty_values(CLI::App& app, const std::string& path) {
    for (auto* o : app.get_options())
        if (o->get_items_expected_max() > 0)
            o->check(CLI::Validator(
                [name = path + ": " + o->get_name()](const std::string& value) -> std::string {
                    if (value.empty())
                        throw std::runtime_error(name + " is empty; is a variable of the shell not set?");
                    return {};
                },
                ""));
    for (auto* below : app.get_subcommands([](CLI::App*) { return true; }))
        refuse_empty_values(*below, below->get_name().empty() ? path : path + " " + below->get_name());
}

void point_to_examples(CLI::App& app, const std::string& path) {
    const auto commands = commands_of(app);
    if (!commands.empty())
        app.footer("‘" + path + " COMMAND --help’ shows an example of each.");
    for (auto* below : commands)
        point_to_examples(*below, path + " " + below->get_name());
}

} // namespace

void examples(CLI::App& command, const std::vector<std::string>& lines, const std::string& notes) {
    auto text = notes + (notes.empty() ? "" : "\n") + "Example:";
    for (const auto& line : lines)
        text += "\n  " + line;
    command.footer(text);
}

std::string version_number() {
    return TSMS_VERSION;
}

std::string version_text(const std::string& program) {
    return program + " " + version_number();
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::string best;
    std::size_t least = 3;
    for (const auto& candidate : known) {
        const auto d = distance(word, candidate);
        if (d < least && d < candidate.size()) {
            least = d;
            best = candidate;
        }
    }
    if (!best.empty() || word.size() < 3)
        return best;
    const auto begun = std::ranges::find_if(known, [&](const std::string& k) { return k.starts_with(word); });
    return begun == known.end() ? best : *begun;
}

int run(CLI::App& program, int argc, char** argv, int usage) {
    program.set_version_flag("--version", version_text(program.get_name()), "version of this program");
    refuse_empty_values(program, program.get_name());
    point_to_examples(program, program.get_name());
    try {
        program.parse(argc, argv);
        return 0;
    } catch (const CLI::RuntimeError& e) { // thrown by a command: its own exit code
        return e.get_exit_code();
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) // help or version was asked for
            return program.exit(e);
        app::tell_failure(program.get_name(), app::asks_for_json(argc, argv), explained(program, e));
        return usage != 0 ? usage : e.get_exit_code();
    } catch (const std::exception& e) {
        app::tell_failure(program.get_name(), app::asks_for_json(argc, argv), e.what());
        return usage != 0 ? usage : 1;
    }
}

} // namespace tsms::cli
