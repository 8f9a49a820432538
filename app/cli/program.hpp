#pragma once
// What every command line of ours has in common: --version, errors that name the command and the remedy, and examples
// in each command's own help.

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace tsms::cli {

/// Examples of this command and no other one, below its help; `notes` stand before them.
void examples(CLI::App& command, const std::vector<std::string>& lines, const std::string& notes = {});

/// Parses and runs, prints what goes wrong on standard error. `usage` is the exit code of a command line that cannot be
/// read; 0: the parser's own codes. Options that are given as empty text are refused: that is a variable of a shell
/// that was not set.
int run(CLI::App& program, int argc, char** argv, int usage = 0);

std::string version_number();
/// "tsms 0.1.0"
std::string version_text(const std::string& program);

/// The one of these words that somebody may have meant: at most two letters are wrong, missing, too many or swapped,
/// and not all; or the word is the beginning of one. Empty if there is none.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

} // namespace tsms::cli
