// Two stores are played the same random life side by side. Each answer, each refusal and everything that can be read
// afterwards has to be the same. The players know nothing of how either of them keeps its rows.

#include "store/call_records.hpp"
#include "store/error.hpp"
#include "store/instance_records.hpp"
#include "tests/moved_clock.hpp"
#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <random>

using namespace tsms;
using namespace tsms::unit;
using store::device_store;

namespace {

/// So few of everything that they meet.
class chance {
public:
    explicit chance(unsigned seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
    bool one_in(int n) { return below(n) == 0; }
    std::string pick(const std::string& kind, int of) { return kind + "-" + std::to_string(below(of)); }

private:
    std::mt19937 engine_;
};

constexpr int cards_in_all = 6, instances_in_all = 8, processes_in_all = 12, issuers_in_all = 3, apps_in_all = 4,
              calls_in_all = 6, providers_in_all = 2;

const std::vector<std::string> identities{"CPLC:000000000000000000000000000000000001",
                                          "CPLC:000000000000000000000000000000000002", "479001"};

std::string text(const std::optional<model::secure_component>& card) {
    return card ? store::encode(*card) : "none";
}
std::string text(const std::optional<model::service_instance>& instance) {
    return instance ? store::encode(*instance) : "none";
}
template <class T> std::string text(const std::vector<T>& rows) {
    std::string all;
    for (const auto& row : rows)
        all += store::encode(row) + "\n";
    return all;
}
std::string text(const model::outbox_entry& d) {
    return std::to_string(d.id) + " " + d.process + " " + d.provider + " " + store::encode(d.spos) + " " + d.body +
           " " + iso8601(d.created) + " " + std::to_string(d.attempts) + " " + std::to_string(d.waited.count()) + " " +
           d.last_error + (d.given_up ? " given up\n" : "\n");
}
std::string text(const std::optional<model::outbox_entry>& d) {
    return d ? text(*d) : "none";
}
std::string text(const std::optional<model::domain_hint>& hint) {
    return hint ? hint->aid + " " + std::to_string(hint->key_version) : "none";
}
template <class T>
    requires std::is_enum_v<T> || std::integral<T>
std::string text(T number) {
    return std::to_string(static_cast<long long>(number));
}

std::string text(const std::optional<model::answered_call>& a) {
    return a ? a->hash + a->digest + a->caller + a->provider.value_or("nobody") + store::encode(a->result) : "none";
}

/// Everything that can be read.
std::string all_of(device_store& db) {
    std::string all = text(db.cards.all());
    for (const auto& card : db.cards.all())
        all += card.id + ":\n" + text(db.instances.on(card.id)) + text(db.instances.count_on(card.id)) + " " +
               text(db.instances.tombstones_on(card.id));
    for (const auto& name : identities) {
        const auto identity = model::card_identity::of_row(name);
        if (!identity)
            continue;
        all += text(db.cards.by_identity(*identity));
        for (const char* claims : {"", "claims-0", "claims-1"})
            all += text(db.cards.by_claims(*identity, claims));
    }
    for (int i = 0; i < 3; ++i) {
        const auto n = std::to_string(i);
        all += text(db.cards.by_issuers_number("45-" + n)) + text(db.cards.domain_of_kind("reader-" + n, "3B0" + n));
    }
    for (int i = 0; i < instances_in_all; ++i)
        all += text(db.instances.find("instance-" + std::to_string(i)));
    for (const auto& p : db.processes.interrupted())
        all += p.process.id + " " + p.process.session + " " + p.process.caller + " " + p.process.version_tag + " " +
               text(p.process.requested.size()) + " " + text(p.process.start_state) + " " + p.process.started + " " +
               text(p.in_doubt) + text(p.why) + text(p.holds_card) + text(p.process.acknowledged) +
               store::encode(p.process.proof) + (p.process.asked ? store::encode(*p.process.asked) : "") +
               store::encode(p.instance) + store::encode(p.card) + "\n";
    for (const auto& [process, end] : db.processes.results())
        all += process.id + store::encode(process.proof) + text(process.asked.has_value()) + end.ended + end.message +
               store::encode(end.result.value()) + "\n";
    for (const auto& s : db.processes.stranded())
        all += store::encode(s.instance) + store::encode(s.card) + "\n";
    for (int i = 0; i < calls_in_all; ++i)
        all += text(db.answers.find("call-" + std::to_string(i)));
    for (const auto& d : db.outbox.all())
        all += text(d);
    for (const auto& d : db.outbox.waiting())
        all += "waits " + text(d.id) + text(db.outbox.waiting(d.id));
    all += text(db.outbox.given_up());
    for (int i = 0; i < processes_in_all; ++i)
        for (const auto& e : db.card_log.of("process-" + std::to_string(i)))
            all += e.process + text(e.response) + e.apdu + e.note + e.at + "\n";
    for (const auto& i : db.issuers.all())
        all += i.name + i.url + i.certificate_pem + to_hex(i.transport_key) + store::encode(i.cards) +
               text(db.issuers.find(i.name).has_value()) + "\n";
    for (const auto& k : db.token_keys.all())
        all += k.issuer + k.key_id + k.provider + k.audience + k.public_key + k.created + "\n";
    for (int i = 0; i < providers_in_all; ++i)
        all += text(db.apps.must_prove("sp-" + std::to_string(i)));
    for (const auto& a : db.apps.all())
        all += a.caller_id + a.provider + to_hex(a.credential_hash) + a.created +
               text(db.apps.find(a.caller_id).has_value()) + text(db.apps.must_prove(a.provider)) + "\n";
    return all + text(db.broken_audit_entry().has_value()) + to_hex(db.vault_seal().value_or(bytes{}));
}

model::secure_component random_card(chance& c) {
    model::secure_component card;
    card.id = c.pick("card", cards_in_all);
    card.identity = identities[static_cast<std::size_t>(c.below(3))];
    card.issuer = c.one_in(4) ? "" : c.pick("issuer", issuers_in_all);
    card.cin_iin = "45-" + std::to_string(c.below(3));
    card.claims = c.one_in(3) ? "" : c.pick("claims", 2);
    card.claimed = iso8601(wall_time(std::chrono::seconds(1'800'000'000 + 3600 * c.below(200))));
    card.was_proven = c.one_in(3);
    card.doubt = c.one_in(6);
    card.assigned = c.one_in(6);
    if (c.one_in(2)) {
        model::security_domain domain;
        domain.aid = c.pick("D2760001", 2);
        if (!c.one_in(4))
            domain.keys = model::key_set{static_cast<std::uint8_t>(0x30 + c.below(2)), 128, {1, 2, 3}, true};
        card.tsm_domain = domain;
    }
    return card;
}

model::service_instance random_instance(chance& c) {
    auto i = some_instance(c.pick("instance", instances_in_all));
    i.secure_component_id = c.pick("card", cards_in_all);
    const auto n = std::to_string(c.below(3));
    i.reader = "reader-" + n;
    i.atr = "3B0" + n;
    i.target.service_id = c.pick("service", 3);
    i.state = c.one_in(2) ? model::instance_state::not_deployed : model::instance_state::activated;
    i.on_card = c.one_in(3);
    i.running_process = c.one_in(3) ? c.pick("process", processes_in_all) : "";
    i.created = iso8601(wall_time(std::chrono::seconds(1'800'000'000 + 3600 * c.below(200))));
    return i;
}

model::process_record random_process(chance& c, const model::service_instance& instance) {
    auto p = some_process();
    p.id = c.pick("process", processes_in_all);
    p.instance = instance.id;
    p.card = instance.secure_component_id;
    p.proof = {c.pick("secret", 3), to_hex(as_bytes(c.pick("call", 3))), "d1", "address", {}};
    if (!c.one_in(4))
        p.asked = some_call();
    return p;
}

std::optional<model::answered_call> random_answer(chance& c) {
    if (c.one_in(2))
        return std::nullopt;
    model::create_service_instance_result result;
    if (c.one_in(2))
        result.service_instance.emplace().id = c.pick("instance", instances_in_all);
    result.outcome.message = c.pick("message", 3);
    return model::answered_call{c.pick("call", calls_in_all), c.pick("digest", 2), "caller",
                                c.one_in(2) ? std::optional<std::string>("sp") : std::nullopt, result};
}

/// What is decided once, by chance and by what one of them answers, and then done to both.
using deed = std::function<std::string(device_store&)>;

deed something_about_processes(chance& c, device_store& look) {
    auto instance = random_instance(c);
    const auto stored = look.instances.find(instance.id);
    const auto process = random_process(c, stored ? *stored : instance);
    const auto card = look.cards.find(process.card);
    auto shown = stored ? *stored : instance;
    shown.running_process = process.id;
    shown.reader = instance.reader;
    auto shown_card = card ? *card : random_card(c);
    shown_card.strikes = c.below(3);
    shown_card.quarantined = c.one_in(8);
    switch (c.below(10)) {
    case 0:
    case 1: {
        const model::process_rows read{stored && !c.one_in(8) ? *stored : instance, card};
        if (c.one_in(4))
            shown_card.issuer = c.pick("issuer", issuers_in_all);
        return [=](device_store& db) { return text(db.processes.begin(process, read, {shown, shown_card})); };
    }
    case 2:
        if (c.one_in(4))
            return [=](device_store& db) { return db.processes.cancel(process.session), std::string(); };
        return [=](device_store& db) { return db.processes.acknowledge(process.id), std::string(); };
    case 3:
        return [=](device_store& db) { return db.processes.journal(process.id, "install"), std::string(); };
    case 4:
        return [=](device_store& db) { return db.processes.commit(process.id, shown, shown_card), std::string(); };
    case 5: {
        const store::server_terms server{c.one_in(3) ? "" : c.pick("server", 2), std::chrono::hours(1 + c.below(3))};
        return [=](device_store& db) { return db.processes.serve_as(server), std::string(); };
    }
    case 6:
        if (c.one_in(3))
            return [=](device_store& db) { return db.processes.take_over(process.id), text(db.processes.epoch()); };
        if (c.one_in(2))
            return [=](device_store& db) { return text(db.processes.heal(process.id, shown, shown_card)); };
        return [=](device_store& db) {
            std::optional<model::outbox_entry> none;
            const model::process_end end{process.id, model::error_category::execution_interrupted, "6",
                                         iso8601(wall_time(std::chrono::seconds(1'800'000'000)))};
            db.processes.end_left(end, shown, shown_card, none);
            return std::string();
        };
    case 7:
        return [=](device_store& db) {
            return db.processes.hold(process.id),
                   text(db.processes.is_left(process.id)) + text(db.processes.holder_is_left(process.card));
        };
    default: {
        std::optional<model::outbox_entry> delivery;
        if (c.one_in(2))
            delivery = model::outbox_entry{.process = process.id, .spos = {"https://spos", "PEM"}, .body = "{}"};
        model::process_end end{process.id, model::error_category::none, "", iso8601(wall_time{})};
        end.ended = iso8601(wall_time(std::chrono::seconds(1'800'000'000 + 3600 * c.below(200))));
        for (const auto& t : look.instances.tombstones_on(process.card))
            if (c.one_in(2))
                end.cleaned.push_back(t.id);
        if (!c.one_in(3))
            end.result = some_result();
        shown.running_process.clear();
        const bool gone = c.one_in(3), touched = !c.one_in(4);
        return [=](device_store& db) {
            auto d = delivery;
            const auto ended =
                db.processes.end(end, shown, touched ? std::optional(shown_card) : std::nullopt, gone, d);
            return text(ended) + text(d);
        };
    }
    }
}

deed something_about_cards(chance& c) {
    const auto id = c.pick("card", cards_in_all);
    const auto issuer = c.pick("issuer", issuers_in_all);
    const bool flag = c.one_in(2);
    switch (c.below(6)) {
    case 0:
        return [=](device_store& db) { return text(db.cards.release(id)); };
    case 1:
        return [=](device_store& db) { return text(db.cards.doubt(id, flag)); };
    case 2:
        return [=](device_store& db) { return text(db.cards.assign(id, issuer, flag)); };
    case 3:
        return [=](device_store& db) { return text(db.cards.lost(id)); };
    case 4:
        return [=](device_store& db) { return text(db.cards.found(id)); };
    default:
        return [=](device_store& db) { return text(db.cards.drop_tombstones(id)); };
    }
}

deed something_about_results(chance& c, device_store& look) {
    const auto all = look.outbox.all();
    const auto id = all.empty() ? 1 : all[static_cast<std::size_t>(c.below(static_cast<int>(all.size())))].id;
    switch (c.below(6)) {
    case 0: {
        model::outbox_entry d{.process = c.pick("process", 3), .provider = "sp", .spos = {"https://spos", ""}};
        d.body = c.pick("body", 9);
        const auto answer = random_answer(c);
        return [=](device_store& db) mutable { return text(db.outbox.add(d, answer)) + text(d.id); };
    }
    case 1:
        return [=](device_store& db) { return db.outbox.delivered(id), std::string(); };
    case 2:
        return [=](device_store& db) { return text(db.outbox.attempt_failed(id, std::chrono::seconds(7), "refused")); };
    case 3:
        return [=](device_store& db) { return db.outbox.give_up(id), std::string(); };
    case 4:
        return [=](device_store& db) { return text(db.outbox.retry(id)); };
    default:
        return [=](device_store& db) { return text(db.outbox.drop(id)); };
    }
}

deed something_of_administration(chance& c) {
    const auto issuer = c.pick("issuer", issuers_in_all), app = c.pick("APP", apps_in_all);
    const model::issuer_record row{issuer, "https://" + issuer, "PEM", {7, 8, 9}, {}};
    const auto provider = c.pick("sp", providers_in_all);
    const store::app_record registered{app, provider, {4, 5, 6}, ""};
    const store::token_key_record key{c.pick("iss", 3), c.pick("kid", 10), provider, "aud", "PEM", ""};
    const bool demands = c.one_in(2);
    switch (c.below(8)) {
    case 0:
        return [=](device_store& db) { return text(db.issuers.add(row)); };
    case 1:
        return [=](device_store& db) {
            const auto removal = db.issuers.remove(issuer);
            return text(removal.known) + text(removal.cards);
        };
    case 2:
        return [=](device_store& db) { return text(db.apps.add(registered)); };
    case 3:
        return [=](device_store& db) { return text(db.apps.revoke(app)); };
    case 4:
        return [=](device_store& db) { return text(static_cast<int>(db.token_keys.add(key))); };
    case 5:
        return [=](device_store& db) { return text(db.token_keys.remove(provider, key.key_id)); };
    case 6:
        return [=](device_store& db) { return text(db.apps.demand_proof(provider, demands)); };
    default:
        return [=](device_store& db) { return db.keep_vault_seal(bytes{1, 2}), std::string(); };
    }
}

deed something_that_is_forgotten(chance& c, const moved_clock& clock) {
    const auto process = c.pick("process", processes_in_all);
    const auto limit = wall_time(std::chrono::seconds(1'800'000'000 + 3600 * c.below(200)));
    const auto now = clock.wall();
    switch (c.below(5)) {
    case 3:
        return [=](device_store& db) { return db.retention.forget_results_before(limit), std::string(); };
    case 0:
        return [=](device_store& db) {
            return db.card_log.append({{process, false, "00A4", "select", ""}, {process, true, "9000", "", ""}}),
                   std::string();
        };
    case 1:
        return [=](device_store& db) { return text(db.retention.may_forget(now)); };
    case 2:
        return [=](device_store& db) { return db.retention.forget_log_before(limit), std::string(); };
    default:
        return [=](device_store& db) {
            return text(db.retention.forget_claims_before(limit - std::chrono::hours(24), limit));
        };
    }
}

deed something(chance& c, device_store& look, const moved_clock& clock) {
    switch (c.below(8)) {
    case 0:
    case 1: {
        const auto instance = random_instance(c);
        const auto card = random_card(c);
        const auto answer = random_answer(c);
        return [=](device_store& db) { return text(db.instances.create(instance, card, answer)); };
    }
    case 2:
    case 3:
        return something_about_processes(c, look);
    case 4:
        return something_about_cards(c);
    case 5:
        return something_about_results(c, look);
    case 6:
        return something_of_administration(c);
    default:
        return something_that_is_forgotten(c, clock);
    }
}

std::string outcome(const deed& what, device_store& db) {
    try {
        return what(db);
    } catch (const store::error&) {
        return "refused";
    }
}

struct played {
    int deeds = 0, refused = 0, said_yes = 0;
};

played play_in_lockstep(device_store& one, device_store& other, moved_clock& clock, unsigned seed, int deeds) {
    chance c(seed);
    played count;
    auto before = all_of(one);
    const auto made_with = one.audit_entries() - other.audit_entries(); // tsms init writes the first one of a file
    for (; count.deeds < deeds; ++count.deeds) {
        clock.wall_now += std::chrono::minutes(c.below(60));
        if (c.one_in(50))
            clock.wall_now += std::chrono::hours(30);
        const auto what = something(c, one, clock);
        const auto told = outcome(what, one);
        BOOST_REQUIRE_EQUAL(told, outcome(what, other));
        auto after = all_of(one);
        BOOST_REQUIRE_EQUAL(after, all_of(other));
        BOOST_REQUIRE_EQUAL(one.audit_entries() - other.audit_entries(), made_with);
        count.refused += told == "refused";
        count.said_yes += told == "1";
        if (told == "refused")
            BOOST_REQUIRE_EQUAL(before, after); // undone as a whole
        before = std::move(after);
    }
    return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(device_store_lockstep)

BOOST_AUTO_TEST_CASE(stores_in_files_and_in_memory_live_the_same_lives) {
    played all;
    for (unsigned seed = 1; seed <= 8; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            moved_clock clock;
            temporary_database t;
            device_store file(t.file(), store::believe_mark::yes, clock);
            auto memory = store::make_memory_store(clock);
            for (int i = 0; i < issuers_in_all - 1; ++i)
                for (auto* db : {&file, &memory})
                    db->issuers.add({"issuer-" + std::to_string(i), "https://", "PEM", {1}, {}});
            const auto count = play_in_lockstep(file, memory, clock, seed, 80);
            all.deeds += count.deeds;
            all.refused += count.refused;
            all.said_yes += count.said_yes;
        }
    }
    // that much happens, and that much is refused
    BOOST_TEST(all.refused > 40);
    BOOST_TEST(all.said_yes > 60);
}

BOOST_AUTO_TEST_SUITE_END()
