// JSON texts from anybody: what is read is written and read as it was.

#include "json/json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

void run(input in) {
    const auto read = attempt<json::parse_error>([&] { return json::parse(in.text(), {4096, 32, 1000}); });
    if (!read)
        return;
    const auto written = json::dump(*read);
    require(json::parse(written) == *read, "a document that was written is read as it was");
    require(json::parse(json::pretty(*read)) == *read, "the text for people is the same document");
    attempt<json::parse_error>([&] { return json::root_object(*read).size(); });
}

} // namespace tsms::fuzz
