// Load files at the REST API: what the operator is told of one that is refused, or that cards cannot take.

#include "model/requirements.hpp"
#include "tests/unit/rest_fixture.hpp"

using namespace tsms;
using namespace tsms::rest_test;

namespace {

std::string text_of(const bytes& octets) {
    return {octets.begin(), octets.end()};
}

struct load_file_fixture : fixture {
    std::string service_id = service("Pay");
    std::string flavors = "/services/" + service_id + "/flavors";

    std::string upload_cap(const lab::cap_request& request, const std::string& name) {
        return text(parsed(upload("POST", "/executable-load-files", {{"elf-file", name, text_of(write_cap(request))}})),
                    "id");
    }
    std::string long_load_file(std::size_t octets, const std::string& name, bool extended = false) {
        lab::cap_request request;
        request.package = hex("D2760001635446");
        request.applets = {hex("D276000163544601")};
        request.load_size = octets;
        request.extended = extended;
        request.java_card = extended ? lab::cap_version{1, 8} : lab::cap_version{1, 5};
        return upload_cap(request, name);
    }
    std::string flavor_with(const std::string& elf) {
        const auto id = text(parsed(post(flavors, json::object{{"name", "F" + elf}})), "id");
        parsed(post(flavors + "/" + id + "/executable-load-files", json::array{elf}));
        return id;
    }
    /// Answer of a Version that deploys the Flavor on the profile.
    net::response deploy(const std::string& tag, const std::string& flavor, const std::string& profile_id) {
        const json::object allowed{{flavor, json::array{profile_id}}};
        return post("/services/" + service_id + "/versions",
                    json::object{{"tag", tag}, {"allowedDeployments", allowed}});
    }
    net::response publish(const std::string& flavor) { return send("POST", flavors + "/" + flavor + "/publish"); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(rest_load_files)

BOOST_FIXTURE_TEST_CASE(the_operator_is_told_why_a_file_was_refused, load_file_fixture) {
    const auto refused = [&](const std::string& path, const std::string& part, const std::string& name,
                             const std::string& content, const std::string& answer, const std::string& why) {
        warnings.clear();
        BOOST_TEST(problem(upload("POST", path, {{part, name, content}})) == answer);
        BOOST_REQUIRE(warnings.size() == 1);
        BOOST_TEST(warnings[0] == "service provider " + provider + " uploaded " + why);
    };
    const std::string elf = "/executable-load-files";
    const auto answer = problem(upload("POST", elf, {{"elf-file", "a.cap", "PK"}}));
    BOOST_TEST(answer.substr(0, 4) == "1013"); // whatever its words, they are the same for every cause
    refused(
        elf, "elf-file", "a.cap", "PK", answer,
        "‘a.cap’, which was refused as ExecutableLoadFile: not a ZIP file: a CAP file is a ZIP, and this is too short "
        "to be one");
    auto cut = cap();
    cut.resize(cut.size() - 5);
    refused(
        elf, "elf-file", "cut.cap", cut, answer,
        "‘cut.cap’, which was refused as ExecutableLoadFile: not a ZIP file: there is no end of a central directory");
    refused(elf, "elf-file", "more.cap", cap() + "more", answer,
            "‘more.cap’, which was refused as ExecutableLoadFile: the ZIP is followed by 4 octets that do not belong "
            "to it");
    warnings.clear();
    parsed(upload("POST", elf, {{"elf-file", "good.cap", cap()}}));
    BOOST_TEST(warnings.empty());
    BOOST_TEST(problem(upload("POST", "/certificates", {{"cert-file", "c.pem", "none"}})).substr(0, 4) == "1013");
    BOOST_REQUIRE(warnings.size() == 1);
    BOOST_TEST(warnings[0].ends_with("no X.509 certificate in PEM or DER"));
}

BOOST_FIXTURE_TEST_CASE(what_a_file_says_cannot_forge_the_log, load_file_fixture) {
    // The name of a file in the ZIP, with a line end and an escape sequence.
    auto forged = cap();
    for (std::size_t at = 0; (at = forged.find("Method.cap", at)) != std::string::npos;)
        forged.replace(at, 10, "M\x1b[2J\nodX.");
    warnings.clear();
    upload("POST", "/executable-load-files", {{"elf-file", "x.cap", forged}});
    BOOST_REQUIRE(warnings.size() == 1);
    BOOST_TEST(warnings[0].find('\n') == std::string::npos);
    BOOST_TEST(warnings[0].find('\x1b') == std::string::npos);
    BOOST_TEST(warnings[0].find("M?[2J?odX.") != std::string::npos, warnings[0]);
}

BOOST_FIXTURE_TEST_CASE(publishing_names_the_profiles_whose_cards_are_too_small, load_file_fixture) {
    const auto shorts = profile("shorts", "3.1.0", {}, {{"extendedCap", true}});
    const auto longs = profile("longs", "3.1.0", {}, {{"extendedCap", true}, {"extendedLength", true}});
    const auto tiny = profile("tiny", "3.1.0", {}, {{"extendedCap", true}, {"blockSize", 100}});
    const auto said = [&](const std::string& name, std::size_t octets, const std::string& tag,
                          const std::string& profile_id) {
        const auto flavor = flavor_with(long_load_file(octets, name, octets > 55000));
        if (!profile_id.empty())
            parsed(deploy(tag, flavor, profile_id));
        warnings.clear();
        BOOST_TEST(publish(flavor).status == 200);
        return warnings;
    };
    BOOST_TEST(said("a.cap", 50000, "1.0.0", shorts).empty());
    BOOST_TEST(said("b.cap", 70000, "1.0.1", longs).empty());
    auto lines = said("c.cap", 70000, "1.0.2", shorts);
    BOOST_REQUIRE(lines.size() == 1);
    for (const auto& part :
         {std::string("‘c.cap’"), "(service " + service_id + " ‘Pay’)", "cards of profile " + shorts + " ‘shorts’",
          std::string("at most 61184 octets"), std::string("card.extendedLength")})
        BOOST_TEST(lines[0].find(part) != std::string::npos, lines[0]);
    BOOST_TEST(said("d.cap", 60000, "1.0.3", shorts).empty());
    const auto s16 = profile("s16", "3.1.0", {}, {{"extendedCap", true}, {"scp03Mode", "S16"}});
    lines = said("d16.cap", 60000, "1.0.5", s16);
    BOOST_REQUIRE(lines.size() == 1);
    BOOST_TEST(lines[0].find("at most 57088 octets") != std::string::npos, lines[0]);
    const auto open = profile("open", "3.1.0", {},
                              {{"extendedCap", true}, {"minimumLevel", 17}}); // without C-ENC nothing is filled up
    BOOST_TEST(said("e17.cap", 62000, "1.0.6", open).empty());
    lines = said("e.cap", 30000, "1.0.4", tiny);
    BOOST_REQUIRE(lines.size() == 1);
    BOOST_TEST(lines[0].find("at most 25600 octets") != std::string::npos, lines[0]);
    lines = said("f.cap", 70000, "", ""); // no Version yet
    BOOST_REQUIRE(lines.size() == 1);
    BOOST_TEST(lines[0].find("cards without extended length") != std::string::npos, lines[0]);
}

BOOST_FIXTURE_TEST_CASE(extended_cap_files_need_a_profile_that_takes_them, load_file_fixture) {
    const auto flavor = flavor_with(long_load_file(1000, "x.cap", true));
    const auto plain = profile("plain", "3.1.0");
    const auto old = profile("old", "3.0.5", {}, {{"extendedCap", true}});
    const auto good = profile("good", "3.1.0", {}, {{"extendedCap", true}});
    warnings.clear();
    BOOST_TEST(problem(deploy("1.0.0", flavor, old)).find("javaCard") != std::string::npos);
    BOOST_TEST(warnings.empty()); // the version says it
    // Also where nothing that the CAP file imports tells its platform.
    const model::technical_requirement needed{.java_card_version = {}, .gp_api_version = {}, .extended_cap = true};
    for (const auto& [version, met] : {std::pair{"3.0.5", false}, {"3.1.0", true}, {"3.2.0", true}}) {
        const model::technical_offer offered{.java_card_version = version, .gp_api_version = {}, .extended_cap = true};
        BOOST_TEST(model::first_unmet(needed, offered).has_value() != met);
    }
    const auto answer = problem(deploy("1.0.0", flavor, plain));
    BOOST_TEST(answer.substr(0, 4) == "1016");
    BOOST_TEST(answer.find("javaCard") != std::string::npos);
    BOOST_REQUIRE(warnings.size() == 1);
    BOOST_TEST(warnings[0].find("card.extendedCap") != std::string::npos);
    BOOST_TEST(deploy("1.0.0", flavor, good).status == 200);
    publish(flavor);
    BOOST_TEST(device_side->service(service_id)->versions.at(0).profiles == std::vector{good},
               boost::test_tools::per_element());

    // The profile file can be imported again with other card parameters: the eligibility check looks once more.
    profile("good", "3.1.0");
    BOOST_TEST(device_side->service(service_id)->versions.at(0).profiles.empty());
}

BOOST_AUTO_TEST_SUITE_END()
