#pragma once
// What the log of the SDK says of a call: how it goes on, and nothing of what is in it (sdk/log_book.hpp).

#include "http/wire/seram.hpp"
#include "model/tsm_api.hpp"
#include "sdk/log_book.hpp"

namespace tsms::sdk {

/// One call. The book must outlive it.
class call_log {
public:
    explicit call_log(log_book& book) : book_(book) {}
    ~call_log() { tell_answers(); }
    call_log(const call_log&) = delete;
    call_log& operator=(const call_log&) = delete;

    void begins(const wire::seram_order& order);
    void answered(bytes_view r_apdu);
    void process_starts(const std::string& id);

private:
    void tell_answers();

    log_book& book_;
    std::size_t answers_ = 0; ///< of the order that is carried out
    std::string status_word_; ///< of the last one
};

/// What is told it becomes an error in the book, and goes to `also` too, if there is one.
std::function<void(const std::string&)> errors_to(log_book& book, std::function<void(const std::string&)> also = {});

void tell_begin(log_book& book, std::string_view function, std::size_t components);
void tell_end(log_book& book, std::string_view function, const model::tsm_api_result& result);

} // namespace tsms::sdk
