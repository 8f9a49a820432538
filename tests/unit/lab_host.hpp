#pragma once
// A small host for the tests of the simulated card: opens SCP03 and sends protected commands. Its own few lines of
// Amendment D on purpose: neither the host's side in gp/ nor the card's side in lab/ proves itself.

#include "crypto/aes.hpp"
#include "gp/apdu.hpp"
#include "gp/tlv.hpp"
#include "lab/card/card.hpp"
#include "lab/card/issuer_keys.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>

namespace tsms::lab_test {

class counting_random : public crypto::random_source {
public:
    void fill(std::span<std::uint8_t> out) override {
        for (auto& octet : out)
            octet = ++last_;
    }

private:
    std::uint8_t last_ = 0;
};

inline bytes derive(const crypto::secret& key, std::uint8_t constant, std::size_t octets, bytes_view context) {
    bytes out;
    for (std::uint8_t block = 1; out.size() < octets; ++block) {
        bytes data(16, 0);
        data[11] = constant;
        data[13] = static_cast<std::uint8_t>(octets * 8 >> 8);
        data[14] = static_cast<std::uint8_t>(octets * 8);
        data[15] = block;
        append(data, context);
        append(out, crypto::aes_cmac(key).mac(data));
    }
    out.resize(octets);
    return out;
}

/// The host of one card: every function returns the status word and leaves the data in `data`.
class host {
public:
    using transport = std::function<bytes(bytes_view)>;
    explicit host(lab::card& card) : transmit_([&card](bytes_view apdu) { return card.transmit(apdu); }) {}
    explicit host(transport t) : transmit_(std::move(t)) {}

    bytes data;

    std::uint16_t plain(std::string_view apdu) { return plain(hex(apdu)); }
    std::uint16_t plain(bytes_view apdu) {
        const auto response = *gp::parse_response(transmit_(apdu));
        data = response.data;
        return response.sw;
    }
    std::uint16_t select(std::string_view aid) {
        return plain(gp::encode({0x00, 0xA4, 0x04, 0x00, hex(aid), gp::le_max_short}));
    }

    /// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE to what is selected.
    std::uint16_t open(const lab::static_keys& keys, std::uint8_t level = 0x33, std::uint8_t version = 0,
                       std::size_t size = 8) {
        const bytes challenge(size, 0x5A);
        const auto sw = plain(gp::encode({0x80, 0x50, version, 0x00, challenge, gp::le_max_short}));
        if (sw != 0x9000)
            return sw;
        size_ = size;
        dek = keys.dek;
        i = data.at(12);
        auto context = challenge;
        append(context, bytes_view(data).subspan(13, size));
        enc_ = crypto::secret(derive(keys.enc, 4, keys.enc.size(), context));
        mac_ = crypto::secret(derive(keys.mac, 6, keys.mac.size(), context));
        rmac_ = crypto::secret(derive(keys.mac, 7, keys.mac.size(), context));
        BOOST_TEST(to_hex(derive(mac_, 0, size, context)) == to_hex(bytes_view(data).subspan(13 + size, size)));
        chaining_ = {};
        counter_ = 0;
        level_ = 0x01;
        const auto answer = send({0x84, 0x82, level, 0x00, derive(mac_, 1, size, context), {}}, false);
        level_ = level;
        counter_ = 0;
        return answer;
    }

