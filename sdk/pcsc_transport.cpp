#include "sdk/pcsc_transport.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <winscard.h>

namespace tsms::sdk {

namespace {

/// What it means, and what a person can do about it.
constexpr struct {
    LONG code;
    const char* before; ///< these words around the reader's name instead of what was tried; null: what was tried
    const char* behind;
    const char* remedy;
} meanings[] = {
    {SCARD_E_NO_SERVICE, nullptr, nullptr, "start pcscd"},
    {SCARD_E_SERVICE_STOPPED, nullptr, nullptr, "start pcscd"},
    {SCARD_E_SHARING_VIOLATION, "the card in '", "' is busy", "another program uses the card; close it"},
    {SCARD_E_NO_SMARTCARD, "no card in '", "'", "put the card into the reader"},
    {SCARD_W_REMOVED_CARD, nullptr, nullptr, "the card was taken out: put it back and start again"},
    {SCARD_E_NOT_TRANSACTED, nullptr, nullptr,
     "the card was taken out or does not answer: put it back and start again"},
    {SCARD_W_RESET_CARD, nullptr, nullptr, "another program has reset the card: start again"},
    {SCARD_W_UNRESPONSIVE_CARD, nullptr, nullptr, "the card gives no ATR; is it the right way round?"},
    {SCARD_W_UNPOWERED_CARD, nullptr, nullptr, "the card has no power: take it out and put it back"},
    {SCARD_E_READER_UNAVAILABLE, nullptr, nullptr, "the reader was taken away"},
    {SCARD_E_UNKNOWN_READER, nullptr, nullptr, "the reader was taken away"},
};

[[noreturn]] void fail(const std::string& doing, const std::string& reader, LONG code) {
    throw transport_error(transport_cause::unavailable, pcsc_failure_text(doing, reader, code));
}

void check(LONG code, const std::string& doing, const std::string& reader = {}) {
    if (code != SCARD_S_SUCCESS)
        fail(doing, reader, code);
}

/// As they are.
std::vector<std::string> names_of_readers(SCARDCONTEXT service) {
    DWORD length = 0;
    const auto code = SCardListReaders(service, nullptr, nullptr, &length);
    if (code == SCARD_E_NO_READERS_AVAILABLE)
        return {};
    check(code, "list of readers");
    std::string names(length, '\0');
    check(SCardListReaders(service, nullptr, names.data(), &length), "list of readers");
    std::vector<std::string> list;
    for (std::size_t at = 0; at < names.size() && names[at] != '\0'; at += list.back().size() + 1)
        list.emplace_back(names.c_str() + at);
    return list;
}

class context {
public:
    context() {
        check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &handle_), "no connection to pcscd");
    }
    ~context() { SCardReleaseContext(handle_); }
    context(const context&) = delete;
    context& operator=(const context&) = delete;
    SCARDCONTEXT get() const { return handle_; }

private:
    SCARDCONTEXT handle_ = 0;
};

class pcsc_component final : public secure_component {
public:
    pcsc_component(std::string reader, std::string se_type)
        : reader_(std::move(reader)), name_of_service_(reader_), se_type_(std::move(se_type)) {
        for (const auto& name : names_of_readers(context_.get()))
            if (text::escaped(name) == reader_)
                name_of_service_ = name;
        connect(SCARD_SHARE_SHARED);
        std::array<unsigned char, MAX_ATR_SIZE> atr{};
        DWORD length = atr.size();
        DWORD name_length = 0;
        const auto code = SCardStatus(card_, nullptr, &name_length, nullptr, nullptr, atr.data(), &length);
        disconnect(SCARD_LEAVE_CARD);
        check(code, "no ATR from the card in '" + reader_ + "'", reader_);
        atr_.assign(atr.data(), atr.data() + length);
    }
    ~pcsc_component() override { disconnect(SCARD_RESET_CARD); }

    std::string reader() const override { return reader_; }
    std::string se_type() const override { return se_type_; }
    bytes atr() const override { return atr_; }
    void open() override {
        disconnect(SCARD_RESET_CARD);
        connect(SCARD_SHARE_EXCLUSIVE);
    }
    void close() noexcept override { disconnect(SCARD_RESET_CARD); }

private:
    bool is_t0() const override { return protocol_ == SCARD_PROTOCOL_T0; }

    void connect(DWORD sharing) {
        check(SCardConnect(context_.get(), name_of_service_.c_str(), sharing, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                           &card_, &protocol_),
              "no connection to the card in '" + reader_ + "'", reader_);
        connected_ = true;
    }

    void disconnect(DWORD disposition) noexcept {
        if (connected_)
            SCardDisconnect(card_, disposition);
        connected_ = false;
    }

    bytes exchange(bytes_view c_apdu) override {
        if (!connected_)
            throw transport_error(transport_cause::unavailable,
                                  "PC/SC: the card in '" + reader_ + "' is not connected");
        const SCARD_IO_REQUEST* protocol = protocol_ == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
        bytes answer(65538);
        DWORD length = answer.size();
        const auto code = SCardTransmit(card_, protocol, c_apdu.data(), static_cast<DWORD>(c_apdu.size()), nullptr,
                                        answer.data(), &length);
        if (code !=
            SCARD_S_SUCCESS) // a reset among them: the secure channel is gone, nothing is reconnected here (hazard 8)
            fail("transmission to '" + reader_ + "'", reader_, code);
        if (length < 2) // some drivers call it a success when the card has gone
            throw transport_error(transport_cause::unavailable,
                                  "PC/SC: transmission to '" + reader_ +
                                      "': no status word (the card was taken out or does not answer: put it back and "
                                      "start again)");
        answer.resize(length);
        return answer;
    }

    context context_;
    std::string reader_;          ///< in UTF-8
    std::string name_of_service_; ///< the octets that the service knows it by
    std::string se_type_;
    bytes atr_;
    SCARDHANDLE card_ = 0;
    DWORD protocol_ = 0;
    bool connected_ = false;
};

} // namespace

std::string pcsc_failure_text(const std::string& doing, const std::string& reader, long code) {
    const auto* row = std::ranges::find_if(meanings, [code](const auto& m) { return m.code == code; });
    const bool known = row != std::end(meanings);
    auto text = "PC/SC: " + (known && row->before ? row->before + reader + row->behind : doing) + ": " +
                pcsc_stringify_error(code);
    if (known)
        text += std::string(" (") + row->remedy + ")";
    return text;
}

std::vector<std::string> pcsc_readers() {
    const context service;
    auto list = names_of_readers(service.get());
    std::ranges::transform(list, list.begin(), text::escaped);
    return list;
}

std::unique_ptr<secure_component> open_pcsc(const std::string& reader_name, std::string se_type) {
    return std::make_unique<pcsc_component>(reader_name, std::move(se_type));
}

} // namespace tsms::sdk
