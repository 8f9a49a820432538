#pragma once
// Coroutines without I/O. A flow<Effect, T> runs until it needs something from outside, leaves the effect (an Effect)
// with whoever drives it, and continues with the answer. It knows no thread, socket or clock: a server, a test and a
// fuzzer drive the same code.
//
//     flow<Effect, T> f = some_coroutine(…);
//     for (const Effect* effect = f.start(); effect; effect = f.answer(reply))
//         reply = …;
//     T result = f.result();                  // rethrows what the coroutine threw
//
// An Effect is a type with a nested `answer_type` that tells how a effect of type E is awaited:
//
//     struct my_effect {
//         using answer_type = my_answer;
//         template <class E> my_effect(E effect);                          // from each single effect
//         template <class E> static typename E::result take(my_answer&&); // the answer to a effect E; may throw
//     };
//
// Coroutines take their parameters by value, and no capturing lambda is one. A suspended flow may be destroyed at any
// time.

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace tsms::gp {

template <class Effect, class T> class flow;

namespace detail {

/// Shared by all coroutines of one driven flow: the effect of the innermost one, and the answer to it.
template <class Effect> struct exchange_point {
    std::optional<Effect> effect;
    std::optional<typename Effect::answer_type> answer;
    std::coroutine_handle<> waiting;
};

template <class Effect> struct promise_base {
    exchange_point<Effect>* point = nullptr;
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr exception;

    std::suspend_always initial_suspend() noexcept { return {}; }

    struct return_to_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise> std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
            return self.promise().continuation;
        }
        void await_resume() noexcept {}
    };
    return_to_awaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() { exception = std::current_exception(); }

    template <class E> struct effect_awaiter {
        exchange_point<Effect>* point;
        E effect;

        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> self) {
            point->effect.emplace(std::move(effect));
            point->waiting = self;
        }
        typename E::result await_resume() {
            auto answer = std::move(*point->answer);
            point->answer.reset();
            return Effect::template take<E>(std::move(answer));
        }
    };

    template <class E>
        requires requires { typename E::result; }
    effect_awaiter<E> await_transform(E effect) {
        return {point, std::move(effect)};
    }
    template <class U> auto await_transform(flow<Effect, U>&& inner) { return std::move(inner).awaited_in(point); }
};

template <class Effect, class T> struct promise : promise_base<Effect> {
    std::optional<T> value;
    flow<Effect, T> get_return_object() { return flow<Effect, T>(std::coroutine_handle<promise>::from_promise(*this)); }
    template <class U> void return_value(U&& v) { value.emplace(std::forward<U>(v)); }
    T take() {
        if (this->exception)
            std::rethrow_exception(this->exception);
        return std::move(*value);
    }
};

template <class Effect> struct promise<Effect, void> : promise_base<Effect> {
    flow<Effect, void> get_return_object();
    void return_void() {}
    void take() {
        if (this->exception)
            std::rethrow_exception(this->exception);
    }
};

} // namespace detail

template <class Effect, class T> class [[nodiscard]] flow {
public:
    using promise_type = detail::promise<Effect, T>;
    using answer_type = typename Effect::answer_type;

    explicit flow(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    flow(flow&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), point_(std::move(other.point_)) {}
    flow(const flow&) = delete;
    flow& operator=(flow&& other) noexcept {
        if (this != &other) {
            if (handle_)
                handle_.destroy();
            handle_ = std::exchange(other.handle_, nullptr);
            point_ = std::move(other.point_);
        }
        return *this;
    }
    ~flow() {
        if (handle_)
            handle_.destroy();
    }

    /// Runs to the first effect. Null when the coroutine has ended. The effect stays valid until the answer.
    const Effect* start() {
        point_ = std::make_unique<detail::exchange_point<Effect>>();
        handle_.promise().point = point_.get();
        point_->waiting = handle_;
        return run();
    }

    /// Hands over the answer to the current effect and runs to the next one. Null when the coroutine has ended.
    const Effect* answer(answer_type reply) {
        point_->answer.emplace(std::move(reply));
        return run();
    }

    bool done() const { return handle_.done(); }

    /// What the coroutine returned, once. Rethrows what it threw.
    T result() { return handle_.promise().take(); }

private:
    template <class, class> friend class flow;
    template <class> friend struct detail::promise_base;

    const Effect* run() {
        point_->effect.reset();
        std::exchange(point_->waiting, nullptr).resume();
        return point_->effect ? &*point_->effect : nullptr;
    }

    struct inner_awaiter {
        flow inner;
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> outer) noexcept {
            inner.handle_.promise().continuation = outer;
            return inner.handle_;
        }
        T await_resume() { return inner.handle_.promise().take(); }
    };

    inner_awaiter awaited_in(detail::exchange_point<Effect>* point) && {
        handle_.promise().point = point;
        return inner_awaiter{std::move(*this)};
    }

    std::coroutine_handle<promise_type> handle_;
    std::unique_ptr<detail::exchange_point<Effect>> point_;
};

namespace detail {
template <class Effect> flow<Effect, void> promise<Effect, void>::get_return_object() {
    return flow<Effect, void>(std::coroutine_handle<promise>::from_promise(*this));
}
} // namespace detail

} // namespace tsms::gp
