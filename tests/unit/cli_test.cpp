// What the command lines have in common: what may have been meant, lists with heads, keys from files.

#include "app/cli/program.hpp"
#include "app/cli/secret_file.hpp"
#include "app/cli/table.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace tsms;

BOOST_AUTO_TEST_SUITE(command_line)

BOOST_AUTO_TEST_CASE(what_may_have_been_meant) {
    const std::vector<std::string> known{"add", "list", "token", "certificate", "revoke", "--transport-key-file"};
    for (const auto& [word, meant] :
         std::vector<std::pair<std::string, std::string>>{{"lst", "list"},
                                                          {"lits", "list"},
                                                          {"ad", "add"},
                                                          {"tokens", "token"},
                                                          {"certficiate", "certificate"},
                                                          {"remove", "revoke"},
                                                          {"delete", ""},
                                                          {"x", ""},
                                                          {"cert", "certificate"},
                                                          {"--transport-key", "--transport-key-file"},
                                                          {"", ""},
                                                          {"add", "add"}})
        BOOST_TEST(cli::nearest(word, known) == meant, word << ": " << cli::nearest(word, known));
}

BOOST_AUTO_TEST_CASE(lists_have_a_head) {
    cli::table shown({"NAME", "STATE"});
    std::ostringstream none, some;
    shown.print(none, "There is none.");
    BOOST_TEST(none.str() == "There is none.\n");
    shown.add({"Größe", "valid"});
    shown.add({"x"});
    shown.print(some, "There is none.");
    BOOST_TEST(some.str() == "NAME   STATE\nGröße  valid\nx\n");
}

std::string printed(const cli::table& shown) {
    std::ostringstream out;
    shown.print(out, "There is none.");
    return out.str();
}

/// Unicode 15.0 chapter 23.2: the twelve characters that turn text round; they are escaped, as are those that begin a
/// line.
BOOST_AUTO_TEST_CASE(lists_show_what_would_turn_the_terminal_round) {
    for (const auto& [text, told] : std::vector<std::pair<std::string, std::string>>{
             {"a\u202Eb", "a\\u202Eb"},  {"\u202A", "\\u202A"}, {"\u202B", "\\u202B"},     {"\u202C", "\\u202C"},
             {"\u202D", "\\u202D"},      {"\u2066", "\\u2066"}, {"\u2067", "\\u2067"},     {"\u2068", "\\u2068"},
             {"\u2069", "\\u2069"},      {"\u200E", "\\u200E"}, {"\u200F", "\\u200F"},     {"\u061C", "\\u061C"},
             {"\u2028", "\\u2028"},      {"\u2029", "\\u2029"}, {"\u009B2J", "\\u009B2J"}, {"\x1B[2J", "\\x1B[2J"},
             {"a\nb", "a\\x0Ab"},        {"\x7F", "\\x7F"},     {"\xC3 x", "\\xC3 x"},     {"Größe", "Größe"},
             {"م\u200Cنم", "م\u200Cنم"}, {"שלום", "שלום"}}) {
        cli::table shown({"NAME", "STATE"});
        shown.add({text, text});
        BOOST_TEST(printed(shown).starts_with("NAME"));
        BOOST_TEST(printed(shown).ends_with(told + "  " + told + "\n"), printed(shown));
    }
}

BOOST_AUTO_TEST_CASE(one_long_name_does_not_push_the_others_away) {
    cli::table shown({"NAME", "REASON"}, 10);
    shown.add({std::string(255, 'x'), std::string(80, 'r')}); // the last one pushes nothing
    shown.add({"ÄÖÜÄÖÜÄÖÜÄ", "whole"});
    shown.add({"ÄÖÜÄÖÜÄÖÜÄÖ", "not"});
    BOOST_TEST(printed(shown) == "NAME        REASON\n"
                                 "xxxxxxxxx…  " +
                                     std::string(80, 'r') +
                                     "\n"
                                     "ÄÖÜÄÖÜÄÖÜÄ  whole\n"
                                     "ÄÖÜÄÖÜÄÖÜ…  not\n");
    cli::table other({"CALLER", "STATE"});
    other.add({std::string(64, 'A'), "valid"}); // a SHA-256 is whole
    BOOST_TEST(printed(other).find(std::string(64, 'A') + "  valid") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(keys_come_from_files) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-key-" + std::to_string(::getpid()));
    const auto read = [&](const std::string& text) {
        std::ofstream(file) << text;
        return cli::read_aes_key("--key-file", file.string());
    };
    BOOST_TEST(to_hex(read(std::string(32, 'a') + "\r\n").view()) == std::string(32, 'A'));
    BOOST_TEST(read(std::string(64, '0')).size() == 32u);
    for (const std::string& wrong :
         {std::string(), std::string("\n"), std::string(30, '0'), std::string(34, '0'), std::string(62, '0'),
          std::string(66, '0'), std::string(48, '0'), std::string(31, '0') + "g", std::string(70000, '0')})
        BOOST_CHECK_THROW(read(wrong), std::runtime_error);
    std::filesystem::remove(file);
    BOOST_CHECK_THROW(cli::read_aes_key("--key-file", file.string()), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
