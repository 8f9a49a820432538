// Error categories of TR 4.1.5.2 with their exact texts, the order of checks, and who may see what.

#include "rest_fixture.hpp"

#include "crypto/pki.hpp"
#include "http/rest/notice.hpp"

#include <thread>

using namespace tsms;
using namespace tsms::rest_test;

BOOST_AUTO_TEST_SUITE(rest_api)

BOOST_FIXTURE_TEST_CASE(tokens_open_what_they_are_for, fixture) {
    const auto good = token;
    BOOST_TEST(get("/services").status == 200);
    token = "";
    const auto refused = get("/services");
    BOOST_TEST(refused.status == 401);
    BOOST_TEST(problem(refused) == "1000 Not authenticated.");
    BOOST_TEST(refused.headers.get("WWW-Authenticate") == "Bearer");
    token = long_term;
    BOOST_TEST(problem(get("/services")) == "1000 Not authenticated.");
    BOOST_TEST(login("nonsense") == "1001 Authentication failed.");
    BOOST_TEST(login(good) == "1001 Authentication failed.");

    token = good;
    now += std::chrono::minutes(15);
    BOOST_TEST(problem(get("/services")) == "1000 Not authenticated.");
    token = login(long_term);
    BOOST_TEST(get("/services").status == 200);
    BOOST_TEST(access.revoke(provider, "") == 1);
    BOOST_TEST(problem(get("/services")) == "1000 Not authenticated.");
    BOOST_TEST(login(long_term) == "1001 Authentication failed.");
}

BOOST_FIXTURE_TEST_CASE(bare_token_is_accepted_and_two_are_not, fixture) {
    net::request r;
    r.method = "GET";
    r.path = "/sptsm/1.0//services/";
    r.headers.add("authorization", token);
    BOOST_TEST(api.handle(r).status == 200);
    r.headers.add("Authorization", token);
    BOOST_TEST(api.handle(r).status == 401);
}

BOOST_FIXTURE_TEST_CASE(auth_is_limited, fixture) {
    for (int i = 0; i < 59; ++i)
        login("wrong");
    BOOST_TEST(login(long_term) ==
               "2000 Internal server error: too many authentication requests, please try again later.");
    ticks += std::chrono::milliseconds(100);
    BOOST_TEST(login(long_term).size() == 64U);
}

BOOST_FIXTURE_TEST_CASE(routes, fixture) {
    const auto unknown = get("/nothing");
    BOOST_TEST(unknown.status == 404);
    BOOST_TEST(unknown.body.empty());
    BOOST_TEST(get("/services/a/b").status == 404);
    const auto wrong = send("PATCH", "/services");
    BOOST_TEST(wrong.status == 405);
    BOOST_TEST(wrong.headers.get("Allow") == "GET, HEAD, POST");
    BOOST_TEST(wrong.body.empty());
    token = "";
    BOOST_TEST(send("GET", "/auth").headers.get("Allow") == "POST"); // AMB-207
    base = "/sptsm/2.0";
    BOOST_TEST(get("/services").status == 404);
}

BOOST_FIXTURE_TEST_CASE(bodies, fixture) { // AMB-009, AMB-010
    const std::string not_allowed = "1002 Invalid: request body not allowed.";
    BOOST_TEST(problem(send("GET", "/services", "{}")) == not_allowed);
    BOOST_TEST(problem(send("POST", "/services", "")) == "1002 Invalid request: request body missing.");
    BOOST_TEST(problem(send("POST", "/services", "{\"name\"")) == "1002 Invalid request: malformed JSON.");
    BOOST_TEST(problem(send("POST", "/services", R"({"name":"a","name":"b"})")) ==
               "1002 Invalid request: malformed JSON.");
    BOOST_TEST(problem(send("POST", "/services", "{}", "text/plain")) ==
               "1002 Invalid request: unsupported content type.");
    BOOST_TEST(send("POST", "/services", R"({"name":"a"})", "application/json; charset=utf-8").status == 200);
    BOOST_TEST(problem(send("POST", "/services", "[]")) ==
               "1008 Invalid format ‘[]’ for Service. Supported format is object.");
    BOOST_TEST(problem(send("POST", "/executable-load-files", "{}")) ==
               "1002 Invalid request: unsupported content type.");
    base = "/sptsm/1.0.4";
    BOOST_TEST(problem(send("GET", "/services", "{}")) == "1002 Invalid request: request body not allowed.");
}

