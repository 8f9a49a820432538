// SCP03, host against card, in every combination: mode × key length × "i" × level. What the two may do they do in a
// whole dialogue; what they may not is refused before EXTERNAL AUTHENTICATE.

#include "gp/registry.hpp"
#include "tests/unit/meeting.hpp"

using namespace tsms;
using namespace tsms::gp;
using lab_test::meeting;

namespace {

constexpr std::uint8_t levels[] = {0x01, 0x03, 0x11, 0x13, 0x33};
constexpr std::uint8_t no_levels[] = {0x00, 0x02, 0x10, 0x12, 0x21, 0x23, 0x30, 0x31, 0x32, 0x43, 0x73, 0xB3};

bool possible(std::uint8_t level, std::uint8_t i) {
    const bool r_mac = (i & 0x20) != 0;
    return level == 0x33 ? r_mac && (i & 0x40) != 0 : (level & 0x10) == 0 || r_mac;
}

lab::personality card_with(std::uint8_t i, std::size_t key_octets) {
    auto p = *lab::find_personality("jc305");
    p.scp03_i = i;
    p.key_octets = key_octets;
    p.extended_length = true;
    for (auto& package : p.packages)
        package.listed = true; // more than one answer of GET STATUS holds
    return p;
}

/// Calls `f` with a fresh card of every kind.
template <class F> void for_every_card(F f) {
    for (const std::uint8_t mode : {0x00, 0x01})
        for (const std::size_t key_octets : {16, 24, 32})
            for (const std::uint8_t features : {0x00, 0x10, 0x20, 0x30, 0x60, 0x70}) {
                const auto i = static_cast<std::uint8_t>(features | mode);
                BOOST_TEST_CONTEXT("i=" << to_hex({&i, 1}) << ", keys of " << key_octets * 8 << " bits")
                f(card_with(i, key_octets));
            }
}

template <class F> void for_every_level(const lab::personality& p, F f) {
    for (const auto level : levels)
        BOOST_TEST_CONTEXT("level " << to_hex({&level, 1}))
    f(level, possible(level, p.scp03_i));
}

template <class F> void failing_with(scp03_error::reason why, F f) {
    BOOST_CHECK_EXCEPTION(f(), scp03_error, [why](const scp03_error& e) { return e.why == why; });
}

std::size_t listed_load_files(const lab::card& card) {
    return card.state().registry.load_files().size();
}

} // namespace

BOOST_AUTO_TEST_SUITE(scp03_matrix)

BOOST_AUTO_TEST_CASE(every_combination_talks_or_is_refused) {
    int talked = 0;
    int refused = 0;
    for_every_card([&](const lab::personality& p) {
        for_every_level(p, [&](std::uint8_t level, bool can) {
            meeting m(p);
            if (!can) {
                failing_with(scp03_error::reason::level_not_supported, [&] { m.open(m.keys, level); });
                BOOST_TEST(m.external_authentications == 0);
                ++refused;
                return;
            }
            ++talked;
            auto channel = m.open(m.keys, level);
            BOOST_TEST(channel.max_data() ==
                       255u - m.challenge_octets() - ((level & 2) != 0 ? (m.challenge_octets() == 8 ? 8u : 16u) : 0u));
            secured_batch orders(channel);
            const auto isd = orders.add(step::get_status, get_status(registry_scope::issuer_security_domain));
            const auto data =
                orders.add(step::get_data, get_data(0x0066)); // without data: C-ENC counts, and encrypts nothing
            const auto error = orders.add(step::delete_object, delete_object(hex("D27600016301"))); // no R-MAC
            const auto empty = orders.add(step::set_status, set_status(status_type::issuer_security_domain, 0x0F,
                                                                       hex(p.isd))); // R-MAC over the status word alone
            const auto more =
                orders.add(step::get_status, get_status(registry_scope::load_files_and_modules)); // a warning
            const auto rest =
                orders.add(step::get_status, get_status(registry_scope::load_files_and_modules, {}, true));
            const auto answers = m.run(orders);

            const auto domain = parse_registry({answers[isd].data});
            BOOST_REQUIRE(domain.has_value() && domain->size() == 1);
            BOOST_TEST(to_hex(domain->front().aid) == p.isd);
            BOOST_TEST(to_hex(answers[data].data) == to_hex(gp::encode_tlv(0x66, lab::card_data(p.scp03_i))));
            BOOST_TEST(answers[error].sw == 0x6A88);
            BOOST_TEST(answers[empty].sw == 0x9000);
            BOOST_TEST(answers[empty].data.empty());
            BOOST_TEST(answers[more].sw == 0x6310);
            BOOST_TEST(answers[rest].sw == 0x9000);
            const auto files = parse_registry({answers[more].data, answers[rest].data});
            BOOST_REQUIRE(files.has_value());
            BOOST_TEST(files->size() == listed_load_files(m.card));
        });
        for (const auto level : no_levels) {
            meeting m(p);
            failing_with(scp03_error::reason::level_not_supported, [&] { m.open(m.keys, level); });
            BOOST_TEST(m.external_authentications == 0);
        }
    });
    BOOST_TEST(talked == 6 * (2 + 2 + 4 + 4 + 5 + 5));
    BOOST_TEST(refused == 6 * (3 + 3 + 1 + 1));
}

