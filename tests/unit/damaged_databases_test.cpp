// What is said where a database is damaged: which file, what happened, what helps. Never the bare words of the library.

#include "damage.hpp"
#include "least_document.hpp"
#include "rest_fixture.hpp"
#include "store/deployments.hpp"
#include "store/sqlite/reader_pool.hpp"

using namespace tsms;
using namespace tsms::unit;

namespace {

const wall_time now(std::chrono::seconds(1'900'000'000));

struct damaged : rest_test::scratch {
    damaged() {
        const std::string installation = "b1ad0f0e-0000-4000-8000-000000000001";
        store::create_database({access_db(), store::database_name::access}, installation);
        store::create_database({catalog_db(), store::database_name::catalog}, installation);
        const auto access = store::open_access(access_db());
        provider = access->add_provider("one", now).id;
        token = access->issue_long_term(provider, now, now + std::chrono::hours(1));
        access->add_client_certificate(provider, "AA");
        access->note_refusal(provider, {"", "Flavor", "f", 1, "why"}, now);
        access->write_refusals();
        using enum model::entity_kind;
        store::open_catalog(catalog_db())->write([](store::catalog_edit& edit) {
            edit.insert({"profile", secure_component_profile, "", "", "1", least_document(secure_component_profile)},
                        {});
            edit.put_profile_internals("profile", {});
            edit.insert({"service", service, "one", "", "1", least_document(service, {{"sdAid", "A0"}})}, {});
            edit.insert({"flavor", flavor, "one", "service", "1", {{"published", true}}}, {});
            edit.insert({"version",
                         version,
                         "one",
                         "service",
                         "001.000.000",
                         {{"tag", "1.0.0"}, {"allowedDeployments", json::object{{"flavor", json::array{"profile"}}}}}},
                        {{"flavor", ""}, {"profile", "flavor"}});
            edit.put_file("service", "content");
            edit.put_load_image("service", "AA", as_bytes(std::string("image")));
            return true;
        });
    }
    std::filesystem::path access_db() const { return path() / "access.db"; }
    std::filesystem::path catalog_db() const { return path() / "catalog.db"; }

    std::string provider, token;
};

} // namespace

BOOST_AUTO_TEST_SUITE(damaged_databases)

BOOST_FIXTURE_TEST_CASE(pages_of_the_catalog, damaged) {
    for (const auto* table : {"entity", "reference", "file", "load_image", "profile_internals"})
        overwrite(catalog_db(), table);
    const auto catalog = store::open_catalog(catalog_db());
    const auto reader = store::open_catalog_reader(catalog_db());
    const auto refused = [&](auto f) {
        for (const store::catalog_reader* of : {static_cast<store::catalog_reader*>(catalog.get()), reader.get()})
            BOOST_TEST(names(refusal([&] { of->read([&](const auto& view) { return f(view), true; }); }),
                             "reading catalog.db failed", "malformed"));
    };
    using view = store::catalog_view;
    using enum model::entity_kind;
    refused([](const view& v) { v.list(service, "one", ""); });
    refused([](const view& v) { v.find_any(service, "service"); });
    refused([](const view& v) { v.find_version("one", "service", "1.0.0"); });
    refused([](const view& v) { v.first_referrer("flavor"); });
    refused([](const view& v) { v.published_flavor_of("profile"); });
    refused([](const view& v) { v.flavors_for_profile("profile"); });
    refused([](const view& v) { v.versions_for_profile("profile"); });
    refused([](const view& v) {
        v.related(model::relation::version_flavors, flavor, store::walk_start("one").set(version, "version"));
    });
    refused([](const view& v) { v.file("service"); });
    refused([](const view& v) { v.file_size("service"); });
    refused([](const view& v) { v.load_image("AA"); });
    refused([](const view& v) { v.profile_internals("profile"); });
    BOOST_TEST(names(refusal([&] {
                         catalog->write([](store::catalog_edit& edit) {
                             edit.insert({"other", service, "one", "", "1", least_document(service)}, {});
                             return true;
                         });
                     }),
                     "writing catalog.db failed", "malformed"));
    const auto seen = store::deployments_of(store::open_catalog_reader(catalog_db()));
    BOOST_TEST(names(refusal([&] { seen->service("service"); }), "reading catalog.db failed", "malformed"));
}

BOOST_FIXTURE_TEST_CASE(pages_of_access, damaged) {
    for (const auto* table : {"provider", "long_term_token", "access_token", "client_certificate", "refused_upload"})
        overwrite(access_db(), table);
    const auto access = store::open_access(access_db());
    const auto refused = [&](const char* doing, auto f) {
        BOOST_TEST(names(refusal(f), (std::string(doing) + " access.db failed").c_str(), "malformed"));
    };
    refused("reading", [&] { access->providers(); });
    refused("reading", [&] { access->provider(provider); });
    refused("reading", [&] { access->provider_by_name("one"); });
    refused("reading", [&] { access->long_term_tokens(provider); });
    refused("reading", [&] { access->client_certificates(provider); });
    refused("reading", [&] { access->refusals(provider); });
    refused("reading", [&] { access->authenticate_long_term(token, now); });
    refused("reading", [&] { access->authenticate(token, now); });
    refused("writing", [&] { access->add_provider("two", now); });
    refused("writing", [&] { access->issue_long_term(provider, now, now); });
    refused("writing", [&] { access->issue_access(token, now, std::chrono::seconds(1)); });
    refused("writing", [&] { access->revoke(provider, ""); });
    refused("writing", [&] { access->remove_client_certificates(provider, ""); });
    access->note_refusal(provider, {}, now);
    refused("writing", [&] { access->write_refusals(); });
}

BOOST_FIXTURE_TEST_CASE(what_is_read_when_a_database_is_opened, damaged) {
    const auto open_all = [&] {
        BOOST_TEST(names(refusal([&] { store::open_access(access_db()); }), "opening access.db failed", "malformed"));
        BOOST_TEST(
            names(refusal([&] { store::open_catalog(catalog_db()); }), "opening catalog.db failed", "malformed"));
        BOOST_TEST(names(refusal([&] { store::open_catalog_reader(catalog_db()); }), "opening catalog.db failed",
                         "malformed"));
        BOOST_TEST(
            names(refusal([&] { store::reader_pool(catalog_db(), store::catalog_kind(), store::keep_snapshots::no); }),
                  "opening catalog.db failed", "malformed"));
    };
    for (const auto& file : {access_db(), catalog_db()})
        overwrite(file, "audit");
    open_all();
    for (const auto& file : {access_db(), catalog_db()}) { // of the schema
        std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(100); // behind the header, which says that it is a database
        out << std::string(3996, '\x5A');
    }
    open_all();
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_cut_off, damaged) {
    store::reader_pool pool(catalog_db(), store::catalog_kind(), store::keep_snapshots::no);
    std::filesystem::resize_file(catalog_db(), 8192);
    const auto text = refusal([&] {
        pool.read(
            [](store::connection& session) { session.prepare("SELECT count(*) FROM load_image")->executeStep(); });
    });
    BOOST_TEST(names(text, "reading catalog.db failed", "malformed"));
}

BOOST_FIXTURE_TEST_CASE(a_table_that_is_gone, damaged) {
    const auto access = store::open_access(access_db());
    const auto catalog = store::open_catalog(catalog_db());
    execute(access_db(), "ALTER TABLE provider RENAME TO away");
    execute(catalog_db(), "ALTER TABLE file RENAME TO away");
    BOOST_TEST(names(refusal([&] { access->providers(); }), "reading access.db failed", "no such table"));
    BOOST_TEST(names(refusal([&] { catalog->read([](const auto& v) { return v.file_size("service"); }); }),
                     "reading catalog.db failed", "no such table"));
}

// -- contents that are never written

BOOST_FIXTURE_TEST_CASE(documents_that_are_none, damaged) {
    const auto catalog = store::open_catalog(catalog_db());
    const auto read = [&](auto f) {
        return refusal([&] { catalog->read([&](const store::catalog_view& v) { return f(v), true; }); });
    };
    const auto profile = [](const store::catalog_view& v) {
        v.find_any(model::entity_kind::secure_component_profile, "profile");
    };
    const auto internals = [](const store::catalog_view& v) { v.profile_internals("profile"); };
    for (const auto* document : {"{\"name\":", "", "[]", "7", "{\"a\":1,\"a\":2}"}) {
        execute(catalog_db(), std::string("UPDATE entity SET document = '") + document + "' WHERE id = 'profile'; " +
                                  "UPDATE profile_internals SET document = '" + document + "'");
        BOOST_TEST(names(read(profile), "reading catalog.db failed", "the document of profile"));
        BOOST_TEST(names(read(internals), "reading catalog.db failed", "the internal part of profile"));
    }
    execute(catalog_db(), "UPDATE entity SET kind = 77 WHERE id = 'version'");
    BOOST_TEST(names(read([](const store::catalog_view& v) { v.first_referrer("flavor"); }),
                     "reading catalog.db failed", "no kind of entities 77"));
}

BOOST_FIXTURE_TEST_CASE(documents_of_another_shape, damaged) {
    const auto seen = store::deployments_of(store::open_catalog_reader(catalog_db()));
    BOOST_REQUIRE(seen->service("service"));
    BOOST_TEST(seen->service("service")->versions.at(0).profiles.size() == 1u);
    BOOST_TEST(seen->target("service", "1.0.0", "profile").has_value());
    const auto damages = [&](const std::string& what, auto f) {
        execute(catalog_db(), what);
        const bool of_entity = what.starts_with("UPDATE entity");
        BOOST_TEST(names(refusal(f), "reading catalog.db failed", of_entity ? "the document of" : "what is stored of"),
                   what);
    };
    const auto service = [&] { seen->service("service"); };
    const auto target = [&] { seen->target("service", "1.0.0", "profile"); };
    damages("UPDATE entity SET document = '{\"spParameters\":7}' WHERE id = 'service'", target);
    damages("UPDATE entity SET document = '{\"published\":true,\"executableLoadFileIds\":7}' WHERE id = 'flavor'",
            target);
    damages("UPDATE entity SET document = '{\"published\":true,\"applicationInstantiationConfigs\":[7]}' "
            "WHERE id = 'flavor'",
            target);
    damages("UPDATE entity SET document = '{\"tag\":\"1.0.0\",\"allowedDeployments\":{\"flavor\":7}}' "
            "WHERE id = 'version'",
            service);
    damages("UPDATE profile_internals SET document = '{\"card\":{\"keyBits\":7}}'", [&] { seen->profiles(); });
    damages("UPDATE profile_internals SET document = '{\"identification\":{\"cplc\":7}}'", [&] { seen->profiles(); });
}

BOOST_AUTO_TEST_SUITE_END()
