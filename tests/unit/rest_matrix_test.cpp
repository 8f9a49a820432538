// TR 4.1.4, "Mandatory" and "Editable": what POST and PUT may leave out, leave empty and change. Every attribute of
// every entity that is written as JSON, in both dialects.

#include "rest_bodies.hpp"

using namespace tsms;
using namespace tsms::rest_test;
using model::entity_kind;
using model::value_type;

namespace {

struct matrix : bodies {
    /// For every attribute of every entity, in both dialects.
    template <class Visit> void walk(Visit visit) {
        for (const auto d : {model::dialect::v1_0, model::dialect::v1_0_4}) {
            dialect = d;
            base = d == model::dialect::v1_0 ? "/sptsm/1.0" : "/sptsm/1.0.4";
            for (const auto& s : subjects(d == model::dialect::v1_0_4))
                for (const auto& a : model::describe(s.kind).attributes)
                    if (contains(a.in, d))
                        BOOST_TEST_CONTEXT(base << " " << model::entity_name(s.kind) << "." << a.name)
            visit(s, a);
        }
    }

    /// A Version has a tag of its own.
    net::response create(const subject& s, json::object body) {
        const auto* tag = body.find("tag");
        if (tag && *tag == *s.body.find("tag"))
            body.set("tag", "1.0." + std::to_string(++tags));
        return post(s.collection, body);
    }
    std::string created(const subject& s, const json::object& body) {
        return s.collection + "/" + text(parsed(create(s, body)), s.kind == entity_kind::version ? "tag" : "id");
    }
    /// What only has to be there; in a PUT the Version's own tag.
    json::object least(const subject& s, const std::string& path = {}) const {
        json::object body;
        for (const auto& a : model::describe(s.kind).attributes)
            if (contains(a.in, dialect) && a.is_mandatory(dialect))
                body.set(std::string(a.name), *s.body.find(a.name));
        if (body.find("tag") && !path.empty())
            body.set("tag", path.substr(path.rfind('/') + 1));
        return body;
    }

    model::dialect dialect{};
    int tags = 0;
};

using given = std::optional<json::value>; ///< nothing: left out

json::object with(json::object body, std::string_view name, const given& v) {
    if (v)
        body.set(std::string(name), *v);
    else
        body.erase(std::string(name));
    return body;
}

/// Ways to give no value: left out, null, and empty where the type has an empty value that is none.
std::vector<given> no_values(const model::attribute& a) {
    std::vector<given> ways{std::nullopt, json::value()};
    if (a.type == value_type::string)
        ways.emplace_back(json::value(""));
    if (a.type == value_type::strings || a.type == value_type::objects)
        ways.emplace_back(json::value(json::array()));
    if (a.type == value_type::string_map || a.type == value_type::strings_map)
        ways.emplace_back(json::value(json::object()));
    return ways;
}

std::optional<json::value> shown(const json::value& answer, const model::attribute& a) {
    const auto* found = json::root_object(answer).find(a.name);
    return found ? std::optional(*found) : std::nullopt;
}

bool is_empty(const json::value& v) {
    return v.is_null() || (v.as_string() && v.as_string()->empty()) || (v.as_array() && v.as_array()->empty()) ||
           (v.as_object() && v.as_object()->empty());
}

/// Another value than any that the TSM assigns.
json::value other_value(const model::attribute& a) {
    if (a.type == value_type::boolean)
        return true;
    if (a.format == model::text_format::date_time)
        return "2020-01-01T00:00:00.000Z";
    return a.format == model::text_format::aid ? "A000000001" : nobody;
}

} // namespace

BOOST_AUTO_TEST_SUITE(rest_matrix)

BOOST_FIXTURE_TEST_CASE(what_is_mandatory_is_given_and_answered, matrix) {
    std::size_t looked_at = 0;
    walk([&](const subject& s, const model::attribute& a) {
        if (!a.is_mandatory(dialect))
            return;
        ++looked_at;
        const auto path = created(s, s.body);
        const auto answered = shown(parsed(get(path)), a);
        BOOST_REQUIRE(answered);
        BOOST_TEST(!is_empty(*answered));
        const auto why = " failed: attribute " + std::string(a.name) + " is missing, but it is mandatory for " +
                         std::string(model::entity_name(s.kind)) + ".";
        for (const auto& none : no_values(a)) {
            BOOST_TEST(problem(create(s, with(s.body, a.name, none))) == "1004 Create" + why);
            BOOST_TEST(problem(put(path, with(least(s, path), a.name, none))) == "1006 Modify" + why);
        }
    });
    BOOST_TEST(looked_at == 13u); // seven of 1.0, installConfig among them
}

BOOST_FIXTURE_TEST_CASE(what_is_optional_may_be_missing_and_is_answered, matrix) {
    walk([&](const subject& s, const model::attribute& a) {
        if (a.mandatory == model::presence::automatic || a.is_mandatory(dialect))
            return;
        const bool reference = a.type == value_type::string && a.target != entity_kind::none;
        const auto bare = parsed(get(created(s, least(s))));
        BOOST_TEST(shown(bare, a).has_value() == !reference); // a UUID cannot be empty (AMB-244)
        const auto path = created(s, s.body);
        const auto kept = parsed(get(path));
        for (const auto& none : no_values(a)) {
            BOOST_TEST(create(s, with(s.body, a.name, none)).status == 200);
            const auto changed = parsed(put(path, with(least(s, path), a.name, none)));
            BOOST_TEST((shown(changed, a) == shown(none ? bare : kept, a)));       // AMB-031
            parsed(put(path, with(least(s, path), a.name, *s.body.find(a.name)))); // and back again
            BOOST_TEST((parsed(get(path)) == kept));
        }
    });
}