BOOST_AUTO_TEST_CASE(keys_are_added_and_replaced_in_every_combination) {
    for_every_card([](const lab::personality& p) {
        for_every_level(p, [&](std::uint8_t level, bool can) {
            if (!can)
                return;
            meeting m(p);
            auto channel = m.open(m.keys, level);
            const auto added = m.vault->generate(0x31, m.keys.bits);
            const auto encrypted = m.vault->encrypt_keys(m.keys, added);
            secured_batch adding(channel);
            const auto put = adding.add(step::put_key, put_keys(0x00, 0x31, added.bits, encrypted));
            BOOST_TEST(put_keys_confirmed(m.run(adding)[put].data, 0x31, encrypted));

            auto with_added = m.open(added, level);
            const auto replacing_keys = m.vault->generate(0x32, m.keys.bits);
            auto under_added = m.vault->encrypt_keys(added, replacing_keys);
            auto spoiled = under_added;
            spoiled[2].kcv[0] ^= 1;
            secured_batch wrong(with_added);
            const auto refused =
                wrong.add(step::put_key, put_keys(0x31, 0x32, m.keys.bits, spoiled), secured_batch::tolerance::any);
            BOOST_TEST(m.run(wrong)[refused].sw == 0x9485);
            secured_batch replacing(with_added);
            const auto replaced = replacing.add(step::put_key, put_keys(0x31, 0x32, m.keys.bits, under_added));
            const auto answers = m.run(replacing);
            BOOST_TEST(put_keys_confirmed(answers[replaced].data, 0x32, under_added));
            BOOST_TEST(!put_keys_confirmed(answers[replaced].data, 0x32, spoiled));

            BOOST_CHECK_NO_THROW(m.open(replacing_keys, level));
            BOOST_CHECK_NO_THROW(m.open(m.keys, level)); // an added set leaves the others
            const auto gone = [&] { m.open(added, level); };
            BOOST_CHECK_EXCEPTION(gone(), card_failure, [](const card_failure& f) { return f.sw == 0x6A88; });
        });
    });
}

