// access.db and the one in memory answer alike, whatever is written into them.

#include "lockstep.hpp"
#include "rest_fixture.hpp"
#include "store/memory/access.hpp"

using namespace tsms;
using lockstep::dice;
using lockstep::difference;
using lockstep::outcome;

namespace {

using std::chrono::seconds;

const std::vector<std::string> names{
    "A", "B", "C", "Ä ö", "", "two\nlines", std::string(255, 'x'), std::string(256, 'x')};
const std::vector<std::string> fingerprints{"", "AA", "BB"};

/// One implementation, and what it has told so far. Ids and tokens are random: the two are compared by the order in
/// which they came.
class side {
public:
    explicit side(std::unique_ptr<store::access> store) : store_(std::move(store)) {}

    /// One step at this moment.
    std::string play(dice& d, wall_time now) {
        return outcome([&] { return change(d, now); });
    }

    /// Everything that the port can be asked.
    std::string everything(wall_time now) {
        std::string out;
        for (const auto& p : store_->providers())
            out += told(p);
        for (std::size_t i = 0; i <= providers_.size(); ++i)
            out += about(id_at(providers_, i));
        for (const auto& name : names)
            out += told(store_->provider_by_name(name));
        for (const auto& f : fingerprints) {
            for (std::size_t i = 0; i <= long_terms_.size(); ++i)
                out += told(store_->authenticate_long_term(id_at(long_terms_, i), now, f));
            for (std::size_t i = 0; i <= accesses_.size(); ++i)
                out += told(store_->authenticate(id_at(accesses_, i), now, f));
        }
        return out;
    }

private:
    /// Of what has been told; one that nobody has behind the last.
    static std::string id_at(const std::vector<std::string>& known, std::size_t i) {
        return i < known.size() ? known[i] : "nobody's";
    }
    static std::string some(dice& d, const std::vector<std::string>& known) {
        return d.once_in(8) ? "nobody's" : id_at(known, d.roll(std::max<std::size_t>(known.size(), 1)));
    }
    std::string name_of(const std::string& id) {
        return std::to_string(order_.try_emplace(id, order_.size()).first->second);
    }

    std::string told(const store::provider_record& p) { return "\n" + name_of(p.id) + " " + p.name + " " + p.created; }
    std::string told(const std::optional<store::provider_record>& p) { return p ? told(*p) : "\nnone"; }
    std::string told(const std::optional<store::bearer>& b) {
        return b ? "\n" + name_of(b->provider) + (b->second_factor ? " may" : " may not") : "\nnobody";
    }
    std::string about(const std::string& provider) {
        auto out = told(store_->provider(provider));
        for (const auto& t : store_->long_term_tokens(provider))
            out += "\n  " + name_of(t.id) + " " + t.created + " " + t.expires + (t.revoked ? " revoked" : "");
        for (const auto& f : store_->client_certificates(provider))
            out += "\n  " + f;
        for (const auto& r : store_->refusals(provider))
            out += "\n  " + r.at + " " + r.kind + " " + r.name + " " + std::to_string(r.category) + " " + r.reason;
        return out;
    }

