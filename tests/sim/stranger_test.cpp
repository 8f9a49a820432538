// AMB-239: who only claims to have a card changes nothing of it, and who has it can prove it.

#include "process/domain_keys.hpp"
#include "tests/sim/service.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

BOOST_AUTO_TEST_SUITE(strangers)

namespace {

bool is_plain_cplc(const bytes& apdu) {
    return apdu[0] == 0x80 && apdu[1] == 0xCA && apdu[2] == 0x9F && apdu[3] == 0x7F;
}

/// A card of the same issuer and kind; its phone says that it is the world's. It has no power of before.
struct stranger {
    explicit stranger(world& w) : theirs("jc305", 77) {
        const auto claimed = w.component.identity;
        w.on_the_way = [this, claimed](const gp::card_command& command,
                                       const std::function<bytes()>&) -> std::optional<bytes> {
            if (is_plain_cplc(command.apdu))
                return hex("9F7F2A" + claimed + "9000");
            return lab_reader(theirs.card).transmit(command.apdu);
        };
    }
    world theirs;
};

/// Everything of the rows that a process can change and a refusal must not.
std::string rows_of(const world& w) {
    const auto& i = w.instance;
    const auto& c = w.component;
    std::string text;
    for (const int number :
         {static_cast<int>(i.state), static_cast<int>(i.last_stable), static_cast<int>(i.on_card),
          static_cast<int>(i.last_operation), static_cast<int>(i.unproven_operation),
          static_cast<int>(i.failed_operation), static_cast<int>(c.doubt), c.strikes, static_cast<int>(c.quarantined),
          static_cast<int>(c.tsm_domain->keys_in_doubt), static_cast<int>(c.tsm_domain->keys->version),
          static_cast<int>(c.tsm_domain->other_keys.size()), c.tsm_domain->scp03_mode})
        text += std::to_string(number) + " ";
    return text + i.reader + " " + c.isd_aid + " " + c.issuer;
}

process::card_to_prove read(world& w, process::proof_request request) {
    const auto facts = w.ask(process::read_cards({{"SIM1", request}}));
    BOOST_REQUIRE(facts.at(0).accessible && !facts[0].silent);
    process::card_to_prove card;
    card.reader = "SIM1";
    card.asked = request;
    card.expected_aid = request.aid;
    card.answers = facts[0].proof;
    return card;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_card_that_only_claims_to_be_the_one_changes_nothing) {
    for (const char* rules : {"none", "aram-issuer", "arac"})
        for (const int function : {0, 1, 2}) {
            auto w = ready_with_rules();
            w.instance.target.card.ara = rules;
            BOOST_REQUIRE_EQUAL(w.deploy(function == 2 ? std::vector{I} : std::vector{I, A}, function != 2).details,
                                "");
            const auto rows = rows_of(w);
            const auto on_card = w.on_card();
            w.journal.clear();
            const stranger s(w);
            for (int times = 0; times < 2; ++times)
                BOOST_TEST_CONTEXT("rules " << rules << ", function " << function << ", once more " << times) {
                    const auto outcome = function == 0   ? w.terminate()
                                         : function == 1 ? w.suspend(true)
                                                         : w.deploy({A}, true);
                    BOOST_TEST(outcome.details != "");
                    BOOST_TEST(!outcome.instance_gone);
                    BOOST_TEST(!outcome.card_proven);
                    BOOST_TEST(rows_of(w) == rows);
                    BOOST_TEST(w.journal.empty());
                }
            w.on_the_way = nullptr;
            BOOST_TEST(w.on_card() == on_card, boost::test_tools::per_element());
            BOOST_TEST(w.terminate().details == "");
        }
}

BOOST_AUTO_TEST_CASE(a_card_proves_itself_with_the_order_that_reads_it) {
    for (const char* personality : {"jc305", "s16"})
        BOOST_TEST_CONTEXT(personality) {
            auto w = ready(personality);
            if (std::string(personality) == "s16")
                w.instance.target.card.sd_install_parameters = "81020371820120870120";
            w.instance.target.card.minimum_level = 0x03;
            BOOST_REQUIRE_EQUAL(w.deploy({I, A}, true).details, "");
            const auto& domain = *w.component.tsm_domain;
            const auto octets = static_cast<std::size_t>(domain.scp03_mode);
            w.orders = 0;
            auto card = read(w, {domain.aid, {domain.keys->version}, octets});
            card.rows = {w.component};
            BOOST_TEST(w.ask(process::prove_cards({card})).at(0).row.has_value());
            BOOST_TEST(w.orders == 1u);

            // Another version or another mode than it has: one more order.
            for (const bool other_mode : {false, true}) {
                w.orders = 0;
                const std::uint8_t version = other_mode ? domain.keys->version : 0x55;
                card = read(w, {domain.aid, {version}, other_mode ? 24 - octets : octets});
                card.rows = {w.component};
                BOOST_TEST(w.ask(process::prove_cards({card})).at(0).row.has_value());
                BOOST_TEST(w.orders == 2u);
            }

            // Keys of another row are no proof, though they have the same version.
            card = read(w, {domain.aid, {domain.keys->version}, octets});
            card.rows = {w.component};
            const auto other = w.vault->generate(domain.keys->version, domain.keys->bits);
            card.rows[0].tsm_domain->keys = model::key_set{other.version, other.bits, other.wrapped, false};
            card.rows[0].tsm_domain->other_keys.clear();
            BOOST_TEST(!w.ask(process::prove_cards({card})).at(0).row);
            BOOST_TEST(w.terminate().details == ""); // no attempt was spent
        }
}

// What the phone sees does not depend on whether the card is known.
BOOST_AUTO_TEST_CASE(a_stranger_is_asked_the_same_whether_the_card_is_known_or_not) {
    for (const char* personality : {"jc305", "s16"})
        for (const char* says : {"6A82", "9000"})
            for (const char* refuses : {"6A88", "6700", "6982"})
                for (const bool counts : {false, true})
                    BOOST_TEST_CONTEXT(personality << ", SELECT " << says << ", INITIALIZE UPDATE " << refuses) {
                        auto w = ready(personality);
                        if (std::string(personality) == "s16")
                            w.instance.target.card.sd_install_parameters = "81020371820120870120";
                        w.instance.target.card.minimum_level = 0x03;
                        BOOST_REQUIRE_EQUAL(w.deploy({I, A}, true).details, "");
                        const auto domain = *w.component.tsm_domain;
                        std::vector<std::vector<std::string>> heard;
                        for (const bool known : {false, true}) {
                            auto& apdus = heard.emplace_back();
                            w.on_the_way = [&](const gp::card_command& c,
                                               const std::function<bytes()>& ask) -> std::optional<bytes> {
                                const bool of_domain = c.apdu[1] == 0xA4 && c.apdu[4] != 0;
                                if (c.what == gp::step::initialize_update) { // version and length of the challenge
                                    apdus.push_back(to_hex(bytes_view(c.apdu).first(5)));
                                    return hex(refuses);
                                }
                                apdus.push_back(to_hex(c.apdu));
                                return of_domain ? hex(says) : ask();
                            };
                            std::vector<std::uint8_t> versions;
                            if (!counts)
                                versions = {domain.keys->version};
                            auto card = read(w, {domain.aid, versions, 8});
                            card.update_counts = counts;
                            if (known)
                                card.rows = {w.component};
                            BOOST_TEST(!w.ask(process::prove_cards({card})).at(0).row);
                        }
                        BOOST_TEST(heard[0] == heard[1], boost::test_tools::per_element());
                        const auto updates =
                            std::ranges::count_if(heard[0], [](const auto& a) { return a.starts_with("8050"); });
                        BOOST_TEST(updates == (std::string(says) == "6A82" ? !counts : counts ? 1 : 4));
                    }
}

BOOST_AUTO_TEST_CASE(a_card_that_counts_initialize_update_is_asked_once_and_its_count_cleared) {
    auto w = ready();
    BOOST_REQUIRE_EQUAL(w.deploy({I, A}, true).details, "");
    const auto& domain = *w.component.tsm_domain;
    int updates = 0, authenticated = 0;
    w.on_the_way = [&](const gp::card_command& c, const std::function<bytes()>& ask) -> std::optional<bytes> {
        updates += c.what == gp::step::initialize_update;
        auto answer = ask();
        authenticated += c.what == gp::step::external_authenticate && answer == hex("9000");
        return answer;
    };
    auto card = read(w, {domain.aid, {}, 8});
    BOOST_TEST(updates == 0);
    card.update_counts = true;
    card.rows = {w.component};
    BOOST_TEST(w.ask(process::prove_cards({card})).at(0).row.has_value());
    BOOST_TEST(updates == 1);
    BOOST_TEST(authenticated == 1);
}

// AMB-240: "there is none" and "it could not be looked at" are two answers.
BOOST_AUTO_TEST_CASE(a_card_that_falls_silent_is_no_card_that_is_not_there) {
    struct situation {
        gp::transmission end;
        std::size_t answered;
        bool silent;
        int category;
    };
    using enum gp::transmission;
    for (const auto& s :
         {situation{unavailable, 0, false, 9}, situation{ungranted, 0, false, 9}, situation{failed, 0, false, 6},
          situation{no_channel, 0, true, 10}, situation{unavailable, 2, true, 9}, situation{failed, 5, true, 6},
          situation{no_channel, 1, true, 10}, situation{ungranted, 2, false, 9}}) {
        world w;
        w.on_report = [&](gp::batch_answer& answer) {
            answer.responses.resize(s.answered);
            answer.end = s.end;
        };
        const auto facts = w.identify().at(0);
        BOOST_TEST(!facts.accessible);
        BOOST_TEST(facts.silent.has_value() == s.silent);
        BOOST_TEST(static_cast<int>(facts.problem) == s.category);
    }
    // Behind the reads: the domain that is not there ends the order over OMAPI, and is no silence.
    const std::size_t reads = 6;
    for (const auto& s : {situation{unavailable, reads, false, 0}, situation{ungranted, reads, false, 0},
                          situation{failed, reads, true, 6}, situation{unavailable, reads + 1, true, 9}}) {
        world w;
        w.on_report = [&](gp::batch_answer& answer) {
            answer.responses.resize(s.answered, hex("9000"));
            answer.end = s.end;
        };
        const auto facts = w.ask(process::read_cards({{"SIM1", process::proof_request{tsm_domain, {0x31}, 8}}})).at(0);
        BOOST_TEST(facts.accessible);
        BOOST_TEST(facts.silent.has_value() == s.silent);
        if (facts.silent)
            BOOST_TEST(static_cast<int>(facts.silent->problem) == s.category);
    }
}

BOOST_AUTO_TEST_SUITE_END()
