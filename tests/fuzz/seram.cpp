// GP SERAM messages from phones and issuers. The first line names the message.

#include "http/wire/seram.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

namespace {

/// Reads; a message that was read is written and read as it was.
template <class Read> void message(const json::value& document, Read read) {
    const auto once = attempt<json::parse_error>([&] { return read(document); });
    if (!once)
        return;
    const auto written = wire::to_json(*once);
    require(wire::to_json(read(json::parse(json::dump(written)))) == written,
            "a message that was written is read as it was");
}

} // namespace

void run(input in) {
    const auto name = in.line();
    const auto document = attempt<json::parse_error>([&] { return json::parse(in.text()); });
    if (!document)
        return;
    if (name == "handshake")
        message(*document, [](const json::value& v) { return wire::parse_seram_handshake(v); });
    else if (name == "order")
        message(*document, [](const json::value& v) { return wire::parse_seram_order(v); });
    else if (name == "report")
        message(*document, [](const json::value& v) { return wire::parse_seram_report(v); });
    else
        attempt<json::parse_error>([&] { return wire::check_seram_handshake_answer(*document), true; });
}

} // namespace tsms::fuzz
