// Whole calls, from their arrival to their stored end: the TSM dies behind every single effect of a call and starts
// again. Then either nobody comes, the process is ended, and the same call is made again; or the phone comes back, and
// the process is entered again (DIV-108). Card and rows end the same.

#include "store/call_records.hpp"
#include "store/instance_records.hpp"
#include "tests/sim/tsm.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

using enum model::error_category;

const model::tsm_api_function deploy_all = model::deploy_service{"instance-1", commands_of({I, A}), true};
const model::tsm_api_function install_it = model::deploy_service{"instance-1", commands_of({I}), false};
const model::tsm_api_function activate_it = model::deploy_service{"instance-1", commands_of({A}), true};
const model::tsm_api_function suspend_it = model::suspend_or_resume_service{"instance-1", true};
const model::tsm_api_function resume_it = model::suspend_or_resume_service{"instance-1", false};
const model::tsm_api_function update_it = model::update_service{"instance-1", "2.0.0", commands_of({I, A}), true};
const model::tsm_api_function terminate_it = model::terminate_service{"instance-1"};

/// The card was announced in another reader than the row says: it is asked who it is.
void created(tsm& t) {
    t.world.instance.reader = "SIM7";
}
void installed_only(tsm& t) {
    BOOST_TEST_REQUIRE(t.call(install_it).message == "");
}
void operational_with_data(tsm& t) {
    BOOST_TEST_REQUIRE(t.call(deploy_all).message == "");
    store_data(t.world);
}
void suspended_with_data(tsm& t) {
    operational_with_data(t);
    BOOST_TEST_REQUIRE(t.call(suspend_it).message == "");
}

/// A call, and where it begins and leads.
struct situation {
    const char* name;
    const char* rules;
    void (*prepare)(tsm&);
    const model::tsm_api_function& what;
    model::instance_state leads_to; ///< not deployed: there is no instance any more
    const char* kept;               ///< applets that keep their data
    model::error_category again;    ///< of the same call when it has been carried out
};

const situation situations[] = {
    {"deploy", "none", created, deploy_all, operational, "", invalid_state},
    {"deploy, rules of the issuer", "aram-issuer", created, deploy_all, operational, "", invalid_state},
    {"activate and finalize", "none", installed_only, activate_it, operational, "", invalid_state},
    {"suspend", "none", operational_with_data, suspend_it, suspended, "a1 a2 a3", none},
    {"resume", "none", suspended_with_data, resume_it, operational, "a1 a2 a3", none},
    {"update", "none", operational_with_data, update_it, operational, "a1 a2", no_eligible_sc},
    {"update, rules in an ARA-C", "arac", operational_with_data, update_it, operational, "a1 a2", no_eligible_sc},
    {"update of a suspended one", "none", suspended_with_data, update_it, operational, "a1 a2", no_eligible_sc},
    {"terminate", "none", operational_with_data, terminate_it, not_deployed, "", invalid_request},
    {"terminate, rules of the issuer", "aram-issuer", operational_with_data, terminate_it, not_deployed, "",
     invalid_request},
};

/// One of the two load files has another content in the second Version, and apps come and go.
void publish(tsm& t) {
    auto next = next_version(t.world);
    next.spos.reset();
    other_content(t.world, next, 1);
    if (next.card.ara != "none")
        next.device_apps = {std::string(64, 'C')};
    t.catalog["2.0.0"] = next;
}

/// A TSM that has stored what `from` has. Its octets of chance are others than those of before.
struct copy_of : tsm {
    explicit copy_of(const situation& s, const tsm* from = nullptr) : tsm(s.rules) {
        publish(*this);
        if (from) {
            world.random = counting_random(2);
            continue_from(*from);
        } else {
            s.prepare(*this);
        }
    }
};

// -- how it ends --

std::string text_of(const lab::application& app) {
    std::string text = to_hex(app.aid) + " in " + std::to_string(app.state) + ", " + std::to_string(app.privileges) +
                       " of " + to_hex(app.load_file) + " " + to_hex(app.module) + " below " + to_hex(app.domain) +
                       " with " + to_hex(app.parameters);
    for (const auto& [name, octets] : app.kept.objects)
        text += ", keeps " + to_hex(octets);
    if (app.sd)
        for (const auto& [tag, octets] : app.sd->data)
            text += ", has " + to_hex(octets);
    if (app.sd && to_hex(app.aid) != tsm_domain)
        text += ", key sets: " + std::to_string(app.sd->key_sets.size());
    return text;
}

