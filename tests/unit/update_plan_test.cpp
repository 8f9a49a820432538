// TR 4.2.5.4, AMB-111: what an update keeps, removes and installs, out of two targets.

#include "model/update_plan.hpp"
#include "process/update_rules.hpp"
#include "store/instance_records.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::model;

namespace {

target_load_file file(std::string aid, std::string sha, std::vector<std::string> imports = {}) {
    return {.elf_id = aid, .aid = aid, .sha256 = std::move(sha), .size = 100, .imports = std::move(imports)};
}

target_application app(std::string elf, std::string aid) {
    target_application a;
    a.elf_aid = std::move(elf);
    a.module_aid = a.instance_aid = std::move(aid);
    return a;
}

/// LIB, and APP that imports it, with an applet each; ALONE with two.
deployment_target version_1() {
    deployment_target t;
    t.sd_aid = "5D";
    t.load_files = {file("LIB", "1"), file("APP", "1", {"LIB"}), file("ALONE", "1")};
    t.applications = {app("LIB", "L1"), app("APP", "A1"), app("ALONE", "B1"), app("ALONE", "B2")};
    t.device_apps = {std::string(64, 'A')};
    t.card.ara = "arac";
    return t;
}

template <class T, class M> std::string names(const std::vector<T>& list, M member) {
    std::string all;
    for (const auto& element : list)
        all += (all.empty() ? "" : " ") + element.*member;
    return all;
}

/// A new Version, or Flavor, with the content of the former one.
bool changes_nothing(const update_plan& p) {
    return p.removed.empty() && p.installed.empty() && p.removed_files.empty() && p.added_files.empty();
}

std::string in_words(const update_plan& p) {
    const auto apps = [](const auto& list) { return names(list, &target_application::instance_aid); };
    const auto files = [](const auto& list) { return names(list, &target_load_file::aid); };
    return "keeps " + apps(p.kept) + " removes " + apps(p.removed) + " installs " + apps(p.installed) + " | keeps " +
           files(p.kept_files) + " removes " + files(p.removed_files) + " adds " + files(p.added_files);
}

std::string rules_in_words(const std::vector<access_rule>& rules) {
    std::string all;
    for (const auto& rule : rules)
        all += (all.empty() ? "" : " ") + rule.aid + rule.device_app.substr(0, 1) + (rule.nfc ? "+" : "");
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(update_plans)

BOOST_AUTO_TEST_CASE(what_differs_goes_and_comes) {
    const struct {
        const char* name;
        void (*change)(deployment_target& wanted);
        const char* plan;
    } rows[] = {
        {"nothing", [](deployment_target&) {},
         "keeps L1 A1 B1 B2 removes  installs  | keeps LIB APP ALONE removes  adds "},
        {"version, Flavor, priority, access",
         [](deployment_target& t) {
             t.version_tag = "2.0.0";
             t.flavor_id = "other";
             t.applications[0].priority = 1;
             t.applications[0].accessible_via_nfc = true;
             t.device_apps.clear();
         },
         "keeps L1 A1 B1 B2 removes  installs  | keeps LIB APP ALONE removes  adds "},
        {"a load file that nobody imports", [](deployment_target& t) { t.load_files[2].sha256 = "2"; },
         "keeps L1 A1 removes B1 B2 installs B1 B2 | keeps LIB APP removes ALONE adds ALONE"},
        {"a load file that another imports", [](deployment_target& t) { t.load_files[0].sha256 = "2"; },
         "keeps B1 B2 removes L1 A1 installs L1 A1 | keeps ALONE removes LIB APP adds LIB APP"},
        {"an application's module", [](deployment_target& t) { t.applications[2].module_aid = "B9"; },
         "keeps L1 A1 B2 removes B1 installs B1 | keeps LIB APP ALONE removes  adds "},
        {"its load file", [](deployment_target& t) { t.applications[2].elf_aid = "LIB"; },
         "keeps L1 A1 B2 removes B1 installs B1 | keeps LIB APP ALONE removes  adds "},
        {"its install parameters", [](deployment_target& t) { t.applications[2].install_parameters = "C900"; },
         "keeps L1 A1 B2 removes B1 installs B1 | keeps LIB APP ALONE removes  adds "},
        {"its activation", [](deployment_target& t) { t.applications[2].make_selectable = false; },
         "keeps L1 A1 B2 removes B1 installs B1 | keeps LIB APP ALONE removes  adds "},
        {"its privileges", [](deployment_target& t) { t.applications[2].privileges = {"GlobalService"}; },
         "keeps L1 A1 B2 removes B1 installs B1 | keeps LIB APP ALONE removes  adds "},
        {"its personalization", [](deployment_target& t) { t.applications[2].has_personalization = true; },
         "keeps L1 A1 B2 removes B1 installs B1 | keeps LIB APP ALONE removes  adds "},
        {"its script", [](deployment_target& t) { t.applications[2].script.emplace(); },
         "keeps L1 A1 B2 removes B1 installs B1 | keeps LIB APP ALONE removes  adds "},
        {"its instance AID", [](deployment_target& t) { t.applications[2].instance_aid = "B7"; },
         "keeps L1 A1 B2 removes B1 installs B7 | keeps LIB APP ALONE removes  adds "},
        {"one less", [](deployment_target& t) { t.applications.pop_back(); },
         "keeps L1 A1 B1 removes B2 installs  | keeps LIB APP ALONE removes  adds "},
        {"a load file without instances", [](deployment_target& t) { t.applications.erase(t.applications.begin()); },
         "keeps A1 B1 B2 removes L1 installs  | keeps LIB APP ALONE removes  adds "},
        {"a load file for another",
         [](deployment_target& t) {
             t.load_files[2] = file("NEW", "1");
             t.applications[2].elf_aid = t.applications[3].elf_aid = "NEW";
         },
         "keeps L1 A1 removes B1 B2 installs B1 B2 | keeps LIB APP removes ALONE adds NEW"},
        {"nothing is left",
         [](deployment_target& t) {
             t.load_files.clear();
             t.applications.clear();
         },
         "keeps  removes L1 A1 B1 B2 installs  | keeps  removes LIB APP ALONE adds "},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.name) {
            auto wanted = version_1();
            row.change(wanted);
            BOOST_TEST(in_words(plan_update(version_1(), wanted)) == row.plan);
        }
    auto wanted = version_1();
    BOOST_TEST(changes_nothing(plan_update(version_1(), wanted)));
    auto listed = version_1();
    listed.applications[3].privileges = {"GlobalService", "CVMManagement"};
    wanted.applications[3].privileges = {"CVMManagement", "GlobalService"};
    BOOST_TEST(changes_nothing(plan_update(listed, wanted)));
}

// Placeholders are filled in with installationData, which no row keeps.
BOOST_AUTO_TEST_CASE(install_parameters_are_the_same_by_their_digest) {
    auto former = app("LIB", "L1"), wanted = former;
    former.install_parameters = wanted.install_parameters = "C901${key}";
    BOOST_TEST(!is_same(former, wanted)); // a row of before: nobody knows
    former.parameters_digest = "AA";
    wanted.parameters_digest = "BB";
    BOOST_TEST(!is_same(former, wanted));
    wanted.parameters_digest = "AA";
    wanted.install_parameters = "c9 01 ${key}"; // written otherwise
    BOOST_TEST(is_same(former, wanted));
    former.parameters_digest.clear();
    former.install_parameters = wanted.install_parameters = "C90101";
    BOOST_TEST(is_same(former, wanted));
}

BOOST_AUTO_TEST_CASE(a_row_of_before_knows_no_script) {
    auto former = app("LIB", "L1"), wanted = former;
    wanted.has_personalization = true;
    wanted.script.emplace();
    BOOST_TEST(!is_same(former, wanted));
    former.has_personalization = true;
    BOOST_TEST(is_same(former, wanted));
    former.script = {{}, "another one"};
    BOOST_TEST(!is_same(former, wanted));
}

// As far as the values of a script are not of a call.
BOOST_AUTO_TEST_CASE(a_script_with_other_values_is_another_one) {
    auto there = version_1();
    there.applications[2].script = {{{"t", "80E28800", "0101${key}", "", {"9000"}}}, ""};
    there.sp_parameters = {{"key", "AA"}, {"other", "BB"}};
    auto wanted = there;
    wanted.sp_parameters["other"] = "CC";
    BOOST_TEST(changes_nothing(plan_update(there, wanted)));
    wanted.sp_parameters["key"] = "CC";
    BOOST_TEST(in_words(plan_update(there, wanted)).find("installs B1 ") != std::string::npos);
    wanted.sp_parameters.erase("key");
    BOOST_TEST(!changes_nothing(plan_update(there, wanted)));
}

// What an update has left without a proof is in one form or the other.
BOOST_AUTO_TEST_CASE(what_is_in_doubt_is_not_kept) {
    auto there = version_1();
    auto wanted = there;
    wanted.load_files[2].sha256 = "2";
    wanted.applications[0].install_parameters = "C900";
    remember_attempt(there.beside, plan_update(there, wanted), {{"L1", std::string(64, 'C')}});
    BOOST_TEST(in_words(plan_update(there, there)) ==
               "keeps A1 removes L1 B1 B2 installs L1 B1 B2 | keeps LIB APP removes ALONE adds ALONE");
    BOOST_TEST(in_words(plan_update(there, wanted)) ==
               "keeps A1 removes L1 B1 B2 installs L1 B1 B2 | keeps LIB APP removes ALONE adds ALONE");
    BOOST_TEST(rules_on_card(there).size() == 5u);
    remember_attempt(there.beside, plan_update(there, wanted), {{"L1", std::string(64, 'C')}});
    BOOST_TEST(there.beside.load_files.size() == 1u);
    BOOST_TEST(there.beside.applications.size() == 3u);
    BOOST_TEST(there.beside.rules.size() == 1u);
}

// A card deletes no load file that another one imports, in whichever form it is there.
BOOST_AUTO_TEST_CASE(what_is_left_can_be_deleted_in_reverse) {
    deployment_target t;
    t.load_files = {file("APP", "1")};
    t.beside.load_files = {file("NEWLIB", "1"), file("APP", "2", {"NEWLIB"})};
    t.beside.applications = {app("APP", "A2")};
    const auto whole = with_remnants(t);
    BOOST_TEST(names(whole.load_files, &target_load_file::aid) == "NEWLIB APP");
    BOOST_TEST(names(whole.applications, &target_application::instance_aid) == "A2");
    BOOST_TEST(whole.beside.empty());
}

// AMB-225: where the AIDs differ.
BOOST_AUTO_TEST_CASE(what_can_be_loaded_beforehand) {
    const auto beforehand = [](void (*change)(deployment_target&)) {
        auto wanted = version_1();
        change(wanted);
        return names(loadable_beforehand(plan_update(version_1(), wanted), version_1()), &target_load_file::aid);
    };
    BOOST_TEST(beforehand([](deployment_target& t) { t.load_files[2] = file("NEW", "1"); }) == "NEW");
    BOOST_TEST(beforehand([](deployment_target& t) { t.load_files[2].sha256 = "2"; }) == "");
    BOOST_TEST(beforehand([](deployment_target& t) { t.load_files[2] = file("B1", "1"); }) == ""); // an applet's
    BOOST_TEST(beforehand([](deployment_target& t) { t.load_files[2] = file("5D", "1"); }) == "");
    BOOST_TEST(beforehand([](deployment_target& t) { t.load_files.push_back(file("NEW", "1", {"LIB"})); }) == "NEW");
    BOOST_TEST(beforehand([](deployment_target& t) {
                   t.load_files[0].sha256 = "2";
                   t.load_files.push_back(file("NEW", "1", {"LIB"})); // waits for it
                   t.load_files.push_back(file("NEWER", "1"));
               }) == "NEWER");
}

// AMB-124
BOOST_AUTO_TEST_CASE(rules_change_with_an_activation) {
    const auto former = version_1();
    auto wanted = former;
    wanted.applications[0].accessible_via_nfc = true;           // L1
    wanted.applications.erase(wanted.applications.begin() + 1); // A1
    wanted.load_files[2].sha256 = "2";                          // B1, B2
    wanted.device_apps.push_back(std::string(64, 'N'));
    const auto plan = plan_update(former, wanted);
    using enum process::rules_of_before;
    auto with = process::plan_rules(former, wanted, plan, true, there);
    BOOST_TEST(rules_in_words(with.remove) == "L1A A1A");
    BOOST_TEST(rules_in_words(with.write) == "L1A+ L1N+ B1N B2N");
    BOOST_TEST(rules_in_words(with.fresh) == "L1N+ B1N B2N"); // L1A+ takes the place of one that was there
    BOOST_TEST(with.left.empty());
    with = process::plan_rules(former, wanted, plan, true, in_doubt); // some may be missing
    BOOST_TEST(rules_in_words(with.write) == "L1A+ L1N+ B1A B1N B2A B2N");
    BOOST_TEST(rules_in_words(with.fresh) == "L1N+ B1N B2N");
    const auto without = process::plan_rules(former, wanted, plan, false, there);
    BOOST_TEST(rules_in_words(without.remove) == "A1A B1A B2A"); // of what goes
    BOOST_TEST(without.write.empty());
    BOOST_TEST(rules_in_words(without.left) == "L1A");
    auto no_store = former;
    no_store.card.ara = wanted.card.ara = "none";
    BOOST_TEST(!process::plan_rules(no_store, wanted, plan, true, there).any());
}

BOOST_AUTO_TEST_CASE(rules_stay_where_they_are) {
    auto former = version_1();
    former.card.arac_aid = "C1";
    card_parameters today;
    today.ara = "aram-issuer";
    process::keep_rule_store(today, former);
    BOOST_TEST(today.ara == "arac");
    BOOST_TEST(today.arac_aid == "C1");
    former.card.ara = "none";
    today.ara = "aram-issuer";
    process::keep_rule_store(today, former);
    BOOST_TEST(today.ara == "aram-issuer");
}

BOOST_AUTO_TEST_CASE(what_is_left_outlives_the_process) {
    service_instance instance;
    instance.target = version_1();
    auto wanted = version_1();
    wanted.load_files[2] = file("NEW", "1", {"LIB"});
    wanted.applications[0].parameters_digest = "AB";
    wanted.applications[0].install_parameters = "C900";
    remember_attempt(instance.target.beside, plan_update(instance.target, wanted),
                     {{"L1", std::string(64, 'C'), false, true}});
    const auto read = store::decode_instance(store::encode(instance)).target.beside;
    BOOST_TEST(names(read.load_files, &target_load_file::aid) == "NEW");
    BOOST_TEST(names(read.applications, &target_application::instance_aid) == "L1 B1 B2");
    BOOST_TEST(read.applications[0].parameters_digest == "AB");
    BOOST_TEST((read.rules == instance.target.beside.rules));
    BOOST_TEST(store::decode_instance(R"({"target": {"sdAid": "5D"}})").target.beside.empty()); // of before
}

BOOST_AUTO_TEST_SUITE_END()
