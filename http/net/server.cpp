#include "http/net/server.hpp"

#include "http/net/address.hpp"
#include "http/net/connection.hpp"
#include "http/net/door.hpp"
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

/// For an alert of TLS to be taken.
constexpr std::chrono::seconds last_words(1);

/// What becomes of a connection after an answer.
enum class after_answer {
    next_request,
    close,
    close_unread, ///< octets of the request are still to come: without reading them the peer would see a reset and no
                  ///< answer
};

/// What a connection is doing, in its own eyes.
enum class stage { handshake, request, answer };

/// One connection. Its thread owns it; the stopping thread looks at `fd` and `busy`.
struct tracked {
    tracked(std::shared_ptr<descriptor> d, std::string a) : fd(std::move(d)), address(std::move(a)) {}
    std::shared_ptr<descriptor> fd;
    std::string address; ///< numeric
    door::id id = 0;
    stage at = stage::handshake;
    std::atomic<bool> busy{false}; ///< between the first octet of a request and the last of its answer
};

admission_limits limits_of(const server_options& o) {
    admission_limits limits;
    limits.most = o.max_connections;
    limits.most_of_address = std::min(o.max_of_address, o.max_connections);
    limits.most_unproven = std::max<std::size_t>(1, o.max_connections / 2);
    return limits;
}

/// An answer and its head, which could be written.
struct prepared {
    std::string head;
    response answer;
};

/// Head and body leave together up to this size; a larger body is not copied behind its head.
constexpr std::size_t one_write = 16384;

} // namespace

struct tls_server::state : std::enable_shared_from_this<state> {
    explicit state(server_options o) : options(std::move(o)), entrance(limits_of(options), options.on_turned_away) {
        if (options.identity)
            context = server_context(*options.identity, options.clients, options.client_ca_pem);
        else if (!is_loopback(options.address))
            throw configuration_error("plain HTTP is accepted on loopback addresses only, not on " + options.address +
                                      "; configure a certificate");
        listener = listen_tcp(options.address, options.port);
        bound_port = local_port(listener->get());
    }

    void accept_loop();
    void let_in(std::shared_ptr<descriptor> fd, std::string address);
    bool start_thread(std::unique_ptr<tracked> connection);
    void serve(tracked& self);
    void converse(tracked& self, connection& peer);
    void serve_to_its_end(tracked& self);
    void count_failure(const tracked& self, network_cause cause);
    after_answer answer_one(buffered_connection& from, tracked& self, const std::optional<peer_certificate>& peer,
                            time_point head_begins);
    prepared handle_safely(const request& r, bool keep_alive) const;
    after_answer refuse(buffered_connection& to, tracked& self, const refused_request& refusal);
    void write(buffered_connection& to, prepared out, std::string_view method) const;
    bool next_request_comes(buffered_connection& from, tracked& self) const;
    bool set_busy(tracked& self, bool busy) const;

    server_options options;
    context_ptr context;
    std::shared_ptr<descriptor> listener;
    std::uint16_t bound_port = 0;
    handler handle;
    std::thread acceptor;
    door entrance;

    std::mutex mutex;
    std::condition_variable ended;
    std::set<tracked*> connections;
    std::atomic<bool> stopping{false};
};

