// The issuer protocol, both directions, and the process results of a SPOS-Service. The first line names the message.

#include "http/wire/issuer.hpp"
#include "http/wire/process_result.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

namespace {

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
    if (name == "notice") {
        if (const auto notice = wire::parse_issuer_notice(in.text()))
            require(wire::parse_issuer_notice(wire::to_text(*notice)).has_value(), "a notice that was written is read");
        return;
    }
    const auto document = attempt<json::parse_error>([&] { return json::parse(in.text()); });
    if (!document)
        return;
    if (name == "order")
        message(*document, [](const json::value& v) { return wire::parse_issuer_order(v); });
    else if (name == "keys")
        message(*document, [](const json::value& v) { return wire::parse_issuer_keys(v); });
    else
        message(*document, [](const json::value& v) { return wire::parse_process_result(v); });
}

} // namespace tsms::fuzz
