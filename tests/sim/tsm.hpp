#pragma once
// A TSM without actors, sockets and files, in which a whole call is conducted: a store in memory, what its catalog
// says, who has the card, a clock. The card, its issuer and the keys are the world's. It may die behind any effect of a
// call, and starts again with what is stored.

#include "model/results.hpp"
#include "process/calls/life_cycle_call.hpp"
#include "store/device_store.hpp"
#include "store/memory/device_rows.hpp"
#include "tests/sim/versions.hpp"

namespace tsms::sim {

class tsm {
public:
    /// The rows are those of a Service Instance that was just created, of the Service of tests/sim/versions.
    /// `rules`: who keeps its access rules.
    explicit tsm(const char* rules);
    tsm(const tsm&) = delete;
    tsm& operator=(const tsm&) = delete;

    /// Conducts a call to its end: what the app is told.
    model::execution call(model::tsm_api_function what);
    /// The TSM dies behind that many effects: the call is gone, and the card has no power.
    void call_and_die(model::tsm_api_function what, std::size_t behind);
    /// As the program starts where no phone comes back: processes without an end are ended (AMB-101).
    void restart();
    /// The program starts, and the phone comes back: the process without an end, if there is one, is entered again
    /// (DIV-108). What the app is told; nothing: there is none.
    std::optional<model::execution> come_back();
    /// Likewise, and the TSM dies once more behind that many effects.
    void come_back_and_die(std::size_t behind);

    /// What the other one has stored, and its card.
    void continue_from(const tsm& other);

    bool is_leased() const { return !lease_.empty(); }

    /// What outlives a TSM.
    const store::device_tables& stored() const { return rows_->tables(); }
    bool instance_is_gone() const { return stored().instances.empty(); }

    sim::world world; ///< its rows are those that are stored, as long as they are
    std::map<std::string, model::deployment_target> catalog; ///< published targets by Version
    std::size_t effects = 0;                                 ///< of the last call

private:
    void conduct(model::tsm_api_function what, std::size_t most_effects);
    bool conduct_left(std::size_t most_effects);
    void carry_out(calls::call<void> call, std::size_t most_effects);
    void forget();
    void keep(const store::device_tables& tables);
    void keep_rows();
    wall_time wall() const;

    calls::answer_variant carry_out(const calls::effect& effect);
    calls::service_surveyed answer_to(const calls::survey_service& asked);
    calls::target_found answer_to(const calls::find_target& asked);
    calls::target_checked answer_to(const calls::check_target& asked);
    calls::instance_loaded answer_to(const calls::load_instance& asked);
    calls::process_begun answer_to(const calls::begin_process& begins);
    calls::process_ended answer_to(const calls::end_process& ends);
    calls::done answer_to(const calls::admit&);
    calls::done answer_to(const calls::answer& told);
    calls::lease answer_to(const calls::lease_card& wanted);
    calls::done answer_to(const calls::return_card&);
    process::answer_variant answer_to(const calls::perform& effect);
    calls::done answer_to(const calls::process_begins& begins);
    calls::done answer_to(const calls::process_over&);
    calls::charged answer_to(const calls::charge_process&);
    calls::done answer_to(const calls::close_account& settled);
    std::string answer_to(const calls::encode_result& encoded);
    calls::done answer_to(const calls::deliver& leaves);
    calls::moment answer_to(const calls::ask_time&);
    std::string answer_to(const calls::new_id&);
    calls::done answer_to(const calls::tell_operator&);
    /// What only enquiries ask, and what only somebody who is slow or broken makes a call ask.
    template <class E> typename E::result answer_to(const E&) {
        throw broken_invariant("a call asks what nobody asks in this world");
    }

    struct clock final : time_source {
        explicit clock(const tsm& of) : of_(of) {}
        steady_time steady() const override { return of_.now_; }
        wall_time wall() const override { return of_.wall(); }
        const tsm& of_;
    };
    clock clock_{*this};
    store::memory_device_rows* rows_ = nullptr; ///< the store's
    std::unique_ptr<store::device_store> store_;
    std::size_t ids_ = 0; ///< given so far

    // What a TSM that dies forgets.
    std::string lease_;   ///< id of the process that has the card; empty: it is free
    std::string process_; ///< id of the process whose effects are carried out; empty: none
    std::optional<model::execution> told_;
    steady_time now_{};
};

} // namespace tsms::sim
