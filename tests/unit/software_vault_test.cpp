// What is the software vault's own: the form in which databases hold what it has wrapped, and its file.

#include "crypto/error.hpp"
#include "crypto/kcv.hpp"
#include "crypto/key_wrap.hpp"
#include "crypto/software_vault.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace tsms;
using namespace tsms::crypto;

namespace {

struct scratch_directory {
    std::filesystem::path path;
    scratch_directory() {
        auto pattern = (std::filesystem::temp_directory_path() / "vault-XXXXXX").string();
        BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~scratch_directory() { std::filesystem::remove_all(path); }
};

/// ENC, MAC and DEK of the sealed sets below: 00 01 02 …, 10 11 12 …, 20 21 22 …
secret counted(std::size_t octets, std::uint8_t from) {
    bytes out(octets);
    for (auto& octet : out)
        octet = from++;
    return secret(std::move(out));
}

const secret transport(hex("404142434445464748494A4B4C4D4E4F"));

} // namespace

BOOST_AUTO_TEST_SUITE(software_vault)

/// Databases of operators hold what the program of before handles sealed, as here: master key 5A…5A.
BOOST_AUTO_TEST_CASE(what_the_former_program_sealed_opens) {
    const auto vault = make_software_vault(secret(bytes(32, 0x5A)));
    struct {
        std::uint8_t version;
        int bits;
        const char* wrapped;
    } const sets[] = {
        {0x30, 128,
         "000102030405060708090A0B4DA02F663AC6B8CB063DC7E5B62A5B079A5AC56849F96505E435A0B3183DD9051F1D5640"
         "F9767409CD70864CDE03518A0CDC793B41BF715912A744DC5A7DEC07"},
        {0x31, 192,
         "0C0D0E0F10111213141516175A693692E41A742BC86ACE6B5623C5F6365558F4DD02CC8D74BD109E3BBF0E26B7A6498A"
         "F3E4EA31FBBA53B0F76DD5D793452156747C2DD3C719A4FB8FE59CECE989D6F6BCEE3CDFE8894D6EAF2FD04D84F3328F"
         "EFE20E97"},
        {0xFF, 256,
         "18191A1B1C1D1E1F2021222377A0E97A3EDBC8A3BB806DE97DA7E0011AC2150685AB4D0426E638A0DF1F72599C84C81D"
         "0DA6C6E6DDEE109FF77A785795D9AD6F89AA09E507636C77F7141A54DE6E4D3ECE875BBF2B9872FB2711F9D8095E5927"
         "667A03957495972B6C6C7416FF9743BAB69B9C124BC3E1EAAFDC90C9"},
    };
    for (const auto& set : sets) {
        const auto values = vault->check_values({set.version, set.bits, hex(set.wrapped)});
        for (std::size_t k = 0; k < 3; ++k)
            BOOST_TEST(to_hex(values[k]) == to_hex(aes_kcv(counted(static_cast<std::size_t>(set.bits) / 8,
                                                                   static_cast<std::uint8_t>(16 * k)))));
    }

    const transport_key_handle of_128{
        hex("2425262728292A2B2C2D2E2F631AE7E73DEE96123CC09FB533D97D328D0FFE8716C1182DD72A5A80FEDA7BCC")};
    const transport_key_handle of_256{
        hex("303132333435363738393A3B4306D8058554A33926209F1B9B97E9197E98A6DAE1D13E01FB86D1637AA323AD0F9330EA"
            "D6902DFA5683F0D4759D1450")};
    const auto key = counted(16, 0);
    transported_keys keys;
    keys.fill({wrap_key(transport, key), aes_kcv(key)});
    BOOST_CHECK_NO_THROW(vault->import_wrapped(of_128, 0x30, 128, keys));
    keys.fill({wrap_key(counted(32, 0x40), key), aes_kcv(key)});
    BOOST_CHECK_NO_THROW(vault->import_wrapped(of_256, 0x30, 128, keys));

    // It sealed whatever it was given; of 192 bits no issuer has one.
    const transport_key_handle of_192{hex(
        "3C3D3E3F40414243444546478CF81EDCF7EF6A7333781BB865D7ACA8340D9BB302ECBAB684CFE7EC2A35890376203D20535C3FE0")};
    keys.fill({wrap_key(secret(bytes(24, 9)), key), aes_kcv(key)});
    BOOST_CHECK_THROW(vault->import_wrapped(of_192, 0x30, 128, keys), tsms::crypto::error);

    BOOST_TEST(vault->has_sealed(hex("3C3D3E3F4041424344454647F1827AA63B20B9BA77636618FD8481C569AEC50A")));
}

BOOST_AUTO_TEST_CASE(nothing_is_sealed_the_same_way_twice) {
    const auto vault = make_software_vault(secret(bytes(32, 0x5A)));
    BOOST_CHECK(vault->import_transport_key(transport) != vault->import_transport_key(transport));
    BOOST_CHECK(vault->import_mac_key(transport) != vault->import_mac_key(transport));
}

BOOST_AUTO_TEST_CASE(master_key_file) {
    namespace fs = std::filesystem;
    const scratch_directory directory;
    const auto path = directory.path / "master.key";
    create_master_key(path);
    BOOST_TEST(fs::file_size(path) == 32u);
    BOOST_CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    BOOST_CHECK_THROW(create_master_key(path), tsms::crypto::error); // never overwritten
    const auto keys = open_software_vault(path)->generate(0x30, 128);
    BOOST_CHECK_NO_THROW(open_software_vault(path)->check_values(keys));

    fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
    BOOST_CHECK_THROW(open_software_vault(path), tsms::crypto::error);
    fs::permissions(path, fs::perms::group_read, fs::perm_options::remove);
    std::ofstream(path, std::ios::app) << 'x';
    BOOST_CHECK_THROW(open_software_vault(path), tsms::crypto::error);
    fs::resize_file(path, 31);
    BOOST_CHECK_THROW(open_software_vault(path), tsms::crypto::error);
    BOOST_CHECK_THROW(open_software_vault(directory.path / "absent"), tsms::crypto::error);
}

BOOST_AUTO_TEST_SUITE_END()
