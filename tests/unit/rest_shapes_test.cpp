// Values of every JSON kind at every place of every entity: in what is sent, and in what catalog.db holds (DIV-105).

#include "damage.hpp"
#include "rest_bodies.hpp"
#include "json/known.hpp"

#include <algorithm>
#include <set>

using namespace tsms;
using namespace tsms::rest_test;
using model::entity_kind;
using model::value_type;

namespace {

struct row {
    const char* json;
    std::set<value_type> of; ///< the types that it is one of; the rest are refused
};

const row values[] = {
    {"null", {}},
    {"true", {value_type::boolean}},
    {"7", {value_type::integer}},
    {"0.5", {}},
    {"\"x\"", {value_type::string}},
    {"[]", {value_type::strings, value_type::objects}},
    {"[7]", {}},
    {"[null]", {}},
    {"[[\"x\"]]", {}},
    {"[{}]", {}}, // the only list of parts is one whose parts have something mandatory
    {"[\"x\"]", {value_type::strings}},
    {"{}", {value_type::object, value_type::string_map, value_type::boolean_map, value_type::strings_map}},
    {"{\"k\":7}", {value_type::object}}, // a member that nobody knows
    {"{\"k\":null}", {value_type::object}},
    {"{\"k\":[7]}", {value_type::object}},
    {"{\"k\":{}}", {value_type::object}},
    {"{\"k\":\"v\"}", {value_type::object, value_type::string_map}},
    {"{\"k\":true}", {value_type::object, value_type::boolean_map}},
    {"{\"k\":[\"v\"]}", {value_type::object, value_type::strings_map}},
};

/// Every place of a stored document that the table knows.
void stored_places(entity_kind kind, const json::object& document, const std::vector<std::string>& above,
                   std::vector<place>& out) {
    const auto& e = model::describe(kind);
    for (const auto& a : e.attributes) {
        const auto* v = document.find(a.key());
        auto steps = above;
        steps.emplace_back(a.key());
        out.push_back({steps, &a, e.name});
        if (v && a.type == value_type::object)
            stored_places(a.part, json::object_of(*v), steps, out);
        if (v && a.type == value_type::objects) {
            steps.emplace_back("0");
            stored_places(a.part, json::object_of(json::array_of(*v).at(0)), steps, out);
        }
    }
}

struct stored : bodies {
    stored() {
        for (const auto& s : subjects(false)) {
            of[s.kind] = s;
            if (s.kind == entity_kind::flavor)
                parsed(send("POST", s.one + "/publish"));
        }
        const auto id = [](const subject& s) { return s.one.substr(s.one.rfind('/') + 1); };
        service_id = id(of[entity_kind::service]);
        flavor_id = id(of[entity_kind::flavor]);
        profile_id = text(first_of("/secure-component-profiles"), "id");
        elf_id = text(first_of("/executable-load-files"), "id");
        BOOST_REQUIRE(device_side->target(service_id, "1.0.0", profile_id));
    }

    json::value first_of(const std::string& path) { return json::array_of(parsed(get(path))).at(0); }

    /// The addresses of one and of all.
    std::pair<std::string, std::string> addresses(entity_kind kind, const std::string& id) {
        const auto in = [&](const std::string& collection) { return std::pair{collection + "/" + id, collection}; };
        switch (kind) {
        case entity_kind::secure_component_profile:
            return in("/secure-component-profiles");
        case entity_kind::executable_load_file:
            return in("/executable-load-files");
        case entity_kind::executable_module:
            return in("/executable-load-files/" + elf_id + "/executable-modules");
        case entity_kind::certificate:
            return in("/certificates");
        case entity_kind::personalization_script:
            return in("/personalization-scripts");
        default:
            return {of.at(kind).one, of.at(kind).collection};
        }
    }

    void keep(const std::string& id, const json::value& document) {
        SQLite::Database db(file(), SQLite::OPEN_READWRITE);
        db.exec("PRAGMA synchronous = OFF"); // some thousand times
        SQLite::Statement s(db, "UPDATE entity SET document = ? WHERE id = ?");
        s.bind(1, json::dump(document));
        s.bind(2, id);
        BOOST_REQUIRE(s.exec() == 1);
        catalog.release_snapshots();
    }
    std::filesystem::path file() const { return directory.path() / "catalog.db"; }

    /// The request is answered as one that is not at fault, and the operator reads what is damaged.
    void is_named(const std::string& method, const std::string& path, const std::string& body,
                  const std::string& damaged) {
        internal.clear();
        const auto answer = send(method, path, body);
        BOOST_TEST(answer.status == 500, method << " " << path << ": " << problem(answer));
        BOOST_TEST(unit::names(internal, "reading catalog.db failed", damaged.c_str()), method << " " << path);
    }