BOOST_FIXTURE_TEST_CASE(attributes_of_a_post, fixture) {
    const auto refused = [&](const json::value& body) { return problem(post("/services", body)); };
    BOOST_TEST(refused(json::object{{"nam", "x"}}) == "1007 Unknown: ‘nam’ is not a valid attribute.");
    BOOST_TEST(refused(json::object{{"spId", nullptr}}) == "1007 Unknown: ‘spId’ is not a valid attribute."); // AMB-037
    BOOST_TEST(refused(json::object{{"name", "x"}, {"sdAid", "A000000001"}}) ==
               "1003 Create failed: attribute sdAid not allowed for POST. It is automatically assigned when created.");
    BOOST_TEST(refused(json::object{{"name", " \t"}}) ==
               "1004 Create failed: attribute name is missing, but it is mandatory for Service.");
    for (const auto* blank : {"\u00A0", "\u2003", "\u3000 \u200B\uFEFF"})
        BOOST_TEST(refused(json::object{{"name", blank}}).starts_with("1004 "), blank);
    BOOST_TEST(refused(json::object{{"name", "\u00A0x"}}) == "200");
    for (const auto* number : {"1e400", "-1e400", "99999999999999999999999"})
        BOOST_TEST(problem(send("POST", "/services", "{\"name\":" + std::string(number) + "}")).starts_with("1008 "),
                   number);
    BOOST_TEST(refused(json::object{{"name", 7}}) ==
               "1008 Invalid format ‘7’ for name. Supported format is string of at most 255 characters.");
    BOOST_TEST(refused(json::object{{"name", "x"}, {"sposConfigId", "12345"}}) ==
               "1008 Invalid format ‘12345’ for sposConfigId. Supported format is UUID.");
    BOOST_TEST(refused(json::object{{"name", "x"}, {"spParameters", json::object{{"k", nullptr}}}}) ==
               "1008 Invalid format ‘null’ for spParameters.k. Supported format is Map<string, string>, values of at "
               "most 255 characters.");
    const std::string nobody = "00000000-0000-4000-8000-000000000000";
    BOOST_TEST(refused(json::object{{"name", "x"}, {"sposConfigId", nobody}}) ==
               "1009 Not existing: SposConfig with id ‘" + nobody + "’ does not exist.");
    // AMB-030: null and empty are no values; AMB-036: what was not given is there with its default, a reference is not
    // (AMB-244).
    const auto made = parsed(post("/services", json::object{{"id", ""}, {"creationDate", nullptr}, {"name", "x"}}));
    BOOST_TEST(!json::root_object(made).find("sposConfigId"));
    BOOST_TEST(member(made, "spParameters").as_object()->empty());
    BOOST_TEST(member(made, "accessAuthorizedDeviceApps").as_array()->empty());
    // The message has at most 255 characters, whatever was sent (AMB-014).
    const auto message = refused(json::object{{"name", std::string(300, 'x')}});
    BOOST_TEST(message.size() <= 255U + 5 + 10);
    BOOST_TEST(message.ends_with("Supported format is string of at most 255 characters."));
}

BOOST_FIXTURE_TEST_CASE(one_error_in_a_fixed_order, fixture) { // AMB-011
    const std::string nobody = "00000000-0000-4000-8000-000000000000";
    json::object body{{"tag", 1}, {"allowedDeployments", json::object()}, {"strange", 1}};
    const auto refused = [&](const std::string& path) { return problem(post(path, body)).substr(0, 4); };
    const auto versions = "/services/" + service() + "/versions";
    BOOST_TEST(refused("/services/" + nobody + "/versions") == "1009"); // ids of the path come first
    BOOST_TEST(refused(versions) == "1007");
    body.erase("strange");
    BOOST_TEST(refused(versions) == "1004");
    body.set("allowedDeployments", json::object{{nobody, json::array()}});
    BOOST_TEST(refused(versions) == "1008");
    body.set("tag", "1.0.0");
    BOOST_TEST(refused(versions) == "1009");
}

