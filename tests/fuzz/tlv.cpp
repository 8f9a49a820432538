// BER-TLV and everything that is read out of it: what a card tells about itself, what providers configure, and tokens
// that are shown to them.

#include "gp/tlv.hpp"
#include "gp/access_rules.hpp"
#include "gp/attestation_token.hpp"
#include "gp/card_data.hpp"
#include "gp/install_parameters.hpp"
#include "gp/registry.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

namespace {

void objects(bytes_view octets) {
    const auto read = gp::parse_tlvs(octets);
    if (!read)
        return;
    bytes again;
    for (const auto& object : *read) {
        gp::append_tlv(again, object.tag, object.value);
        if (object.constructed())
            gp::parse_tlvs(object.value);
    }
    require(again.size() <= octets.size(), "the shortest length field is not longer than another");
    const auto second = gp::parse_tlvs(again);
    require(second && second->size() == read->size(), "what was written is read");
    for (std::size_t i = 0; i < read->size(); ++i)
        require((*second)[i].tag == (*read)[i].tag && std::ranges::equal((*second)[i].value, (*read)[i].value),
                "what was written is read as it was");
}

/// One query's answers, each with an octet of length in front.
std::vector<bytes> answers(input in) {
    std::vector<bytes> list;
    while (!in.empty())
        list.push_back(to_bytes(in.take(in.octet())));
    return list;
}

void card_data(bytes_view octets) {
    gp::find_path(octets, {0x6F, 0xA5, 0x9F65});
    gp::parse_cplc(octets);
    gp::parse_card_recognition(octets);
    gp::parse_card_resources(octets);
    gp::parse_key_information(octets);
    gp::parse_fci(octets);
}

void rules(const std::vector<bytes>& given) {
    const auto read = gp::parse_rules(given);
    if (!read)
        return;
    bytes again;
    for (const auto& rule : *read)
        append(again, gp::encode_rule(rule));
    const auto second = gp::parse_rules({gp::encode_tlv(0xFF40, again)});
    require(second && *second == *read, "rules that were read are written and read as they were");
}

void token(bytes_view octets) {
    attempt<gp::token_error>([&] {
        const auto read = gp::parse_attestation_token(octets);
        const auto again = gp::make_attestation_token(read.content, [&](bytes_view body) {
            require(std::ranges::equal(body, read.body), "the body of a token has one form");
            return read.signature;
        });
        require(std::ranges::equal(again, octets), "a token that was read is written as it was");
        return again;
    });
}

} // namespace

void run(input in) {
    switch (in.octet() % 6) {
    case 0:
        return objects(in.rest());
    case 1:
        return card_data(in.rest());
    case 2: {
        if (const auto entries = gp::parse_registry(answers(in)); entries && !entries->empty())
            require(gp::find_entry(*entries, entries->front().aid) != nullptr, "an entry that was read is found");
        return;
    }
    case 3:
        return rules(answers(in));
    case 4:
        return token(in.rest());
    default:
        attempt<gp::parameter_error>([&] {
            return gp::install_parameters(in.text(), {{"key", "0102"}, {"odd", "1"}});
        });
    }
}

} // namespace tsms::fuzz
