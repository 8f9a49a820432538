// What the SDK tells an app of itself (TR 3.5.2, AMB-191).

#include "tests/moved_clock.hpp"
#include "tests/unit/remote_agent.hpp"

#include <thread>

using namespace tsms;
using namespace tsms::sdk_test;
using sdk::log_book;
using sdk::log_delivery;
using sdk::log_level;
using sdk::log_message;

namespace {

struct kept_messages {
    log_book::listener listener() {
        return [this](const log_message& m) { all.push_back(m); };
    }
    std::string text() const {
        std::string out;
        for (const auto& m : all)
            out += m.text + "\n";
        return out;
    }
    std::vector<std::uint64_t> numbers() const {
        std::vector<std::uint64_t> out;
        for (const auto& m : all)
            out.push_back(m.number);
        return out;
    }
    std::vector<log_message> all;
};

using numbers = std::vector<std::uint64_t>;

bool holds(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sdk_log)

BOOST_AUTO_TEST_CASE(a_new_listener_gets_the_history_first) {
    moved_clock clock;
    log_book book(clock);
    book.say(log_level::info, "one");
    book.say(log_level::error, "two");
    kept_messages first, second;
    book.listen(first.listener(), log_delivery::at_once);
    BOOST_TEST(first.numbers() == (numbers{1, 2}));
    BOOST_TEST(first.all[0].text == "one");
    BOOST_TEST(first.all[0].at == iso8601(clock.wall_now));
    BOOST_CHECK(first.all[1].level == log_level::error);
    book.say(log_level::info, "three");
    BOOST_TEST(first.numbers() == (numbers{1, 2, 3}));
    book.listen(second.listener(), log_delivery::at_once);
    book.say(log_level::info, "four");
    BOOST_TEST(first.numbers() == (numbers{1, 2, 3}));
    BOOST_TEST(second.numbers() == (numbers{1, 2, 3, 4}));
    book.listen(nullptr, log_delivery::at_once);
    book.say(log_level::error, "five");
    BOOST_TEST(second.all.size() == 4u);
}

BOOST_AUTO_TEST_CASE(one_that_waits_for_errors_gets_what_was_before) {
    log_book book;
    kept_messages kept;
    book.say(log_level::info, "one");
    book.listen(kept.listener(), log_delivery::with_errors);
    book.say(log_level::info, "two");
    BOOST_TEST(kept.all.empty());
    book.say(log_level::error, "three");
    BOOST_TEST(kept.numbers() == (numbers{1, 2, 3}));
    book.say(log_level::info, "four");
    BOOST_TEST(kept.all.size() == 3u);
    book.say(log_level::error, "five");
    BOOST_TEST(kept.numbers() == (numbers{1, 2, 3, 4, 5})); // each once
}

BOOST_AUTO_TEST_CASE(it_is_bounded) {
    log_book book;
    for (std::size_t k = 0; k < log_book::most_messages + 1; ++k)
        book.say(log_level::info, "x");
    kept_messages kept;
    book.listen(kept.listener(), log_delivery::at_once);
    BOOST_TEST(kept.all.size() == log_book::most_messages);
    BOOST_TEST(kept.all.front().number == 2u);
    for (const auto octets : {log_book::longest_text, log_book::longest_text + 1})
        book.say(log_level::info, std::string(octets, 'y'));
    BOOST_TEST(kept.all.back().text.size() == log_book::longest_text);
    book.say(log_level::info, "a\nb\x1B[2J");
    BOOST_TEST(kept.all.back().text == "a\uFFFDb\uFFFD[2J");
}

BOOST_AUTO_TEST_CASE(a_listener_may_throw_speak_and_leave) {
    log_book book;
    std::vector<std::string> got;
    book.listen([](const log_message&) { throw std::runtime_error("no"); }, log_delivery::at_once);
    book.say(log_level::error, "one");
    book.listen(
        [&](const log_message& m) {
            got.push_back(m.text);
            if (m.text == "one")
                book.say(log_level::info, "two");
            if (m.text == "two")
                book.listen(nullptr, log_delivery::at_once);
        },
        log_delivery::at_once);
    book.say(log_level::info, "three");
    BOOST_TEST(got == (std::vector<std::string>{"one", "two"}));
}

BOOST_AUTO_TEST_CASE(each_message_comes_once_from_every_thread) {
    log_book book;
    kept_messages kept;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int k = 0; k < 100; ++k)
                    book.say(log_level::info, "x");
            });
        book.listen(kept.listener(), log_delivery::at_once);
    }
    BOOST_TEST(kept.all.size() == 400u);
    for (std::size_t k = 0; k < kept.all.size(); ++k)
        BOOST_TEST(kept.all[k].number == k + 1);
}

// No cookie, no credential, no octet of a command.
BOOST_AUTO_TEST_CASE(a_call_is_told_without_its_secrets) {
    remote_agent agent;
    auto card = std::make_shared<scripted_card>();
    card->answers = {hex("CAFEBABE9000"), hex("6A82")};
    agent.orders = {order({wire::seram_start{}, start_notification(),
                           wire::seram_apdus{{hex("80CA9F7F00"), hex("00A4040005DEADBEEF01")}}}),
                    order({wire::seram_notification{wire::notification_text(agent.result)}, wire::seram_stop{}})};
    sdk::tsm_api api(agent.client({card}));
    BOOST_TEST(api.terminateService("instance-4711").get().process.process_id == "p1");
    kept_messages kept;
    api.setLogListener(kept.listener());
    const auto text = kept.text();
    for (const char* words : {"terminateService begins", "process p1 starts", "answered: 2, the last one with 6A82",
                              "terminateService ends, status 0"})
        BOOST_TEST(holds(text, words), words << " in\n" << text);
    BOOST_TEST(holds(agent.authorization, "credential"));
    for (const char* secret : {"credential", "secret", "tsms=", "CAFEBABE", "DEADBEEF", "9F7F"})
        BOOST_TEST(!holds(text, secret), secret << " in\n" << text);
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_is_an_error_and_a_listener_may_call_back) {
    remote_agent agent;
    agent.first_answer = net::response{401, {}, R"({"error": "no such credential"})"};
    sdk::tsm_api api(agent.client({}));
    kept_messages kept;
    std::uint64_t exchanges = 0;
    api.setLogListener(
        [&](const log_message& m) {
            kept.all.push_back(m);
            exchanges = api.counted().exchanges; // takes a lock of the object
        },
        log_delivery::with_errors);
    BOOST_CHECK(api.terminateService("i").get().process.outcome.status == model::error_category::not_authenticated);
    BOOST_TEST(kept.all.size() >= 2u);
    BOOST_TEST(exchanges == 0u); // counted when it has ended
    BOOST_TEST(holds(kept.text(), "terminateService ends, status 5"));
}

BOOST_AUTO_TEST_SUITE_END()