    std::string change(dice& d, wall_time now) {
        switch (d.roll(9)) {
        case 0: {
            const auto made = store_->add_provider(d.one_of(names), now);
            providers_.push_back(made.id);
            return told(made);
        }
        case 1:
        case 2:
            long_terms_.push_back(store_->issue_long_term(some(d, providers_), now, now + seconds(d.roll(60))));
            BOOST_TEST(long_terms_.back().size() == 64u);
            return "issued";
        case 3:
        case 4: {
            const auto token = store_->issue_access(some(d, long_terms_), now, seconds(d.roll(20)));
            if (token)
                accesses_.push_back(*token);
            return token ? "issued" : "none";
        }
        case 5: {
            if (!d.once_in(3))
                return "";
            const auto provider = some(d, providers_);
            const auto tokens = store_->long_term_tokens(provider);
            const auto which = d.roll(tokens.size() + 2);
            return std::to_string(store_->revoke(provider, which < tokens.size()    ? tokens[which].id
                                                           : which == tokens.size() ? ""
                                                                                    : "nobody's"));
        }
        case 6:
            return change_certificates(d);
        case 7:
            store_->note_refusal(some(d, providers_),
                                 {"", "Flavor", std::string(d.roll(3) * 200, 'n'), static_cast<int>(d.roll(3)),
                                  std::string(d.roll(3) * 1500, 'r') + "ä"},
                                 now);
            return "noted";
        default:
            store_->write_refusals();
            return "written";
        }
    }
    std::string change_certificates(dice& d) {
        const auto provider = some(d, providers_);
        if (d.once_in(2))
            return std::to_string(store_->remove_client_certificates(provider, d.one_of(fingerprints)));
        store_->add_client_certificate(provider, d.once_in(2) ? "AA" : "BB");
        return "added";
    }

    std::unique_ptr<store::access> store_;
    std::vector<std::string> providers_, long_terms_, accesses_; ///< ids, and texts of tokens
    std::map<std::string, std::size_t> order_;
};

/// Plays the same steps on both. `ends`: how many had which end.
void play(side& left, side& right, unsigned seed, std::map<std::string, int>& ends) {
    wall_time now(seconds(1'900'000'000));
    auto before = left.everything(now);
    BOOST_REQUIRE_EQUAL(difference(before, right.everything(now)), "");
    for (unsigned step = 0; step < 150; ++step)
        BOOST_TEST_CONTEXT("seed " << seed << ", step " << step) {
            dice of_left(seed * 1000 + step), of_right(seed * 1000 + step);
            const auto answer = left.play(of_left, now);
            BOOST_REQUIRE_EQUAL(difference(answer, right.play(of_right, now)), "");
            ++ends[answer == "refused" ? answer : "done"];
            const auto seen = left.everything(now);
            BOOST_REQUIRE_EQUAL(difference(seen, right.everything(now)), "");
            if (answer == "refused")
                BOOST_REQUIRE_EQUAL(difference(seen, before), "");
            now += seconds(1 + of_left.roll(2)); // ends of tokens are met to the second
            before = left.everything(now);
            BOOST_REQUIRE_EQUAL(difference(before, right.everything(now)), "");
        }
}

} // namespace

BOOST_AUTO_TEST_SUITE(access_lockstep)

BOOST_AUTO_TEST_CASE(two_stores_of_access_answer_alike) {
    std::map<std::string, int> ends;
    for (unsigned seed = 1; seed <= 6; ++seed) {
        const rest_test::rest_databases files;
        side left(store::open_access(files.path() / "access.db"));
        side right(store::access_in_memory());
        play(left, right, seed, ends);
    }
    for (const auto* end : {"done", "refused"})
        BOOST_TEST(ends[end] > 40, end << " is hardly tried: " << ends[end]);
}

BOOST_AUTO_TEST_CASE(both_keep_as_many_refusals) {
    const rest_test::rest_databases files;
    const auto in_file = store::open_access(files.path() / "access.db");
    const auto in_memory = store::access_in_memory();
    for (auto* access : {in_file.get(), in_memory.get()}) {
        const wall_time now(seconds(1'900'000'000));
        const auto id = access->add_provider("A", now).id;
        for (const int more : {store::refusals_kept - 1, 1, 1, 3 * store::refusals_kept}) {
            for (int i = 0; i < more; ++i)
                access->note_refusal(id, {"", "Flavor", std::to_string(i), more, ""}, now);
            access->write_refusals();
        }
        const auto kept = access->refusals(id);
        BOOST_TEST(kept.size() == static_cast<std::size_t>(store::refusals_kept));
        BOOST_TEST(kept.front().name == std::to_string(3 * store::refusals_kept - 1));
        BOOST_TEST(kept.back().name == std::to_string(2 * store::refusals_kept));
    }
}

BOOST_AUTO_TEST_SUITE_END()
