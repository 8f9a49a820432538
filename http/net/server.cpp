#include "http/net/server.hpp"

#include "http/net/connection.hpp"
#include "http/net/http1.hpp"

#include <atomic>
#include <condition_variable>
#include <pthread.h>
#include <set>
#include <sys/socket.h>
#include <thread>

namespace tsms::net {

namespace {

/// Enough for TLS, JSON of bounded depth and a handler; only touched pages cost memory.
constexpr std::size_t connection_stack = 1 << 20;

using clock = std::chrono::steady_clock;

/// What becomes of a connection after an answer.
enum class after_answer {
    next_request,
    close,
    close_unread, ///< octets of the request are still to come: without reading them the peer would see a reset and no
                  ///< answer
};

/// What the stopping thread needs to know of a connection.
struct tracked {
    explicit tracked(std::shared_ptr<descriptor> d) : fd(std::move(d)) {}
    std::shared_ptr<descriptor> fd;
    std::atomic<bool> busy{false}; ///< between the first octet of a request and the last of its answer
};

/// An answer and its head, which could be written.
struct prepared {
    std::string head;
    response answer;
};

/// Head and body leave in one record up to this size; a larger body is not copied behind its head.
constexpr std::size_t one_record = 16384;

} // namespace

struct tls_server::state : std::enable_shared_from_this<state> {
    explicit state(server_options o) : options(std::move(o)) {
        if (options.identity)
            context = server_context(*options.identity, options.clients, options.client_ca_pem);
        else if (!is_loopback(options.address))
            throw configuration_error("plain HTTP is accepted on loopback addresses only, not on " + options.address +
                                      "; configure a certificate");
        listener = listen_tcp(options.address, options.port);
        bound_port = local_port(listener->get());
    }

    void accept_loop();
    void start_thread(std::shared_ptr<descriptor> fd);
    void serve(tracked& self);
    void converse(tracked& self);
    after_answer answer_one(buffered_connection& from, tracked& self, const std::optional<peer_certificate>& peer);
    prepared handle_safely(const request& r, bool keep_alive) const;
    void write(buffered_connection& to, prepared out, std::string_view method) const;
    bool set_busy(tracked& self, bool busy) const;

    server_options options;
    context_ptr context;
    std::shared_ptr<descriptor> listener;
    std::uint16_t bound_port = 0;
    handler handle;
    std::thread acceptor;

