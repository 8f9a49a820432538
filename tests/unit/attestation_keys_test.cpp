// The file with the keys of attestation tokens: what is added stays, a new key signs, and what is damaged is named.

#include "crypto/ecdsa.hpp"
#include "crypto/software_vault.hpp"
#include "store/attestation_keys.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace tsms;
namespace fs = std::filesystem;

namespace {

struct folder {
    folder() { fs::create_directories(path); }
    ~folder() { fs::remove_all(path); }
    store::attestation_key add(crypto::elliptic_curve curve = crypto::elliptic_curve::p256) const {
        return store::add_attestation_key(file, *vault, curve, "test", wall_time{});
    }
    std::string text() const {
        std::ostringstream all;
        all << std::ifstream(file).rdbuf();
        return all.str();
    }
    /// Refused with a text that names the file.
    bool refuses(const std::string& text) const {
        std::ofstream(file, std::ios::trunc) << text;
        try {
            store::read_attestation_keys(file);
        } catch (const store::attestation_keys_error& e) {
            return std::string(e.what()).find(file.string()) != std::string::npos;
        }
        return false;
    }

    fs::path path = fs::temp_directory_path() / ("tsms-attestation-keys-" + std::to_string(::getpid()));
    fs::path file = path / "attestation-keys.json";
    std::unique_ptr<crypto::key_vault> vault = crypto::make_software_vault(crypto::secret(bytes(32, 1)));
};

} // namespace

BOOST_AUTO_TEST_SUITE(attestation_keys)

BOOST_AUTO_TEST_CASE(a_new_key_comes_behind_the_former_ones) {
    const folder d;
    BOOST_TEST(store::read_attestation_keys(d.file).empty());
    const auto first = d.add(), second = d.add(crypto::elliptic_curve::brainpool_p256r1);
    const auto keys = store::read_attestation_keys(d.file);
    BOOST_REQUIRE(keys.size() == 2u);
    BOOST_TEST(keys[0].certificate.fingerprint == first.certificate.fingerprint);
    BOOST_TEST(keys[1].certificate.fingerprint == second.certificate.fingerprint);
    BOOST_CHECK(keys[1].handle == second.handle);
    BOOST_TEST(keys[0].created == "1970-01-01T00:00:00.000Z");
    const auto message = hex("0102");
    for (const auto& key : keys) // each handle is that of its certificate
        BOOST_TEST(!crypto::why_not_signed(key.certificate, message,
                                           crypto::ecdsa_sig_value(d.vault->sign(key.handle, message)))
                        .has_value());
    BOOST_TEST(keys[0].certificate.key_algorithm == "id-ecPublicKey prime256v1");
    BOOST_TEST(keys[1].certificate.key_algorithm == "id-ecPublicKey brainpoolP256r1");
    BOOST_CHECK(keys[0].certificate.not_after > system_time().wall() + crypto::days(3600));
}

BOOST_AUTO_TEST_CASE(it_is_its_owners_alone_and_nothing_is_left_beside_it) {
    const folder d;
    d.add();
    struct stat status {};
    BOOST_REQUIRE(::stat(d.file.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777) == 0600u);
    BOOST_TEST(std::distance(fs::directory_iterator(d.path), fs::directory_iterator()) == 1);
}

BOOST_AUTO_TEST_CASE(two_at_once_do_not_lose_a_key) {
    const folder d;
    d.add();
    const auto before = d.text();
    std::ofstream(d.file.string() + ".new") << "";
    BOOST_CHECK_THROW(d.add(), store::attestation_keys_error);
    BOOST_TEST(d.text() == before);
    fs::remove(d.file.string() + ".new");
    d.add();
    BOOST_TEST(store::read_attestation_keys(d.file).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_named_and_not_written_over) {
    const folder d;
    d.add();
    const auto good = d.text();
    const auto changed = [&](const std::string& from, const std::string& to) {
        auto text = good;
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    for (const auto& bad : {std::string(), std::string("{}"), std::string("{\"keys\": [1]}"), good + "x",
                            good.substr(0, good.size() / 2), changed("P-256", "P-255"), changed("\"handle\"", "\"h\""),
                            changed("BEGIN CERTIFICATE", "BEGIN"), std::string((1 << 20) + 1, ' ')})
        BOOST_TEST(d.refuses(bad), bad.substr(0, 80));
    BOOST_CHECK_THROW(d.add(), store::attestation_keys_error);
    BOOST_TEST(d.text().size() == (1u << 20) + 1);
    BOOST_TEST(!d.refuses(good));
}

BOOST_AUTO_TEST_CASE(curves_have_names) {
    for (const auto curve : {crypto::elliptic_curve::p256, crypto::elliptic_curve::brainpool_p256r1})
        BOOST_CHECK(store::curve_of(store::name_of(curve)) == curve);
    for (const auto* other : {"", "p-256", "P256", "secp256r1", "brainpoolP384r1"})
        BOOST_CHECK(!store::curve_of(other));
}

BOOST_AUTO_TEST_SUITE_END()
