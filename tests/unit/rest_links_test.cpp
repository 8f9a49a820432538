// Linking, unlinking and publishing (TR 4.1.6.4.13 to 4.1.6.4.28): what is done already can be done again, and what it
// changes then.

#include "rest_fixture.hpp"

using namespace tsms;
using namespace tsms::rest_test;

namespace {

/// A Service with two Flavors, a load file, and a Version that allows nothing but the first Flavor, on one profile.
struct links : fixture {
    std::string sv = "/services/" + service();
    std::string elf = load_file();
    std::string a = profile("a");
    std::string b = profile("b");
    std::string f = flavor("f");
    std::string g = flavor("g");
    std::string files = sv + "/flavors/" + f + "/executable-load-files";
    std::string version = sv + "/versions/1.0.0";

    links() { parsed(post(sv + "/versions", json::object{{"tag", "1.0.0"}, {"allowedDeployments", map({a}, {})}})); }

    std::string flavor(const std::string& name) {
        return text(parsed(post(sv + "/flavors", json::object{{"name", name}})), "id");
    }
    /// allowedDeployments with these profiles for the first Flavor, and for the second where it is there.
    json::object map(json::array of_f, std::optional<json::array> of_g) {
        json::object out{{f, std::move(of_f)}};
        if (of_g)
            out.set(g, std::move(*of_g));
        return out;
    }
    /// The answer is the Version as it is from now on, with this map.
    void becomes(const net::response& answer, const json::object& expected) {
        const auto told = parsed(answer);
        BOOST_TEST((member(told, "allowedDeployments") == json::value(expected)));
        BOOST_TEST((parsed(get(version)) == told));
    }
    /// The answer is the Flavor as it is from now on, with these load files.
    void has_files(const net::response& answer, const json::array& expected) {
        const auto told = parsed(answer);
        BOOST_TEST((member(told, "executableLoadFileIds") == json::value(expected)));
        BOOST_TEST((parsed(get(sv + "/flavors/" + f)) == told));
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(rest_links)

BOOST_FIXTURE_TEST_CASE(a_load_file_is_linked_once_however_often, links) {
    for (int i = 0; i < 2; ++i)
        has_files(post(files, json::array{elf}), {elf});
    has_files(post(files, json::array{elf, elf}), {elf});
}

BOOST_FIXTURE_TEST_CASE(a_load_file_that_is_not_linked_can_be_unlinked, links) {
    has_files(put(files, json::array{elf}), {});
    has_files(post(files, json::array{elf}), {elf});
    for (int i = 0; i < 2; ++i)
        has_files(put(files, json::array{elf}), {});
}

BOOST_FIXTURE_TEST_CASE(a_flavor_that_is_linked_gets_the_profiles_that_are_given, links) { // AMB-052
    const auto path = version + "/flavors";
    for (int i = 0; i < 2; ++i)
        becomes(post(path, map({a}, {})), map({a}, {}));
    becomes(post(path, map({b}, {})), map({b}, {}));
    becomes(post(path, map({b, a}, {})), map({b, a}, {}));
    becomes(post(path, map({}, json::array{a})), map({}, json::array{a}));
}

BOOST_FIXTURE_TEST_CASE(a_flavor_that_is_not_linked_can_be_unlinked, links) { // AMB-053
    const auto path = version + "/flavors";
    becomes(put(path, json::array{g}), map({a}, {}));
    for (int i = 0; i < 2; ++i)
        becomes(put(path, json::array{f, g}), {});
}

BOOST_FIXTURE_TEST_CASE(a_profile_that_is_linked_goes_to_the_flavor_that_is_given, links) { // AMB-051
    const auto path = version + "/secure-component-profiles";
    for (const std::string dialect : {"/sptsm/1.0", "/sptsm/1.0.4"}) {
        base = dialect;
        const auto to = [&](const std::string& flavor_id) {
            const bool newer = base.ends_with("4");
            return json::object{{a, newer ? json::value(flavor_id) : json::value(json::array{flavor_id})}};
        };
        for (int i = 0; i < 2; ++i)
            becomes(post(path, to(f)), dialect.ends_with("4") ? map({a}, json::array()) : map({a}, {}));
        for (int i = 0; i < 2; ++i)
            becomes(post(path, to(g)), map({}, json::array{a}));
    }
}

BOOST_FIXTURE_TEST_CASE(a_profile_that_is_not_linked_can_be_unlinked, links) { // AMB-053
    const auto path = version + "/secure-component-profiles";
    becomes(put(path, json::array{b}), map({a}, {}));
    for (int i = 0; i < 2; ++i)
        becomes(put(path, json::array{a, b}), map({}, {})); // the Flavor stays
}

BOOST_FIXTURE_TEST_CASE(publishing_is_final_and_can_be_repeated, links) { // AMB-059
    const auto path = sv + "/flavors/" + f;
    const auto is_published = [&] { return member(parsed(get(path)), "published") == json::value(true); };
    BOOST_TEST(!is_published()); // by default
    for (int i = 0; i < 2; ++i) {
        BOOST_TEST((member(parsed(send("POST", path + "/publish")), "published") == json::value(true)));
        BOOST_TEST(is_published());
    }
    BOOST_TEST(problem(put(path, json::object{{"published", false}})) ==
               "1005 Modify failed: attribute published not allowed for PUT. Attribute cannot be modified after "
               "creation.");
    for (const auto& nothing : {json::value(), json::value("")})
        BOOST_TEST(put(path, json::object{{"published", nothing}}).status == 200);
    for (const std::string method : {"PUT", "DELETE"})
        BOOST_TEST(send(method, path + "/publish", method == "PUT" ? "false" : "").status == 405);
    BOOST_TEST(is_published());
}

BOOST_FIXTURE_TEST_CASE(what_a_published_flavor_consists_of_stays, links) { // TR 4.1.4.4
    const auto other = text(parsed(upload("POST", "/executable-load-files",
                                          {{"elf-file", "o.cap", cap("D2760001635446", "D276000163544601")}})),
                            "id");
    auto one = instantiation(module(elf), config());
    one.set("priority", 255);
    const auto path = sv + "/flavors/" + f;
    const json::object content{{"executableLoadFileIds", json::array{elf}},
                               {"applicationInstantiationConfigs", json::array{one}}};
    parsed(put(path, content));
    const auto published = parsed(send("POST", path + "/publish"));
    const auto frozen = "1015 Already Published: Flavor cannot be modified. It is already published via Flavor "
                        "identifier ‘" +
                        f + "’.";
    auto later = one;
    later.set("priority", 254);
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, json::value>>{{"executableLoadFileIds", json::array()},
                                                          {"executableLoadFileIds", json::array{elf, other}},
                                                          {"executableLoadFileIds", nullptr},
                                                          {"applicationInstantiationConfigs", json::array()},
                                                          {"applicationInstantiationConfigs", json::array{later}},
                                                          {"applicationInstantiationConfigs", nullptr}})
        BOOST_TEST(problem(put(path, json::object{{name, value}})) == frozen, name << " = " << json::dump(value));
    BOOST_TEST(problem(post(files, json::array{other})) == frozen);
    BOOST_TEST(problem(put(files, json::array{elf})) == frozen);
    // Nothing else is, and what is given as it stands is no change (AMB-058).
    for (const auto& [name, value] : std::vector<std::pair<std::string, json::value>>{
             {"name", "new"},
             {"description", "new"},
             {"spParameters", json::object{{"k", "new"}}},
             {"featureConfig", json::object{{"genericOptions", json::object{{"k", true}}}}},
             {"contextSpecificAttributes", json::object{{"k", "new"}}}}) {
        auto body = content;
        body.set(name, value);
        BOOST_TEST(put(path, body).status == 200, name);
    }
    const auto now = parsed(get(path));
    for (const auto& [name, value] : content)
        BOOST_TEST((member(now, name) == member(published, name)), name);
}

BOOST_AUTO_TEST_SUITE_END()
