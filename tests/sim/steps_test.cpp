// Every command of every process answered wrongly, and after it an honest card: whatever happened, a process ends with
// a category of TR 4.2.4.4, claims success only where it is true, and leaves a card that can be emptied and used again.
// What goes wrong is written in the language of lab/card/faults.hpp, so that tsms-handset can play it again
// (docs/lab.md).

#include "tests/sim/scripts.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

constexpr std::size_t most_effects = 1000; ///< of one process; an honest one has about 40
constexpr std::size_t most_orders = 32;

using outcome = process::process_outcome;
using running = process::process<outcome>;

/// Who keeps the access rules: "none", "aram-issuer" or "arac" (docs/card-parameters.md).
using ara = const char*;

world empty_world(ara rules) {
    auto w = ready("jc305", 600); // three LOADs: the first, one in the middle, the last
    w.instance.target.card.ara = rules;
    if (std::string_view(rules) != "none")
        w.instance.target.device_apps = {std::string(64, 'B')};
    return w;
}

std::size_t rules_on_card(const world& w) {
    return rules_on(w);
}
/// One for each applet and app of the target.
std::size_t rules_of(const world& w) {
    return w.instance.target.applications.size() * w.instance.target.device_apps.size();
}

/// The domain of the Service has the keys that the row says, as far as the row is not in doubt of them.
bool has_its_keys(world& w) {
    const auto& row = w.instance.domain;
    if (!row || !row->keys || row->keys_in_doubt)
        return row.has_value();
    const auto* domain = w.card.state().registry.find_application(hex(service_domain));
    return domain && domain->sd && domain->sd->key_sets.size() == 1 &&
           domain->sd->key_sets.front().version == row->keys->version;
}

std::set<std::string> expected_on_card(const world& w, bool activated) {
    auto expected = contents_of(w.instance.target);
    const auto& parameters = w.instance.target.card;
    if (parameters.ara == "arac" && activated)
        expected.insert(parameters.arac_aid);
    return expected;
}

bool is_installed(world& w) {
    return w.on_card() == expected_on_card(w, false) && has_its_keys(w);
}
bool is_operational(world& w) {
    return w.on_card() == expected_on_card(w, true) && has_its_keys(w) && use(w, applet_1) == 0x9000 &&
           use(w, applet_2) == 0x9000 && rules_on_card(w) == rules_of(w);
}
bool is_suspended(world& w) {
    return w.on_card() == expected_on_card(w, true) && use(w, applet_1) != 0x9000 && use(w, applet_2) != 0x9000;
}
bool is_gone(world& w) {
    return w.on_card().empty() && rules_on_card(w) == 0;
}
bool is_gone_but_for_the_tsm(world& w) {
    return w.on_card() == std::set<std::string>{tsm_domain};
}

bool is_gone_but_for_the_access_client(world& w) {
    return w.on_card() == std::set<std::string>{tsm_domain, w.instance.target.card.arac_aid} && rules_on_card(w) == 0;
}

running deploy(world& w, std::vector<model::service_command> commands, bool finalize) {
    return process::deploy(w.request(), requests(commands, {{"pin", "31323334"}}), finalize);
}
/// One applet has other parameters, and a load file with one comes; the other applet stays as it is.
running update(world& w, bool finalize) {
    auto wanted = next_version(w);
    wanted.version_tag = w.instance.target.version_tag == "1.0.0" ? "2.0.0" : "3.0.0";
    wanted.applications[0].install_parameters = "C9020102";
    wanted.applications.resize(2);
    wanted.load_files = {wanted.load_files[0], load_file_of(w, package_3, {applet_4}, 600)};
    wanted.applications.push_back(application_of(wanted.load_files[1], applet_4));
    if (!wanted.device_apps.empty())
        wanted.device_apps = {std::string(64, 'C')};
    return update(w, std::move(wanted), commands_of({I, A}), finalize);
}
running terminate(world& w, bool last) {
    auto request = w.request();
    request.last_service_on_card = last;
    return process::terminate(std::move(request));
}

