// The actor in front of the key vault: what it does with keys, against the vault itself, and that every failure comes
// back as an answer.

#include "actors/spawn.hpp"
#include "crypto/error.hpp"
#include "crypto/kcv.hpp"
#include "crypto/key_wrap.hpp"
#include "crypto/software_vault.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>

using namespace tsms;
using namespace tsms::actors;

namespace {

struct vault_room {
    vault_room() : hsm(spawn_hsm(system, crypto::make_software_vault(crypto::secret(bytes(32, 7))))) {}
    ~vault_room() {
        caf::anon_send_exit(hsm, caf::exit_reason::user_shutdown);
        hsm = nullptr;
    }

    template <class Message> process::answer_variant ask(Message message) {
        caf::scoped_actor self{system};
        process::answer_variant out;
        self->request(hsm, std::chrono::seconds(20), std::move(message))
            .receive([&](answered& a) { out = std::move(a.value); }, [&](caf::error& e) { BOOST_FAIL(text_of(e)); });
        return out;
    }
    model::key_set keys(std::uint8_t version, int bits = 128) {
        return std::get<model::key_set>(ask(process::generate_keys{version, bits}));
    }
    static crypto::wrapped_keys wrapped(const model::key_set& k) { return {k.version, k.bits, k.wrapped}; }

    caf::actor_system_config config;
    caf::actor_system system{config};
    std::unique_ptr<crypto::key_vault> same = crypto::make_software_vault(crypto::secret(bytes(32, 7)));
    hsm_actor hsm;
};

const crypto::secret transport_key(bytes(16, 9));

/// As an issuer hands keys over.
model::issuer_key_material material(int bits = 128) {
    const auto octets = static_cast<std::size_t>(bits) / 8;
    const auto under = [&](std::uint8_t fill) {
        const crypto::secret key(bytes(octets, fill));
        return model::issuer_key_material::key{crypto::wrap_key(transport_key, key), crypto::aes_kcv(key)};
    };
    model::issuer_key_material m;
    m.aid = "D27600016354534D0001";
    m.key_version = 0x30;
    m.bits = bits;
    m.scp_i = 0x70;
    m.privileges = "804000";
    m.secure_component_identity = "4790";
    m.enc = under(1);
    m.mac = under(2);
    m.dek = under(3);
    return m;
}

const process::failed& failure(const process::answer_variant& a) {
    BOOST_REQUIRE(std::holds_alternative<process::failed>(a));
    return std::get<process::failed>(a);
}

} // namespace

BOOST_AUTO_TEST_SUITE(actors_hsm)

BOOST_AUTO_TEST_CASE(new_keys_are_the_tsms_own) {
    vault_room r;
    for (const int bits : {128, 192, 256}) {
        const auto k = r.keys(0x31, bits);
        BOOST_TEST(int{k.version} == 0x31);
        BOOST_TEST(k.bits == bits);
        BOOST_TEST(!k.issuer_knows);
        BOOST_CHECK_NO_THROW(r.same->check_values(vault_room::wrapped(k)));
    }
    BOOST_CHECK(r.keys(0x31).wrapped != r.keys(0x31).wrapped);
    BOOST_TEST(r.keys(0x7F).version == 0x7F);
    for (const auto& [version, bits] : {std::pair{0x00, 128}, {0x80, 128}, {0x31, 127}, {0x31, 512}}) {
        const auto why = r.ask(process::generate_keys{static_cast<std::uint8_t>(version), bits});
        BOOST_CHECK(failure(why).category == model::error_category::internal_error);
        BOOST_TEST(!failure(why).details.empty());
    }
}

BOOST_AUTO_TEST_CASE(session_keys_are_those_of_the_challenges) {
    vault_room r;
    const auto k = r.keys(0x31);
    const auto host = hex("0102030405060708"), card = hex("1112131415161718"), counter = hex("00002A"),
               aid = hex("D27600016354534D0001");
    for (const auto& given : {bytes(), counter}) {
        const auto answer = r.ask(process::derive_session{k, host, card, given, aid});
        BOOST_REQUIRE(std::holds_alternative<crypto::session_material>(answer));
        const auto& got = std::get<crypto::session_material>(answer);
        const auto wanted = crypto::prepare_session(*r.same, vault_room::wrapped(k), host, card, given, aid);
        BOOST_CHECK(got.keys.s_enc == wanted.keys.s_enc);
        BOOST_CHECK(got.keys.s_mac == wanted.keys.s_mac);
        BOOST_CHECK(got.keys.s_rmac == wanted.keys.s_rmac);
        BOOST_CHECK(got.expected_challenge == wanted.expected_challenge);
        BOOST_TEST(got.expected_challenge.empty() == given.empty());
    }
    auto damaged = k;
    damaged.wrapped.back() ^= 1;
    BOOST_CHECK(failure(r.ask(process::derive_session{damaged, host, card, {}, aid})).category ==
                model::error_category::internal_error);
    damaged = k;
    damaged.version = 0x32; // it is bound to its version
    BOOST_CHECK(!failure(r.ask(process::derive_session{damaged, host, card, {}, aid})).details.empty());
}

