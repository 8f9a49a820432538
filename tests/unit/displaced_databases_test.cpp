// Databases that are replaced or removed while somebody has them open (DIV-100).

#include "data_directory.hpp"
#include "refused_databases.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
namespace fs = std::filesystem;
using unit::a_profile;
using unit::data_directory;
using unit::log_size;
using unit::refusal;
using unit::says;
using unit::year_2030;

BOOST_AUTO_TEST_SUITE(displaced_databases)

/// Puts a copy of what the file holds in its place.
void replace(const store::database_file& file) {
    const auto copy = file.path.string() + ".copy";
    fs::copy(file.path, copy);
    fs::rename(copy, file.path);
}

BOOST_AUTO_TEST_CASE(a_file_that_was_replaced_or_removed_is_noticed_and_its_role_ends) {
    for (const bool rest : {true, false})
        for (const bool removed : {true, false})
            for (std::size_t which = rest ? 0 : 1; which < (rest ? 2U : 3U); ++which) {
                const data_directory d;
                const auto file = d.all()[which];
                auto o = rest ? d.rest() : d.device();
                std::vector<std::string> told;
                int ended = 0;
                o.log = [&](const log_event& e) { told.push_back(e.text); };
                o.on_displaced = [&] { ++ended; };
                store::upkeep u(o);
                u.tick(nullptr);
                BOOST_TEST(u.trouble() == "");
                BOOST_TEST(ended == 0);
                removed ? static_cast<void>(fs::remove(file.path)) : replace(file);
                const auto trouble = u.trouble(); // at once, however soon after the last time
                u.tick(nullptr);
                BOOST_TEST(ended == 1);
                BOOST_REQUIRE(told.size() == 1u);
                for (const auto& text : {trouble, told.front()})
                    BOOST_TEST(says(text, {file.path.string() + (removed ? " was removed" : " was replaced"),
                                           "this role ends", "Stop the server before"}));
            }
}

BOOST_AUTO_TEST_CASE(nothing_is_committed_to_a_file_that_was_replaced) {
    const data_directory d;
    const auto access = store::open_access(d.file("access.db"));
    const auto catalog = store::open_catalog(d.file("catalog.db"));
    store::device_store instances(d.file("instances.db"));
    for (const auto& file : d.all())
        replace(file);
    BOOST_TEST(says(refusal([&] { access->add_provider("one", year_2030); }), {"access.db was replaced"}));
    BOOST_TEST(says(refusal([&] {
                        catalog->write([](store::catalog_edit& edit) {
                            edit.insert(a_profile("p"), {});
                            return true;
                        });
                    }),
                    {"catalog.db was replaced"}));
    BOOST_TEST(says(refusal([&] { instances.apps.add({"AB", "provider", {1}, ""}); }), {"instances.db was replaced"}));
    BOOST_TEST(access->providers().empty());
}

/// The log lies beside the new file: what it holds of the former one may not be read into the new one.
BOOST_AUTO_TEST_CASE(the_log_of_a_file_that_was_replaced_goes_into_that_file) {
    const data_directory d;
    store::upkeep u(d.rest());
    const auto access = store::open_access(d.file("access.db"));
    fs::copy(d.file("access.db"), d.file("copy"));
    access->add_provider("one", year_2030);
    BOOST_TEST(log_size(d.access()) > 0);
    fs::rename(d.file("access.db"), d.file("former"));
    fs::rename(d.file("copy"), d.file("access.db"));
    u.tick(nullptr);
    BOOST_TEST(log_size(d.access()) == 0);
    BOOST_TEST(SQLite::Database(d.file("former")).execAndGet("SELECT count(*) FROM provider").getInt() == 1);
    BOOST_TEST(SQLite::Database(d.file("access.db")).execAndGet("SELECT count(*) FROM provider").getInt() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