    /// One protected command, given without its protection.
    std::uint16_t secured(std::string_view apdu) { return send(*gp::parse_command(hex(apdu)), true); }
    std::uint16_t secured(std::uint8_t ins, std::uint8_t p1, std::uint8_t p2, bytes_view content) {
        return send({0x80, ins, p1, p2, to_bytes(content), gp::le_max_short}, true);
    }
    /// INSTALL with its length-prefixed fields.
    std::uint16_t install(std::uint8_t p1, std::initializer_list<std::string_view> fields) {
        bytes content;
        for (auto field : fields)
            gp::append_lv(content, hex(field));
        return secured(0xE6, p1, 0x00, content);
    }
    std::uint16_t erase(std::string_view aid, std::uint8_t p2 = 0x00) {
        return secured(0xE4, 0x00, p2, gp::encode_tlv(0x4F, hex(aid)));
    }
    /// The load file in blocks of 200 octets.
    std::uint16_t load(bytes_view load_file_block) {
        const auto image = gp::encode_tlv(0xC4, load_file_block);
        for (std::size_t at = 0, block = 0;; at += 200, ++block) {
            const bool last = at + 200 >= image.size();
            const auto part = bytes_view(image).subspan(at, last ? image.size() - at : 200);
            const auto sw = secured(0xE8, last ? 0x80 : 0x00, static_cast<std::uint8_t>(block), part);
            if (last || sw != 0x9000)
                return sw;
        }
    }
    /// Key set for STORE DATA as store_data_keys.hpp documents it.
    bytes key_groups(const lab::static_keys& keys, std::uint8_t version) {
        bytes out;
        std::uint8_t id = 0;
        for (const auto* key : {&keys.enc, &keys.mac, &keys.dek}) {
            const bytes attributes{0x95, 1, 0x38, 0x96, 1, 0x02,
                                   0x80, 1, 0x88, 0x81, 1, static_cast<std::uint8_t>(key->size()),
                                   0x82, 1, ++id, 0x83, 1, version};
            const auto template_ = gp::encode_tlv(0xB9, attributes);
            append(out, bytes{0x00, 0xB9, static_cast<std::uint8_t>(template_.size())});
            append(out, template_);
            auto padded = to_bytes(key->view());
            padded.resize((padded.size() + 15) / 16 * 16);
            auto value = crypto::aes_cbc(dek).encrypt({}, padded);
            append(value, lab::key_check_value(*key));
            append(out, bytes{0x81, 0x13, static_cast<std::uint8_t>(value.size())});
            append(out, value);
        }
        return out;
    }
    std::uint16_t store(bytes_view chain, std::uint8_t format = 0x08) {
        std::uint8_t block = 0;
        while (chain.size() > 200) {
            if (const auto sw = secured(0xE2, format, block++, chain.first(200)); sw != 0x9000)
                return sw;
            chain = chain.subspan(200);
        }
        return secured(0xE2, static_cast<std::uint8_t>(0x80 | format), block, chain);
    }

    crypto::secret dek;
    std::uint8_t i = 0;
    bool spoil_next_mac = false;

private:
    std::uint16_t send(gp::command_apdu command, bool in_session) {
        if (in_session && level_ == 0)
            return plain(gp::encode(command));
        command.cla = 0x84;
        if (in_session)
            ++counter_;
        if (in_session && (level_ & 0x02) != 0 && !command.data.empty()) {
            command.data.push_back(0x80);
            command.data.resize((command.data.size() + 15) / 16 * 16);
            command.data = crypto::aes_cbc(enc_).encrypt(vector(0x00), command.data);
        }
        const auto lc = command.data.size() + size_;
        bytes head{0x84, command.ins, command.p1, command.p2};
        if (lc > 0xFF) // extended length (Amendment D 6.2.4)
            head.insert(head.end(), {0x00, static_cast<std::uint8_t>(lc >> 8)});
        head.push_back(static_cast<std::uint8_t>(lc));
        chaining_ = crypto::aes_cmac(mac_).mac({chaining_, head, command.data});
        append(command.data, bytes_view(chaining_).first(size_));
        if (std::exchange(spoil_next_mac, false))
            command.data.back() ^= 1;
        const auto sw = plain(gp::encode(command));
        const bool protected_ =
            in_session && (level_ & 0x10) != 0 && (sw == 0x9000 || sw >> 8 == 0x62 || sw >> 8 == 0x63);
        if (!protected_)
            return sw;
        BOOST_REQUIRE(data.size() >= size_);
        const bytes status{static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)};
        const auto content = bytes_view(data).first(data.size() - size_);
        const auto mac = crypto::aes_cmac(rmac_).mac({chaining_, content, status});
        BOOST_TEST(to_hex(bytes_view(mac).first(size_)) == to_hex(bytes_view(data).last(size_)));
        auto answer = to_bytes(content);
        if ((level_ & 0x20) != 0 && !answer.empty()) {
            answer = crypto::aes_cbc(enc_).decrypt(vector(0x80), answer);
            while (answer.back() == 0x00)
                answer.pop_back();
            BOOST_REQUIRE(answer.back() == 0x80);
            answer.pop_back();
        }
        data = answer;
        return sw;
    }
    crypto::aes_block vector(std::uint8_t first) {
        crypto::aes_block block{};
        block[0] = first;
        block[14] = static_cast<std::uint8_t>(counter_ >> 8);
        block[15] = static_cast<std::uint8_t>(counter_);
        return crypto::aes_cbc(enc_).encrypt_block(block);
    }

    transport transmit_;
    crypto::secret enc_, mac_, rmac_;
    crypto::aes_block chaining_{};
    std::size_t size_ = 8;
    std::uint8_t level_ = 0;
    std::uint32_t counter_ = 0;
};

inline lab::static_keys isd_keys(const lab::card& card) {
    return lab::isd_keys(lab::lab_issuer_master(), card.state().identity());
}

inline lab::static_keys test_keys(std::uint8_t octet, std::size_t size = 16) {
    return {crypto::secret(bytes(size, octet)), crypto::secret(bytes(size, static_cast<std::uint8_t>(octet + 1))),
            crypto::secret(bytes(size, static_cast<std::uint8_t>(octet + 2)))};
}

} // namespace tsms::lab_test
