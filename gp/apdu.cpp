#include "gp/apdu.hpp"

namespace tsms::gp {

namespace {

void put16(bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

std::size_t get16(bytes_view octets) {
    return static_cast<std::size_t>(octets[0]) << 8 | octets[1];
}

} // namespace

bytes encode(const command_apdu& command) {
    bytes out{command.cla, command.ins, command.p1, command.p2};
    out.reserve(command.data.size() + 11);
    if (command.extended()) {
        out.push_back(0);
        if (!command.data.empty()) {
            put16(out, command.data.size());
            append(out, command.data);
        }
        if (command.le)
            put16(out, *command.le & 0xFFFF);
        return out;
    }
    if (!command.data.empty()) {
        out.push_back(static_cast<std::uint8_t>(command.data.size()));
        append(out, command.data);
    }
    if (command.le)
        out.push_back(static_cast<std::uint8_t>(*command.le));
    return out;
}

bytes encode(const response_apdu& response) {
    auto out = response.data;
    put16(out, response.sw);
    return out;
}

std::optional<command_apdu> parse_command(bytes_view octets) {
    if (octets.size() < 4)
        return std::nullopt;
    command_apdu command{octets[0], octets[1], octets[2], octets[3], {}, {}};
    auto body = octets.subspan(4);
    if (body.empty())
        return command;
    if (body.size() == 1) {
        command.le = body[0] == 0 ? 256u : body[0];
        return command;
    }
    if (body[0] != 0) {
        const std::size_t length = body[0];
        body = body.subspan(1);
        if (body.size() != length && body.size() != length + 1)
            return std::nullopt;
        command.data = to_bytes(body.first(length));
        if (body.size() == length + 1)
            command.le = body[length] == 0 ? 256u : body[length];
        return command;
    }
    if (body.size() < 3)
        return std::nullopt;
    const auto first = get16(body.subspan(1));
    body = body.subspan(3);
    if (body.empty()) {
        command.le = first == 0 ? 65536u : static_cast<std::uint32_t>(first);
        return command;
    }
    if (first == 0 || (body.size() != first && body.size() != first + 2))
        return std::nullopt;
    command.data = to_bytes(body.first(first));
    if (body.size() == first + 2) {
        const auto le = get16(body.subspan(first));
        command.le = le == 0 ? 65536u : static_cast<std::uint32_t>(le);
    }
    return command;
}

std::optional<response_apdu> parse_response(bytes_view octets) {
    if (octets.size() < 2)
        return std::nullopt;
    return response_apdu{to_bytes(octets.first(octets.size() - 2)), static_cast<std::uint16_t>(get16(octets.last(2)))};
}

} // namespace tsms::gp
