#pragma once
// Progress of a process (TR 4.2.3.8) as the app is told it: the marks of an order, and percent between them.

#include "http/wire/tsm_api.hpp"
#include "sdk/session.hpp"

#include <functional>
#include <vector>

namespace tsms::sdk {

/// Of one session. A mark stands between the C-APDUs of an order and names the phase that begins there. Between two
/// marks the C-APDUs that were answered are told as percent of the former phase, so that a long LOAD moves. It never
/// goes backwards, and only a mark says 100 (AMB-133). Behind a command of a secure channel that the card refused
/// nothing more of its order has an effect, so nothing more of it is told.
class order_progress {
public:
    using handler = std::function<void(const model::process_progress&)>;
    explicit order_progress(handler tell) : tell_(std::move(tell)) {}

    void begins(const wire::seram_order& order);
    void answered(bytes_view c_apdu, bytes_view r_apdu);
    void reached(model::process_progress mark);

private:
    struct mark {
        std::size_t behind; ///< so many C-APDUs of the order
        int percent;
    };
    void tell(const model::process_progress& progress);

    handler tell_;
    std::vector<mark> marks_;                     ///< of this order
    std::size_t done_ = 0;                        ///< C-APDUs of this order that were answered
    bool refused_ = false;                        ///< one of them was
    std::size_t since_ = 0;                       ///< C-APDUs of this order before the mark that was reached last
    int from_ = 0;                                ///< percent there
    std::optional<model::process_progress> last_; ///< told
};

} // namespace tsms::sdk
