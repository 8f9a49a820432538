// docs/lab.md: each SPEC in it is played over a deploy, and what it says of the outcome is so.

#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <regex>

using namespace tsms;
using namespace tsms::sim;

namespace {

std::vector<std::string> lines_of_document() {
    std::ifstream in(LAB_DOCUMENT);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    BOOST_REQUIRE_MESSAGE(lines.size() > 100, LAB_DOCUMENT);
    return lines;
}

/// The cells of the table behind this head.
std::vector<std::vector<std::string>> table(const std::string& head) {
    std::vector<std::vector<std::string>> rows;
    bool inside = false;
    for (const auto& line : lines_of_document()) {
        if (line.starts_with(head)) {
            inside = true;
            continue;
        }
        inside = inside && line.starts_with("|");
        if (!inside || line.starts_with("|---"))
            continue;
        std::vector<std::string> cells;
        for (std::size_t at = 1; at < line.size();) {
            const auto end = std::min(line.find('|', at), line.size());
            cells.push_back(std::regex_replace(line.substr(at, end - at), std::regex("^ +| +$|`"), ""));
            at = end + 1;
        }
        rows.push_back(std::move(cells));
    }
    return rows;
}

/// SPECs of command lines.
std::vector<std::string> examples() {
    std::vector<std::string> specs;
    const std::regex wanted("(?:faults=|--faults )'?([^'& ]+)");
    for (const auto& line : lines_of_document()) {
        std::smatch found;
        if (line.starts_with("    ") && std::regex_search(line, found, wanted) && found[1] != "SPEC")
            specs.push_back(found[1]);
    }
    return specs;
}

bool is_operational(world& w) {
    return w.on_card() == deployed && use(w, applet_1) == 0x9000 && use(w, applet_2) == 0x9000;
}

/// True where a deploy with these faults has succeeded, and then it has indeed.
bool deploys(const std::string& spec) {
    auto w = ready("jc305", 4000);
    w.card.inject(lab::fault_plan::parse(spec, w.random));
    const bool succeeds = number(w.deploy({I, A}, true)) == 0;
    w.card.inject({});
    w.card.reset();
    BOOST_TEST((!succeeds || is_operational(w)));
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
    return succeeds;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lab_document)

BOOST_AUTO_TEST_CASE(each_fault_does_what_its_row_says) {
    const auto rows = table("| SPEC |");
    BOOST_REQUIRE_GE(rows.size(), 10u);
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.at(0)) {
            const bool succeeds = deploys(row.at(0));
            BOOST_TEST_REQUIRE(row.size() == 3u);
            BOOST_TEST((row[2] == "fails" || row[2] == "succeeds" || row[2] == "by chance"));
            BOOST_TEST((row[2] == "by chance" || succeeds == (row[2] == "succeeds")));
        }
}

BOOST_AUTO_TEST_CASE(each_example_can_be_played) {
    const auto specs = examples();
    BOOST_REQUIRE_GE(specs.size(), 3u);
    for (const auto& spec : specs)
        BOOST_TEST_CONTEXT(spec) deploys(spec);
}

BOOST_AUTO_TEST_CASE(personalities_and_lies_are_all_there) {
    std::vector<std::string> named;
    for (const auto& row : table("| WHAT |"))
        named.push_back(row.at(0));
    const auto lies = lab::issuer_lies::names();
    BOOST_TEST(named == std::vector<std::string>(lies.begin(), lies.end()), boost::test_tools::per_element());
    named.clear();
    for (const auto& row : table("| name |"))
        named.push_back(row.at(0));
    for (const auto& p : lab::personalities())
        BOOST_TEST((std::find(named.begin(), named.end(), p.name) != named.end()), p.name);
}

BOOST_AUTO_TEST_SUITE_END()