BOOST_FIXTURE_TEST_CASE(what_the_tsm_assigns_is_nobody_elses, matrix) {
    walk([&](const subject& s, const model::attribute& a) {
        if (a.mandatory != model::presence::automatic)
            return;
        const auto name = std::string(a.name);
        const auto path = created(s, s.body);
        const auto assigned = shown(parsed(get(path)), a);
        BOOST_REQUIRE(assigned);
        BOOST_TEST(!is_empty(*assigned));
        BOOST_TEST(problem(create(s, with(s.body, a.name, other_value(a)))) ==
                   "1003 Create failed: attribute " + name +
                       " not allowed for POST. It is automatically assigned when created.");
        BOOST_TEST(problem(put(path, with(least(s, path), a.name, other_value(a)))) ==
                   "1005 Modify failed: attribute " + name +
                       " not allowed for PUT. Attribute cannot be modified after creation.");
        for (const auto& none : {given(), given(json::value()), given(json::value(""))}) {
            const auto made = parsed(create(s, with(s.body, a.name, none)));
            BOOST_TEST(!is_empty(*shown(made, a)));
            BOOST_TEST((*shown(parsed(put(path, with(least(s, path), a.name, none))), a) == *assigned));
        }
        BOOST_TEST((*shown(parsed(put(path, with(least(s, path), a.name, *assigned))), a) == *assigned));
    });
}

BOOST_FIXTURE_TEST_CASE(what_is_mandatory_and_fixed_stays, matrix) { // M/No: the tag alone
    walk([&](const subject& s, const model::attribute& a) {
        if (a.mandatory != model::presence::mandatory)
            return;
        BOOST_TEST(a.editable == (a.name != "tag"));
        if (a.editable)
            return;
        const auto path = created(s, s.body);
        BOOST_TEST(
            problem(put(path, with(least(s, path), a.name, "8.8.8"))) ==
            "1005 Modify failed: attribute tag not allowed for PUT. Attribute cannot be modified after creation.");
        BOOST_TEST(put(path, least(s, path)).status == 200);
    });
}

BOOST_FIXTURE_TEST_CASE(what_is_editable_takes_a_new_value, matrix) {
    walk([&](const subject& s, const model::attribute& a) {
        if (!a.editable)
            return;
        auto other = s.body;
        if (a.name == "name" || a.name == "description")
            other.set(std::string(a.name), "other");
        else if (a.name == "url")
            other.set("url", "https://other.example/x");
        else if (a.name == "instanceAid")
            other.set("instanceAid", "D27600016354450198");
        else if (a.name == "installConfig")
            other.set("installConfig", json::object{{"privileges", json::array{"CVMManagement"}}});
        else if (a.name == "certificateId")
            other.set("certificateId",
                      text(parsed(upload("POST", "/certificates",
                                         {{"cert-file", "c.pem", crypto::make_ca("Y").certificate_pem}})),
                           "id"));
        else if (a.name == "allowedDeployments")
            other.set("allowedDeployments",
                      json::object{{s.body.find("allowedDeployments")->as_object()->begin()->key, json::array()}});
        else // null in the first place
            other = with(least(s), a.name, *s.body.find(a.name));
        const bool from_nothing = !a.is_mandatory(dialect) && a.name != "name" && a.name != "description";
        const auto path = created(s, from_nothing ? least(s) : s.body);
        const auto before = parsed(get(path));
        if (other.find("tag"))
            other.set("tag", text(before, "tag"));
        const auto after = parsed(put(path, other));
        const auto was = shown(before, a), is = shown(after, a);
        BOOST_REQUIRE(is);
        BOOST_TEST((was != is));
        BOOST_TEST((parsed(get(path)) == after));
    });
}

BOOST_FIXTURE_TEST_CASE(a_priority_is_assigned_where_none_is_given, matrix) { // A/Yes (AMB-034)
    const auto flavors = "/services/" + service() + "/flavors";
    const auto application = instantiation(module(load_file()), config());
    const auto priority_of = [](const json::value& answer) {
        return *member(member(answer, "applicationInstantiationConfigs").as_array()->at(0), "priority").as_integer();
    };
    const auto body = [&](const given& priority) {
        return json::object{{"applicationInstantiationConfigs", json::array{with(application, "priority", priority)}}};
    };
    for (const std::string dialect_base : {"/sptsm/1.0", "/sptsm/1.0.4"}) {
        base = dialect_base;
        for (const auto& [given_priority, answered] :
             {std::pair{given(), 255}, {given(json::value()), 255}, {given(7), 7}, {given(1), 1}, {given(255), 255}}) {
            const auto made = parsed(post(flavors, body(given_priority)));
            BOOST_TEST(priority_of(made) == answered);
            const auto path = flavors + "/" + text(made, "id");
            BOOST_TEST(priority_of(parsed(put(path, body(9)))) == 9);
            BOOST_TEST(priority_of(parsed(put(path, body(given_priority)))) == answered);
        }
        // What it is given for is mandatory.
        for (const char* name : {"executableModuleId", "applicationConfigId"})
            for (const auto& none : {given(), given(json::value()), given(json::value(""))})
                BOOST_TEST(problem(post(flavors, json::object{{"applicationInstantiationConfigs",
                                                               json::array{with(application, name, none)}}})) ==
                           "1004 Create failed: attribute applicationInstantiationConfigs[0]." + std::string(name) +
                               " is missing, but it is mandatory for ApplicationInstantiationConfig.");
    }
}

BOOST_AUTO_TEST_SUITE_END()
