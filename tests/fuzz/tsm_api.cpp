// The TSM-API, both directions. The first line is the function's name, with ":answer" or ":notification" for what a
// backend sends.

#include "http/wire/tsm_api.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

void run(input in) {
    const auto line = in.line();
    const auto colon = std::min(line.find(':'), line.size());
    const auto name = line.substr(0, colon);
    const auto what = line.substr(colon);
    if (!wire::is_function(name))
        return;
    if (what == ":notification") {
        const auto read = attempt<json::parse_error>([&] { return wire::parse_notification(name, in.text()); });
        if (read && *read)
            require(wire::parse_notification(name, wire::notification_text(**read)).has_value(),
                    "a notification that was written is read");
        return;
    }
    const auto document = attempt<json::parse_error>([&] { return json::parse(in.text()); });
    if (!document)
        return;
    if (what == ":answer") {
        const auto answer = attempt<json::parse_error>([&] { return wire::parse_answer(name, *document); });
        if (!answer)
            return;
        const auto written = wire::to_json(*answer);
        require(wire::to_json(wire::parse_answer(name, written)) == written, "an answer that was written is read");
        return;
    }
    const auto call = attempt<json::parse_error>([&] { return wire::parse_call(name, *document); });
    if (!call)
        return;
    require(wire::function_name(call->function) == name, "a call is of the function that it was sent to");
    const auto written = wire::to_json(*call);
    require(wire::to_json(wire::parse_call(name, written)) == written, "a call that was written is read as it was");
}

} // namespace tsms::fuzz
