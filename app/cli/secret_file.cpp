#include "app/cli/secret_file.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>

namespace tsms::cli {

namespace {

constexpr std::size_t most = 65536;

} // namespace

crypto::secret read_secret(const std::string& option, const std::string& file) {
    bytes octets(most + 1);
    std::ifstream named;
    if (file != "-")
        named.open(file, std::ios::binary);
    auto& in = file == "-" ? std::cin : named;
    in.read(reinterpret_cast<char*>(octets.data()), static_cast<std::streamsize>(octets.size()));
    octets.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    while (!octets.empty() && (octets.back() == '\n' || octets.back() == '\r'))
        octets.pop_back();
    crypto::secret value(std::move(octets));
    const auto name = file == "-" ? std::string("standard input") : "‘" + file + "’";
    if (in.bad() || (file != "-" && !named.is_open()))
        throw std::runtime_error(option + ": cannot read " + name + "; is the path right, and may this user read it?");
    if (value.empty() || value.size() > most)
        throw std::runtime_error(option + ": " + name + " is empty or larger than 64 KiB");
    return value;
}

crypto::secret read_aes_key(const std::string& option, const std::string& file) {
    const auto text = read_secret(option, file);
    auto key = from_hex(std::string_view(reinterpret_cast<const char*>(text.view().data()), text.size()));
    if (!key || (key->size() != 16 && key->size() != 32))
        throw std::runtime_error(option + " names a file (or -: standard input) with an AES key of 32 or 64 "
                                          "hexadecimal digits, as the issuer gave it");
    return crypto::secret(std::move(*key));
}

} // namespace tsms::cli