BOOST_FIXTURE_TEST_CASE(put_merges, fixture) { // AMB-031 … AMB-034
    const auto made =
        parsed(post("/services", json::object{{"name", "x"}, {"spParameters", json::object{{"a", "1"}}}}));
    const auto path = "/services/" + text(made, "id");
    BOOST_TEST((parsed(put(path, made)) == made)); // a round trip changes nothing
    BOOST_TEST((member(parsed(put(path, json::object{{"name", "y"}})), "spParameters") ==
                json::value(json::object{{"a", "1"}})));
    BOOST_TEST(member(parsed(put(path, json::object{{"name", "y"}, {"spParameters", nullptr}})), "spParameters")
                   .as_object()
                   ->empty());
    BOOST_TEST(problem(put(path, json::object{{"spParameters", json::object()}})) ==
               "1006 Modify failed: attribute name is missing, but it is mandatory for Service.");
    BOOST_TEST(
        problem(put(path, json::object{{"name", "y"}, {"creationDate", "2020-01-01T00:00:00.000Z"}})) ==
        "1005 Modify failed: attribute creationDate not allowed for PUT. Attribute cannot be modified after creation.");
    BOOST_TEST(problem(put(path, json::object{{"name", "y"}, {"x", 1}})) ==
               "1007 Unknown: ‘x’ is not a valid attribute.");
    // Nested: an object that is given keeps what it does not name (AMB-200).
    const auto app = "/application-configs/" + config();
    parsed(put(app, json::object{{"instanceAid", "D27600016354450101"},
                                 {"installConfig",
                                  json::object{{"privileges", json::array{"GlobalService", "GlobalService"}}}}}));
    const auto kept =
        parsed(put(app, json::object{{"instanceAid", "D27600016354450101"}, {"installConfig", json::object()}}));
    BOOST_TEST((member(member(kept, "installConfig"), "privileges") == json::value(json::array{"GlobalService"})));
    BOOST_TEST((member(kept, "activationConfig") == json::value(json::object{{"makeSelectable", true}, // DIV-069
                                                                             {"accessibleViaApdu", false},
                                                                             {"accessibleViaNfc", false}})));
    BOOST_TEST(problem(put(app, json::object{{"instanceAid", "D27600016354450101"},
                                             {"installConfig", json::object{{"privileges", json::array{"All"}}}}})) ==
               "1008 Invalid format ‘All’ for installConfig.privileges[0]. Supported format is [CVMManagement, "
               "ContactlessSelfActivation, GlobalService, PrivacyTrusted].");
}