/// A process and the situation it begins in.
struct scenario {
    const char* name;
    ara rules;
    void (*prepare)(world&);
    running (*begin)(world&);
    bool (*is_true)(world&);                            ///< what a success claims
    bool (*may_repeat)(const model::service_instance&); ///< the same again, after it has failed (AMB-100)
    /// What a script does nobody can see: a card that only pretends to have stored its data is believed.
    bool opaque = false;
};

bool may_deploy(const model::service_instance& i) {
    return !model::refuse_deploy(i, {I, A}, true, false);
}
bool may_install(const model::service_instance& i) {
    return !model::refuse_deploy(i, {I}, false, false);
}
bool may_activate(const model::service_instance& i) {
    return !model::refuse_deploy(i, {A}, true, false);
}
bool may_finalize(const model::service_instance& i) {
    return !model::refuse_deploy(i, {}, true, false);
}
bool may_personalize(const model::service_instance& i) {
    return !model::refuse_deploy(i, {P}, true, false);
}
bool may_deploy_and_personalize(const model::service_instance& i) {
    return !model::refuse_deploy(i, {I, P, A}, true, false);
}
bool may_update(const model::service_instance& i) {
    return !model::refuse_update(i, {I, A}, true, false);
}
bool may_lock(const model::service_instance& i) {
    return !model::refuse_suspend_or_resume(i, false);
}
bool may_terminate(const model::service_instance& i) {
    return !model::refuse_terminate(i);
}

void operational_service(world& w) {
    w.play(deploy(w, {I, A}, true));
}
void installed_service(world& w) {
    w.play(deploy(w, {I}, false));
}
void suspended_service(world& w) {
    operational_service(w);
    w.suspend(true);
}
void tsm_domain_only(world& w) {
    const auto before = w.instance;
    operational_service(w);
    w.play(terminate(w, false));
    w.instance = before;
}
/// A deploy broke off in the middle: the card is in doubt.
void break_off(world& w, std::string_view fault) {
    w.card.inject(lab::fault_plan::parse(fault, w.random));
    operational_service(w);
    w.card.inject({});
}
void broken_off(world& w) {
    break_off(w, "tear-after@load:2");
}
void broken_off_after_load(world& w) {
    break_off(w, "tear-before@install-for-install");
}

void activated_service(world& w) {
    w.play(deploy(w, {I, A}, false));
}
/// A phone has hidden the TSM's domain, and the issuer has personalized it again beside our own keys.
void other_keys_in_the_domain(world& w) {
    tsm_domain_only(w);
    w.on_the_way = hides_the_domain();
    operational_service(w);
    w.on_the_way = nullptr;
}
/// What two lost connections can leave: the issuer has created the domain anew, and not got as far as its keys.
void no_keys_in_the_domain(world& w) {
    auto state = w.card.state();
    state.registry.find_application(hex(tsm_domain))->sd->key_sets.clear();
    w.card = lab::card(state, w.random);
}
void tsm_domain_without_keys(world& w) {
    tsm_domain_only(w);
    no_keys_in_the_domain(w);
}
void service_below_a_domain_without_keys(world& w) {
    operational_service(w);
    no_keys_in_the_domain(w);
}
bool is_updated(world& w) {
    return w.instance.target.version_tag != "1.0.0" && w.instance.target.beside.empty() && is_operational(w) &&
           use(w, applet_4) == 0x9000;
}
/// The first applet goes by its domain, the second one by itself; a script each, and a placeholder in one.
void with_scripts(world& w) {
    add_script(w, 0, {stores("pin", "010104${pin}"), stores("more", "020100")});
    add_script(w, 1, {stores("one", "03", "80E20800"), stores("two", "0100", "80E28801")});
}
bool has_run_scripts(world& w) {
    return kept_by(w, applet_1) == "020100" && kept_by(w, applet_2) == "030100" &&
           w.card.state().registry.find_application(applet_1)->personalized == 2;
}
bool is_operational_with_data(world& w) {
    return is_operational(w) && has_run_scripts(w);
}
/// Deployed and finalized, nothing selectable.
bool is_personalized(world& w) {
    return is_installed(w) && has_run_scripts(w);
}
void installed_service_with_scripts(world& w) {
    with_scripts(w);
    installed_service(w);
}
void operational_service_with_scripts(world& w) {
    with_scripts(w);
    w.play(deploy(w, {I, P, A}, true));
}
/// Both are made anew: one has another script, the other one another parameter.
running update_with_scripts(world& w) {
    auto wanted = next_version(w);
    wanted.version_tag = w.instance.target.version_tag == "1.0.0" ? "2.0.0" : "3.0.0";
    wanted.applications[0].script->commands[0].tag += ", changed";
    wanted.applications[1].install_parameters = "C9020102";
    return update(w, std::move(wanted), requests({I, P, A}, {{"pin", "31323334"}}), true);
}
bool is_updated_with_data(world& w) {
    return w.instance.target.version_tag != "1.0.0" && w.instance.target.beside.empty() && is_operational_with_data(w);
}
bool is_operational_with_one_key_set(world& w) {
    return is_operational(w) && key_versions_of(w, tsm_domain).size() == 1;
}

