#include "process/calls/interrupted.hpp"

#include "process/calls/process_result.hpp"
#include "process/functions/life_cycle.hpp"

namespace tsms::calls {

const char* text_of(model::interruption why) {
    switch (why) {
    case model::interruption::restart:
        return "the TSM was restarted";
    case model::interruption::server_gone:
        return "the server that ran it was gone for too long, and another one has ended it";
    case model::interruption::begun_anew:
        return process::begun_anew;
    case model::interruption::abandoned:
        break;
    }
    return "nobody went on with it";
}

interrupted_end end_of_interrupted(const model::process_record& record, const model::service_instance& instance,
                                   const model::secure_component& card, bool in_doubt, model::interruption why,
                                   wall_time now) {
    const auto status = model::error_category::execution_interrupted;
    interrupted_end e;
    const auto dialect = record.asked ? record.asked->dialect : model::dialect::v1_0;
    e.end = {record.id, status, model::error_message(dialect, status, text_of(why)), iso8601(now)};
    e.instance = model::after_crash(instance, record.start_state, in_doubt);
    e.card = card;
    e.card.doubt = e.card.doubt || in_doubt;
    if (record.asked) {
        const auto outcome = process::interrupted(record.asked->what, e.instance, e.card);
        e.end.result = process::result_of(record.asked->what, outcome,
                                          {record.id, {status, e.end.message}, record.started, e.end.ended});
    }
    e.result = result_for_spos(record, e.end, e.instance, e.instance.state);
    return e;
}

} // namespace tsms::calls