std::string text_of(const lab::load_file& file) {
    return to_hex(file.package.aid) + ", " + std::to_string(file.memory) + " octets below " + to_hex(file.domain);
}

/// What is on a card but keys: each process makes its own.
std::set<std::string> text_of(const lab::card_state& card) {
    std::set<std::string> text;
    for (const auto& app : card.registry.applications())
        text.insert(text_of(app));
    for (const auto& file : card.registry.load_files())
        text.insert(text_of(file));
    auto rules = card.client_rules;
    rules[{}] = card.ara.rules;
    for (const auto& [client, of_it] : rules)
        for (const auto& rule : of_it)
            text.insert("rule in " + to_hex(client) + ": " + to_hex(rule.reference) + " " + to_hex(rule.rule));
    return text;
}

std::optional<model::security_domain> without_keys(std::optional<model::security_domain> domain) {
    if (domain && domain->keys) {
        domain->keys->wrapped.clear();
        domain->keys->version = 0;
    }
    return domain;
}

std::string rows_of(const tsm& t) {
    auto card = t.world.component;
    card.tsm_domain = without_keys(card.tsm_domain);
    auto instance = t.world.instance;
    instance.domain = without_keys(instance.domain);
    return (t.instance_is_gone() ? "no instance" : store::encode(instance)) + store::encode(card);
}

/// Nobody waits for anything: every process has ended, and its SPOS is told so once.
void check_rest(const tsm& t) {
    BOOST_TEST(!t.is_leased());
    BOOST_TEST((t.instance_is_gone() || t.world.instance.running_process.empty()));
    for (const auto& process : t.stored().processes) {
        const auto& record = process.record;
        BOOST_TEST_REQUIRE(process.end.has_value(), record.id);
        const auto told = std::ranges::count(t.stored().outbox, record.id, &model::outbox_entry::process);
        BOOST_TEST(told == 1, record.id);
    }
    for (const auto& intent : t.stored().journal)
        BOOST_TEST(intent.settled, intent.what);
    for (const auto& entry : t.stored().outbox)
        BOOST_TEST(entry.body.starts_with(entry.process + " "), entry.body);
}

/// The process that was ended by a restart: what the card has of the Service may have changed only where the row says
/// that it may be in error, and has to be looked at.
void check_interrupted(const tsm& t, const tsm& before) {
    const auto& last = t.stored().processes.back();
    BOOST_TEST((last.end->status == execution_interrupted));
    BOOST_TEST(t.stored().outbox.back().body.starts_with(last.record.id + " 6 "));
    const auto of_service = [](const tsm& one) {
        auto lines = text_of(one.world.card.state());
        std::erase_if(lines, [](const auto& line) { return line.starts_with(tsm_domain) || line.starts_with("rule"); });
        return lines;
    };
    if (of_service(t) == of_service(before))
        return;
    BOOST_TEST(number(t.world.instance.state) == number(in_error));
    BOOST_TEST(t.world.component.doubt);
}

void check_end(tsm& t, const situation& s) {
    check_rest(t);
    BOOST_TEST(t.instance_is_gone() == (s.leads_to == not_deployed));
    if (t.instance_is_gone())
        return;
    BOOST_TEST(number(t.world.instance.state) == number(s.leads_to));
    for (const auto& [name, aid] : {std::pair{"a1", applet_1}, {"a2", applet_2}, {"a3", applet_3}})
        BOOST_TEST(has_data(t.world, aid) == (std::string(s.kept).find(name) != std::string::npos), name);
    if (s.leads_to == operational)
        check_card(t.world);
}

void check_empty(tsm& t, const situation& s) {
    if (!t.instance_is_gone())
        BOOST_TEST(t.call(terminate_it).message == "");
    check_rest(t);
    BOOST_TEST(t.instance_is_gone());
    BOOST_TEST(!t.world.component.tsm_domain.has_value());
    BOOST_TEST(!t.world.component.doubt);
    BOOST_TEST(text_of(t.world.card.state()) == text_of(ready_with_two_load_files(s.rules).card.state()),
               boost::test_tools::per_element());
}