const scenario scenarios[] = {
    {"deploy with the issuer", "none", [](world&) {},
     [](world& w) {
         return deploy(w, {I, A}, true);
     },
     is_operational, may_deploy},
    {"deploy with the issuer and access rules", "aram-issuer", [](world&) {},
     [](world& w) {
         return deploy(w, {I, A}, true);
     },
     is_operational, may_deploy},
    {"deploy without the issuer", "none", tsm_domain_only,
     [](world& w) {
         return deploy(w, {I, A}, true);
     },
     is_operational, may_deploy},
    {"deploy with access rules in an ARA-C", "arac", [](world&) {},
     [](world& w) {
         return deploy(w, {I, A}, true);
     },
     is_operational, may_deploy},
    {"activate alone, with access rules in an ARA-C", "arac", installed_service,
     [](world& w) { return deploy(w, {A}, true); }, is_operational, may_activate},
    {"terminate with access rules in an ARA-C, keep the TSM's domain", "arac", operational_service,
     [](world& w) { return terminate(w, false); }, is_gone_but_for_the_access_client, may_terminate},
    {"install alone", "none", [](world&) {}, [](world& w) { return deploy(w, {I}, false); }, is_installed, may_install},
    {"activate alone", "none", installed_service, [](world& w) { return deploy(w, {A}, true); }, is_operational,
     may_activate},
    {"finalize alone", "none", activated_service, [](world& w) { return deploy(w, {}, true); }, is_operational,
     may_finalize},
    {"deploy into a domain with other key sets", "none", other_keys_in_the_domain,
     [](world& w) {
         return deploy(w, {I, A}, true);
     },
     is_operational_with_one_key_set, may_deploy},
    {"deploy into a domain that has lost its keys", "none", tsm_domain_without_keys,
     [](world& w) {
         return deploy(w, {I, A}, true);
     },
     is_operational_with_one_key_set, may_deploy},
    {"terminate below a domain that has lost its keys", "aram-issuer", service_below_a_domain_without_keys,
     [](world& w) { return terminate(w, true); }, is_gone, may_terminate},
    {"suspend", "none", operational_service, [](world& w) { return process::suspend_or_resume(w.request(), true); },
     is_suspended, may_lock},
    {"resume", "none", suspended_service, [](world& w) { return process::suspend_or_resume(w.request(), false); },
     is_operational, may_lock},
    {"deploy with scripts", "none", with_scripts,
     [](world& w) {
         return deploy(w, {I, P, A}, true);
     },
     is_operational_with_data, may_deploy_and_personalize, true},
    {"personalize alone", "none", installed_service_with_scripts, [](world& w) { return deploy(w, {P}, true); },
     is_personalized, may_personalize, true},
    {"update with scripts", "none", operational_service_with_scripts, update_with_scripts, is_updated_with_data,
     may_update, true},
    {"update", "none", operational_service, [](world& w) { return update(w, true); }, is_updated, may_update},
    {"update with access rules in an ARA-C", "arac", operational_service, [](world& w) { return update(w, true); },
     is_updated, may_update},
    {"update with access rules of the issuer", "aram-issuer", operational_service,
     [](world& w) { return update(w, true); }, is_updated, may_update},
    {"update of what is suspended", "none", suspended_service, [](world& w) { return update(w, true); }, is_updated,
     may_update},
    {"terminate the last service", "aram-issuer", operational_service, [](world& w) { return terminate(w, true); },
     is_gone, may_terminate},
    {"terminate and keep the TSM's domain", "aram-issuer", operational_service,
     [](world& w) { return terminate(w, false); },
     [](world& w) { return is_gone_but_for_the_tsm(w) && rules_on_card(w) == 0; }, may_terminate},
    {"terminate and keep the TSM's domain, without rules", "none", operational_service,
     [](world& w) { return terminate(w, false); }, is_gone_but_for_the_tsm, may_terminate},
    {"deploy a card in doubt", "aram-issuer", broken_off,
     [](world& w) {
         return deploy(w, {I, A}, true);
     },
     is_operational, may_deploy},
    {"terminate a card in doubt", "none", broken_off, [](world& w) { return terminate(w, true); }, is_gone,
     may_terminate},
    {"terminate a card in doubt with a load file, keep the TSM's domain", "none", broken_off_after_load,
     [](world& w) { return terminate(w, false); }, is_gone_but_for_the_tsm, may_terminate},
};

