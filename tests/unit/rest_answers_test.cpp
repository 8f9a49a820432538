// What the REST API answers, against the official OpenAPI's schemas (tests/e2e/official_rest_api.json): a client that
// was generated from that document must be able to read every answer.

#include "http/rest/entity_document.hpp"
#include "http/rest/openapi.hpp"
#include "model/entities.hpp"
#include "places.hpp"
#include "tests/unit/rest_fixture.hpp"

#include <fstream>
#include <regex>
#include <sstream>

using namespace tsms;
using namespace tsms::rest_test;

namespace {

struct official {
    json::value facts;
    std::string dialect;

    explicit official(model::dialect d) : dialect(d == model::dialect::v1_0 ? "1.0" : "1.0.4") {
        std::stringstream text;
        text << std::ifstream(OFFICIAL_REST_API).rdbuf();
        facts = json::parse(text.str());
    }

    /// What the document says of it, null where it says nothing.
    const json::value* find(std::string_view topic, std::string_view entity, std::string_view attribute) const {
        const json::value* at = &facts;
        for (const auto name : {topic, std::string_view(dialect), entity, attribute})
            if (at)
                at = json::root_object(*at).find(name);
        return at;
    }

    /// Empty, or why the document does not know such a value.
    std::string refuses(const json::value& v, std::string_view entity, std::string_view attribute) const {
        const auto* type = find("schemas", entity, attribute);
        if (!type)
            return "no such attribute";
        const auto& name = *type->as_string();
        if (name.ends_with("[]"))
            return v.is_array() ? "" : "no list";
        if (name.starts_with("Map<"))
            return v.is_object() ? "" : "no map";
        if (name == "boolean")
            return v.as_boolean() ? "" : "no boolean";
        if (name == "integer")
            return v.as_integer() ? out_of(v, find("limits", entity, attribute)) : "no integer";
        if (name == "string")
            return v.as_string() ? out_of(v, find("limits", entity, attribute)) : "no string";
        if (name == "string:uuid")
            return v.as_string() && v.as_string()->size() == 36 ? "" : "no UUID";
        return v.is_object() ? "" : "no " + name;
    }

