#include "store/attestation_keys.hpp"

#include "crypto/ecdsa.hpp"
#include "crypto/error.hpp"
#include "store/ownership.hpp"
#include "json/json.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace tsms::store {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file = 1 << 20;
constexpr std::size_t most_keys = 256;
/// Longer than a secure component is used. A token has no time in it, so the end of its certificate ends no token.
constexpr crypto::days validity(3650);

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
    throw attestation_keys_error(file.string() + " " + what);
}

[[noreturn]] void refuse_damage(const fs::path& file, const std::string& what) {
    refuse(file, "is damaged: " + what + "; restore it from the backup that vault.key and instances.db are from");
}

attestation_key read_key(const fs::path& file, const json::value& v) {
    const json::reader r(json::root_object(v));
    const auto curve = curve_of(r.string("curve"));
    const auto handle = from_hex(r.string("handle"));
    auto certificate = crypto::parse_certificate(as_bytes(r.string("certificate")));
    if (!curve || !handle || !certificate)
        refuse_damage(file, "curve, handle or certificate of a key is none");
    return {{*curve, *handle}, *std::move(certificate), r.string("created")};
}

std::string text_of(const std::vector<attestation_key>& keys) {
    json::array list;
    for (const auto& key : keys)
        list.push_back(json::object{{"curve", name_of(key.handle.curve)},
                                    {"handle", to_hex(key.handle.wrapped)},
                                    {"certificate", key.certificate.pem()},
                                    {"created", key.created}});
    return json::pretty(json::object{{"keys", list}}) + "\n";
}

class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}
    ~descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

/// The next file, while it is not the file yet: whoever has made it is the only one who changes the keys.
class next_file {
public:
    explicit next_file(const fs::path& file) : file_(file), path_(file.string() + ".new") {
        fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (fd_ < 0 && errno == EEXIST)
            refuse(path_, "is there: another program makes a key; if none does (it was broken off), remove this file");
        if (fd_ < 0)
            refuse(path_, std::string("cannot be made: ") + std::strerror(errno));
        give_to_owner_of(folder(), fd_); // made by root, it is the device role's all the same
    }
    ~next_file() {
        ::close(fd_);
        if (!done_)
            ::unlink(path_.c_str());
    }
    next_file(const next_file&) = delete;
    next_file& operator=(const next_file&) = delete;

    void replace(const std::string& text) {
        const bool written =
            ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd_) == 0;
        if (!written || ::rename(path_.c_str(), file_.c_str()) != 0)
            refuse(file_, std::string("cannot be written: ") + std::strerror(errno));
        done_ = true;
        const descriptor directory(::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (directory.get() < 0 || ::fsync(directory.get()) != 0)
            refuse(file_, std::string("may not be there after a power failure: ") + std::strerror(errno));
    }

private:
    fs::path folder() const { return file_.parent_path().empty() ? fs::path(".") : file_.parent_path(); }

    fs::path file_, path_;
    int fd_;
    bool done_ = false;
};

} // namespace

std::vector<attestation_key> read_attestation_keys(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in && !fs::exists(fs::symlink_status(file)))
        return {};
    std::string text(largest_file + 1, '\0');
    if (!in || (in.read(text.data(), static_cast<std::streamsize>(text.size())), in.bad()))
        refuse(file, "cannot be read; may this user read it?");
    text.resize(static_cast<std::size_t>(in.gcount()));
    std::vector<attestation_key> keys;
    try {
        const auto document = json::parse(text, {.bytes = largest_file});
        for (const auto& key : json::reader(json::root_object(document)).array("keys"))
            keys.push_back(read_key(file, key));
    } catch (const json::parse_error& error) {
        refuse_damage(file, error.what());
    }
    if (keys.size() > most_keys)
        refuse_damage(file, "there are more than " + std::to_string(most_keys) + " keys");
    return keys;
}

attestation_key add_attestation_key(const fs::path& file, crypto::key_vault& vault, crypto::elliptic_curve curve,
                                    const std::string& common_name, wall_time now) {
    next_file next(file);
    auto keys = read_attestation_keys(file);
    if (keys.size() >= most_keys)
        refuse(file, "has " + std::to_string(most_keys) + " keys, and that is the most");
    const auto handle = vault.generate_signing_key(curve);
    const auto sign = [&](bytes_view message) { return crypto::ecdsa_sig_value(vault.sign(handle, message)); };
    auto certificate = crypto::make_signer_certificate(vault.public_key(handle), sign, common_name, validity);
    keys.push_back({handle, std::move(certificate), iso8601(now)});
    next.replace(text_of(keys));
    return keys.back();
}

std::optional<crypto::elliptic_curve> curve_of(std::string_view name) {
    for (const auto curve : {crypto::elliptic_curve::p256, crypto::elliptic_curve::brainpool_p256r1})
        if (name == name_of(curve))
            return curve;
    return std::nullopt;
}

std::string name_of(crypto::elliptic_curve curve) {
    switch (curve) {
    case crypto::elliptic_curve::p256:
        return "P-256";
    case crypto::elliptic_curve::brainpool_p256r1:
        return "brainpoolP256r1";
    }
    throw crypto::error("no such elliptic curve");
}

} // namespace tsms::store