void tls_server::state::accept_loop() {
    for (;;) {
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        const int fd = ::accept4(listener->get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC);
        if (fd >= 0) {
            let_in(std::make_shared<descriptor>(fd), numeric_address(from));
            continue;
        }
        const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (stopping)
            return;
        if (exhausted) {
            entrance.no_resources(std::nullopt, {});
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
}

void tls_server::state::let_in(std::shared_ptr<descriptor> fd, std::string address) {
    const auto id = entrance.enter(fd, address);
    if (!id)
        return;
    auto connection = std::make_unique<tracked>(std::move(fd), address);
    connection->id = *id;
    if (!start_thread(std::move(connection)))
        entrance.no_resources(id, address);
}

/// False where the system gives no thread.
bool tls_server::state::start_thread(std::unique_ptr<tracked> connection) {
    struct job {
        std::shared_ptr<state> server;
        std::unique_ptr<tracked> self;
    };
    auto j = std::make_unique<job>(job{shared_from_this(), std::move(connection)});
    auto* const self = j->self.get();
    {
        const std::lock_guard lock(mutex);
        if (stopping) {
            entrance.leave(self->id);
            return true;
        }
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
        return true;
    }
    const std::lock_guard lock(mutex);
    connections.erase(self);
    return false;
}

/// Nothing is left to the system that the peer has not acknowledged, why ever it ended.
void tls_server::state::serve_to_its_end(tracked& self) {
    connection peer(self.fd);
    try {
        try {
            converse(self, peer);
        } catch (const network_error& e) {
            count_failure(self, e.cause()); // the peer is gone, too slow or speaks no TLS: nobody is left to be told
            if (e.cause() != network_cause::timeout)
                peer.finish(false, {.window = last_words, .whole = last_words}); // OpenSSL may have said why
        }
    } catch (const std::exception&) {
        // likewise
    }
    peer.discard_untaken();
}

void tls_server::state::serve(tracked& self) {
    serve_to_its_end(self);
    entrance.leave(self.id);
    self.fd->shutdown();
    const std::lock_guard lock(mutex);
    connections.erase(&self);
    ended.notify_all();
}

/// Before the peer can see that it has ended. What had to make room or is stopped is our doing.
void tls_server::state::count_failure(const tracked& self, network_cause cause) {
    if (self.fd->given_up() || stopping)
        return;
    const bool late = cause == network_cause::timeout;
    if (self.at == stage::handshake)
        entrance.count(late ? &connection_counts::handshakes_timed_out : &connection_counts::handshakes_failed);
    else if (late)
        entrance.count(self.at == stage::request ? &connection_counts::requests_timed_out
                                                 : &connection_counts::answers_timed_out);
}

/// False where the server is stopping and this connection shall not begin anything. The flag is set before `stopping`
/// is looked at, and stop() does it the other way round: one of the two sees the other.
bool tls_server::state::set_busy(tracked& self, bool busy) const {
    self.busy = busy;
    return !stopping;
}

void tls_server::state::converse(tracked& self, connection& peer) {
    std::optional<peer_certificate> certificate;
    if (context) {
        peer.accept_tls(context.get(), clock::now() + options.handshake_deadline);
        if (const auto read = peer.peer())
            certificate = peer_certificate{read->pem(), read->fingerprint, read->subject};
    }
    self.at = stage::request;
    buffered_connection from{peer, {}};
    auto head = clock::now();
    if (!peer.wait_readable(head + options.head_deadline))
        throw network_error(network_cause::timeout, "no request before the deadline");
    auto after = after_answer::close;
    while (set_busy(self, true)) {
        after = answer_one(from, self, certificate, head);
        if (after != after_answer::next_request || !next_request_comes(from, self))
            break;
        head = clock::now();
    }
    peer.finish(after == after_answer::close_unread, options.transfer);
}

/// An answer that is still on its way is no idle time of the peer.
bool tls_server::state::next_request_comes(buffered_connection& from, tracked& self) const {
    if (from.ahead.empty()) {
        progress by(options.transfer, clock::now());
        from.peer.wait_taken(by);
    }
    self.at = stage::request;
    return !from.ahead.empty() || from.peer.wait_readable(clock::now() + options.keep_alive);
}

after_answer tls_server::state::answer_one(buffered_connection& from, tracked& self,
                                           const std::optional<peer_certificate>& peer, time_point head_begins) {
    try {
        const auto complete = [&](request& head) {
            head.peer = peer;
            head.remote_address = self.address;
            head.peer_gone = [&from] { return from.peer.gone(); };
        };
        const auto plan = [&](const request& head) {
            if (!options.plan_body)
                return body_plan{options.body_limit};
            auto planned = options.plan_body(head);
            if (planned.known)
                entrance.prove(self.id);
            return planned;
        };
        const pace head{options.transfer.octets_per_second, options.head_deadline, options.head_deadline};
        auto in = read_request(from, {options.head_limit, options.header_limit, context != nullptr}, complete, plan,
                               {progress(head, head_begins), options.transfer});
        if (!in)
            return after_answer::close;
        if (stopping)
            in->keep_alive = false;
        entrance.serving(self.id);
        auto answer = handle_safely(in->message, in->keep_alive);
        entrance.waiting(self.id);
        self.at = stage::answer;
        write(from, std::move(answer), in->message.method);
        if (set_busy(self, false) && in->keep_alive)
            return after_answer::next_request;
        return in->message.body_too_large ? after_answer::close_unread : after_answer::close;
    } catch (const refused_request& refusal) {
        return refuse(from, self, refusal);
    }
}

after_answer tls_server::state::refuse(buffered_connection& to, tracked& self, const refused_request& refusal) {
    if (refusal.status() == 408)
        entrance.count(&connection_counts::requests_timed_out);
    auto answer =
        options.on_refusal ? options.on_refusal(refusal.status(), refusal.what()) : response{refusal.status(), {}, {}};
    auto head = response_head(answer, false, one_write);
    self.at = stage::answer;
    write(to, {std::move(head), std::move(answer)}, refusal.method());
    set_busy(self, false);
    return after_answer::close_unread;
}

prepared tls_server::state::handle_safely(const request& r, bool keep_alive) const {
    try {
        auto answer = handle(r);
        auto head = response_head(answer, keep_alive, one_write); // throws where a header field could not be written
        return {std::move(head), std::move(answer)};
    } catch (const std::exception& e) {
        auto answer = options.on_exception ? options.on_exception(r, e) : response{500, {}, {}};
        auto head = response_head(answer, keep_alive, one_write);
        return {std::move(head), std::move(answer)};
    }
}

void tls_server::state::write(buffered_connection& to, prepared out, std::string_view method) const {
    const std::string_view body = has_body(out.answer, method) ? std::string_view(out.answer.body) : "";
    progress by(options.transfer, clock::now());
    by.content(out.head.size() + body.size());
    const bool in_one = out.head.size() + body.size() <= one_write;
    if (in_one)
        out.head += body;
    to.peer.write(out.head, by);
    if (!in_one)
        to.peer.write(body, by);
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

connection_counts tls_server::counted() const {
    return state_->entrance.counted();
}

} // namespace tsms::net