BOOST_AUTO_TEST_CASE(other_keys_and_forged_answers_get_no_external_authenticate) {
    for_every_card([](const lab::personality& p) {
        meeting m(p);
        auto wrong = m.vault->generate(m.keys.version, m.keys.bits);
        const bool predictable = (p.scp03_i & 0x10) != 0;
        // K-ENC is proven by a pseudo-random challenge, K-MAC by the cryptogram.
        failing_with(predictable ? scp03_error::reason::wrong_card_challenge
                                 : scp03_error::reason::wrong_card_cryptogram,
                     [&] { m.open(wrong, 0x01); });
        // Every octet of challenge, cryptogram and sequence counter.
        const auto size = 13 + 2 * m.challenge_octets() + (predictable ? 3 : 0);
        for (std::size_t at = 13; at < size; ++at) {
            m.on_the_way = [at](bytes_view command, bytes response) {
                if (command[1] == 0x50)
                    response.at(at) ^= 0x01;
                return response;
            };
            const bool challenge = at < 13 + m.challenge_octets() || at >= 13 + 2 * m.challenge_octets();
            failing_with(predictable && challenge ? scp03_error::reason::wrong_card_challenge
                                                  : scp03_error::reason::wrong_card_cryptogram,
                         [&] { m.open(m.keys, 0x01); });
        }
        BOOST_TEST(m.external_authentications == 0);
        m.on_the_way = nullptr;
        BOOST_CHECK_NO_THROW(m.open(m.keys, 0x01)); // and no attempt was spent
    });
}

BOOST_AUTO_TEST_CASE(forged_responses_are_found_where_there_is_an_r_mac) {
    for_every_card([](const lab::personality& p) {
        for_every_level(p, [&](std::uint8_t level, bool can) {
            if (!can || (level & 0x10) == 0)
                return;
            const auto forged = [&](auto change) {
                meeting m(p);
                auto channel = m.open(m.keys, level);
                m.on_the_way = [&](bytes_view, bytes response) {
                    change(response);
                    return response;
                };
                secured_batch orders(channel);
                orders.add(step::get_data, get_data(0x0066));
                BOOST_CHECK_THROW(m.run(orders), card_failure);
                BOOST_CHECK_THROW(secured_batch(channel).add(step::get_data, get_data(0x0066)), card_failure); // broken
            };
            forged([](bytes& r) { r.front() ^= 0x01; });
            forged([](bytes& r) { r.at(r.size() - 3) ^= 0x01; });                 // R-MAC
            forged([](bytes& r) { r.at(r.size() - 2) = 0x62, r.back() = 0x00; }); // a warning instead of success
            forged([](bytes& r) { r.at(r.size() - 2) = 0x6A, r.back() = 0x88; }); // an error with data
            forged([](bytes& r) { r = hex("9000"); });
        });
    });
}

/// The transport sets the channel; the MAC stays that of the basic one (SCP03 6.2.4).
bytes on_channel(bytes apdu, std::uint8_t channel) {
    const auto secured = static_cast<std::uint8_t>((apdu[0] & 0x04) != 0 ? 1 : 0);
    const auto kind = static_cast<std::uint8_t>(apdu[0] & 0x80);
    apdu[0] = static_cast<std::uint8_t>(channel < 4 ? kind | secured << 2 | channel
                                                    : kind | 0x40 | secured << 5 | (channel - 4));
    return apdu;
}

BOOST_AUTO_TEST_CASE(every_logical_channel) {
    auto p = card_with(0x70, 16);
    p.channels = 20;
    for (std::uint8_t number = 1; number < 20; ++number)
        BOOST_TEST_CONTEXT("channel " << int{number}) {
            meeting m(p);
            BOOST_TEST(to_hex(m.card.transmit(bytes{0x00, 0x70, 0x00, number, 0x00})) == "9000");
            const auto host_challenge = m.random.take(8);
            const auto send = [&](const command_apdu& c) {
                return *parse_response(m.card.transmit(on_channel(encode(c), number)));
            };
            const auto offer = parse_initialize_update(send(initialize_update(0x00, host_challenge)).data);
            secure_channel channel(m.vault->derive_session(m.keys, host_challenge, offer.card_challenge),
                                   host_challenge, offer, 0x33);
            BOOST_TEST(send(channel.external_authenticate()).sw == 0x9000);
            const auto sent = channel.wrap(get_status(registry_scope::issuer_security_domain));
            const auto answer = channel.unwrap(sent.context, encode(send(sent.command)));
            BOOST_TEST(answer.sw == 0x9000);
            BOOST_TEST(!answer.data.empty());
        }
}