BOOST_FIXTURE_TEST_CASE(uploads_are_checked_in_order, fixture) { // AMB-202
    const std::string path = "/executable-load-files";
    const auto refused = [&](const std::vector<part>& parts) { return problem(upload("POST", path, parts)); };
    BOOST_TEST(refused({{"elf-file", "a.cap", "x"}, {"other", "", "x"}}) ==
               "1007 Unknown: ‘other’ is not a valid attribute.");
    BOOST_TEST(refused({{"elf-file", "a.cap", cap()}, {"elfFile", "b.cap", cap()}}) ==
               "1012 Upload failed: too many files provided. Method supports uploading one file.");
    BOOST_TEST(refused({{"elf-filename", "", "a.cap"}}) == "1011 Upload failed: missing file.");
    BOOST_TEST(refused({{"elf-file", "a.cap", ""}}) == "1011 Upload failed: missing file.");
    BOOST_TEST(refused({{"elf-file", "a.cap", std::string((2u << 20) + 600'000, 'x')}}) ==
               "1014 Upload failed: 2,6MB exceeds maximum upload file size of 2MB.");
    BOOST_TEST(refused({{"elf-file", "a.cap", "PK no"}}) ==
               "1013 Upload failed: invalid file type. Supported file types are [cap].");
    BOOST_TEST(refused({{"elf-file", "a.cap", cap().substr(0, 300)}}) ==
               "1013 Upload failed: invalid file type. Supported file types are [cap].");
    BOOST_TEST(problem(upload("POST", "/certificates", {{"cert-file", "c", "no"}})) ==
               "1013 Upload failed: invalid file type. Supported file types are [pem, der].");
    BOOST_TEST(problem(send("POST", path, "--b\r\n", "multipart/form-data; boundary=b")) ==
               "1002 Invalid request: malformed multipart body.");
    // The TR prints a comma before filename (AMB-062).
    BOOST_TEST(send("POST", path,
                    "--b\r\nContent-Disposition: form-data; name=\"elf-file\", filename=\"a.cap\"\r\n\r\n" + cap() +
                        "\r\n--b--",
                    "multipart/form-data; boundary=b")
                   .status == 200);
}

BOOST_FIXTURE_TEST_CASE(a_new_binary_keeps_modules_of_equal_aid, fixture) { // AMB-061
    const auto elf = load_file();
    const auto em = module(elf);
    const auto path = "/executable-load-files/" + elf;
    parsed(upload("PUT", path, {{"elf-file", "n.cap", cap()}}));
    BOOST_TEST(module(elf) == em);
    parsed(post("/services/" + service() + "/flavors",
                json::object{{"applicationInstantiationConfigs", json::array{instantiation(em, config())}}}));
    BOOST_TEST(problem(upload("PUT", path, {{"elf-file", "n.cap", cap("D2760001635445", "D276000163544502")}})) ==
               "1009 Not existing: ExecutableModule with id ‘" + em + "’ does not exist.");
    BOOST_TEST(text(parsed(upload("PUT", path, {{"elf-filename", "", "renamed.cap"}})), "fileName") == "renamed.cap");
}

BOOST_FIXTURE_TEST_CASE(published_flavors_are_frozen, fixture) { // AMB-057, AMB-058
    const auto elf = load_file();
    const auto flavors = "/services/" + service() + "/flavors";
    const auto flavor = text(parsed(post(flavors, json::object{{"executableLoadFileIds", json::array{elf}}})), "id");
    const auto path = flavors + "/" + flavor;
    BOOST_TEST(problem(post(flavors, json::object{{"published", false}})).substr(0, 4) == "1003");
    const auto published = parsed(send("POST", path + "/publish"));
    const auto frozen =
        "1015 Already Published: Flavor cannot be modified. It is already published via Flavor identifier ‘" + flavor +
        "’.";
    BOOST_TEST(problem(put(path, json::object{{"executableLoadFileIds", json::array()}})) == frozen);
    BOOST_TEST(problem(put(path + "/executable-load-files", json::array{elf})) == frozen);
    BOOST_TEST(post(path + "/executable-load-files", json::array{elf}).status == 200); // linked already
    BOOST_TEST(put(path, published).status == 200);                                    // nothing changes
    BOOST_TEST(put(path, json::object{{"name", "free"}}).status == 200);
    BOOST_TEST(problem(upload("PUT", "/executable-load-files/" + elf, {{"elf-file", "n.cap", cap()}})) ==
               "1015 Already Published: ExecutableLoadFile cannot be modified. It is already published via Flavor "
               "identifier ‘" +
                   flavor + "’.");
}

BOOST_FIXTURE_TEST_CASE(publishing_needs_the_modules_load_file, fixture) { // AMB-059
    const auto em = module(load_file());
    const auto flavors = "/services/" + service() + "/flavors";
    const auto flavor =
        text(parsed(post(flavors,
                         json::object{{"applicationInstantiationConfigs", json::array{instantiation(em, config())}}})),
             "id");
    BOOST_TEST(problem(send("POST", flavors + "/" + flavor + "/publish")) ==
               "1009 Not existing: ExecutableModule with id ‘" + em + "’ does not exist.");
}

BOOST_FIXTURE_TEST_CASE(technical_requirements, fixture) { // AMB-055
    const auto old = profile("old", "2.2.1");
    const auto fit = profile("fit", "3.0.5");
    const auto elf = load_file();
    const auto sv = "/services/" + service();
    const auto flavor =
        text(parsed(post(sv + "/flavors", json::object{{"executableLoadFileIds", json::array{elf}}})), "id");
    const auto with = [&](const std::string& scp) {
        return json::object{{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{scp}}}}};
    };
    const std::string unmet =
        "1016 Technical constraints failed: minimal javaCard version not supported by SecureComponentProfile.";
    BOOST_TEST(problem(post(sv + "/versions", with(old))) == unmet);
    const auto reason = [](const net::response& r) { return std::string(r.headers.get("TSMS-Reason")); };
    const auto why = reason(post(sv + "/versions", with(old)));
    BOOST_TEST(why.starts_with("load file " + elf + " needs Java Card 3."), why);
    BOOST_TEST(why.ends_with("; profile 'old' offers Java Card 2.2.1, GlobalPlatform API 1.6"), why);
    BOOST_TEST(parsed(get(sv + "/versions")).as_array()->empty()); // undone
    parsed(post(sv + "/versions", with(fit)));
    BOOST_TEST(problem(put(sv + "/versions/1.0.0", with(old))) == unmet);
    BOOST_TEST(problem(post(sv + "/versions/1.0.0/flavors", json::object{{flavor, json::array{old}}})) == unmet);
    BOOST_TEST(problem(post(sv + "/versions/1.0.0/secure-component-profiles",
                            json::object{{old, json::array{flavor}}})) == unmet);
    const auto csp = json::object{{"featureConfig", json::object{{"cspFull", true}}}};
    BOOST_TEST(reason(put(sv + "/flavors/" + flavor, csp)) == "the Flavor needs a CSP, profile 'fit' has none");
    BOOST_TEST(problem(put(sv + "/flavors/" + flavor, csp)) ==
               "1016 Technical constraints failed: minimal csp version not supported by SecureComponentProfile.");
    const auto empty = text(parsed(post(sv + "/flavors", json::object())), "id");
    parsed(put(sv + "/versions/1.0.0/secure-component-profiles", json::array{fit}));
    parsed(post(sv + "/versions/1.0.0/flavors", json::object{{empty, json::array{old}}}));
    BOOST_TEST(problem(post(sv + "/flavors/" + empty + "/executable-load-files", json::array{elf})) == unmet);
    // What an unlinking leaves is not checked, what an unlinked Flavor holds neither.
    BOOST_TEST(put(sv + "/versions/1.0.0/flavors", json::array{empty}).status == 200);
    BOOST_TEST(post(sv + "/flavors/" + empty + "/executable-load-files", json::array{elf}).status == 200);
}

BOOST_FIXTURE_TEST_CASE(versions_map_a_profile_once, fixture) { // AMB-039, AMB-050 … 053
    const auto a = profile("a");
    const auto b = profile("b");
    const auto sv = "/services/" + service();
    const auto f = text(parsed(post(sv + "/flavors", json::object{{"name", "f"}})), "id");
    const auto g = text(parsed(post(sv + "/flavors", json::object{{"name", "g"}})), "id");
    const auto body = [](std::string tag, json::object map) {
        return json::object{{"tag", std::move(tag)}, {"allowedDeployments", std::move(map)}};
    };
    BOOST_TEST(
        problem(post(sv + "/versions", body("1.0.0", {{f, json::array{a}}, {g, json::array{a}}}))).substr(0, 4) ==
        "1008");
    BOOST_TEST(problem(post(sv + "/versions", body("1.0", {{f, json::array{a}}}))).substr(0, 4) == "1008");
    parsed(post(sv + "/versions", body("1.10.0", {{f, json::array{a}}})));
    parsed(post(sv + "/versions", body("1.2.0", {{f, json::array{}}})));
    BOOST_TEST(problem(post(sv + "/versions", body("1.02.0", {{f, json::array{}}}))) ==
               "1008 Invalid format ‘1.02.0’ for tag. Supported format is <Major>.<Minor>.<Revision>, 1 to 3 digits "
               "each, unique in the Service.");
    const auto listed = parsed(get(sv + "/versions"));
    BOOST_TEST(text(listed.as_array()->at(0), "tag") == "1.2.0"); // by number, not by text
    const auto version = sv + "/versions/1.10.0";
    BOOST_TEST(problem(get(sv + "/versions/1.010.0")) ==
               "1009 Not existing: Version with id ‘1.010.0’ does not exist.");
    const auto foreign = text(parsed(post("/services/" + service("Other") + "/flavors", json::object())), "id");
    BOOST_TEST(problem(post(sv + "/versions", body("2.0.0", {{foreign, json::array{}}}))) ==
               "1009 Not existing: Flavor with id ‘" + foreign + "’ does not exist."); // AMB-054
    BOOST_TEST(problem(put(version, body("1.10.1", {{f, json::array{a}}}))).substr(0, 4) == "1005");
    BOOST_TEST(problem(put(version, body("1.10.0", {}))).substr(0, 4) == "1006");

    const auto map = [&](const net::response& r) { return member(parsed(r), "allowedDeployments"); };
    BOOST_TEST(problem(post(version + "/flavors", json::object{{g, json::array{a}}})).substr(0, 4) == "1008");
    BOOST_TEST((map(post(version + "/flavors", json::object{{g, json::array{b}}})) ==
                json::value(json::object{{f, json::array{a}}, {g, json::array{b}}})));
    BOOST_TEST((map(post(version + "/secure-component-profiles", json::object{{a, json::array{g}}})) == // moved
                json::value(json::object{{f, json::array{}}, {g, json::array{b, a}}})));
    BOOST_TEST(
        problem(post(version + "/secure-component-profiles", json::object{{a, json::array{f, g}}})).substr(0, 4) ==
        "1008");
    BOOST_TEST((map(put(version + "/secure-component-profiles", json::array{b})) ==
                json::value(json::object{{f, json::array{}}, {g, json::array{a}}})));
    BOOST_TEST(problem(remove(sv + "/flavors/" + g)) == "1010 Delete failed: Flavor is referenced in Version.");
    BOOST_TEST((map(put(version + "/flavors", json::array{f, g})) == json::value(json::object())));
    BOOST_TEST(remove(sv + "/flavors/" + g).status == 204);
    BOOST_TEST(remove(version).status == 204);
    BOOST_TEST(problem(get(version)).substr(0, 4) == "1009");
}

BOOST_FIXTURE_TEST_CASE(another_providers_entities_do_not_exist, fixture) { // AMB-002, AMB-020
    const auto elf = load_file();
    const auto sv = service();
    const auto flavor = text(parsed(post("/services/" + sv + "/flavors", json::object())), "id");
    const auto mine = service("Mine");
    BOOST_TEST(problem(get("/services/" + mine + "/flavors/" + flavor)) ==
               "1009 Not existing: Flavor with id ‘" + flavor + "’ does not exist."); // another Service's
    token = stranger();
    BOOST_TEST(problem(get("/services/" + sv)) == "1009 Not existing: Service with id ‘" + sv + "’ does not exist.");
    BOOST_TEST(problem(put("/services/" + sv, json::object{{"name", "z"}})).substr(0, 4) == "1009");
    BOOST_TEST(problem(remove("/services/" + sv)).substr(0, 4) == "1009");
    BOOST_TEST(problem(get("/services/no-uuid")) == "1009 Not existing: Service with id ‘no-uuid’ does not exist.");
    BOOST_TEST(parsed(get("/services")).as_array()->empty());
    BOOST_TEST(parsed(get("/executable-load-files")).as_array()->empty());
    const auto own = service("Own");
    BOOST_TEST(
        problem(post("/services/" + own + "/flavors", json::object{{"executableLoadFileIds", json::array{elf}}})) ==
        "1009 Not existing: ExecutableLoadFile with id ‘" + elf + "’ does not exist.");
}

BOOST_FIXTURE_TEST_CASE(the_other_dialect, fixture) {
    const auto sv = service();
    const auto flavor =
        parsed(post("/services/" + sv + "/flavors", json::object{{"featureConfig", json::object{{"cspFull", true}}}}));
    base = "/sptsm/1.0.4";
    BOOST_TEST(text(parsed(get("/services/" + sv)), "spId") == provider);
    const auto seen = parsed(get("/services/" + sv + "/flavors/" + text(flavor, "id")));
    BOOST_TEST(text(seen, "serviceId") == sv);
    BOOST_TEST((member(member(seen, "featureConfig"), "useCspFull") == json::value(true)));
    BOOST_TEST((member(member(seen, "featureConfig"), "keyProvisioningMode") == json::value(0)));
    const auto app = parsed(post("/application-configs", json::object{{"instanceAid", "D27600016354450101"}}));
    BOOST_TEST((member(app, "installConfig") == // O since 1.0.3
                json::value(json::object{{"applicationSpecificInstallParameter", ""}, {"privileges", json::array()}})));
    // Editable C: frozen with the Flavor that uses it.
    const auto elf = load_file();
    const auto published = text(parsed(post("/services/" + sv + "/flavors",
                                            json::object{{"executableLoadFileIds", json::array{elf}},
                                                         {"applicationInstantiationConfigs",
                                                          json::array{instantiation(module(elf), text(app, "id"))}}})),
                                "id");
    const auto path = "/application-configs/" + text(app, "id");
    const json::object changed{{"instanceAid", "D27600016354450199"}};
    BOOST_TEST(put(path, changed).status == 200);
    parsed(send("POST", "/services/" + sv + "/flavors/" + published + "/publish"));
    BOOST_TEST(put(path, changed).status == 200);
    BOOST_TEST(problem(put(path, json::object{{"instanceAid", "D27600016354450101"}})) ==
               "1015 Already Published: ApplicationConfig cannot be modified. It is already published via Flavor "
               "identifier ‘" +
                   published + "’.");
}

BOOST_FIXTURE_TEST_CASE(profiles_are_imported_whole_or_not_at_all, fixture) {
    const auto id = profile("one");
    BOOST_TEST(profile("one") == id); // again: only the internal part is replaced
    BOOST_CHECK_THROW(profile("one", "3.1.0"), rest::profile_error);
    const auto refuses = [&](std::string_view file, std::string_view reason) {
        try {
            rest::import_profiles(catalog, file, crypto::system_random(), now);
            BOOST_ERROR("imported");
        } catch (const rest::profile_error& e) {
            BOOST_TEST(e.what() == reason);
        }
    };
    refuses("{}", "a profile file is an array of SecureComponentProfile objects; put the object into [ ]");
    refuses(R"([{"card": {"arra": "none"}}])", "profile 1 of the file: card.arra is no card parameter");
    refuses(R"([{"identification": {"cplc": ["4x"]}}])",
            "profile 1 of the file: identification.cplc: '4x' is not a prefix of hexadecimal digits and '.'");
    refuses(R"([{"scType": 1}])", "profile 1 of the file: Create failed: attribute name is missing, but it is "
                                  "mandatory for SecureComponentProfile.");
    const auto sv = "/services/" + service();
    const auto flavor = text(parsed(post(sv + "/flavors", json::object())), "id");
    parsed(post(sv + "/versions",
                json::object{{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{id}}}}}));
    // TR 3.3.1.2: whom it affects is listed to the operator.
    for (const auto& affected : {rest::remove_profile(catalog, "one"), rest::deprecate_profile(catalog, "one", true)}) {
        BOOST_REQUIRE_EQUAL(affected.size(), 1u);
        BOOST_TEST("/services/" + affected[0].service == sv);
        BOOST_TEST(affected[0].tag == "1.0.0");
        BOOST_TEST(!affected[0].provider.empty());
        BOOST_TEST(!affected[0].service_name.empty());
    }
    BOOST_REQUIRE_EQUAL(rest::list_profiles(catalog).size(), 1u); // it has stayed
    parsed(put(sv + "/versions/1.0.0/flavors", json::array{flavor}));
    BOOST_TEST(rest::remove_profile(catalog, "one").empty());
    BOOST_TEST(rest::list_profiles(catalog).empty());
}