BOOST_AUTO_TEST_CASE(a_handle_that_does_not_open_is_told_as_a_damaged_row) {
    vault_room r;
    const auto whole = r.keys(0x31);
    auto cut = whole, foreign = whole, empty = whole;
    cut.wrapped.resize(3);
    foreign.wrapped = crypto::make_software_vault(crypto::secret(bytes(32, 8)))->generate(0x31, 128).wrapped;
    empty.wrapped.clear();
    const auto told = [](const process::answer_variant& answer, const std::string& row, const std::string& why) {
        const auto& details = failure(answer).details;
        for (const auto& part : {std::string("instances.db"), row, why, std::string("restore the databases")})
            BOOST_TEST(details.find(part) != std::string::npos, details);
    };
    const bytes challenge(8, 1);
    for (const auto& [keys, why] : {std::pair{cut, "3 octets instead of"},
                                    {empty, "0 octets instead of"},
                                    {foreign, "another vault's, or was changed"}})
        told(r.ask(process::derive_session{keys, challenge, challenge, {}, {}, "row ‘card-1’ of table cards"}),
             "row ‘card-1’ of table cards", why);
    auto under = r.same->import_transport_key(transport_key);
    under.wrapped.pop_back();
    told(r.ask(take_over_keys{under, material(), "lab"}), "row ‘lab’ of table issuers", "was changed");
}

BOOST_AUTO_TEST_CASE(keys_travel_under_the_key_of_their_receiver) {
    vault_room r;
    const auto receiver = r.keys(0x30), sent = r.keys(0x31);
    const auto answer = r.ask(process::encrypt_keys{receiver, sent});
    BOOST_REQUIRE(std::holds_alternative<crypto::encrypted_keys>(answer));
    BOOST_CHECK(std::get<crypto::encrypted_keys>(answer) ==
                r.same->encrypt_keys(vault_room::wrapped(receiver), vault_room::wrapped(sent)));
    const auto values = r.same->check_values(vault_room::wrapped(sent));
    for (std::size_t i = 0; i < values.size(); ++i)
        BOOST_CHECK(std::get<crypto::encrypted_keys>(answer)[i].kcv == values[i]);
}

BOOST_AUTO_TEST_CASE(data_of_a_script_travel_under_the_dek_of_their_domain) {
    vault_room r;
    const auto receiver = r.keys(0x30);
    const bytes data(32, 0x41);
    const auto answer = r.ask(process::encrypt_data{receiver, data});
    BOOST_REQUIRE(std::holds_alternative<bytes>(answer));
    BOOST_CHECK(std::get<bytes>(answer) == r.same->encrypt_data(vault_room::wrapped(receiver), crypto::secret(data)));
    BOOST_CHECK(failure(r.ask(process::encrypt_data{receiver, bytes(15)})).category ==
                model::error_category::internal_error);
}

BOOST_AUTO_TEST_CASE(keys_of_an_issuer_are_taken_over) {
    vault_room r;
    const auto under = r.same->import_transport_key(transport_key);
    for (const int bits : {128, 192, 256}) {
        const auto m = material(bits);
        const auto answer = r.ask(take_over_keys{under, m});
        BOOST_REQUIRE(std::holds_alternative<model::issuer_keys>(answer));
        const auto& taken = std::get<model::issuer_keys>(answer);
        BOOST_TEST(taken.aid == m.aid);
        BOOST_TEST(int{taken.scp_i} == 0x70);
        BOOST_TEST(taken.privileges == "804000");
        BOOST_TEST(taken.secure_component_identity == "4790");
        BOOST_TEST(int{taken.keys.version} == 0x30);
        BOOST_TEST(taken.keys.bits == bits);
        const auto values = r.same->check_values(vault_room::wrapped(taken.keys));
        BOOST_CHECK(values[0] == m.enc.kcv);
        BOOST_CHECK(values[1] == m.mac.kcv);
        BOOST_CHECK(values[2] == m.dek.kcv);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_as_the_issuer_says_is_not_taken_over) {
    vault_room r;
    const auto under = r.same->import_transport_key(transport_key);
    const auto refuses = [&](const crypto::transport_key_handle& transport, const model::issuer_key_material& m) {
        return failure(r.ask(take_over_keys{transport, m})).category == model::error_category::internal_error;
    };
    for (auto key :
         {&model::issuer_key_material::enc, &model::issuer_key_material::mac, &model::issuer_key_material::dek}) {
        auto m = material();
        (m.*key).kcv[0] ^= 1;
        BOOST_TEST(refuses(under, m));
        m = material();
        (m.*key).wrapped.back() ^= 1;
        BOOST_TEST(refuses(under, m));
        m = material();
        m.*key = material(256).*key; // of another length than announced
        BOOST_TEST(refuses(under, m));
    }
    auto m = material();
    m.key_version = 0;
    BOOST_TEST(refuses(under, m));
    BOOST_TEST(refuses({r.same->import_mac_key(transport_key).wrapped}, material()));
    BOOST_CHECK_THROW(r.same->import_transport_key(crypto::secret(bytes(24, 9))), crypto::error);
    BOOST_TEST(refuses({}, material()));
}

BOOST_AUTO_TEST_SUITE_END()
