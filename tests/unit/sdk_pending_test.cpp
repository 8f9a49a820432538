// Calls that outlive their app (DIV-113): what the SDK keeps of them, where, and whom it tells.

#include "sdk/pending_file.hpp"
#include "tests/unit/remote_agent.hpp"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace tsms;
using namespace tsms::sdk_test;
namespace fs = std::filesystem;

namespace {

struct temporary_folder {
    temporary_folder() {
        char name[] = "/tmp/tsms-pending-XXXXXX";
        BOOST_REQUIRE(::mkdtemp(name));
        folder = name;
    }
    ~temporary_folder() { fs::remove_all(folder); }
    fs::path file() const { return folder / "pending"; }
    std::string text() const {
        std::ifstream in(file());
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void put(const std::string& text, fs::perms mode = fs::perms::owner_read | fs::perms::owner_write) const {
        std::ofstream(file()) << text;
        fs::permissions(file(), mode);
    }
    fs::path folder;
};

/// What an app of its own keeps, in memory.
struct kept_text final : sdk::pending_store {
    crypto::secret load() override { return crypto::secret(as_bytes(text)); }
    void save(const crypto::secret& now) override {
        if (full)
            throw std::runtime_error("no space left");
        text.assign(now.view().begin(), now.view().end());
        ++saved;
    }
    std::string text;
    bool full = false;
    int saved = 0;
};

std::string id_of(char digit) {
    return std::string(32, digit);
}

std::string entry(const std::string& backend, const std::string& id) {
    return R"({"backend":")" + backend + R"(","callId":")" + id + "\"}";
}

std::string listed(const std::vector<std::string>& entries) {
    std::string text;
    for (const auto& one : entries)
        text += (text.empty() ? "" : ",") + one;
    return R"({"pendingCalls":[)" + text + "]}";
}

std::vector<std::string> former_in(const std::string& body) {
    return wire::parse_call("terminateService", json::parse(body)).former_call_ids;
}
std::string id_in(const std::string& body) {
    return wire::parse_call("terminateService", json::parse(body)).call_id;
}

std::string why_refused(const std::function<void()>& work) {
    try {
        work();
    } catch (const sdk::pending_error& e) {
        return e.what();
    }
    return "not refused";
}

/// A backend that opens a session and ends it with the result, if it does not refuse reports.
void serves(remote_agent& agent) {
    agent.gives_first_order = true;
    agent.orders = {order({wire::seram_start{}, start_notification()}),
                    order({wire::seram_notification{wire::notification_text(agent.result)}, wire::seram_stop{}})};
}

} // namespace

BOOST_AUTO_TEST_SUITE(sdk_pending)

BOOST_AUTO_TEST_CASE(a_call_is_kept_from_before_it_leaves_until_its_result) {
    remote_agent agent;
    serves(agent);
    temporary_folder t;
    auto options = agent.client({std::make_shared<scripted_card>()});
    options.pending = std::make_shared<sdk::pending_file>(t.file());
    sdk::tsm_api api(options);
    struct : listener {
        void onProcessStart(const model::process_start&) override { seen = t->text(); }
        temporary_folder* t = nullptr;
        std::string seen;
    } app;
    app.t = &t;
    BOOST_TEST(api.terminateService("i", &app).get().process.process_id == "p1");
    BOOST_TEST(app.seen == listed({entry(agent.url(), id_in(agent.calls[0]))}) + "\n");
    BOOST_TEST(t.text() == listed({}) + "\n");
    struct stat status {};
    BOOST_REQUIRE(::stat(t.file().c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777) == 0600u);
    BOOST_TEST(!fs::exists(t.file().string() + ".new"));
}

BOOST_AUTO_TEST_CASE(the_next_start_tells_what_was_left_and_forgets_it_with_the_answer) {
    remote_agent agent;
    serves(agent);
    const auto store = std::make_shared<kept_text>();
    store->text = listed(
        {entry("https://other:9443", id_of('1')), entry(agent.url(), id_of('2')), entry(agent.url(), id_of('3'))});
    auto options = agent.client({std::make_shared<scripted_card>()});
    options.pending = store;
    sdk::tsm_api api(options);
    agent.first_answer = {503, {}, {}}; // nobody was told
    BOOST_CHECK(api.terminateService("i").get().process.outcome.status == model::error_category::tsm_not_available);
    agent.first_answer.reset();
    BOOST_TEST(api.terminateService("i").get().process.process_id == "p1");
    BOOST_REQUIRE_EQUAL(agent.calls.size(), 2u);
    for (const auto& call : agent.calls)
        BOOST_TEST(former_in(call) == (std::vector{id_of('2'), id_of('3')}), boost::test_tools::per_element());
    BOOST_TEST(store->text == listed({entry("https://other:9443", id_of('1'))}) + "\n");
    agent.reports.clear();
    api.terminateService("i").get();
    BOOST_TEST(former_in(agent.calls.back()).empty());
}