BOOST_AUTO_TEST_CASE(extended_length_both_ways) {
    for_every_card([](const lab::personality& p) {
        meeting m(p);
        auto channel = m.open(m.keys, 0x03);
        const bytes data = encode_tlv(0x5F50, bytes(3000, 'u')); // URL of the security domain's manager, a long one
        secured_batch too_long(channel);
        BOOST_CHECK_THROW(too_long.add(step::store_data, store_data(data, data.size(), store_data_format::ber_tlv)[0]),
                          card_failure);
        channel.allow_extended_length();
        secured_batch orders(channel);
        orders.add_all(step::store_data, store_data(data, channel.max_data(), store_data_format::ber_tlv));
        BOOST_TEST(orders.size() == 1u);
        m.run(orders);
        BOOST_CHECK(m.card.state().registry.isd().sd->data.at(0x5F50) == bytes(3000, 'u'));
    });
}

// Version 00 asks for the default set and learns which it is; an unknown one is refused and costs no attempt (field
// lesson 4).
BOOST_AUTO_TEST_CASE(key_versions) {
    auto p = card_with(0x70, 16);
    p.key_version = 0x2A;
    meeting m(p);
    m.open(m.keys, 0x33, 0x00);
    BOOST_TEST(int{m.answered_version} == 0x2A);
    for (const std::uint8_t unknown : {0x01, 0x7F, 0xFF})
        BOOST_CHECK_EXCEPTION(m.open(m.keys, 0x33, unknown), card_failure, [](const card_failure& f) {
            return f.what == step::initialize_update && f.sw == 0x6A88;
        });
    // Factory keys that have the version FF are replaced by adding (P1 00): FF would be no version in P1 of PUT KEY
    // (GPCS 11.8.2.1).
    const auto keys = m.vault->generate(0x30, 128);
    const auto encrypted = m.vault->encrypt_keys(m.keys, keys);
    BOOST_TEST(int{put_keys(0xFF, 0x30, 128, encrypted).p1} == 0x00);
    BOOST_TEST(int{put_keys(0x00, 0x30, 128, encrypted).p1} == 0x00);
    BOOST_TEST(int{put_keys(0x7F, 0x30, 128, encrypted).p1} == 0x7F);
    for (const std::uint8_t impossible : {0x80, 0xFE})
        BOOST_CHECK_THROW(put_keys(impossible, 0x30, 128, encrypted), std::length_error);
    for (const std::uint8_t impossible : {0x00, 0x80, 0xFF})
        BOOST_CHECK_THROW(put_keys(0x00, impossible, 128, encrypted), std::length_error);
}

// i&10 without the sequence counter (SCP03 7.1.1.6): only for who says that the card is so.
BOOST_AUTO_TEST_CASE(a_counter_that_is_missing) {
    constexpr auto taken = missing_counter::taken_as_random;
    for (std::size_t length = 13; length < 60; ++length)
        for (const std::uint8_t i : {0x00, 0x01, 0x10, 0x11, 0x60, 0x71}) {
            bytes data(length, 0x22);
            data[11] = 0x03;
            data[12] = i;
            const bool announced = (i & 0x10) != 0;
            const std::size_t without = (i & 1) != 0 ? 45 : 29;
            if (length != without && !(announced && length == without + 3)) {
                BOOST_CHECK_THROW(parse_initialize_update(data, taken), scp03_error);
                continue;
            }
            const auto card = parse_initialize_update(data, taken);
            BOOST_TEST(card.sequence_counter.size() == length - without);
            if (!announced || length != without)
                continue;
            BOOST_CHECK_THROW(parse_initialize_update(data), scp03_error);
            BOOST_CHECK_NO_THROW(check_card_challenge(card, {}, taken));
            BOOST_CHECK_THROW(check_card_challenge(card, {}), scp03_error);
        }
}

BOOST_AUTO_TEST_SUITE_END()