/// What began last: it has been carried out, or a restart has ended it.
bool last_has_succeeded(const tsm& t, const tsm& before) {
    const auto& processes = t.stored().processes;
    return processes.size() > before.stored().processes.size() && processes.back().end &&
           processes.back().end->status == none;
}

void die_and_restart(tsm& t, const situation& s, const tsm& before, std::size_t behind) {
    const auto processes = t.stored().processes.size();
    t.call_and_die(s.what, behind);
    const bool interrupted = t.stored().processes.size() > processes && !t.stored().processes.back().end;
    t.restart();
    check_rest(t);
    if (interrupted)
        check_interrupted(t, before);
}

/// The TSM dies so many times behind the same effect.
void die_and_repeat(const situation& s, const tsm& before, const tsm& whole, std::size_t behind, int deaths) {
    copy_of t(s, &before);
    for (int death = 0; death < deaths; ++death)
        die_and_restart(t, s, before, behind);
    const auto expected = last_has_succeeded(t, before) ? s.again : none;
    const auto told = t.call(s.what);
    BOOST_TEST(static_cast<int>(told.status) == static_cast<int>(expected), told.message);
    check_end(t, s);
    BOOST_TEST(rows_of(t) == rows_of(whole));
    BOOST_TEST(text_of(t.world.card.state()) == text_of(whole.world.card.state()), boost::test_tools::per_element());
    check_empty(t, s);
}

/// What the last process told its app, but for its id and times.
std::string result_of_last(const tsm& t) {
    auto result = t.stored().processes.back().end.value().result.value();
    std::visit([](auto& r) { r.process.process_id = r.process.start_date = r.process.end_date = {}; }, result);
    return store::encode(result);
}

/// The TSM dies so many times behind the same effect, and each time the phone comes back.
void die_and_come_back(const situation& s, const tsm& before, const tsm& whole, std::size_t behind, int deaths) {
    copy_of t(s, &before);
    t.call_and_die(s.what, behind);
    for (int death = 1; death < deaths; ++death)
        t.come_back_and_die(behind);
    auto told = t.come_back();
    if (t.stored().processes.size() == before.stored().processes.size())
        told = t.call(s.what); // nothing had begun
    if (told)
        BOOST_TEST(told->message == "");
    BOOST_TEST(t.stored().processes.size() == whole.stored().processes.size());
    check_end(t, s);
    BOOST_TEST(result_of_last(t) == result_of_last(whole));
    BOOST_TEST(rows_of(t) == rows_of(whole));
    BOOST_TEST(text_of(t.world.card.state()) == text_of(whole.world.card.state()), boost::test_tools::per_element());
    check_empty(t, s);
}

} // namespace

BOOST_AUTO_TEST_SUITE(calls)

BOOST_AUTO_TEST_CASE(the_phone_comes_back_after_every_death) {
    for (const auto& s : situations)
        BOOST_TEST_CONTEXT(s.name) {
            const copy_of before(s);
            copy_of whole(s, &before);
            BOOST_TEST_REQUIRE(whole.call(s.what).message == "");
            const auto effects = whole.effects;
            for (std::size_t k = 1; k <= effects; ++k)
                for (const int deaths : {1, 2})
                    BOOST_TEST_CONTEXT("dies " << deaths << " times behind effect " << k << " of " << effects) {
                        die_and_come_back(s, before, whole, k, deaths);
                    }
        }
}

BOOST_AUTO_TEST_CASE(the_tsm_dies_behind_every_effect) {
    for (const auto& s : situations)
        BOOST_TEST_CONTEXT(s.name) {
            const copy_of before(s);
            copy_of whole(s, &before);
            BOOST_TEST_REQUIRE(whole.call(s.what).message == "");
            check_end(whole, s);
            const auto effects = whole.effects;
            BOOST_TEST_REQUIRE(effects > 25u);
            for (std::size_t k = 1; k <= effects; ++k)
                for (const int deaths : {1, 2})
                    BOOST_TEST_CONTEXT("dies " << deaths << " times behind effect " << k << " of " << effects) {
                        die_and_repeat(s, before, whole, k, deaths);
                    }
            check_empty(whole, s);
        }
}

BOOST_AUTO_TEST_SUITE_END()