/// Where a scenario begins; made once, because that takes longer than the rest.
struct situation {
    lab::card_state card;
    model::service_instance instance, fresh;
    model::secure_component component;

    static situation of(const scenario& s) {
        auto w = empty_world(s.rules);
        auto fresh = w.instance;
        s.prepare(w);
        return {w.card.state(), w.instance, fresh, w.component};
    }
    world restore(const scenario& s) const {
        auto w = empty_world(s.rules);
        w.card = lab::card(card, w.random);
        w.instance = instance;
        w.component = component;
        return w;
    }
};

enum class player { card, phone };

/// At one command. A phone's refusal never reaches the card, a card's own one is part of the secure channel. (A card
/// that says 6A88 of what it has would be a broken one; a phone may say so of any card.)
const std::pair<player, const char*> faults[] = {
    {player::card, "sw6985"},    {player::card, "sw6A80"},      {player::card, "sw6A84"},
    {player::card, "sw6A86"},    {player::card, "sw6581"},      {player::card, "sw6310"},
    {player::card, "forge9000"}, {player::card, "forge6985"},   {player::card, "forge6A88"},
    {player::card, "bad-rmac"},  {player::card, "short-rmac"},  {player::card, "cut0"},
    {player::card, "cut1"},      {player::card, "noise"},       {player::card, "replay"},
    {player::card, "mute"},      {player::card, "tear-before"}, {player::card, "tear-after"},
    {player::card, "pretend"},   {player::phone, "sw9000"},     {player::phone, "sw6A88"},
    {player::phone, "sw6300"},
};

void play_faults(world& w, player who, const std::string& spec) {
    auto plan = lab::fault_plan::parse(spec, w.random);
    if (who == player::card)
        return w.card.inject(std::move(plan));
    const auto phone = std::make_shared<lab::fault_plan>(std::move(plan));
    w.on_the_way = [phone](const gp::card_command& command,
                           const std::function<bytes()>& card) -> std::optional<bytes> {
        return phone->play(command.apdu, [&](std::optional<std::uint16_t> instead) {
            return instead ? bytes{static_cast<std::uint8_t>(*instead >> 8), static_cast<std::uint8_t>(*instead)}
                           : card();
        });
    };
}

