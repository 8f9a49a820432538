// SCP03, the host's side: known answers, then what a hostile phone can do to a channel; and the batches procedures are
// made of.

#include "crypto/kdf.hpp"
#include "gp/commands.hpp"
#include "gp/secured_batch.hpp"
#include "gp/status_words.hpp"
#include "tests/unit/scp03_vectors.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::gp;

namespace {

using reason = scp03_error::reason;
using kind = card_failure::kind;

crypto::secret key(std::string_view text) {
    return crypto::secret(hex(text));
}

struct opened {
    secure_channel channel;
    command_apdu external_authenticate;
};

bytes host_challenge_of(const scp03_vectors::session& s) {
    return parse_command(hex(s.initialize_update))->data;
}

opened open(const scp03_vectors::session& s) {
    secure_channel channel({key(s.s_enc), key(s.s_mac), key(s.s_rmac)}, host_challenge_of(s),
                           parse_initialize_update(hex(s.initialize_update_response)),
                           static_cast<std::uint8_t>(s.level));
    auto authenticate = channel.external_authenticate();
    return {std::move(channel), std::move(authenticate)};
}

const scp03_vectors::session& named(std::string_view name) {
    for (const auto& s : scp03_vectors::sessions)
        if (s.name == name)
            return s;
    throw std::out_of_range("no such session");
}

/// A channel over given session keys: the card's part of the handshake is computed here.
secure_channel channel_over(std::string_view s_enc, std::string_view s_mac, std::string_view s_rmac, std::uint8_t level,
                            std::uint8_t i = 0x60) {
    initialize_update_response card;
    card.i = i;
    card.card_challenge = bytes(card.mode_length(), 0xCC);
    const bytes host(card.mode_length(), 0x11);
    auto context = host;
    append(context, card.card_challenge);
    card.card_cryptogram = to_bytes(crypto::scp03_kdf(key(s_mac), crypto::scp03_constant::card_cryptogram, context,
                                                      static_cast<int>(card.mode_length() * 8))
                                        .view());
    secure_channel channel({key(s_enc), key(s_mac), key(s_rmac)}, host, card, level);
    channel.external_authenticate();
    return channel;
}

template <class F> auto failing_with(reason why, F f) {
    BOOST_CHECK_EXCEPTION(f(), scp03_error, [why](const scp03_error& e) { return e.why == why; });
}

constexpr auto some_key = "404142434445464748494A4B4C4D4E4F";

} // namespace

BOOST_AUTO_TEST_SUITE(scp03)

