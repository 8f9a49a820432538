// Writes the working corpora of the fuzz targets: fuzz_seeds FOLDER TARGET…, one folder for each target. Octets are
// made here out of our own code; texts are in tests/fuzz/corpus.

#include "gp/apdu.hpp"
#include "gp/tlv.hpp"
#include "lab/cap_writer.hpp"
#include "tests/sim/world.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>

using namespace tsms;

namespace {

class corpus {
public:
    explicit corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}
    void add(const std::string& target, const std::string& name, bytes_view octets) {
        const auto folder = folder_ / target;
        std::filesystem::create_directories(folder);
        std::ofstream file(folder / name, std::ios::binary);
        file.write(reinterpret_cast<const char*>(octets.data()), static_cast<std::streamsize>(octets.size()));
        if (!file.flush())
            throw std::runtime_error("cannot write " + (folder / name).string());
    }

private:
    std::filesystem::path folder_;
};

bytes with(std::uint8_t first, bytes_view rest) {
    bytes out{first};
    append(out, rest);
    return out;
}

lab::cap_request cap_request(std::size_t load_size, bool gp_api) {
    lab::cap_request wanted;
    wanted.package = hex("D2760001855453");
    wanted.applets = {hex("D276000185545301"), hex("D276000185545302")};
    wanted.load_size = load_size;
    if (gp_api)
        wanted.gp_api = lab::cap_version{1, 1};
    return wanted;
}

/// The load image of an extended CAP file as cap_components wants it: components with a size of four octets get the
/// high bit of their tag and a size of two.
bytes short_sizes(bytes_view image) {
    bytes out;
    while (!image.empty()) {
        const auto tag = image[0];
        const bool big = tag == 7 || tag == 9; // Method, RefLocation
        if (big)
            image = image.subspan(2); // both are zero
        const auto length = std::size_t{image[1]} << 8 | image[2];
        out.push_back(big ? static_cast<std::uint8_t>(tag | 0x80) : tag);
        append(out, image.subspan(1, 2 + length));
        image = image.subspan(3 + length);
    }
    return out;
}

void caps(corpus& to) {
    auto extended = cap_request(0, true);
    extended.extended = true;
    to.add("cap", "extended", lab::write_cap(extended));
    auto image = short_sizes(lab::load_file_block(extended));
    to.add("cap_components", "extended", image);
    const auto directory = 3 + (std::size_t{image[1]} << 8 | image[2]);
    image[directory] |= 0x80; // its sizes follow the others' (cap_components.cpp)
    to.add("cap_components", "extended-mended", image);
    const std::pair<const char*, bytes> more[] = {{"resources", hex("8D000A00010007000000024142")},
                                                  {"exports", hex("0A0006010100020000")}};
    for (const auto& [name, component] : more) {
        auto longer = image;
        longer[9] |= component[0] == 0x0A ? 0x02 : 0; // the flag of exports
        append(longer, component);
        to.add("cap_components", name, longer);
    }
    auto mended = lab::load_file_block(cap_request(0, true));
    mended[3 + (std::size_t{mended[1]} << 8 | mended[2])] |= 0x80;
    to.add("cap_components", "mended", mended);
    to.add("cap", "least", lab::write_cap(cap_request(0, false)));
    to.add("cap", "gp-api", lab::write_cap(cap_request(400, true)));
    // The load image is the components one behind the other, as cap_components wants them.
    to.add("cap_components", "least", lab::load_file_block(cap_request(0, false)));
    to.add("cap_components", "gp-api", lab::load_file_block(cap_request(400, true)));
    const std::string manifest = "Manifest-Version: 1.0\r\nJava-Card-Package-Name: org.tsms.lab\r\n\r\n";
    bytes named{0, 0, static_cast<std::uint8_t>(manifest.size())};
    named.insert(named.end(), manifest.begin(), manifest.end());
    append(named, lab::load_file_block(cap_request(0, true)));
    to.add("cap_components", "manifest", named);
}