// TR 3.3.1.2, DIV-121: a provider is told in the answers that a profile of its Versions is going to be removed.
BOOST_FIXTURE_TEST_CASE(answers_say_which_profiles_are_deprecated, fixture) {
    const auto id = profile("old");
    const auto sv = "/services/" + service();
    const auto flavor = text(parsed(post(sv + "/flavors", json::object())), "id");
    const auto version = sv + "/versions/1.0.0";
    const json::object body{{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{id}}}}};
    const auto notices = [](const net::response& r) {
        BOOST_TEST(r.status == 200);
        return r.headers.count(rest::notice_field);
    };
    BOOST_TEST(notices(post(sv + "/versions", body)) == 0u);
    BOOST_TEST(notices(get(version)) == 0u);
    rest::deprecate_profile(catalog, "old", true);
    const auto shown = get(version);
    BOOST_TEST(notices(shown) == 1u);
    const auto notice = std::string(shown.headers.get(rest::notice_field));
    BOOST_TEST((notice.find(id + " (old) is deprecated") != std::string::npos), notice);
    BOOST_TEST(notices(get(sv + "/versions")) == 1u);
    BOOST_TEST(notices(put(version, body)) == 1u);
    BOOST_TEST(notices(get("/secure-component-profiles")) == 1u);
    BOOST_TEST(notices(get("/secure-component-profiles/" + id)) == 1u);
    BOOST_TEST(notices(get(sv)) == 0u);
    rest::deprecate_profile(catalog, "old", false);
    BOOST_TEST(notices(get(version)) == 0u);
}

