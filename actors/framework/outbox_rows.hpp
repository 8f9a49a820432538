#pragma once
// What the store does about deliveries: the counts stand in the row, and what follows from them is decided here once.

#include "actors/framework/backoff.hpp"
#include "actors/interfaces.hpp"

namespace tsms::actors {

inline outbox_loaded load_deliveries(store::device_store& db, const load_outbox& l) {
    if (!db.changed_by_others() && l.if_changed)
        return {};
    return {true, db.outbox.waiting(), db.outbox.given_up()};
}

inline delivery_settled settle(store::device_store& db, const settle_delivery& s) {
    if (s.delivered) {
        db.outbox.delivered(s.id);
        return {};
    }
    delivery_settled settled;
    settled.waits = db.outbox.attempt_failed(s.id, s.waited, s.error);
    if (settled.waits && !delivery_pause(settled.waits->attempts, settled.waits->waited)) {
        db.outbox.give_up(s.id);
        settled.waits.reset();
        settled.given_up = true;
    }
    return settled;
}

} // namespace tsms::actors