BOOST_AUTO_TEST_CASE(whole_sessions) {
    for (const auto& s : scp03_vectors::sessions) {
        BOOST_TEST_CONTEXT(s.name << ", " << s.source) {
            auto [channel, authenticate] = open(s);
            BOOST_TEST(to_hex(encode(authenticate)) == s.external_authenticate);
            for (const auto& exchange : s.commands) {
                const auto wrapped = channel.wrap(*parse_command(hex(exchange.plain)));
                BOOST_TEST(to_hex(encode(wrapped.command)) == exchange.wrapped);
                if (std::string_view(exchange.response).empty())
                    continue;
                const auto response = channel.unwrap(wrapped.context, hex(exchange.response));
                if (exchange.has_plain_data)
                    BOOST_TEST(to_hex(response.data) == exchange.response_plain_data);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(responses_may_be_checked_after_the_whole_batch) {
    const auto& s = named("jcx_SCP03_AES128_i70_level33_errorSW");
    auto [channel, authenticate] = open(s);
    std::vector<response_context> contexts;
    for (const auto& exchange : s.commands)
        contexts.push_back(channel.wrap(*parse_command(hex(exchange.plain))).context);
    for (std::size_t k = 0; k < contexts.size(); ++k)
        BOOST_TEST(to_hex(channel.unwrap(contexts[k], hex(s.commands[k].response)).data) ==
                   s.commands[k].response_plain_data);
}

BOOST_AUTO_TEST_CASE(command_encryption_counts_commands) {
    // Yubico/Yubico.NET.SDK@ac9042af, ChannelEncryptionTests.cs: counter 94.
    auto channel = channel_over(some_key, some_key, some_key, 0x03);
    for (int k = 1; k < 94; ++k)
        channel.wrap({0x80, 0xCA, 0, 0, {}, {}});
    const auto wrapped = channel.wrap({0x80, 0xE2, 0, 0, hex("000102030405060708090A0B0C0D0E0F010203"), {}});
    BOOST_TEST(to_hex(bytes_view(wrapped.command.data).first(32)) ==
               "CB85E66F9DD7CD73F98810F393DB27825434DCE62EB12625D74018388DF2C6D0");
    // OpenJavaCard/openjavacard-tools@477536bf4e2a, SCP03WrapperTest.java: the encrypted part does not hang on the MAC
    // chain.
    auto other = channel_over(some_key, some_key, some_key, 0x03);
    BOOST_TEST(to_hex(other.wrap(*parse_command(hex("1020003005010203040500"))).command.data).substr(0, 32) ==
               "2212FADEAE0797FBC19F54B8B46FABA0");
    BOOST_TEST(to_hex(other.wrap(*parse_command(hex("1020003005010203040500"))).command.data).substr(0, 32) ==
               "7F0A9451C29D6F9CBAB646603A2EF412");
}

BOOST_AUTO_TEST_CASE(response_known_answers) {
    const auto unwrap = [](const char* s_enc, const char* s_rmac, const char* chaining, std::uint32_t counter,
                           const char* response) {
        auto channel = channel_over(s_enc, some_key, s_rmac, 0x33);
        response_context context;
        const auto octets = hex(chaining);
        std::copy(octets.begin(), octets.end(), context.chaining.begin());
        context.counter = counter;
        return to_hex(channel.unwrap(context, hex(response)).data);
    };
    // Yubico/Yubico.NET.SDK@ac9042af, ChannelEncryptionTests.cs and ChannelMacTests.cs
    BOOST_TEST(unwrap("7A3F4BB6F7081D7E25437674CCA306CB", "38C0C6E3D0B6AED40FBB420B51399081",
                      "53C2C04391250CCEC0213FF68C877EDA", 1,
                      "5F67E9E059DF3C52809DC9F6DDFBEF3E4C45691B2C8CDDD89000") == "050301");
    // scenee/scp03_dart@9f6564369583, scp03_test.dart
    BOOST_TEST(unwrap("A9DDAD7CD6D95B78C2E6AADDFAAC4AC8", "310B1300C81F42261FB29C49F9DCE181",
                      "55B62562C7369E257FF3D1FA5ED33867", 13,
                      "97AA718D7E2B8324DA972C97BFC5DC5D34B8422527EB5FF89000") == "D30D6950686F6E652031312050726F");
}

BOOST_AUTO_TEST_CASE(initialize_update_lengths_follow_i) {
    const auto s8 = hex("000000000000000000003003703B1ACA81E821F219081CDC01C26B372D000003");
    const auto parsed = parse_initialize_update(s8);
    BOOST_TEST(parsed.key_version == 0x30);
    BOOST_TEST(parsed.i == 0x70);
    BOOST_TEST(to_hex(parsed.card_challenge) == "3B1ACA81E821F219");
    BOOST_TEST(to_hex(parsed.card_cryptogram) == "081CDC01C26B372D");
    BOOST_TEST(to_hex(parsed.sequence_counter) == "000003");
    for (std::size_t length = 0; length < 50; ++length)
        for (std::uint8_t i : {0x00, 0x01, 0x10, 0x11, 0x60, 0x71}) {
            bytes data(length, 0x22);
            if (length > 12) {
                data[11] = 0x03;
                data[12] = i;
            }
            const std::size_t expected = ((i & 1) != 0 ? 45 : 29) + ((i & 0x10) != 0 ? 3 : 0);
            if (length == expected)
                BOOST_TEST(parse_initialize_update(data).mode_length() == ((i & 1) != 0 ? 16u : 8u));
            else
                failing_with(reason::malformed_response, [&] { parse_initialize_update(data); });
        }
    auto scp02 = s8;
    scp02[11] = 0x02;
    failing_with(reason::malformed_response, [&] { parse_initialize_update(scp02); });
}

BOOST_AUTO_TEST_CASE(levels_the_card_cannot_do_are_refused_before_authentication) {
    const auto with = [](std::uint8_t level, std::uint8_t i) { channel_over(some_key, some_key, some_key, level, i); };
    for (std::uint8_t level : {0x01, 0x03})
        BOOST_CHECK_NO_THROW(with(level, 0x00));
    for (std::uint8_t level : {0x11, 0x13}) {
        BOOST_CHECK_NO_THROW(with(level, 0x20));
        failing_with(reason::level_not_supported, [&] { with(level, 0x10); });
    }
    BOOST_CHECK_NO_THROW(with(0x33, 0x71));
    failing_with(reason::level_not_supported, [&] { with(0x33, 0x20); });
    failing_with(reason::level_not_supported, [&] { with(0x33, 0x40); });
    for (std::uint8_t level : {0x00, 0x02, 0x10, 0x12, 0x21, 0x30, 0x31, 0x32, 0x73, 0xB3})
        failing_with(reason::level_not_supported, [&] { with(level, 0xFF); });
}

BOOST_AUTO_TEST_CASE(wrong_card_cryptogram_sends_nothing) {
    auto s = named("kaoh_mutual_auth");
    s.s_mac = some_key;
    failing_with(reason::wrong_card_cryptogram, [&] { open(s); });
    s = named("samsung_AES128_S16_level33");
    auto card = parse_initialize_update(hex(s.initialize_update_response));
    card.card_cryptogram[15] ^= 1; // the last octet counts too
    failing_with(reason::wrong_card_cryptogram, [&] {
        secure_channel({key(s.s_enc), key(s.s_mac), key(s.s_rmac)}, host_challenge_of(s), card, 0x33);
    });
    failing_with(reason::malformed_response, [&] { // challenge of S8 to a card in S16
        secure_channel({key(s.s_enc), key(s.s_mac), key(s.s_rmac)}, bytes(8), card, 0x33);
    });
}

BOOST_AUTO_TEST_CASE(pseudo_random_challenge) {
    // pysim_AES128_level33 was recorded at the ISD-R, whose AID is part of the derivation.
    const auto& s = named("pysim_AES128_level33");
    const auto card = parse_initialize_update(hex(s.initialize_update_response));
    auto context = card.sequence_counter;
    append(context, hex("A0000005591010FFFFFFFF8900000100"));
    const auto expected = crypto::scp03_kdf(key(s.enc), crypto::scp03_constant::card_challenge, context, 64);
    BOOST_CHECK_NO_THROW(check_card_challenge(card, expected.view()));
    failing_with(reason::wrong_card_challenge, [&] { check_card_challenge(card, bytes(8)); });
    failing_with(reason::wrong_card_challenge, [&] { check_card_challenge(card, {}); });
}

BOOST_AUTO_TEST_CASE(no_octet_of_a_response_can_be_changed) {
    const auto& s = named("jcx_SCP03_AES128_i70_level33_errorSW");
    const auto& exchange = s.commands.front();
    const auto good = hex(exchange.response);
    for (std::size_t k = 0; k < good.size(); ++k) {
        auto [channel, authenticate] = open(s);
        const auto context = channel.wrap(*parse_command(hex(exchange.plain))).context;
        auto forged = good;
        forged[k] ^= 0x01;
        failing_with(reason::wrong_mac, [&] { channel.unwrap(context, forged); });
        BOOST_TEST(channel.broken());
        failing_with(reason::chain_broken, [&] { channel.wrap({0x80, 0xCA, 0, 0x66, {}, 256}); });
        failing_with(reason::chain_broken, [&] { channel.unwrap(context, good); });
    }
    for (const auto* text : {"", "90", "9000", "112233445566779000"}) {
        auto [channel, authenticate] = open(s);
        const auto context = channel.wrap(*parse_command(hex(exchange.plain))).context;
        failing_with(reason::short_response, [&] { channel.unwrap(context, hex(text)); });
    }
}

BOOST_AUTO_TEST_CASE(only_errors_come_without_mac) {
    const auto& s = named("jcx_SCP03_AES128_i70_level33_errorSW");
    auto [channel, authenticate] = open(s);
    const auto context = channel.wrap(*parse_command(hex(s.commands[0].plain))).context;
    BOOST_TEST(channel.unwrap(context, hex("6985")).sw == 0x6985);
    BOOST_TEST(!channel.broken());
    failing_with(reason::short_response, [&] { channel.unwrap(context, hex("6310")); }); // a warning carries one
    auto [second, again] = open(s);
    const auto other = second.wrap(*parse_command(hex(s.commands[0].plain))).context;
    failing_with(reason::wrong_mac, [&] { second.unwrap(other, hex("E3006A80")); }); // nobody vouches for this data
}

BOOST_AUTO_TEST_CASE(extended_length) {
    auto channel = channel_over(some_key, some_key, some_key, 0x33);
    BOOST_TEST(channel.max_data() == 239u);
    BOOST_TEST(channel_over(some_key, some_key, some_key, 0x33, 0x61).max_data() == 223u);
    BOOST_TEST(channel_over(some_key, some_key, some_key, 0x11).max_data() == 247u);
    BOOST_TEST(encode(channel.wrap({0x80, 0xE8, 0, 0, bytes(239), 256}).command).size() == 5 + 248 + 1);

    auto plain = channel_over(some_key, some_key, some_key, 0x01);
    failing_with(reason::too_long, [&] {
        plain.wrap({0x80, 0xE8, 0, 1, bytes(248), {}});
    }); // unless the card can do it
    plain.allow_extended_length();
    const auto first = plain.wrap({0x80, 0xE8, 0, 0, bytes(10), {}});
    const auto second = plain.wrap({0x80, 0xE8, 0, 1, bytes(300, 0xAB), {}}).command;
    BOOST_TEST(to_hex(encode(second)).substr(0, 14) == "84E80001000134");
    crypto::aes_cmac mac(key(some_key));
    const auto expected = mac.mac({first.context.chaining, hex("84E80001000134"), bytes(300, 0xAB)});
    BOOST_TEST(to_hex(bytes_view(second.data).last(8)) == to_hex(bytes_view(expected).first(8)));
    failing_with(reason::too_long, [&] { plain.wrap({0x80, 0xE8, 0, 0, bytes(65530), {}}); });
}

// The reference host begins with a chaining value of zeros, which no channel of ours ever has: the vectors check the
// layout of MAC and encryption, octet by octet, as add_mac() and wrap() have it.
BOOST_AUTO_TEST_CASE(wrap_sequences_of_another_host) {
    const auto session_key = key(scp03_vectors::wrap_sequence_key);
    for (const auto& s : scp03_vectors::wrap_sequences) {
        crypto::aes_cmac mac(session_key);
        crypto::aes_cbc enc(session_key);
        crypto::aes_block chaining{};
        std::uint8_t counter = 0;
        for (const auto& [plain, wrapped, response, data, known] : s.commands) {
            const auto command = *parse_command(hex(plain));
            const auto expected = *parse_command(hex(wrapped));
            auto content = command.data;
            crypto::aes_block vector{};
            vector[15] = ++counter;
            if (s.level == 0x03) {
                content.push_back(0x80);
                content.resize((content.size() + 15) / 16 * 16);
                content = enc.encrypt(enc.encrypt_block(vector), content);
            }
            const bytes head{static_cast<std::uint8_t>(command.cla | 0x04), command.ins, command.p1, command.p2,
                             static_cast<std::uint8_t>(content.size() + 8)};
            chaining = mac.mac({chaining, head, content});
            append(content, bytes_view(chaining).first(8));
            BOOST_TEST(to_hex(content) == to_hex(expected.data), s.source);
            BOOST_TEST(head[0] == expected.cla);
        }
    }
    // Yubico/Yubico.NET.SDK@ac9042af, ChannelMacTests.cs
    BOOST_TEST(to_hex(crypto::aes_cmac(session_key).mac({hex("CB85E66F9DD7C009CB85E66F9DD7C009"), hex("00FD000008")}))
                   .substr(0, 16) == "06E58094D47D8908");
}

// SCP03 6.2.4: the C-MAC is that of the basic logical channel, whatever form the class has (GPCS 11.1.4).
BOOST_AUTO_TEST_CASE(every_class_becomes_that_of_the_basic_channel) {
    const auto wrapped = [](std::uint8_t cla) {
        auto channel = channel_over(some_key, some_key, some_key, 0x03);
        return channel.wrap({cla, 0xF2, 0x40, 0x02, hex("4F00"), 256}).command;
    };
    const auto proprietary = wrapped(0x80);
    const auto interindustry = wrapped(0x00);
    BOOST_TEST(proprietary.cla == 0x84);
    BOOST_TEST(interindustry.cla == 0x04);
    for (std::uint8_t channel = 0; channel < 16; ++channel)
        for (const std::uint8_t messaging : {0x00, 0x20}) {
            BOOST_CHECK(wrapped(static_cast<std::uint8_t>(0xC0 | messaging | channel)) == proprietary);
            BOOST_CHECK(wrapped(static_cast<std::uint8_t>(0x40 | messaging | channel)) == interindustry);
        }
    for (std::uint8_t channel = 0; channel < 4; ++channel)
        for (const std::uint8_t messaging : {0x00, 0x04}) {
            BOOST_CHECK(wrapped(static_cast<std::uint8_t>(0x80 | messaging | channel)) == proprietary);
            BOOST_CHECK(wrapped(static_cast<std::uint8_t>(messaging | channel)) == interindustry);
        }
    BOOST_TEST(wrapped(0x90).cla == 0x94); // command chaining stays
}

BOOST_AUTO_TEST_CASE(nothing_is_wrapped_after_the_last_command) {
    auto channel = channel_over(some_key, some_key, some_key, 0x01);
    response_context last;
    for (std::uint32_t k = 0; k < secure_channel::most_commands; ++k)
        last = channel.wrap({0x80, 0xCA, 0x00, 0x66, {}, 256}).context;
    BOOST_TEST(last.counter == secure_channel::most_commands);
    failing_with(reason::chain_broken, [&] { channel.wrap({0x80, 0xCA, 0x00, 0x66, {}, 256}); });
    failing_with(reason::chain_broken, [&] { channel.wrap({0x80, 0xCA, 0x00, 0x66, {}, 256}); });
    BOOST_TEST(!channel.broken());
    BOOST_TEST(channel.unwrap(last, hex("9000")).sw == 0x9000); // what was sent before can still be checked
}

BOOST_AUTO_TEST_CASE(external_authenticate_exactly_once) {
    auto channel = channel_over(some_key, some_key, some_key, 0x03);
    failing_with(reason::chain_broken, [&] { channel.external_authenticate(); });
    const auto& s = named("kaoh_mutual_auth");
    secure_channel fresh({key(s.s_enc), key(s.s_mac), key(s.s_rmac)}, host_challenge_of(s),
                         parse_initialize_update(hex(s.initialize_update_response)), 0x03);
    failing_with(reason::chain_broken, [&] { fresh.wrap({0x80, 0xCA, 0, 0x66, {}, {}}); });
}

// --- batches
// -------------------------------------------------------------------------------------------------------------------

namespace {

/// The session of level 33 as a batch: six commands whose answers the card really gave.
struct batch_fixture {
    const scp03_vectors::session& session = named("jcx_SCP03_AES128_i70_level33_errorSW");
    secure_channel channel = open(session).channel;
    secured_batch orders{channel};
    std::vector<bytes> answers;

    void add(std::size_t k, step what, secured_batch::tolerance accepted = secured_batch::tolerance::table) {
        orders.add(what, *parse_command(hex(session.commands[k].plain)), accepted);
        answers.push_back(hex(session.commands[k].response));
    }
    card_failure failure(batch_answer answer) {
        try {
            orders.accept(answer);
        } catch (const card_failure& f) {
            return f;
        }
        BOOST_FAIL("accepted");
        throw std::logic_error("unreachable");
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(batch_accepts_what_the_step_expects, batch_fixture) {
    add(0, step::get_status);
    add(1, step::delete_object); // 6A88: not there
    add(2, step::get_data);
    orders.mark(40, 20);
    add(3, step::store_data, secured_batch::tolerance::any); // 6A80
    add(4, step::set_status);
    const auto sent = orders.take();
    BOOST_REQUIRE(sent.commands.size() == 5);
    BOOST_TEST(to_hex(sent.commands[0].apdu) == session.commands[0].wrapped);
    BOOST_TEST(!sent.commands[0].changes_card);
    BOOST_TEST(sent.commands[1].changes_card);
    BOOST_TEST(!sent.commands[1].sensitive);
    BOOST_TEST(sent.commands[3].sensitive);
    BOOST_TEST(to_hex(sent.commands[4].apdu).ends_with("00")); // Le, because the response carries an R-MAC
    BOOST_REQUIRE(sent.progress.size() == 1);
    BOOST_TEST(sent.progress[0].before == 3u);
    const auto plain = orders.accept({answers, transmission::complete, {}});
    BOOST_TEST(to_hex(plain[0].data) == session.commands[0].response_plain_data);
    BOOST_TEST(plain[1].sw == 0x6A88);
    BOOST_TEST(plain[3].sw == 0x6A80);
    BOOST_TEST(plain[4].sw == 0x9000);
}

BOOST_FIXTURE_TEST_CASE(batch_stops_at_the_first_failure, batch_fixture) {
    add(0, step::get_status);
    add(1, step::install_for_install); // 6A88 means something else here
    add(2, step::get_data);
    const auto f = failure({answers, transmission::complete, {}});
    BOOST_CHECK(f.why == kind::status);
    BOOST_CHECK(f.what == step::install_for_install);
    BOOST_TEST(f.index == 1u);
    BOOST_TEST(f.sw == 0x6A88);
    BOOST_TEST(f.category == 7);
    BOOST_TEST(!f.phone_lost);
}

BOOST_FIXTURE_TEST_CASE(batch_finds_forged_and_swapped_responses, batch_fixture) {
    add(0, step::get_status);
    add(1, step::delete_object);
    add(2, step::get_data);
    std::swap(answers[0], answers[2]);
    const auto f = failure({answers, transmission::complete, {}});
    BOOST_CHECK(f.why == kind::mac);
    BOOST_TEST(f.index == 0u);
    BOOST_TEST(f.category == 9);
    BOOST_TEST(channel.broken());
    const auto next = [&] { orders.add(step::load, {0x80, 0xE8, 0, 0, bytes(1), {}}); };
    BOOST_CHECK_EXCEPTION(next(), card_failure, [](const card_failure& e) { return e.why == kind::refused; });
}

BOOST_FIXTURE_TEST_CASE(batch_defines_every_bad_answer, batch_fixture) {
    add(0, step::get_status);
    add(1, step::delete_object);
    const auto first = answers[0];
    struct bad {
        batch_answer answer;
        kind why;
        std::size_t index;
        int category;
        bool phone_lost;
    };
    const bad cases[] = {
        {{{first}, transmission::complete, {}}, kind::transmission, 1, 6, false},
        {{{first}, transmission::unavailable, {}}, kind::transmission, 1, 9, false},
        {{{}, transmission::ungranted, "denied"}, kind::transmission, 0, 9, false},
        {{{first}, transmission::phone_lost, {}}, kind::transmission, 1, 6, true},
        {{{first, {}}, transmission::failed, {}}, kind::transmission, 1, 6, false},
        {{{first, hex("6A88"), hex("9000")}, transmission::complete, {}}, kind::transmission, 2, 6, false},
        {{{first, hex("6A")}, transmission::complete, {}}, kind::malformed, 1, 9, false},
        {{{hex("9000"), hex("6A88")}, transmission::complete, {}}, kind::malformed, 0, 9, false},
    };
    for (const auto& c : cases) {
        channel = open(session).channel;
        secured_batch fresh(channel);
        for (std::size_t k = 0; k < 2; ++k)
            fresh.add(k == 0 ? step::get_status : step::delete_object, *parse_command(hex(session.commands[k].plain)));
        orders = std::move(fresh);
        const auto f = failure(c.answer);
        BOOST_CHECK(f.why == c.why);
        BOOST_TEST(f.index == c.index);
        BOOST_TEST(f.category == c.category);
        BOOST_TEST(f.phone_lost == c.phone_lost);
    }
}

BOOST_AUTO_TEST_CASE(words_of_a_phone_are_made_harmless) {
    const auto f = transmission_failure(step::load, transmission::failed, "a\n\xFF" + std::string(500, 'x'));
    BOOST_TEST(f.details().find("a\uFFFD\uFFFDxxx") != std::string::npos);
    BOOST_TEST(f.details().size() < 200u);
}

BOOST_AUTO_TEST_CASE(plain_batches) {
    secured_batch orders;
    orders.add(step::select, select({}));
    orders.add(step::get_data, get_data(0x9F7F));
    orders.add(step::get_data, get_data(0xFF21));
    const auto sent = orders.take();
    BOOST_TEST(to_hex(sent.commands[0].apdu) == "00A4040000");
    // Over OMAPI a SELECT may give no FCI at all; absent data is an answer.
    const auto answers = orders.accept({{bytes{}, hex("9F7F009000"), hex("6A88")}, transmission::complete, {}});
    BOOST_TEST(answers[0].sw == 0x9000);
    BOOST_TEST(answers[2].sw == 0x6A88);
}

BOOST_AUTO_TEST_CASE(status_words_mean_what_the_step_makes_of_them) {
    BOOST_TEST(explain(step::install_for_load, 0x6985).text == "package already present");
    BOOST_TEST(explain(step::install_for_load, 0x6A84).category == 7);
    BOOST_TEST(explain(step::install_for_install, 0x6A84).text == "not enough memory");
    BOOST_TEST(explain(step::load, 0x6438).category == 7);
    BOOST_TEST(explain(step::extradite, 0x6985).accepted);
    BOOST_TEST(!explain(step::delete_object, 0x6985).accepted);
    BOOST_TEST(explain(step::delete_object, 0x6985).retry_can_help);
    BOOST_TEST(explain(step::access_rule, 0x6381).accepted);
    BOOST_TEST(explain(step::external_authenticate, 0x6300).category == 9);
    BOOST_TEST(!explain(step::external_authenticate, 0x6300).retry_can_help);
    BOOST_TEST(explain(step::relayed, 0x1234).category == 100);
    for (int what = 0; what <= static_cast<int>(step::relayed); ++what)
        for (int sw = 0; sw <= 0xFFFF; ++sw) {
            const auto meaning = explain(static_cast<step>(what), static_cast<std::uint16_t>(sw));
            if (meaning.text.empty() || (!meaning.accepted && meaning.category == 0) || meaning.category < 0)
                BOOST_ERROR("no meaning for status word " << sw << " at step " << what);
        }
    const auto f = status_failure(step::install_for_load, 0x6A84);
    BOOST_TEST(f.details().find("not enough memory") == 0u);
    BOOST_TEST(f.details().find("6A84") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