BOOST_FIXTURE_TEST_CASE(hostile_input_is_refused_with_an_error_of_the_table, fixture) {
    BOOST_TEST(problem(get("/services/%FF%00")) ==
               "1009 Not existing: Service with id ‘\xEF\xBF\xBD\xEF\xBF\xBD’ does not exist.");
    BOOST_TEST(get("/services/%F").status == 404);
    BOOST_TEST(problem(upload("POST", "/executable-load-files", {{"elf-file", "\xFF.cap", cap()}})).substr(0, 4) ==
               "1008");
    BOOST_TEST(problem(upload("POST", "/executable-load-files", {{"elf-file\xC3", "a.cap", cap()}})).substr(0, 4) ==
               "1007");
    const std::string malformed = "1002 Invalid request: malformed JSON.";
    BOOST_TEST(problem(send("POST", "/services", std::string(1000, '[') + std::string(1000, ']'))) == malformed);
    BOOST_TEST(problem(send("POST", "/services", "{\"name\": \"\xC3\"}")) == malformed);
    BOOST_TEST(problem(send("POST", "/services", "{\"name\": \"x\"} x")) == malformed);
    BOOST_TEST(problem(send("POST", "/services", std::string(2 << 20, ' '))) ==
               "1002 Invalid request: request body too large.");
    BOOST_TEST(internal == ""); // nothing of this is an error inside
}

