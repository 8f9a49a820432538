// The errors 1002 to 1009 at every attribute that a request can carry, at every depth, in both dialects (TR 4.1.4,
// 4.1.5.2). The rows that are walked here data_model_test compares with the norm's.

#include "rest_bodies.hpp"

#include "crypto/pki.hpp"
#include "model/operations.hpp"
#include "model/rest_error.hpp"

#include <set>
#include <span>

using namespace tsms;
using namespace tsms::rest_test;
using model::entity_kind;
using model::presence;
using model::value_type;

namespace {

struct every_attribute : bodies {
    std::string post_with(const subject& s, const place& p, const std::optional<json::value>& v) {
        return problem(post(s.collection, changed(s.body, p.steps, v)));
    }
    std::string put_with(const subject& s, const place& p, const std::optional<json::value>& v) {
        return problem(put(s.one, changed(s.body, p.steps, v)));
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(rest_attributes)

BOOST_FIXTURE_TEST_CASE(what_the_tsm_assigns_is_refused_in_a_post, every_attribute) { // 1003, AMB-030
    std::size_t count = 0;
    walk([&](const subject& s, const place& p) {
        if (!p.is_assigned())
            return;
        ++count;
        const auto given = p.what->type == value_type::boolean ? json::value(true) : json::value("x");
        BOOST_TEST(post_with(s, p, given) == "1003 Create failed: attribute " + p.path() +
                                                 " not allowed for POST. It is automatically assigned when created.");
    });
    BOOST_TEST(count == 21u); // 8 of 1.0, and spId or serviceId of each in 1.0.4
}

BOOST_FIXTURE_TEST_CASE(what_is_mandatory_is_missed, every_attribute) { // 1004 and 1006, AMB-032
    std::size_t count = 0;
    walk([&](const subject& s, const place& p) {
        if (!p.what->is_mandatory(base.ends_with("4") ? model::dialect::v1_0_4 : model::dialect::v1_0))
            return;
        ++count;
        const auto missing =
            "attribute " + p.path() + " is missing, but it is mandatory for " + std::string(p.entity) + ".";
        for (const auto& none : {std::optional<json::value>(), std::optional(json::value())}) {
            BOOST_TEST(post_with(s, p, none) == "1004 Create failed: " + missing);
            BOOST_TEST(put_with(s, p, none) == "1006 Modify failed: " + missing);
        }
    });
    BOOST_TEST(count == 17u); // an ApplicationConfig of 1.0.4 needs no installConfig
}

BOOST_FIXTURE_TEST_CASE(what_is_not_editable_is_not_modified, every_attribute) { // 1005, AMB-033
    std::size_t count = 0;
    walk([&](const subject& s, const place& p) {
        if (p.what->editable)
            return;
        ++count;
        const auto current = parsed(get(s.one));
        const auto* now = json::root_object(current).find(p.what->name);
        BOOST_REQUIRE(now);
        const auto other = now->as_boolean() ? json::value(!*now->as_boolean()) : json::value("9.9.9");
        BOOST_TEST(put_with(s, p, other) == "1005 Modify failed: attribute " + p.path() +
                                                " not allowed for PUT. Attribute cannot be modified after creation.");
        BOOST_TEST(put_with(s, p, *now) == "200"); // not modified
    });
    BOOST_TEST(count == 23u); // what is assigned, and the tag
}

BOOST_FIXTURE_TEST_CASE(what_is_no_attribute_is_told_at_every_depth, every_attribute) { // 1007, AMB-037
    std::set<std::string> seen;
    walk([&](const subject& s, const place& p) {
        auto strange = p;
        strange.steps.back() = "strange";
        seen.insert(std::string(model::entity_name(s.kind)) + " " + strange.path());
        for (const auto& answer : {post_with(s, strange, json::value(1)), put_with(s, strange, json::value(1))})
            BOOST_TEST(answer == "1007 Unknown: ‘" + strange.path() + "’ is not a valid attribute.");
    });
    const std::set<std::string> everywhere{"ApplicationConfig activationConfig.strange",
                                           "ApplicationConfig installConfig.strange",
                                           "ApplicationConfig personalizationConfig.strange",
                                           "ApplicationConfig strange",
                                           "Flavor applicationInstantiationConfigs[0].strange",
                                           "Flavor featureConfig.strange",
                                           "Flavor strange",
                                           "Service strange",
                                           "SposConfig strange",
                                           "Version strange"};
    BOOST_TEST(seen == everywhere, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(what_has_the_wrong_format_is_quoted_with_its_place, every_attribute) { // 1008
    std::size_t count = 0;
    walk([&](const subject& s, const place& p) {
        if (p.is_assigned())
            return;
        ++count;
        const bool no_number = p.what->type == value_type::boolean || p.what->type == value_type::integer;
        const auto wrong = no_number ? json::value("?") : json::value(7);
        const auto told = [&](const std::string& value, const std::string& where) {
            return "1008 Invalid format ‘" + value + "’ for " + where + ". Supported format is ";
        };
        BOOST_TEST(post_with(s, p, wrong).starts_with(told(no_number ? "?" : "7", p.path())));
        if (p.what->editable)
            BOOST_TEST(put_with(s, p, wrong).starts_with(told(no_number ? "?" : "7", p.path())));
        if (p.what->format == model::text_format::any)
            return;
        if (p.what->type == value_type::string)
            BOOST_TEST(post_with(s, p, json::value("?")).starts_with(told("?", p.path())));
        if (p.what->type == value_type::strings)
            BOOST_TEST(post_with(s, p, json::value(json::array{"?"})).starts_with(told("?", p.path() + "[0]")));
        if (p.what->type == value_type::strings_map)
            BOOST_TEST(
                post_with(s, p, json::value(json::object{{"?", json::array()}})).starts_with(told("?", p.path())));
    });
    BOOST_TEST(count > 60u);
}

BOOST_FIXTURE_TEST_CASE(what_a_body_refers_to_exists, every_attribute) { // 1009
    std::size_t count = 0;
    walk([&](const subject& s, const place& p) {
        const auto missing = [](entity_kind kind) {
            return "1009 Not existing: " + std::string(model::entity_name(kind)) + " with id ‘" + nobody +
                   "’ does not exist.";
        };
        std::vector<std::pair<json::value, entity_kind>> bad;
        if (p.what->target != entity_kind::none)
            bad.emplace_back(p.what->type == value_type::strings ? json::value(json::array{nobody}) : nobody,
                             p.what->target);
        if (p.what->format == model::text_format::deployments) {
            const auto flavor = s.body.find(p.what->name)->as_object()->begin()->key;
            bad.emplace_back(json::object{{nobody, json::array()}}, entity_kind::flavor);
            bad.emplace_back(json::object{{flavor, json::array{nobody}}}, entity_kind::secure_component_profile);
        }
        for (const auto& [value, kind] : bad) {
            ++count;
            const bool is_version = s.kind == entity_kind::version;
            const auto fresh =
                is_version ? *changed(s.body, std::array{std::string("tag")}, "2.0.0").as_object() : s.body;
            BOOST_TEST(problem(post(s.collection, changed(fresh, p.steps, value))) == missing(kind));
            BOOST_TEST(put_with(s, p, value) == missing(kind));
        }
    });
    BOOST_TEST(count == 18u); // nine references of each dialect
}

BOOST_FIXTURE_TEST_CASE(an_operation_without_body_takes_none, fixture) { // 1002, AMB-009
    const auto access_token = token;
    std::size_t count = 0;
    for (const auto& o : model::operations()) {
        if (model::body_of(o.what) != model::body_kind::none)
            continue;
        ++count;
        token = o.path == "/auth" ? long_term : access_token;
        for (const auto& [dialect, message] : {std::pair{"/sptsm/1.0", "1002 Invalid: request body not allowed."},
                                               {"/sptsm/1.0.4", "1002 Invalid request: request body not allowed."}}) {
            base = dialect;
            BOOST_TEST(problem(send(std::string(o.method), std::string(o.path), "{}")) == message, o.id);
        }
    }
    BOOST_TEST(count == 60u);
}

BOOST_AUTO_TEST_SUITE_END()
