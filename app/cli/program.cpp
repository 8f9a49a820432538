#include "app/cli/program.hpp"

#include "app/failure.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

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

/// The parser's text, in words that say which command and what to do.
std::string explained(CLI::App& program, const CLI::Error& e) {
    const auto [at, path] = reached(program);
    const auto left = program.remaining(true);
    const auto commands = names_of(commands_of(*at));
    std::string text = path + ": ";
    if (!commands.empty()) { // it is not said which
        const auto word = std::ranges::find_if(left, [](const std::string& w) { return !w.starts_with("-"); });
        if (word == left.end())
            text += "say which command: " + listed(commands);
        else
            text += "there is no command ‘" + *word + "’" + meant(*word, commands) + "\nCommands: " + listed(commands);
    } else if (!left.empty() && (is(e, CLI::ExitCodes::ExtrasError) || is(e, CLI::ExitCodes::RequiredError))) {
        std::vector<std::string> options;
        for (auto* app = at; app; app = app->get_parent())
            add_options(*app, options);
        const auto word = left.front().substr(0, left.front().find('='));
        text += word.starts_with("-") ? "there is no option ‘" + word + "’" + meant(word, options)
                                      : "‘" + word + "’ was not expected";
    } else {
        text += e.what();
    }
    return text + "\n‘" + path + " --help’ shows " + (commands.empty() ? "its options and an example" : "them all") +
           ".\n";
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
    program.failure_message([&](const CLI::App*, const CLI::Error& e) { return explained(program, e); });
    refuse_empty_values(program, program.get_name());
    point_to_examples(program, program.get_name());
    try {
        program.parse(argc, argv);
        return 0;
    } catch (const CLI::RuntimeError& e) { // thrown by a command: its own exit code
        return e.get_exit_code();
    } catch (const CLI::ParseError& e) {
        const int code = program.exit(e);
        if (code != 0 && app::asks_for_json(argc, argv))
            std::cout << json::dump(app::failure_json(e.what())) << std::endl;
        return code != 0 && usage != 0 ? usage : code;
    } catch (const std::exception& e) {
        app::tell_failure(program.get_name(), app::asks_for_json(argc, argv), e.what());
        return usage != 0 ? usage : 1;
    }
}

} // namespace tsms::cli