void be_honest(world& w) {
    w.card.inject({});
    w.card.reset();
    w.on_the_way = nullptr;
}

/// Ended in order: bounded, with a category, and with a reason exactly where it failed.
outcome ended(world& w, running r) {
    const auto result = w.play(std::move(r), most_effects);
    BOOST_REQUIRE(result.has_value());
    BOOST_TEST(w.orders <= most_orders);
    const auto category = static_cast<int>(result->status);
    BOOST_TEST((category >= 0 && (category <= 13 || category == 100)));
    BOOST_TEST((category == 0) == result->details.empty(), result->details);
    return *result;
}

/// Everybody is honest now: the card can be emptied, and used again.
void recover(world& w, const scenario& s, const situation& from, bool repeat, bool deploy_first, bool deploy_again) {
    if (repeat && s.may_repeat(w.instance)) {
        BOOST_TEST(ended(w, s.begin(w)).details == "");
        BOOST_TEST(s.is_true(w));
    }
    if (deploy_first && may_deploy(w.instance)) {
        BOOST_TEST(ended(w, deploy(w, {I, A}, true)).details == "");
        BOOST_TEST(is_operational(w));
    }
    const auto terminated = ended(w, terminate(w, true));
    BOOST_TEST(terminated.details == "");
    BOOST_TEST(terminated.instance_gone);
    BOOST_TEST(is_gone(w));
    if (!deploy_again)
        return;
    w.instance = from.fresh;
    BOOST_TEST(ended(w, deploy(w, {I, A}, true)).details == "");
    BOOST_TEST(is_operational(w));
}

} // namespace

BOOST_AUTO_TEST_SUITE(steps)

BOOST_AUTO_TEST_CASE(every_command_of_every_process_goes_wrong) {
    for (const auto& s : scenarios) {
        const auto from = situation::of(s);
        auto honest = from.restore(s);
        BOOST_TEST_REQUIRE(ended(honest, s.begin(honest)).details == "", s.name);
        BOOST_TEST_REQUIRE(s.is_true(honest), s.name);
        const auto count = honest.apdus;
        BOOST_TEST_REQUIRE(count > 5u);
        std::size_t run = 0;
        for (std::size_t n = 1; n <= count; ++n)
            for (const auto& [who, action] : faults) {
                const auto spec = std::string(action) + "@any:" + std::to_string(n) + ",seed" + std::to_string(n);
                BOOST_TEST_CONTEXT(s.name << ", fault " << spec
                                          << (who == player::card ? " of the card" : " of the phone")) {
                    auto w = from.restore(s);
                    play_faults(w, who, spec);
                    const auto result = ended(w, s.begin(w));
                    be_honest(w);
                    const bool pretended = s.opaque && std::string_view(action) == "pretend";
                    if (result.status == model::error_category::none && !pretended)
                        BOOST_TEST(s.is_true(w));
                    ++run;
                    const bool failed = result.status != model::error_category::none;
                    recover(w, s, from, failed && run % 3 == 0, run % 2 == 0, run % 8 == 0);
                }
            }
        BOOST_TEST_MESSAGE(s.name << ": " << count << " commands, " << run << " runs");
    }
}

