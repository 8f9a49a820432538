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
