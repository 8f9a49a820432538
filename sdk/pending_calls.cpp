#include "sdk/pending_calls.hpp"

#include "http/wire/tsm_api.hpp"

namespace tsms::sdk {

namespace {

constexpr std::size_t most_calls = wire::most_former_calls;
constexpr std::size_t longest_backend = 512;
constexpr const char* list = "pendingCalls";

[[noreturn]] void refuse() {
    throw pending_error("what is kept for pending calls is not what the SDK has saved there");
}

} // namespace

pending_calls::pending_calls(std::shared_ptr<pending_store> store, std::string backend, log tell)
    : store_(std::move(store)), backend_(std::move(backend)), tell_(std::move(tell)) {
    if (!store_)
        return;
    const auto kept = store_->load();
    if (!kept.empty())
        read({reinterpret_cast<const char*>(kept.view().data()), kept.size()});
}

void pending_calls::read(std::string_view text) {
    try {
        const auto document = json::parse(text, {.bytes = most_pending_octets, .depth = 3, .values = 64});
        const auto& root = json::root_object(document);
        const auto& calls = json::reader(root).array(list);
        if (root.size() != 1 || calls.size() > most_calls)
            refuse();
        for (const auto& one : calls) {
            const auto* call = one.as_object();
            if (!call || call->size() != 2)
                refuse();
            const json::reader r(*call);
            pending_call read{r.string("backend"), r.string("callId")};
            if (read.backend.empty() || read.backend.size() > longest_backend || !wire::is_call_id(read.call_id))
                refuse();
            calls_.push_back(std::move(read));
        }
    } catch (const json::parse_error&) {
        refuse();
    }
}

crypto::secret pending_calls::text() const {
    json::array calls;
    for (const auto& call : calls_)
        calls.push_back(json::object{{"backend", call.backend}, {"callId", call.call_id}});
    return crypto::secret(as_bytes(json::dump(json::object{{list, std::move(calls)}}) + "\n"));
}

std::vector<std::string> pending_calls::former() const {
    std::vector<std::string> ids;
    for (const auto& call : calls_)
        if (call.backend == backend_)
            ids.push_back(call.call_id);
    return ids;
}

void pending_calls::begin(const std::string& call_id) {
    if (calls_.size() == most_calls)
        calls_.erase(calls_.begin());
    calls_.push_back({backend_, call_id});
    save();
}

void pending_calls::told(const std::vector<std::string>& call_ids) {
    for (const auto& id : call_ids)
        ended(id);
}

void pending_calls::ended(const std::string& call_id) {
    std::erase_if(calls_, [&](const pending_call& call) { return call.call_id == call_id; });
}

void pending_calls::save() noexcept {
    try {
        if (store_)
            store_->save(text());
    } catch (const std::exception& e) {
        if (tell_)
            tell_(std::string("an app that is killed now cannot go on at once with what it has begun: ") + e.what());
    }
}

} // namespace tsms::sdk
