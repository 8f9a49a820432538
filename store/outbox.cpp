#include "store/outbox.hpp"

#include "store/answers.hpp"

namespace tsms::store {

void put_into_outbox(device_rows& rows, model::outbox_entry& delivery) {
    if (delivery.created == wall_time{})
        delivery.created = rows.time().wall();
    delivery.id = rows.outbox().add(delivery);
}

bool outbox::add(model::outbox_entry& delivery, const std::optional<model::answered_call>& answer) const {
    return rows_.change([&] {
        if (!keep_answer(rows_, answer))
            return false;
        put_into_outbox(rows_, delivery);
        return true;
    });
}

void outbox::delivered(std::int64_t id) const {
    rows_.change([&] {
        if (rows_.outbox().remove(id))
            rows_.audit().append("result delivered", std::to_string(id));
    });
}

std::optional<model::outbox_entry> outbox::attempt_failed(std::int64_t id, std::chrono::seconds waited,
                                                          const std::string& error) const {
    return rows_.change([&] {
        rows_.outbox().count_attempt(id, waited, error);
        return rows_.outbox().waiting(id);
    });
}

void outbox::give_up(std::int64_t id) const {
    rows_.change([&] {
        if (rows_.outbox().give_up(id))
            rows_.audit().append("result given up", std::to_string(id));
    });
}

bool outbox::retry(std::int64_t id) const {
    return rows_.change([&] {
        if (!rows_.outbox().begin_anew(id))
            return false;
        rows_.audit().append("result to be delivered again", std::to_string(id));
        return true;
    });
}

bool outbox::drop(std::int64_t id) const {
    return rows_.change([&] {
        if (!rows_.outbox().remove(id))
            return false;
        rows_.audit().append("result dropped", std::to_string(id));
        return true;
    });
}

} // namespace tsms::store
