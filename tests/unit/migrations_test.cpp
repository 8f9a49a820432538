// Databases of every former schema version, made by the programs of then, and what becomes of them (DIV-099).

#include "store/access.hpp"
#include "store/adoption.hpp"
#include "store/catalog.hpp"
#include "store/device_store.hpp"
#include "store/migration.hpp"
#include "store/profile_internals.hpp"
#include "store/sqlite/audit.hpp"
#include "store/sqlite/migrations.hpp"
#include "store/sqlite/objects.hpp"
#include "store/upkeep.hpp"

#include "former_schemas.hpp"
#include "refused_databases.hpp"

#include <csignal>
#include <sys/wait.h>

using namespace tsms;
using namespace tsms::unit;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using store::database_name;

namespace {

/// What the programs of then gave out with the random octets 01, 02, 03, …
const std::string provider = "01020304-0506-4708-890a-0b0c0d0e0f10";
const std::string long_term = "1112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F30";
const std::string access_token = "4142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F60";
const auto year_2030 = tsms::wall_time(std::chrono::seconds(1'900'000'000));

using steps = std::vector<std::string>;

std::string text_of(const store::migration_step& step) {
    return step.database + " " + std::to_string(step.from) + "-" + std::to_string(step.to);
}

steps migrate(const database_folder& d) {
    steps done;
    store::migrate(d.all(), [&](const store::migration_step& step) { done.push_back(text_of(step)); });
    return done;
}

steps pending(const database_folder& d) {
    steps found;
    for (const auto& step : store::pending_migrations(d.all()))
        found.push_back(text_of(step));
    return found;
}

/// All of these databases from the versions that this program left.
steps expected_steps(const former_program& then, std::initializer_list<database_name> databases) {
    steps expected;
    for (const auto name : databases) {
        const auto& kind = store::kind_of(name);
        for (int from = then.version(name); from < kind.version(); ++from)
            expected.push_back(text_of({kind.name, from, from + 1, ""}));
    }
    return expected;
}

void open(const store::database_file& file) {
    if (file.name == database_name::access)
        store::open_access(file.path)->providers();
    if (file.name == database_name::catalog)
        store::open_catalog(file.path);
    if (file.name == database_name::instances)
        store::device_store(file.path).responds();
}

void start_roles(const database_folder& d) {
    const auto files = d.all();
    store::upkeep::options rest, device;
    rest.writes = {files[0], files[1]};
    device.writes = {files[2]};
    device.reads = {files[1]};
    const store::upkeep rest_role(rest), device_role(device);
}

void find_access(const database_folder& d, const former_program& then) {
    const auto opened = store::open_access(d.file("access.db"));
    auto& access = *opened;
    BOOST_REQUIRE_EQUAL(access.providers().size(), 2u);
    BOOST_TEST(access.provider_by_name("demo")->id == provider);
    BOOST_TEST(access.provider_by_name("demo")->created == "2026-09-21T14:13:20.000Z");
    BOOST_REQUIRE_EQUAL(access.long_term_tokens(provider).size(), 1u);
    BOOST_TEST(!access.long_term_tokens(provider)[0].revoked);
    BOOST_TEST(access.authenticate_long_term(long_term, year_2030).value().provider == provider);
    BOOST_TEST(access.authenticate(access_token, year_2030).value().provider == provider);
    const auto other = access.provider_by_name("other")->id;
    BOOST_TEST(access.long_term_tokens(other).at(0).revoked);
    BOOST_TEST(access.client_certificates(other).size() == (then.access >= 2 ? 1u : 0u));
    BOOST_TEST(access.refusals(provider).size() == (then.refused_uploads ? 1u : 0u));
    access.add_client_certificate(provider, "AB");
    access.note_refusal(provider, {"", "Service", "", 1001, "no"}, year_2030);
    access.write_refusals();
    BOOST_TEST(access.refusals(provider)[0].kind == "Service");
}

void find_catalog(const database_folder& d) {
    store::open_catalog(d.file("catalog.db"))->read([&](const store::catalog_view& v) {
        using k = model::entity_kind;
        BOOST_TEST(v.list(k::secure_component_profile, "", "").size() == 1u);
        const auto service = v.find(k::service, provider, "service-1");
        BOOST_REQUIRE(service);
        BOOST_TEST((*service->document.find("name") == json::value("tickets")));
        BOOST_TEST(v.published_flavor_of("elf-1").value() == "flavor-1");
        BOOST_TEST(v.file("elf-1").value() == std::string("PK\0octets of a file", 19));
        BOOST_TEST((v.load_image("00FF").value() == to_bytes(as_bytes(std::string_view("image")))));
        const auto internals = v.profile_internals("profile-1");
        const auto card = store::read_card_parameters(*internals.find("card")->as_object());
        BOOST_TEST(card.ara == "aram-issuer");
        BOOST_TEST(card.milliseconds_per_apdu == 20);
        return true;
    });
    SQLite::Database db(d.file("catalog.db"));
    BOOST_TEST(!store::first_broken_audit_entry(db));
}

void find_outbox(const store::device_store& db, const former_program& then) {
    const auto rows = db.outbox.all();
    BOOST_REQUIRE_EQUAL(rows.size(), 2u);
    BOOST_TEST(rows[0].process == "process-1");
    BOOST_TEST(rows[0].spos.url == "https://spos");
    BOOST_TEST(rows[0].body == R"({"processId":"process-1"})");
    BOOST_TEST((rows[0].created == wall_time(1'790'000'100s)));
    BOOST_TEST(rows[0].attempts == 1);
    BOOST_TEST(rows[0].last_error == "nobody listens");
    BOOST_TEST((rows[0].waited == (then.counts_waiting ? 3600s : 0s)));
    BOOST_TEST(rows[0].provider == (then.counts_waiting ? provider : ""));
    BOOST_TEST(!rows[0].given_up);
    BOOST_TEST(rows[1].given_up);
}

void find_cards(const store::device_store& db, const former_program& then) {
    const auto card = db.cards.find("card-1").value();
    BOOST_TEST(card.identity == std::string(84, '1'));
    BOOST_REQUIRE((card.tsm_domain && card.tsm_domain->keys));
    BOOST_TEST((*card.tsm_domain->keys == model::key_set{48, 128, {1, 2, 3, 48}, true})); // the issuer gave it
    BOOST_REQUIRE_EQUAL(card.tsm_domain->other_keys.size(), 1u);                          // a rotation was on its way
    BOOST_TEST((card.tsm_domain->other_keys[0] == model::key_set{49, 128, {1, 2, 3, 49}, false}));
    BOOST_TEST(db.cards.find("card-2")->issuer == "lab");
    BOOST_TEST(db.cards.all().size() == (then.tombstones ? 3u : 2u));
    BOOST_TEST(db.instances.tombstones_on("card-3").size() == (then.tombstones ? 1u : 0u));
}

void find_instances(const database_folder& d, const former_program& then) {
    const store::device_store db(d.file("instances.db"));
    BOOST_TEST((db.issuers.all().at(0).transport_key == bytes{9, 8, 7}));
    BOOST_TEST(db.issuers.all().at(0).cards.cplc.at(0) == "54534C42");
    BOOST_TEST(db.apps.all().at(0).provider == provider);
    BOOST_TEST(db.token_keys.all().empty());
    BOOST_TEST(!db.apps.must_prove("another"));
    BOOST_TEST(db.answers.find(to_hex(bytes(32, 0xCA))).has_value() == (then.instances >= 5));
    const auto instance = db.instances.find("instance-1").value();
    BOOST_TEST((instance.state == model::instance_state::activated));
    BOOST_TEST(instance.on_card);
    BOOST_TEST(instance.executed.size() == 2u);
    BOOST_TEST(instance.target.sp_parameters.at("color") == "blue");
    BOOST_TEST(instance.target.load_files.at(0).size == 1234u);
    BOOST_TEST(instance.target.applications.at(0).instance_aid == "D27600018501");
    BOOST_TEST(instance.target.card.order_apdus == 17);
    BOOST_TEST(db.instances.on("card-2").at(0).id == "instance-3");
    find_cards(db, then);
    const auto interrupted = db.processes.interrupted();
    BOOST_REQUIRE_EQUAL(interrupted.size(), 1u);
    BOOST_TEST(interrupted[0].process.id == "process-2");
    BOOST_TEST(interrupted[0].instance.running_process == "process-2");
    BOOST_TEST(interrupted[0].in_doubt);
    BOOST_TEST(!interrupted[0].process.asked); // nobody knew then what it would take to go on with it (DIV-108)
    BOOST_TEST(interrupted[0].holds_card == (then.instances >= 3));
    const auto results = db.processes.results();
    BOOST_REQUIRE_EQUAL(results.size(), then.instances >= 4 ? 1u : 0u);
    for (const auto& one : results) {
        BOOST_TEST(one.process.proof.call_hash == std::string(64, 'b'));
        BOOST_TEST(std::get<model::deploy_service_result>(one.end.result.value()).reader == "eSE1");
    }
    BOOST_TEST(!db.answers.find(std::string(64, 'b')).has_value());
    BOOST_TEST(db.processes.stranded().empty());
    BOOST_TEST(db.card_log.of("process-1").size() == 2u);
    find_outbox(db, then);
    BOOST_TEST(db.vault_seal().has_value() == then.counts_waiting);
    BOOST_TEST(!db.broken_audit_entry());
}

std::vector<std::string> definitions_of_new(const store::database_kind& kind) {
    SQLite::Database fresh(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    store::make_objects(fresh, kind);
    return definitions_of(fresh);
}

bool is_like_new(SQLite::Database& db, const store::database_kind& kind) {
    const auto found = definitions_of(db), expected = definitions_of_new(kind);
    BOOST_TEST(found == expected, boost::test_tools::per_element());
    return found == expected;
}

} // namespace

BOOST_AUTO_TEST_SUITE(migrations)

BOOST_AUTO_TEST_CASE(the_steps_of_each_database_are_numbered_from_2) {
    for (const auto name : {database_name::access, database_name::catalog, database_name::instances}) {
        int version = 1;
        for (const auto& step : store::kind_of(name).migrations)
            BOOST_TEST(step.to == ++version);
        BOOST_TEST(store::kind_of(name).version() == version);
    }
}

BOOST_AUTO_TEST_CASE(a_database_of_every_former_version_is_refused_with_the_remedy) {
    for (const auto& then : former_programs) {
        const former_folder d(then);
        for (const auto& one : d.all()) {
            if (then.version(one.name) == store::kind_of(one.name).version())
                continue;
            const auto before = rows_of(one.path);
            BOOST_TEST(says(refusal([&] { open(one); }),
                            {one.path.string(), " has schema version ", "tsms migrate --data " + d.path.string()}));
            BOOST_TEST(rows_of(one.path) == before);
        }
        BOOST_TEST(says(refusal([&] { start_roles(d); }), {".db has schema version ", "tsms migrate"}));
        BOOST_TEST(says(refusal([&] { store::adopt(d.all()); }), {".db has schema version ", "tsms migrate"}));
    }
}

BOOST_AUTO_TEST_CASE(everything_of_every_former_version_is_found_again) {
    for (const auto& then : former_programs) {
        BOOST_TEST_MESSAGE(then.name);
        const former_folder d(then);
        const auto expected =
            expected_steps(then, {database_name::access, database_name::catalog, database_name::instances});
        BOOST_TEST(!expected.empty());
        BOOST_TEST(pending(d) == expected, boost::test_tools::per_element());
        BOOST_TEST(version_of(d.file("access.db")) == then.access); // nothing has been done yet
        BOOST_TEST(migrate(d) == expected, boost::test_tools::per_element());
        BOOST_TEST(pending(d).empty());
        BOOST_TEST(migrate(d).empty());
        for (const auto& one : d.all()) {
            SQLite::Database db(one.path);
            BOOST_TEST(is_like_new(db, store::kind_of(one.name)));
            BOOST_TEST(version_of(one.path) == store::kind_of(one.name).version());
            BOOST_TEST(!store::first_broken_audit_entry(db));
            BOOST_TEST(db.execAndGet("SELECT what FROM audit ORDER BY sequence DESC LIMIT 1").getString() ==
                       "schema version " + std::to_string(store::kind_of(one.name).version()));
        }
        start_roles(d);
        find_access(d, then);
        find_catalog(d);
        find_instances(d, then);
        start_roles(d);
    }
}

/// A database of the versions whose programs made things at their openings, one commit each: what it always had, and
/// some of these.
class opened_database {
public:
    explicit opened_database(database_name which)
        : first_(former_programs[0]), last_(former_programs[3]), which_(static_cast<std::size_t>(which)) {
        SQLite::Database db(first_.all()[which_].path);
        const auto had = store::objects_of(db);
        for (auto& [name, sql] : made_in(last_))
            (std::ranges::count(had, name) || name == "client_certificate" ? always_ : sometimes_).push_back(sql);
        for (auto& [name, sql] : made_in(first_))
            if (name == "outbox")
                dated_outbox_ = sql;
    }
    std::size_t pieces() const { return sometimes_.size(); }
    SQLite::Database with(unsigned mixture, bool dated) const {
        SQLite::Database db(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        for (const auto& sql : always_)
            db.exec(dated && sql.starts_with("CREATE TABLE outbox") ? dated_outbox_ : sql);
        for (std::size_t i = 0; i < sometimes_.size(); ++i)
            if (mixture >> i & 1)
                try {
                    db.exec(sometimes_[i]);
                } catch (const SQLite::Exception&) { // an index without its table: that was never there
                }
        return db;
    }

private:
    std::vector<std::pair<std::string, std::string>> made_in(const former_folder& d) const {
        std::vector<std::pair<std::string, std::string>> found;
        SQLite::Database db(d.all()[which_].path);
        SQLite::Statement made(db, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE "
                                   "'sqlite_%' ORDER BY rowid");
        while (made.executeStep())
            found.emplace_back(made.getColumn(0).getString(), made.getColumn(1).getString());
        return found;
    }
    former_folder first_, last_;
    std::size_t which_;
    std::vector<std::string> always_, sometimes_;
    std::string dated_outbox_;
};

/// Between the programs above there were others, and one database was opened by several of them.
BOOST_AUTO_TEST_CASE(mixtures_of_what_openings_made_become_the_same) {
    for (const auto& [name, pieces, stride] : {std::tuple{database_name::access, 5u, 1u},
                                               {database_name::catalog, 3u, 1u},
                                               {database_name::instances, 12u, 37u}}) { // 2^12 take long
        const auto& kind = store::kind_of(name);
        const opened_database opened(name);
        BOOST_REQUIRE_EQUAL(opened.pieces(), pieces);
        for (unsigned mixture = 0; mixture < 1u << pieces; mixture += stride) {
            auto db = opened.with(mixture, mixture % 2 == 1);
            for (const auto& step : kind.migrations)
                if (step.to > former_programs[3].version(name))
                    step.apply(db);
            BOOST_REQUIRE_MESSAGE(is_like_new(db, kind), kind.name << " with mixture " << mixture);
        }
    }
}

BOOST_AUTO_TEST_CASE(card_parameters_of_former_names_are_kept) {
    const former_folder d(former_programs[2]);
    SQLite::Database(d.file("instances.db"), SQLite::OPEN_READWRITE)
        .exec("UPDATE service_instances SET document = json_set(json_remove(document, '$.target.card.rulesReadBack'), "
              "'$.target.card.aracReadBack', json('true')) WHERE id = 'instance-1';"
              "UPDATE tombstones SET document = json_set(json_remove(document, '$.target.card.rulesReadBack'), "
              "'$.target.card.aracReadBack', json('false'))");
    SQLite::Database(d.file("catalog.db"), SQLite::OPEN_READWRITE)
        .exec("UPDATE profile_internals SET document = json_set(document, '$.card.aracReadBack', json('false'))");
    migrate(d);
    const store::device_store db(d.file("instances.db"));
    BOOST_TEST(db.instances.find("instance-1")->target.card.rules_read_back);
    BOOST_TEST(!db.instances.tombstones_on("card-3").at(0).target.card.rules_read_back);
    const auto catalog = store::open_catalog_reader(d.file("catalog.db"));
    const auto internals = catalog->read([](const store::catalog_view& v) { return v.profile_internals("profile-1"); });
    BOOST_TEST(!store::read_card_parameters(*internals.find("card")->as_object()).rules_read_back);
}

/// For an hour, a domain said itself whether the issuer knew its keys.
BOOST_AUTO_TEST_CASE(keys_that_the_issuer_knows_stay_so) {
    for (const auto& [told, version, knows] : {std::tuple{"json('true')", 49, true},
                                               {"json('false')", 48, false},
                                               {"NULL", 48, true},
                                               {"NULL", 49, false}}) {
        const former_folder d(former_programs[0]);
        SQLite::Database(d.file("instances.db"), SQLite::OPEN_READWRITE)
            .exec("UPDATE secure_components SET document = json_set(document, '$.tsmDomain.issuerKnowsKeys', " +
                  std::string(told) + ", '$.tsmDomain.keys.version', " + std::to_string(version) +
                  ") WHERE id = 'card-1'");
        migrate(d);
        const auto card = store::device_store(d.file("instances.db")).cards.find("card-1").value();
        BOOST_TEST(card.tsm_domain->keys->issuer_knows == knows);
        BOOST_TEST(card.tsm_domain->other_keys.size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_newer_database_is_refused_by_name_and_left_alone) {
    const former_folder d(former_programs[3]);
    migrate(d);
    for (const auto& one : d.all()) {
        const auto& kind = store::kind_of(one.name);
        const auto set = [&](int version) {
            SQLite::Database(one.path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version=" + std::to_string(version));
        };
        set(kind.version() + 1);
        const auto before = rows_of(one.path);
        for (const auto& said :
             {refusal([&] { open(one); }), refusal([&] { pending(d); }), refusal([&] { migrate(d); })})
            BOOST_TEST(says(said, {one.path.string(), "schema version " + std::to_string(kind.version() + 1),
                                   "a newer one wrote it", "Use the program version that wrote it"}));
        BOOST_TEST(rows_of(one.path) == before);
        set(kind.version());
    }
}

BOOST_AUTO_TEST_CASE(a_broken_database_is_refused_before_anything_is_changed) {
    const former_folder d(former_programs[1]);
    const auto intact = rows_of(d.file("access.db"));
    const auto file = d.file("instances.db");
    SQLite::Database(file, SQLite::OPEN_READWRITE).exec("ALTER TABLE audit RENAME TO kept");
    BOOST_TEST(says(refusal([&] { pending(d); }), {file.string(), "schema version 1", "it lacks audit", "restore"}));
    SQLite::Database(file, SQLite::OPEN_READWRITE).exec("ALTER TABLE kept RENAME TO audit; DROP TABLE outbox");
    BOOST_TEST(says(refusal([&] { pending(d); }), {file.string(), "it lacks outbox", "restore"}));
    {
        std::fstream page(d.file("catalog.db"), std::ios::in | std::ios::out | std::ios::binary);
        page.seekp(2 * 4096);
        page << std::string(4096, 'x');
    }
    BOOST_TEST(says(refusal([&] { pending(d); }), {"catalog.db", "damage", "restore"}));
    fs::resize_file(d.file("catalog.db"), 0);
    BOOST_TEST(says(refusal([&] { pending(d); }), {"catalog.db", "missing or empty"}));
    BOOST_TEST(rows_of(d.file("access.db")) == intact);
}

// SQLite reads the first statement of a schema's text and no more; nor does the trial of the steps run what is behind
// it.
BOOST_AUTO_TEST_CASE(what_hides_in_a_schema_is_not_run) {
    const former_folder d(former_programs[1]);
    const auto elsewhere = d.file("elsewhere.db").string();
    SQLite::Database(d.file("instances.db"), SQLite::OPEN_READWRITE)
        .exec("PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = sql || '; ATTACH ''" + elsewhere +
              "'' AS e; CREATE TABLE e.x (y)' WHERE name = 'journal'");
    BOOST_TEST(!pending(d).empty());
    BOOST_TEST(!fs::exists(elsewhere));
}

void go_half_way(SQLite::Database& db) {
    db.exec("CREATE TABLE more (x); DELETE FROM apps");
    throw SQLite::Exception("broken off");
}
void go(SQLite::Database& db) {
    db.exec("CREATE TABLE more (x)");
}

BOOST_AUTO_TEST_CASE(a_step_that_fails_leaves_the_version_before_it_and_is_done_again) {
    const former_folder d(former_programs[3]);
    const auto file = d.file("instances.db");
    migrate(d);
    const auto before = rows_of(file);
    auto kind = store::instances_kind();
    const auto rehearsed = kind.version();
    std::vector<store::migration> rows(kind.migrations.begin(), kind.migrations.end());
    rows.push_back({rehearsed + 1, "one that works", go});
    rows.push_back({rehearsed + 2, "one that does not", [](SQLite::Database& db) {
                        db.exec("ALTER TABLE more RENAME TO most");
                        go_half_way(db);
                    }});
    kind.migrations = rows;
    std::vector<int> done;
    const auto note = [&](const store::migration_step& step) { done.push_back(step.to); };
    BOOST_TEST(says(refusal([&] { store::migrate_one(file, kind, note); }), {"instances.db", "broken off"}));
    BOOST_TEST(done == std::vector{rehearsed + 1}, boost::test_tools::per_element());
    BOOST_TEST(version_of(file) == rehearsed + 1);
    SQLite::Database db(file);
    BOOST_TEST(store::has_object(db, "more"));
    BOOST_TEST(db.execAndGet("SELECT count(*) FROM apps").getInt() == 1);
    BOOST_TEST(!store::first_broken_audit_entry(db));
    rows.back().apply = [](SQLite::Database& again) { again.exec("ALTER TABLE more RENAME TO most"); };
    store::migrate_one(file, kind, note);
    BOOST_TEST(version_of(file) == rehearsed + 2);
    BOOST_TEST(store::has_object(db, "most"));
}

BOOST_AUTO_TEST_CASE(between_two_databases_nothing_starts_and_the_next_run_goes_on) {
    const former_folder d(former_programs[3]);
    store::migrate({d.all()[0]}, [](const store::migration_step&) {});
    BOOST_TEST(says(refusal([&] { start_roles(d); }), {"catalog.db", "tsms migrate --data"}));
    BOOST_TEST(migrate(d) == expected_steps(former_programs[3], {database_name::catalog, database_name::instances}),
               boost::test_tools::per_element());
    start_roles(d);
}

BOOST_AUTO_TEST_CASE(a_kill_at_any_moment_leaves_one_version_or_the_other) {
    for (int round = 0; round < 40; ++round) {
        const auto& then = former_programs[static_cast<std::size_t>(round) % std::size(former_programs)];
        const former_folder d(then);
        const auto child = ::fork();
        if (child == 0) {
            migrate(d);
            std::_Exit(0);
        }
        ::usleep(static_cast<useconds_t>(round * 400));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        migrate(d);
        BOOST_TEST(pending(d).empty());
        start_roles(d);
        find_access(d, then);
        find_catalog(d);
        find_instances(d, then);
    }
}

/// The mark of a database whose commits were lost stays ahead of it: that is refused behind the migration too.
BOOST_AUTO_TEST_CASE(what_was_lost_before_is_not_hidden_by_a_migration) {
    const former_folder d(former_programs[3]);
    SQLite::Database(d.file("instances.db"), SQLite::OPEN_READWRITE)
        .exec("DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)");
    migrate(d);
    BOOST_TEST(says(refusal([&] { start_roles(d); }), {"instances.db is older than it was", "tsms adopt"}));
    BOOST_TEST(store::adopt(d.all()).misfits.size() >= 1u);
    start_roles(d);
}

BOOST_AUTO_TEST_SUITE_END()