BOOST_AUTO_TEST_CASE(a_call_without_a_result_is_told_by_the_next_one) {
    for (const bool keeps : {true, false}) { // as long as the object lives, without a store too
        remote_agent agent;
        serves(agent);
        agent.status = 400; // of reports
        const auto store = std::make_shared<kept_text>();
        auto options = agent.client({std::make_shared<scripted_card>()});
        if (keeps)
            options.pending = store;
        sdk::tsm_api api(options);
        BOOST_CHECK(api.terminateService("i").get().process.outcome.status ==
                    model::error_category::execution_interrupted);
        const auto left = id_in(agent.calls.back());
        if (keeps)
            BOOST_TEST(store->text == listed({entry(agent.url(), left)}) + "\n");
        agent.status = 200;
        agent.reports.clear();
        BOOST_CHECK(api.terminateService("i").get().process.outcome.status == model::error_category::none);
        BOOST_TEST(former_in(agent.calls.back()) == (std::vector{left}), boost::test_tools::per_element());
        if (keeps)
            BOOST_TEST(store->text == listed({}) + "\n");
    }
}

BOOST_AUTO_TEST_CASE(what_may_have_begun_is_kept_and_what_has_not_is_not) {
    for (const auto& [status, kept] :
         {std::pair(400, false), {401, false}, {429, false}, {503, false}, {500, true}, {502, true}, {504, true}}) {
        remote_agent agent;
        agent.first_answer = {status, {}, {}};
        const auto store = std::make_shared<kept_text>();
        auto options = agent.client({});
        options.pending = store;
        options.retry.total = 50ms;
        sdk::tsm_api api(options);
        api.terminateService("i").get();
        BOOST_TEST((store->text != listed({}) + "\n") == kept, status);
    }
    const auto store = std::make_shared<kept_text>();
    remote_agent agent;
    auto options = agent.client({});
    options.url = "https://127.0.0.1:1"; // nobody listens
    options.pending = store;
    sdk::tsm_api api(options);
    BOOST_CHECK(api.terminateService("i").get().process.outcome.status ==
                model::error_category::network_connection_error);
    BOOST_TEST(store->text == listed({}) + "\n");
}

BOOST_AUTO_TEST_CASE(the_last_four_are_kept) {
    const auto store = std::make_shared<kept_text>();
    sdk::pending_calls calls(store, "https://a:1", {});
    for (const char digit : {'1', '2', '3', '4', '5'})
        calls.begin(id_of(digit));
    BOOST_TEST(calls.former() == (std::vector{id_of('2'), id_of('3'), id_of('4'), id_of('5')}),
               boost::test_tools::per_element());
    calls.ended(id_of('3'));
    calls.save();
    const sdk::pending_calls next(store, "https://a:1", {}), other(store, "https://a:2", {});
    BOOST_TEST(next.former() == (std::vector{id_of('2'), id_of('4'), id_of('5')}), boost::test_tools::per_element());
    BOOST_TEST(other.former().empty());
}

BOOST_AUTO_TEST_CASE(a_backend_is_its_host_and_port_however_they_are_written) {
    for (const auto& [url, origin] : {std::pair("https://TSM.example:9443/path", "https://tsm.example:9443"),
                                      {"https://tsm.example:9443", "https://tsm.example:9443"},
                                      {"https://tsm.example:9444", "https://tsm.example:9444"}}) {
        net::client_options link;
        link.base_url = url;
        BOOST_TEST(sdk::backend_link(link, {}).origin() == origin);
    }
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_stops_no_call) {
    remote_agent agent;
    serves(agent);
    const auto store = std::make_shared<kept_text>();
    store->full = true;
    std::string told;
    auto options = agent.client({std::make_shared<scripted_card>()});
    options.pending = store;
    options.log = [&](const std::string& line) { told += line + "\n"; };
    sdk::tsm_api api(options);
    BOOST_TEST(api.terminateService("i").get().process.process_id == "p1");
    BOOST_TEST(told.find("no space left") != std::string::npos, told);
    BOOST_TEST(told.find(id_in(agent.calls[0])) == std::string::npos);
}

// -- what is no list of ours --