// Wrong types at every attribute: always an error of the table, never 2000.
BOOST_FIXTURE_TEST_CASE(wrong_types_are_refused_everywhere, fixture) {
    const auto flavors = "/services/" + service() + "/flavors";
    const json::value wrong[] = {true,
                                 7,
                                 7.5,
                                 "text",
                                 "",
                                 json::array{},
                                 json::array{1},
                                 json::object{},
                                 json::object{{"k", 1}},
                                 json::array{json::object{}},
                                 json::array{nullptr},
                                 nullptr};
    const std::pair<model::entity_kind, std::string> kinds[] = {
        {model::entity_kind::service, "/services"},
        {model::entity_kind::flavor, flavors},
        {model::entity_kind::application_config, "/application-configs"},
        {model::entity_kind::spos_config, "/spos-configs"},
        {model::entity_kind::version, "/services/" + service() + "/versions"}};
    for (const auto& [kind, path] : kinds)
        for (const auto& a : model::describe(kind).attributes)
            for (const auto& v : wrong) {
                const auto answer = post(path, json::object{{std::string(a.name), v}});
                BOOST_TEST_CONTEXT(path << " " << a.name << " = " << json::dump(v))
                BOOST_TEST((answer.status == 200 || answer.status == 400));
            }
    BOOST_TEST(internal == "");
}

BOOST_FIXTURE_TEST_CASE(writers_at_the_same_time_lose_nothing, fixture) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 25; ++i) {
                post("/services", json::object{{"name", "n"}});
                get("/services");
            }
        });
    for (auto& t : threads)
        t.join();
    BOOST_TEST(parsed(get("/services")).as_array()->size() == 100U);
}

BOOST_AUTO_TEST_CASE(every_operation_has_a_row) {
    BOOST_TEST(model::operations().size() == 82U);
    for (const auto& operation : model::operations()) {
        std::vector<std::string> segments;
        std::string_view path = operation.path;
        while (!path.empty()) {
            path.remove_prefix(1);
            segments.emplace_back(path.substr(0, path.find('/')));
            path.remove_prefix(segments.back().size());
        }
        const auto match = model::find_route(operation.method, segments);
        BOOST_TEST_CONTEXT(operation.id) {
            BOOST_REQUIRE(match.found.has_value());
            BOOST_TEST(match.found->operation->id == operation.id);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
