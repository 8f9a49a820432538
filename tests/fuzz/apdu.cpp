// Command and response APDUs, and the simulated card that is sent any of them.

#include "gp/apdu.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/sim/world.hpp"

namespace tsms::fuzz {

namespace {

void command(bytes_view octets) {
    const auto read = gp::parse_command(octets);
    if (!read)
        return;
    const auto written = gp::encode(*read);
    require(written.size() <= octets.size(), "the shortest form is not longer than another");
    require(gp::parse_command(written) == read, "a command that was written is read as it was");
}

void response(bytes_view octets) {
    const auto read = gp::parse_response(octets);
    require(read.has_value() == (octets.size() >= 2), "two octets are a response");
    require(!read || std::ranges::equal(gp::encode(*read), octets), "a response is its octets");
}

/// Commands, each with an octet of length in front, to a card as from the factory.
void card(input in) {
    sim::counting_random random(1);
    auto card = lab::card::create(*lab::find_personality(lab::default_personality), random);
    for (int count = 0; count < 64 && !in.empty(); ++count) {
        const auto answer = card.transmit(in.take(in.octet()));
        require(answer.size() >= 2, "a card always answers");
    }
}

} // namespace

void run(input in) {
    switch (in.octet() % 3) {
    case 0:
        return command(in.rest());
    case 1:
        return response(in.rest());
    default:
        return card(in);
    }
}

} // namespace tsms::fuzz