    static std::string out_of(const json::value& v, const json::value* limits) {
        if (!limits)
            return "";
        const json::reader limit(json::root_object(*limits));
        const auto least = limit.has("minimum") ? "minimum" : "minLength";
        const auto most = limit.has("maximum") ? "maximum" : "maxLength";
        const auto size = v.as_integer() ? *v.as_integer() : static_cast<std::int64_t>(v.as_string()->size());
        if ((limit.has(least) && size < limit.integer(least)) || (limit.has(most) && size > limit.integer(most)))
            return "out of its limits";
        if (limit.has("pattern") && !std::regex_match(*v.as_string(), std::regex(limit.string("pattern"))))
            return "not of its pattern";
        return "";
    }
};

std::string place(const official& document, const model::entity& e, const model::attribute& a) {
    return document.dialect + " " + std::string(e.name) + "." + std::string(a.name);
}

/// Every attribute that a stored document may be without.
template <class Visit> void walk_optional(Visit visit) {
    for (const auto d : {model::dialect::v1_0, model::dialect::v1_0_4}) {
        const official document(d);
        for (const auto& e : model::entities())
            for (const auto& a : e.attributes)
                if (contains(a.in, d) && a.mandatory == model::presence::optional)
                    visit(document, d, e, a);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(rest_answers)

BOOST_AUTO_TEST_CASE(what_was_never_given_is_answered_with_a_value_of_the_official_schema) { // AMB-036, AMB-244
    std::size_t looked_at = 0;
    std::vector<std::string> left_out;
    walk_optional([&](const official& document, model::dialect d, const model::entity& e, const model::attribute& a) {
        ++looked_at;
        const auto answer = rest::presented(e.kind, d, {});
        json::printer out;
        rest::print(e.kind, d, {}, out);
        BOOST_TEST((json::parse(out.text()) == json::value(answer)));
        if (const auto* v = answer.find(a.name))
            BOOST_TEST(document.refuses(*v, e.name, a.name) == "", place(document, e, a) << ": " << json::dump(*v));
        else
            left_out.push_back(place(document, e, a));
    });
    BOOST_TEST(looked_at > 50U);
    // TR 4.1.4: everything is there, "but may be empty". A UUID cannot be.
    const std::vector<std::string> references{
        "1.0 Service.sposConfigId",
        "1.0 PersonalizationConfig.certificateId",
        "1.0 PersonalizationConfig.personalizationScriptId",
        "1.0.4 Service.sposConfigId",
        "1.0.4 PersonalizationConfig.certificateId",
        "1.0.4 PersonalizationConfig.personalizationScriptId",
    };
    BOOST_TEST(left_out == references, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_served_document_knows_no_null_either) {
    walk_optional([&](const official& document, model::dialect d, const model::entity& e, const model::attribute& a) {
        json::value served = rest::openapi_document(d);
        for (const std::string_view step : {std::string_view("components"), std::string_view("schemas"), e.name,
                                            std::string_view("properties"), a.name})
            served = member(served, step);
        BOOST_TEST(!json::root_object(served).find("nullable"), place(document, e, a));
    });
}

BOOST_AUTO_TEST_CASE(the_served_document_has_the_reasons_of_refusals) { // DIV-067
    for (const auto d : {model::dialect::v1_0, model::dialect::v1_0_4})
        for (const auto& o : model::operations()) {
            json::value refused = rest::openapi_document(d);
            for (const auto& step : {std::string("paths"), std::string(o.path),
                                     std::string(o.method == "GET"      ? "get"
                                                 : o.method == "POST"   ? "post"
                                                 : o.method == "PUT"    ? "put"
                                                 : o.method == "DELETE" ? "delete"
                                                                        : ""),
                                     std::string("responses"), std::string("400")})
                refused = member(refused, step);
            const auto* headers = json::root_object(refused).find("headers");
            const bool sends = (o.method == "POST" || o.method == "PUT") && o.path != "/auth";
            BOOST_TEST((headers && json::root_object(*headers).find("TSMS-Reason")) == sends, std::string(o.id));
        }
}

BOOST_FIXTURE_TEST_CASE(a_part_is_shown_alike_whether_it_was_left_out_or_given_empty, fixture) { // DIV-069
    for (const std::string dialect : {"/sptsm/1.0", "/sptsm/1.0.4"}) {
        base = dialect;
        json::object body{{"instanceAid", "D27600016354450101"}, {"installConfig", json::object()}};
        const auto without = parsed(post("/application-configs", body));
        body.set("activationConfig", json::object()).set("personalizationConfig", json::object());
        const auto with = parsed(post("/application-configs", body));
        for (const std::string part : {"installConfig", "activationConfig", "personalizationConfig"})
            BOOST_TEST((member(without, part) == member(with, part)), part);
        // What is read can be written back, and changes nothing.
        const auto path = "/application-configs/" + text(without, "id");
        BOOST_TEST((parsed(put(path, without)) == without));
        BOOST_TEST((parsed(get(path)) == without));
    }
    // 1.0 has it mandatory, 1.0.4 does not: what one lets out is whole in the other.
    base = "/sptsm/1.0.4";
    const auto made = parsed(post("/application-configs", json::object{{"instanceAid", "D27600016354450101"}}));
    base = "/sptsm/1.0";
    const auto seen = parsed(get("/application-configs/" + text(made, "id")));
    BOOST_TEST(text(member(seen, "installConfig"), "applicationSpecificInstallParameter") == "");
    BOOST_TEST((parsed(put("/application-configs/" + text(made, "id"), seen)) == seen));
}

BOOST_FIXTURE_TEST_CASE(java_card_versions_of_profiles_have_three_numbers, fixture) { // as the official schema
    const official document(model::dialect::v1_0);
    for (const std::string good : {"3.0.5", "3.1.0", "1.2.345"}) {
        BOOST_TEST(document.refuses(good, "SecureComponentProfile", "javaCardVersion") == "", good);
        BOOST_CHECK_NO_THROW(profile("P" + good, good));
    }
    for (const std::string bad : {"3.0", "3", "3.0.5.1", "3.0.1234", "3.0.x"}) {
        BOOST_TEST(document.refuses(bad, "SecureComponentProfile", "javaCardVersion") != "", bad);
        BOOST_CHECK_THROW(profile("P" + bad, bad), rest::profile_error);
    }
}

BOOST_FIXTURE_TEST_CASE(a_java_card_version_of_before_is_written_again, fixture) { // DIV-069
    const auto id = profile("old", "3.1.0");
    const auto version = [&] { return text(parsed(get("/secure-component-profiles/" + id)), "javaCardVersion"); };
    const auto as_before = [&](const std::string& two) {
        catalog.write([&](store::catalog_edit& edit) {
            auto row = *edit.find_any(model::entity_kind::secure_component_profile, id);
            row.document.set("javaCardVersion", two);
            edit.update(row, {});
            return true;
        });
        BOOST_TEST(version() == two);
    };
    as_before("3.1");
    BOOST_TEST(profile("old", "3.1.0") == id);
    BOOST_TEST(version() == "3.1.0");
    as_before("3.1");
    BOOST_CHECK_THROW(profile("old", "3.1.1"), rest::profile_error);
    BOOST_CHECK_THROW(profile("old", "3.0.1"), rest::profile_error);
    BOOST_TEST(version() == "3.1");
}

BOOST_FIXTURE_TEST_CASE(a_personalization_that_asks_for_nothing_is_none, fixture) { // AMB-150
    const auto script =
        text(parsed(upload("POST", "/personalization-scripts", {{"script-file", "s.json", R"({"version": 1, "commands":
                                               [{"tag": "pin", "header": "80e28800", "data": "0101${pin}"}]})"}})),
             "id");
    const auto remote =
        text(parsed(upload("POST", "/personalization-scripts",
                           {{"script-file", "r.json", R"({"version": 1, "remote": {"url": "https://a"}})"}})),
             "id");
    const auto scp = profile();
    const auto elf = load_file();
    const auto app = "/application-configs/" + config();
    const auto service_id = service();
    const auto flavors = "/services/" + service_id + "/flavors";
    const auto flavor =
        text(parsed(post(flavors, json::object{{"executableLoadFileIds", json::array{elf}},
                                               {"applicationInstantiationConfigs",
                                                json::array{instantiation(module(elf), app.substr(21))}}})),
             "id");
    parsed(send("POST", flavors + "/" + flavor + "/publish"));
    parsed(post("/services/" + service_id + "/versions",
                json::object{{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{scp}}}}}));
    model::target_application found;
    const auto has_personalization = [&](json::object part) {
        const auto aid = text(parsed(get(app)), "instanceAid");
        parsed(put(app, json::object{{"instanceAid", aid},
                                     {"installConfig", json::object()},
                                     {"personalizationConfig", std::move(part)}}));
        found = device_side->target(service_id, "1.0.0", scp)->applications.at(0);
        return found.has_personalization;
    };
    BOOST_TEST(!has_personalization({}));
    BOOST_TEST(!has_personalization({{"provideAttestationToken", false}}));
    BOOST_TEST(!found.script);
    BOOST_TEST(has_personalization({{"provideAttestationToken", true}}));
    BOOST_TEST(!found.script);
    BOOST_TEST(has_personalization({{"provideAttestationToken", false}, {"personalizationScriptId", script}}));
    BOOST_TEST(found.script.value().hindrance == "");
    BOOST_TEST(found.script->commands.at(0).header == "80E28800");
    BOOST_TEST(found.script->commands.at(0).data == "0101${pin}");
    BOOST_TEST(has_personalization({{"personalizationScriptId", remote}}));
    BOOST_TEST(found.script.value().hindrance != "");
    BOOST_TEST(!has_personalization({{"personalizationScriptId", nullptr}}));
}

BOOST_AUTO_TEST_SUITE_END()