    std::mutex mutex;
    std::condition_variable ended;
    std::set<tracked*> connections;
    std::atomic<bool> stopping{false};
};

void tls_server::state::accept_loop() {
    for (;;) {
        const int fd = ::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) {
            start_thread(std::make_shared<descriptor>(fd));
            continue;
        }
        const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (stopping)
            return;
        if (exhausted)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void tls_server::state::start_thread(std::shared_ptr<descriptor> fd) {
    struct job {
        std::shared_ptr<state> server;
        std::unique_ptr<tracked> self;
    };
    auto j = std::make_unique<job>(job{shared_from_this(), std::make_unique<tracked>(std::move(fd))});
    auto* const self = j->self.get();
    {
        const std::lock_guard lock(mutex);
        if (stopping || connections.size() >= options.max_connections)
            return;
        connections.insert(self);
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, connection_stack);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread{};
    const auto run = [](void* argument) -> void* {
        const std::unique_ptr<job> mine(static_cast<job*>(argument));
        mine->server->serve(*mine->self);
        return nullptr;
    };
    const int failed = pthread_create(&thread, &attributes, run, j.get());
    pthread_attr_destroy(&attributes);
    if (!failed) {
        j.release();
        return;
    }
    const std::lock_guard lock(mutex);
    connections.erase(self);
}

void tls_server::state::serve(tracked& self) {
    try {
        converse(self);
    } catch (const std::exception&) {
        // The peer is gone, too slow or speaks no TLS: nobody is left to be told.
    }
    self.fd->shutdown();
    const std::lock_guard lock(mutex);
    connections.erase(&self);
    ended.notify_all();
}

/// False where the server is stopping and this connection shall not begin anything. The flag is set before `stopping`
/// is looked at, and stop() does it the other way round: one of the two sees the other.
bool tls_server::state::set_busy(tracked& self, bool busy) const {
    self.busy = busy;
    return !stopping;
}

void tls_server::state::converse(tracked& self) {
    connection peer(self.fd);
    std::optional<peer_certificate> certificate;
    if (context) {
        peer.accept_tls(context.get(), clock::now() + options.request_deadline);
        if (const auto read = peer.peer())
            certificate = peer_certificate{read->pem(), read->fingerprint, read->subject};
    }
    buffered_connection from{peer, {}};
    // A connection may wait for its first request as long as for a whole one.
    auto patience = options.request_deadline;
    auto after = after_answer::close;
    do {
        if (from.ahead.empty() && !peer.wait_readable(clock::now() + patience))
            break;
        if (!set_busy(self, true))
            break;
        patience = options.keep_alive;
        after = answer_one(from, self, certificate);
    } while (after == after_answer::next_request);
    peer.finish(after == after_answer::close_unread);
}

after_answer tls_server::state::answer_one(buffered_connection& from, tracked& self,
                                           const std::optional<peer_certificate>& peer) {
    try {
        const auto complete = [&](request& head) {
            head.peer = peer;
            head.remote_address = from.peer.remote_address();
        };
        const auto plan = [&](const request& head) {
            return options.plan_body ? options.plan_body(head) : body_plan{options.body_limit};
        };
        auto in = read_request(from, {options.head_limit, options.header_limit}, complete, plan,
                               clock::now() + options.request_deadline);
        if (!in)
            return after_answer::close;
        if (stopping)
            in->keep_alive = false;
        write(from, handle_safely(in->message, in->keep_alive), in->message.method);
        if (set_busy(self, false) && in->keep_alive)
            return after_answer::next_request;
        return in->message.body_too_large ? after_answer::close_unread : after_answer::close;
    } catch (const refused_request& refusal) {
        auto answer = options.on_refusal ? options.on_refusal(refusal.status(), refusal.what())
                                         : response{refusal.status(), {}, {}};
        auto head = response_head(answer, false, one_record);
        write(from, {std::move(head), std::move(answer)}, "");
        set_busy(self, false);
        return after_answer::close_unread;
    }
}

prepared tls_server::state::handle_safely(const request& r, bool keep_alive) const {
    try {
        auto answer = handle(r);
        auto head = response_head(answer, keep_alive, one_record); // throws where a header field could not be written
        return {std::move(head), std::move(answer)};
    } catch (const std::exception& e) {
        auto answer = options.on_exception ? options.on_exception(r, e) : response{500, {}, {}};
        auto head = response_head(answer, keep_alive, one_record);
        return {std::move(head), std::move(answer)};
    }
}

void tls_server::state::write(buffered_connection& to, prepared out, std::string_view method) const {
    const auto deadline = clock::now() + options.write_deadline;
    const std::string_view body = has_body(out.answer, method) ? std::string_view(out.answer.body) : "";
    const bool in_one = out.head.size() + body.size() <= one_record;
    if (in_one)
        out.head += body;
    to.peer.write(out.head, deadline);
    if (!in_one)
        to.peer.write(body, deadline);
}

tls_server::tls_server(server_options options) : state_(std::make_shared<state>(std::move(options))) {}

tls_server::~tls_server() {
    stop();
}

void tls_server::start(handler handle) {
    state_->handle = std::move(handle);
    state_->acceptor = std::thread([s = state_] { s->accept_loop(); });
}

bool tls_server::stop(std::chrono::milliseconds deadline) {
    auto& s = *state_;
    const auto until = clock::now() + deadline;
    {
        const std::lock_guard lock(s.mutex);
        s.stopping = true;
        for (auto* connection : s.connections)
            if (!connection->busy)
                connection->fd->shutdown_reading();
    }
    s.listener->shutdown();
    if (s.acceptor.joinable())
        s.acceptor.join();
    s.listener->close();

    std::unique_lock lock(s.mutex);
    const auto none = [&] { return s.connections.empty(); };
    if (s.ended.wait_until(lock, until, none))
        return true;
    for (auto* connection : s.connections)
        connection->fd->shutdown();
    // Who only waits for the network ends now; a handler that does not return keeps its thread.
    return s.ended.wait_for(lock, std::chrono::milliseconds(200), none);
}

std::uint16_t tls_server::port() const {
    return state_->bound_port;
}

std::size_t tls_server::connections() const {
    const std::lock_guard lock(state_->mutex);
    return state_->connections.size();
}

} // namespace tsms::net