// The connection is lost behind any command of one process, and again in the next, which begins with what the first has
// left in the rows and on the card.
BOOST_AUTO_TEST_CASE(two_lost_connections_in_a_row) {
    const scenario first[] = {
        {"terminate", "aram-issuer", operational_service, [](world& w) { return terminate(w, true); }, is_gone,
         may_terminate},
        {"deploy", "none", [](world&) {},
         [](world& w) {
             return deploy(w, {I, A}, true);
         },
         is_operational, may_deploy},
    };
    const auto next = [](world& w) { return may_deploy(w.instance) ? deploy(w, {I, A}, true) : terminate(w, true); };
    const auto lost_behind = [](world& w, std::size_t n) {
        play_faults(w, player::card, "tear-after@any:" + std::to_string(n));
    };
    constexpr std::size_t stride = 5;
    std::size_t runs = 0;
    for (const auto& s : first) {
        const auto from = situation::of(s);
        auto honest = from.restore(s);
        ended(honest, s.begin(honest));
        for (std::size_t n = 1; n <= honest.apdus; ++n)
            for (const bool new_instance : {false, true}) { // of another Service: what remains is the row of the card
                auto w = from.restore(s);
                lost_behind(w, n);
                ended(w, s.begin(w));
                be_honest(w);
                if (new_instance && w.instance.on_card && !w.component.doubt)
                    continue; // the Service is on the card as its instance's row says: untouched, or there as a whole
                const situation left{w.card.state(), new_instance ? from.fresh : w.instance, from.fresh, w.component};
                auto second = left.restore(s);
                BOOST_TEST_CONTEXT(s.name << ", lost behind command " << n
                                          << (new_instance ? ", then a new instance" : ""))
                BOOST_TEST(ended(second, next(second)).details == "");
                for (std::size_t m = 1 + n % stride; m <= second.apdus; m += stride, ++runs)
                    BOOST_TEST_CONTEXT(s.name << ", lost behind command " << n
                                              << (new_instance ? ", then a new instance" : "")
                                              << ", lost behind command " << m) {
                        auto again = left.restore(s);
                        lost_behind(again, m);
                        ended(again, next(again));
                        be_honest(again);
                        recover(again, s, left, false, runs % 2 == 0, runs % 4 == 0);
                    }
            }
    }
    BOOST_TEST_MESSAGE(runs << " runs");
}

BOOST_AUTO_TEST_CASE(every_command_of_an_identification_goes_wrong) {
    for (std::size_t n = 1; n <= 6; ++n)
        for (const auto& [who, action] : faults) {
            const auto spec = std::string(action) + "@any:" + std::to_string(n) + ",seed" + std::to_string(n);
            BOOST_TEST_CONTEXT("identification, fault " << spec) {
                auto w = empty_world("none");
                play_faults(w, who, spec);
                const auto facts = w.identify();
                BOOST_REQUIRE_EQUAL(facts.size(), 1u);
                const auto& card = facts.front();
                BOOST_TEST(card.accessible == (card.problem == model::error_category::none));
                BOOST_TEST((card.cplc.empty() || card.cplc.size() == 84));
                BOOST_TEST(card.isd_aid.size() <= 32u);
                be_honest(w);
                BOOST_TEST(w.identify().front().cplc == w.component.identity);
            }
        }
}

// A bad contact all along: faults by chance, until a deploy comes through.
BOOST_AUTO_TEST_CASE(a_bad_contact_needs_patience) {
    for (int seed = 1; seed <= 20; ++seed)
        BOOST_TEST_CONTEXT("seed " << seed) {
            auto w = empty_world(seed % 2 == 0 ? "aram-issuer" : "none");
            const auto fresh = w.instance;
            w.card.inject(lab::fault_plan::parse(
                "tear-before@any:~120,tear-after@any:~120,mute@any:~120,bad-rmac@any:~200,seed" + std::to_string(seed),
                w.random));
            bool done = false;
            for (int attempt = 0; attempt < 60 && !done; ++attempt)
                done = ended(w, deploy(w, {I, A}, true)).status == model::error_category::none;
            BOOST_TEST(done);
            BOOST_TEST((!done || is_installed(w)));
            be_honest(w);
            BOOST_TEST(ended(w, terminate(w, true)).details == "");
            BOOST_TEST(is_gone(w));
        }
}

BOOST_AUTO_TEST_SUITE_END()
