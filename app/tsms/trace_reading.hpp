#pragma once
// What the sequence log of a process says, command by command: pure, so that a test gives it rows of its own.

#include "store/trace.hpp"

#include <string>
#include <vector>

namespace tsms::app {

/// A command with its answer, or something that was said between them.
struct trace_line {
    enum class sort {
        remark,  ///< what the TSM did or decided
        command, ///< with its answer, if one came
        ending,  ///< why no more answers came
    };
    sort what = sort::remark;
    std::string at;   ///< ISO 8601
    std::string text; ///< the remark; of a command its step, and what it is about. Others have a part in it: hostile
    store::traced_entry command = {};
    std::optional<store::traced_entry> answer = {};
    bool redacted = false;    ///< the command's data were not kept
    std::string meaning = {}; ///< of the status word, at this step
    bool refused = false;     ///< this step does not take it for a success
    bool failed = false;      ///< with it the process has failed
};

/// In their order; each command has the answer that came to it (an order's answers follow all of its commands).
std::vector<trace_line> lines_of(const store::traced_process& process);

/// Why it has ended as it has, in one sentence with the command that failed, if one did; empty for a success and while
/// it runs.
std::string cause_of(const store::traced_process& process, const std::vector<trace_line>& lines);

/// Who can do what about it.
std::string remedy_of(const store::traced_process& process, const std::vector<trace_line>& lines);

} // namespace tsms::app