    struct entity {
        std::string id;
        entity_kind kind;
        json::object document;
    };
    std::vector<entity> everything() const {
        std::vector<entity> out;
        SQLite::Database db(file());
        SQLite::Statement s(db, "SELECT id, kind, document FROM entity");
        while (s.executeStep())
            out.push_back({s.getColumn(0).getString(), static_cast<entity_kind>(s.getColumn(1).getInt()),
                           json::object_of(json::parse(s.getColumn(2).getString()))});
        return out;
    }

    /// Whatever reads, changes or deploys it.
    void is_damage(const entity& one, const std::string& where) {
        const auto damaged =
            "the document of " + std::string(model::entity_name(one.kind)) + " " + one.id + ": " + where;
        const auto [path, collection] = addresses(one.kind, one.id);
        is_named("GET", path, "", damaged);
        is_named("GET", collection, "", damaged);
        if (one.kind != entity_kind::secure_component_profile && one.kind != entity_kind::executable_module)
            is_named("DELETE", path, "", damaged);
        if (of.contains(one.kind))
            is_named("PUT", path, json::dump(of[one.kind].body), damaged);
        constexpr entity_kind published[] = {entity_kind::flavor, entity_kind::service,
                                             entity_kind::executable_load_file, entity_kind::executable_module,
                                             entity_kind::application_config};
        if (std::ranges::count(published, one.kind))
            is_named("POST", of[entity_kind::flavor].one + "/publish", "", damaged);
        constexpr entity_kind linked[] = {entity_kind::flavor, entity_kind::service, entity_kind::version,
                                          entity_kind::secure_component_profile};
        if (std::ranges::count(linked, one.kind))
            is_named("POST", of[entity_kind::version].one + "/flavors",
                     json::dump(json::object{{flavor_id, json::array{profile_id}}}), damaged);
        constexpr entity_kind off_the_card[] = {entity_kind::certificate, entity_kind::personalization_script};
        if (std::ranges::count(off_the_card, one.kind))
            return;
        const auto told = unit::refusal([&] { device_side->target(service_id, "1.0.0", profile_id); });
        BOOST_TEST(unit::names(told, "reading catalog.db failed", damaged.c_str()));
    }

    std::map<entity_kind, subject> of;
    std::string service_id, flavor_id, profile_id, elf_id;
};

struct sent : bodies {
    sent() : bodies(kept::in_memory) {}
};

/// Refused as the sender's fault.
bool is_told(const std::string& answer) {
    return answer.starts_with("100") && answer[3] >= '2' && answer[3] <= '9';
}

} // namespace

BOOST_AUTO_TEST_SUITE(rest_shapes)

BOOST_FIXTURE_TEST_CASE(what_is_sent, sent) {
    std::size_t count = 0;
    walk([&](const subject& s, const place& p) {
        for (const auto& v : values) {
            ++count;
            const auto sent = changed(s.body, p.steps, json::parse(v.json));
            const auto posted = problem(post(s.collection, sent)), changed_to = problem(put(s.one, sent));
            const bool good = v.of.contains(p.what->type) || v.json == std::string_view("null");
            for (const auto& answer : {posted, changed_to})
                BOOST_TEST((is_told(answer) || (good && (answer == "200" || answer.starts_with("1016")))),
                           v.json << ": " << answer);
            put(s.one, s.body);
        }
    });
    BOOST_TEST(count > 1500u);
    BOOST_TEST(internal == "");
}

BOOST_FIXTURE_TEST_CASE(what_is_sent_as_a_whole_and_to_link, sent) {
    for (const auto& s : subjects(false)) {
        std::vector<std::pair<std::string, std::string>> to{{"POST", s.collection}, {"PUT", s.one}};
        if (s.kind == entity_kind::flavor)
            for (const auto* method : {"POST", "PUT"})
                to.emplace_back(method, s.one + "/executable-load-files");
        if (s.kind == entity_kind::version)
            for (const auto* method : {"POST", "PUT"})
                for (const auto* what : {"/flavors", "/secure-component-profiles"})
                    to.emplace_back(method, s.one + what);
        for (const auto& [method, path] : to)
            for (const auto& v : values) {
                const auto answer = problem(send(method, path, v.json));
                const std::string_view text = v.json;
                BOOST_TEST((is_told(answer) || ((text == "{}" || text == "[]") && answer == "200")),
                           method << " " << path << " " << text << ": " << answer);
            }
    }
    BOOST_TEST(internal == "");
}

BOOST_FIXTURE_TEST_CASE(what_is_stored, stored) {
    std::size_t count = 0;
    std::set<entity_kind> seen;
    for (const auto& one : everything()) {
        seen.insert(one.kind);
        std::vector<place> places;
        stored_places(one.kind, one.document, {}, places);
        for (const auto& p : places)
            for (const auto& v : values) {
                if (v.of.contains(p.what->type))
                    continue;
                ++count;
                BOOST_TEST_CONTEXT(p.path() << " is " << v.json) {
                    keep(one.id, changed(one.document, p.steps, json::parse(v.json)));
                    is_damage(one, p.path().substr(0, p.path().find('[')));
                }
            }
        keep(one.id, one.document);
    }
    BOOST_TEST(seen.size() == 10u); // all of them
    BOOST_TEST(count > 800u);
    BOOST_TEST(device_side->target(service_id, "1.0.0", profile_id).has_value());
}

