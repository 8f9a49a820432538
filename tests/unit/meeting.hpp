#pragma once
// The host's side of SCP03 (gp/) at the table with a simulated card (lab/), and what went over it.

#include "crypto/kcv.hpp"
#include "crypto/key_wrap.hpp"
#include "crypto/software_vault.hpp"
#include "gp/commands.hpp"
#include "gp/secured_batch.hpp"
#include "tests/lab_reader.hpp"
#include "tests/unit/lab_host.hpp"

namespace tsms::lab_test {

struct meeting {
    explicit meeting(const lab::personality& p) : card(lab::card::create(p, random)) {
        const auto isd = isd_keys(card);
        const crypto::secret transport(bytes(32, 0x77));
        const crypto::secret* plain[] = {&isd.enc, &isd.mac, &isd.dek};
        crypto::transported_keys brought;
        for (std::size_t k = 0; k < 3; ++k)
            brought[k] = {crypto::wrap_key(transport, *plain[k]), crypto::aes_kcv(*plain[k])};
        keys = vault->import_wrapped(vault->import_transport_key(transport), p.key_version,
                                     static_cast<int>(isd.enc.size() * 8), brought);
    }

    bytes transmit(bytes_view apdu) {
        external_authentications += apdu[1] == 0x82;
        auto response = lab_reader(card).transmit(apdu);
        return on_the_way ? on_the_way(apdu, response) : response;
    }

    std::vector<gp::response_apdu> run(gp::secured_batch& orders) {
        gp::batch_answer answer;
        for (const auto& command : orders.take().commands)
            answer.responses.push_back(transmit(command.apdu));
        return orders.accept(answer);
    }

    std::size_t challenge_octets() const {
        return (card.state().personality->scp03_i & gp::scp03_i::s16) != 0 ? 16 : 8;
    }

    /// A channel to the issuer's security domain with these keys; `asked`: version in P1 if not theirs.
    gp::secure_channel open(const crypto::wrapped_keys& with, std::uint8_t level,
                            std::optional<std::uint8_t> asked = std::nullopt) {
        using namespace gp;
        const auto host_challenge = random.take(challenge_octets());
        secured_batch start;
        start.add(step::select, select({}));
        const auto updated =
            start.add(step::initialize_update, initialize_update(asked.value_or(with.version), host_challenge));
        const auto counter =
            card.state().personality->sends_counter ? missing_counter::refused : missing_counter::taken_as_random;
        const auto response = parse_initialize_update(run(start)[updated].data, counter);
        auto material = crypto::prepare_session(*vault, with, host_challenge, response.card_challenge,
                                                response.sequence_counter, hex(card.state().personality->isd));
        if (!response.sequence_counter.empty())
            check_card_challenge(response, material.expected_challenge);
        answered_version = response.key_version;
        secure_channel channel(std::move(material.keys), host_challenge, response, level);
        secured_batch authenticate;
        authenticate.add_plain(step::external_authenticate, channel.external_authenticate());
        run(authenticate);
        return channel;
    }

    counting_random random;
    std::unique_ptr<crypto::key_vault> vault = crypto::make_software_vault(crypto::secret(bytes(32, 0x5A)), random);
    lab::card card;
    crypto::wrapped_keys keys;
    std::function<bytes(bytes_view command, bytes response)> on_the_way;
    int external_authentications = 0; ///< sent to the card
    std::uint8_t answered_version = 0;
};

} // namespace tsms::lab_test
