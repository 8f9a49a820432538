// LOAD (GPCS 11.6).

#include "crypto/digest.hpp"
#include "gp/tlv.hpp"
#include "lab/card/commands.hpp"
#include "lab/card/load_image.hpp"

#include <utility>

namespace tsms::lab {

namespace {

/// SHA-1 or SHA-256, which INSTALL [for load] told apart by their length.
bytes digest_of_length(bytes_view data, std::size_t octets) {
    return octets == 20 ? crypto::sha1(data) : crypto::sha256(data);
}

/// The load file as a whole: C4 and nothing else. Blocks for a DAP (E2) are refused: no Security Domain here verifies
/// them.
gp::response_apdu finish(context& c, const pending_load& pending) {
    const auto objects = gp::parse_tlvs(pending.image);
    require(objects && objects->size() == 1 && (*objects)[0].tag == 0xC4, sw::wrong_data);
    const auto block = (*objects)[0].value;
    require(pending.hash.empty() || pending.hash == digest_of_length(block, pending.hash.size()), sw::wrong_data);
    auto image = read_load_image(block);
    require(image && image->package.aid == pending.load_file, sw::wrong_data);
    require(!image->extended || c.personality().extended_cap, sw::wrong_data);
    for (const auto& import : image->imports)
        require(c.registry().provides(import), c.personality().missing_import);
    require(image->code_octets <= c.card.free_memory(), sw::no_memory);
    require(c.registry().find_domain(pending.domain), sw::conditions);

    load_file file;
    file.package = std::move(image->package);
    file.packages = std::move(image->packages);
    file.modules = std::move(image->applets);
    file.imports = std::move(image->imports);
    file.domain = pending.domain;
    file.memory = image->code_octets;
    file.keeps_data = image->keeps_data;
    c.registry().add(std::move(file));
    return done();
}

} // namespace

gp::response_apdu load(context& c, const gp::command_apdu& command) {
    require(c.channel.load.has_value(), sw::conditions);
    require(command.p1 == 0x00 || command.p1 == 0x80, sw::wrong_p1p2);
    // Any refusal below ends the load: the block numbers cannot be resumed.
    auto pending = std::exchange(c.channel.load, std::nullopt);
    require(pending->next_block == command.p2, sw::wrong_p1p2); // one octet: no block after FF
    append(pending->image, command.data);
    require(pending->image.size() <= c.card.free_memory() + 4, sw::no_memory); // C4 and its length
    if (command.p1 == 0x80)
        return finish(c, *pending);
    ++pending->next_block;
    c.channel.load = std::move(pending);
    return done();
}

} // namespace tsms::lab