BOOST_AUTO_TEST_CASE(something_else_is_refused_and_not_overwritten) {
    const auto whole = listed({entry("https://a:1", id_of('1')), entry("https://a:1", id_of('2'))});
    const auto one = entry("https://a:1", id_of('1'));
    std::vector<std::string> bad{"{}",
                                 "[]",
                                 "null",
                                 "# a file of somebody",
                                 R"({"pendingCalls":null})",
                                 R"({"pendingCalls":[],"more":1})",
                                 R"({"pendingCalls":[null]})",
                                 listed({one, one, one, one, one}),
                                 listed({entry("https://a:1", "1")}),
                                 listed({entry("https://a:1", std::string(32, 'A'))}),
                                 listed({entry("", id_of('1'))}),
                                 listed({entry(std::string(513, 'a'), id_of('1'))}),
                                 listed({R"({"backend":"https://a:1"})"}),
                                 listed({R"({"backend":1,"callId":")" + id_of('1') + "\"}"}),
                                 listed({one.substr(0, one.size() - 1) + R"(,"more":1})"})};
    for (std::size_t most = 1; most < whole.size(); ++most) // torn
        bad.push_back(whole.substr(0, most));
    for (const auto& text : bad) {
        const auto store = std::make_shared<kept_text>();
        store->text = text;
        BOOST_TEST(why_refused([&] { sdk::pending_calls(store, "https://a:1", {}); }).find("not what the SDK") !=
                       std::string::npos,
                   text);
        BOOST_TEST(store->text == text);
        BOOST_TEST(store->saved == 0);
    }
    for (const auto& good : {std::string(), whole, whole + "\n", listed({one, one, one, one})}) {
        const auto store = std::make_shared<kept_text>();
        store->text = good;
        BOOST_CHECK_NO_THROW(sdk::pending_calls(store, "https://a:1", {}));
    }
}

BOOST_AUTO_TEST_CASE(the_file_is_of_its_user_alone) {
    temporary_folder t;
    BOOST_TEST(sdk::pending_file(t.file()).load().empty()); // there is none yet
    const auto refused = [&] { return why_refused([&] { sdk::pending_file(t.file()).load(); }); };
    t.put("x");
    BOOST_TEST(refused() == "not refused");
    for (const auto bit : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write}) {
        fs::permissions(t.file(), fs::perms::owner_read | bit);
        BOOST_TEST(refused().find("chmod 600") != std::string::npos, refused());
    }
    t.put(std::string(sdk::most_pending_octets, ' '));
    BOOST_TEST(refused() == "not refused");
    t.put(std::string(sdk::most_pending_octets + 1, ' '));
    BOOST_TEST(refused().find("too large") != std::string::npos, refused());
    fs::rename(t.file(), t.folder / "real");
    fs::create_symlink(t.folder / "real", t.file());
    BOOST_TEST(refused().find("cannot read") != std::string::npos, refused());
    fs::remove(t.file());
    BOOST_REQUIRE(::mkfifo(t.file().c_str(), 0600) == 0);
    BOOST_TEST(refused().find("is no file") != std::string::npos, refused());
    fs::remove(t.file());
    fs::create_directory(t.file());
    BOOST_TEST(refused().find("is no file") != std::string::npos, refused());
}

BOOST_AUTO_TEST_CASE(one_at_a_time_uses_the_file) {
    temporary_folder t;
    {
        const sdk::pending_file first(t.file());
        BOOST_TEST(why_refused([&] { sdk::pending_file second(t.file()); }).find("in use") != std::string::npos);
    }
    BOOST_CHECK_NO_THROW(sdk::pending_file(t.file()));
    BOOST_TEST(why_refused([&] { sdk::pending_file nowhere(t.folder / "none" / "pending"); }).find("cannot write") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_saved_replaces_what_was_there) {
    temporary_folder t;
    sdk::pending_file file(t.file());
    const auto beside = t.file().string() + ".new";
    std::ofstream(beside) << "half of it"; // of one that was killed
    fs::permissions(beside, fs::perms::all);
    t.put("before");
    file.save(crypto::secret(as_bytes(std::string("after"))));
    BOOST_TEST(t.text() == "after");
    BOOST_TEST((fs::status(t.file()).permissions() == (fs::perms::owner_read | fs::perms::owner_write)));
    fs::create_directories(beside + "/in the way");
    BOOST_CHECK_THROW(file.save(crypto::secret(as_bytes(std::string("more")))), sdk::pending_error);
    BOOST_TEST(t.text() == "after");
}

BOOST_AUTO_TEST_SUITE_END()