/// What an honest card answers to the commands before a secure channel, and to a host that opens one.
void dialogues(corpus& to) {
    sim::world w;
    w.add_load_file(hex("D2760001855453"), {hex("D276000185545301")}, 0);
    bytes commands{2};
    int count = 0;
    w.on_the_way = [&](const gp::card_command& command, const std::function<bytes()>& card) -> std::optional<bytes> {
        const auto answer = card();
        const auto name = std::to_string(++count);
        if (command.apdu.size() < 256) {
            to.add("apdu", "command-" + name, with(0, command.apdu));
            commands.push_back(static_cast<std::uint8_t>(command.apdu.size()));
            append(commands, command.apdu);
        }
        to.add("apdu", "response-" + name, with(1, answer));
        if (command.what == gp::step::get_data || command.what == gp::step::select)
            to.add("tlv", "card-data-" + name, with(1, bytes_view(answer).first(answer.size() - 2)));
        return answer;
    };
    w.deploy({model::service_command::install, model::service_command::activate}, true);
    to.add("apdu", "dialogue", commands);
}

void objects(corpus& to) {
    to.add("tlv", "objects", hex("006F108408A000000151000000A5049F6501FFEF04C7020100"));
    to.add("tlv", "long-lengths", hex("0081810A00010203040506070809820002AABB"));
    const auto entry = hex("E3274F08A0000001510000009F70010FC5039EFE80C407A0000001515350CC08A000000151000000CE020100");
    auto answers = with(2, with(static_cast<std::uint8_t>(entry.size()), entry));
    to.add("tlv", "registry", answers);
    answers = with(2, with(10, bytes_view(entry).first(10))); // split over two answers
    append(answers, with(static_cast<std::uint8_t>(entry.size() - 10), bytes_view(entry).subspan(10)));
    to.add("tlv", "registry-split", answers);
    const auto rule = gp::encode_tlv(
        0xFF40, hex("E22AE1204F08D276000185545301C114AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE306D00101D10100"));
    to.add("tlv", "rules", with(3, with(static_cast<std::uint8_t>(rule.size()), rule)));
    const std::string configured = "C903 ${key} 01 EF04C7020100";
    to.add("tlv", "attestation-token",
           with(4, hex("7F418189A03F8003883701"
                       "81107390F811F27F412CA4FFE792D073F41F"
                       "821000112233445566778899AABBCCDDEEFF"
                       "85140102030405060708090A0B0C0D0E0F1011121314"
                       "8146304402200C9E3D56CCDEC4FF00E6EAEFE11C594C0C29A3D85BE9F04CA5A8FDBFFA5001"
                       "AD0220212BDFA5E789C96F05C884F557BA7B03C47B2F4FB8A48CC9B7DCE45853249B14")));
    to.add("tlv", "install-parameters", with(5, bytes(configured.begin(), configured.end())));
}

/// Scenario, options, then what happens to the commands (card.cpp).
void cards(corpus& to) {
    for (std::uint8_t scenario = 0; scenario < 6; ++scenario) {
        const auto name = "scenario-" + std::to_string(scenario);
        to.add("card", name, bytes{scenario, 0});
        to.add("card", name + "-refused", bytes{scenario, 0, 12, 0x80, 2, 0x6A, 0x88});
        to.add("card", name + "-mac", bytes{scenario, 1, 14, 0xC0, 3, 1, 2, 0xA0, 0x63, 0x10});
        to.add("card", name + "-phone", bytes{scenario, 0x32, 3, 0xE0, 1, 0xF0, 4, 0x6F, 2, 0x84, 0});
    }
}

} // namespace

int main(int argc, char** argv) try {
    if (argc < 2)
        throw std::runtime_error("usage: fuzz_seeds FOLDER TARGET…");
    const std::filesystem::path folder(argv[1]);
    for (int i = 2; i < argc; ++i)
        std::filesystem::create_directories(folder / argv[i]);
    corpus to(folder);
    caps(to);
    dialogues(to);
    objects(to);
    cards(to);
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