BOOST_FIXTURE_TEST_CASE(what_is_mandatory_and_not_stored, stored) {
    std::size_t count = 0;
    for (const auto& one : everything()) {
        std::vector<place> places;
        stored_places(one.kind, one.document, {}, places);
        for (const auto& p : places)
            if (p.what->mandatory == model::presence::mandatory && p.what->optional_in == model::no_dialect)
                BOOST_TEST_CONTEXT(p.path()) {
                    ++count;
                    keep(one.id, changed(one.document, p.steps, std::nullopt));
                    is_damage(one, p.path() + " is missing");
                }
        keep(one.id, one.document);
    }
    BOOST_TEST(count == 19u);
}

BOOST_FIXTURE_TEST_CASE(what_only_the_tsm_knows_of_a_load_file, stored) {
    for (const auto& one : everything()) {
        if (one.kind != entity_kind::executable_load_file)
            continue;
        for (const auto* image : {"7", "null", "[]", "{}", R"({"sha256": 7, "size": 1})", R"({"sha256": "00"})",
                                  R"({"sha256": "00", "size": "1"})", R"({"sha256": "00", "size": 1, "packages": [7]})",
                                  R"({"sha256": "00", "size": 1, "extended": "yes"})"}) {
            keep(one.id, changed(one.document, std::vector<std::string>{"loadImage"}, json::parse(image)));
            is_damage(one, "loadImage");
        }
        keep(one.id, changed(one.document, std::vector<std::string>{"loadImage"}, std::nullopt));
        is_named("POST", of[entity_kind::flavor].one + "/publish", "", "loadImage");
    }
}

BOOST_FIXTURE_TEST_CASE(what_only_the_tsm_knows_of_a_profile, stored) {
    for (const auto* internals : {R"({"card": 7})", R"({"identification": []})", R"({"deprecated": 1})"}) {
        unit::execute(file(), std::string("UPDATE profile_internals SET document = '") + internals + "'");
        catalog.release_snapshots();
        const auto damaged = "the internal part of " + profile_id;
        is_named("POST", of[entity_kind::flavor].one + "/publish", "", damaged);
        for (const auto& told :
             {unit::refusal([&] { device_side->profiles(); }), unit::refusal([&] { device_side->service(service_id); }),
              unit::refusal([&] { rest::list_profiles(catalog); })})
            BOOST_TEST(unit::names(told, "reading catalog.db failed", damaged.c_str()), internals);
    }
}

BOOST_FIXTURE_TEST_CASE(what_is_referred_to_and_not_there, stored) {
    auto flavor = json::object();
    for (const auto& one : everything())
        if (one.id == flavor_id)
            flavor = one.document;
    using steps = std::vector<std::string>;
    for (const auto& at :
         {steps{"executableLoadFileIds"}, steps{"applicationInstantiationConfigs", "0", "executableModuleId"},
          steps{"applicationInstantiationConfigs", "0", "applicationConfigId"}}) {
        keep(flavor_id, changed(flavor, at, at.size() == 1 ? json::value(json::array{nobody}) : json::value(nobody)));
        const auto told = unit::refusal([&] { device_side->target(service_id, "1.0.0", profile_id); });
        BOOST_TEST(unit::names(told, "reading catalog.db failed", "refers to"), at.back());
        BOOST_TEST(send("POST", of[entity_kind::flavor].one + "/publish").status >= 400, at.back());
    }
}

// What could not be read again is a bug of whoever writes it.
BOOST_AUTO_TEST_CASE(what_is_handed_to_a_catalog) {
    for (const auto where : {kept::in_files, kept::in_memory}) {
        fixture f(where);
        const auto id = f.service();
        const auto write = [&](auto change) {
            f.catalog.write([&](store::catalog_edit& edit) { return change(edit), true; });
        };
        BOOST_CHECK_THROW(write([&](store::catalog_edit& edit) {
                              edit.insert({"s", entity_kind::service, "one", "", "1", {{"name", 7}}}, {});
                          }),
                          std::logic_error);
        BOOST_CHECK_THROW(write([&](store::catalog_edit& edit) {
                              auto row = *edit.find_any(entity_kind::service, id);
                              row.document.erase("name");
                              edit.update(row, {});
                          }),
                          std::logic_error);
        BOOST_CHECK_THROW(write([&](store::catalog_edit& edit) {
                              edit.put_profile_internals(id, {{"card", 7}});
                          }),
                          std::logic_error);
    }
}

BOOST_AUTO_TEST_SUITE_END()
