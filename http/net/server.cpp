#include "http/net/server.hpp"

#include "http/net/connection.hpp"
#include "http/net/http1.hpp"

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
    bool busy = false; ///< between the first octet of a request and the last of its answer
};

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
    response handle_safely(const request& r) const;
    bool set_busy(tracked& self, bool busy);

    server_options options;
    context_ptr context;
    std::shared_ptr<descriptor> listener;
    std::uint16_t bound_port = 0;
    handler handle;
    std::thread acceptor;

    std::mutex mutex;
    std::condition_variable ended;
    std::set<tracked*> connections;
    bool stopping = false;
};

void tls_server::state::accept_loop() {
    for (;;) {
        const int fd = ::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) {
            start_thread(std::make_shared<descriptor>(fd));
            continue;
        }
        const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (const std::lock_guard lock(mutex); stopping)
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

/// False where the server is stopping and this connection shall not begin anything.
bool tls_server::state::set_busy(tracked& self, bool busy) {
    const std::lock_guard lock(mutex);
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
    const auto write = [&](const response& r, bool keep_alive, bool to_head) {
        from.peer.write(response_text(r, keep_alive, to_head), clock::now() + options.write_deadline);
        return set_busy(self, false) && keep_alive;
    };
    try {
        const auto limit = [&](const request& head) {
            return options.body_limit_for ? options.body_limit_for(head) : options.body_limit;
        };
        auto in = read_request(from, {options.head_limit, options.header_limit}, limit,
                               clock::now() + options.request_deadline);
        if (!in)
            return after_answer::close;
        in->message.peer = peer;
        in->message.remote_address = from.peer.remote_address();
        const auto answer = handle_safely(in->message);
        bool keep = in->keep_alive;
        if (const std::lock_guard lock(mutex); stopping)
            keep = false;
        if (write(answer, keep, in->message.method == "HEAD"))
            return after_answer::next_request;
        return in->message.body_too_large ? after_answer::close_unread : after_answer::close;
    } catch (const refused_request& refusal) {
        const auto answer = options.on_refusal ? options.on_refusal(refusal.status(), refusal.what())
                                               : response{refusal.status(), {}, {}};
        write(answer, false, false);
        return after_answer::close_unread;
    }
}

response tls_server::state::handle_safely(const request& r) const {
    try {
        auto answer = handle(r);
        response_text(answer, false, true); // throws where a header field could not be written
        return answer;
    } catch (const std::exception& e) {
        return options.on_exception ? options.on_exception(r, e) : response{500, {}, {}};
    }
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
