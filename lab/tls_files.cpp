#include "lab/tls_files.hpp"

#include "crypto/pki.hpp"
#include "lab/json_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <sstream>
#include <sys/file.h>
#include <unistd.h>

namespace tsms::lab {

namespace {

/// Servers that are started together make the folder's files one after the other.
class folder_lock {
public:
    explicit folder_lock(const std::filesystem::path& folder)
        : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (fd_ < 0 || ::flock(fd_, LOCK_EX) != 0)
            throw std::runtime_error("cannot lock " + folder.string() + ": " + std::strerror(errno));
    }
    ~folder_lock() { ::close(fd_); }
    folder_lock(const folder_lock&) = delete;
    folder_lock& operator=(const folder_lock&) = delete;

private:
    int fd_;
};

std::filesystem::path key_file(const std::filesystem::path& folder, const std::string& name) {
    return folder / (name + "-key.pem");
}

std::filesystem::path certificate_file(const std::filesystem::path& folder, const std::string& name) {
    return folder / (name + ".pem");
}

/// The pair of files, made where one is missing.
crypto::credential load_or_make(const std::filesystem::path& folder, const std::string& name,
                                const std::function<crypto::credential()>& make) {
    const auto certificate = certificate_file(folder, name);
    const auto key = key_file(folder, name);
    if (std::filesystem::exists(certificate) && std::filesystem::exists(key))
        return {read_text(certificate), crypto::private_key::read(key)};
    auto made = make();
    std::filesystem::remove(key); // alone it belongs to nothing
    made.key.write(key);
    save_text(certificate, made.certificate_pem);
    return made;
}

} // namespace

std::string read_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in)
        throw std::runtime_error("cannot read " + file.string());
    return text.str();
}

tls_files prepare_tls(const std::filesystem::path& folder, const std::string& name) {
    std::filesystem::create_directories(folder);
    const folder_lock lock(folder);
    const auto ca = load_or_make(folder, "ca", [] { return crypto::make_ca("tsms-lab CA"); });
    const auto server = load_or_make(folder, name, [&] {
        const std::vector<std::string> names{"127.0.0.1", "::1", "localhost"};
        return crypto::make_server_certificate(ca, "tsms-lab " + name, names);
    });
    load_or_make(folder, "tsm", [&] { return crypto::make_client_certificate(ca, "TSM"); });

    tls_files files;
    files.server = {server.certificate_pem, server.key};
    files.ca_pem = ca.certificate_pem;
    files.ca = certificate_file(folder, "ca");
    files.client_certificate = certificate_file(folder, "tsm");
    files.client_key = key_file(folder, "tsm");
    return files;
}

} // namespace tsms::lab
