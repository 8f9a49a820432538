// The functions that look at the handset's cards and change nothing on them: checkServiceDeploymentAvailable,
// createServiceInstance, getServiceInstances (TR 4.2.5.1, 4.2.5.2, 4.2.5.7). One actor a call.

#include "actors/framework/card_reading.hpp"
#include "actors/framework/stranger.hpp"
#include "actors/framework/timely.hpp"
#include "base/overloaded.hpp"
#include "model/instance_view.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <map>

namespace tsms::actors {

namespace {

using check_deployment = model::check_service_deployment_available;
using check_update = model::check_service_update_available;

class enquiry final : public conductor_actor::base {
public:
    enquiry(caf::actor_config& config, std::shared_ptr<const surroundings> around)
        : conductor_actor::base(config), around_(std::move(around)) {}

    const char* name() const override { return "enquiry"; }

    behavior_type make_behavior() override {
        return {
            [this](const begin_call& b) -> caf::result<call_begun> {
                begun_ = b;
                what_ = std::get<model::enquiry_function>(model::kind_of(b.request.what));
                started_ = iso8601(store::clock::now());
                admission_ = make_response_promise<call_begun>();
                auto promise = admission_;
                request(around_->catalog, catalog_deadline, survey_service{service_id()})
                    .then([this](service_surveyed& s) { surveyed(std::move(s)); }, fail_on_error());
                return promise;
            },
            [](const tick&) {}, [](const ask_idle&) { return false; }, // it goes by itself
        };
    }

    void on_exit() override {
        if (admission_.pending())
            admission_.deliver(call_begun{failure(model::error_category::tsm_not_available, "the TSM is stopping")});
        reading_.reset();
        proving_.reset();
        begun_.session = nullptr;
    }

private:
    std::string service_id() const {
        return std::visit(overloaded{[](const model::create_service_instance& f) { return f.service_id; },
                                     [](const model::get_service_instances& f) { return f.service_id; },
                                     [](const check_deployment& f) { return f.service_id; },
                                     [](const check_update&) { return std::string(); }}, // refused by name
                          what_);
    }

    /// Is the request itself possible? For getServiceInstances a deleted service may still have instances (AMB-068,
    /// AMB-144).
    std::optional<model::refusal> refuse_request(const model::offered_service* service) const {
        using refusal = std::optional<model::refusal>;
        return std::visit(overloaded{[&](const model::create_service_instance& f) -> refusal {
                                         return model::refuse_create(service, f.service_id, f.version);
                                     },
                                     [&](const check_deployment& f) -> refusal {
                                         return model::refuse_check(service, f.service_id, f.version);
                                     },
                                     [](const model::get_service_instances&) -> refusal { return std::nullopt; },
                                     [](const check_update& f) -> refusal { return model::refuse_unsupported(f); }},
                          what_);
    }

    void surveyed(service_surveyed s) {
        survey_ = std::move(s);
        if (!survey_.service)
            return judge(std::nullopt);
        request(around_->store, actor_deadline, find_provider{survey_.service->provider})
            .then(
                [this](const provider_found& p) {
                    judge(model::refuse_caller(begun_.request.provider, survey_.service->provider, p.has_apps,
                                               "service ‘" + service_id() + "’"));
                },
                fail_on_error());
    }

    void judge(std::optional<model::refusal> refusal) {
        if (!refusal)
            refusal = refuse_request(survey_.service ? &*survey_.service : nullptr);
        if (refusal)
            return finish(failure(refusal->category, refusal->details));
        admission_.deliver(call_begun{std::nullopt});
        if (std::holds_alternative<check_deployment>(what_)) // it looks at no instance
            return read_cards(readers_of(begun_.request.cards));
        request(around_->store, actor_deadline, find_kinds{begun_.request.cards})
            .then([this](const kinds_found& k) { ask_for_proofs(k); }, fail_on_error());
    }

    model::refusal unknown_service() const {
        return {model::error_category::invalid_request, "service ‘" + service_id() + "’ does not exist"};
    }

    // -- what the cards say, and what they prove --

    /// Everybody is asked for a proof with the reads, also whom nobody knows: the question tells nothing.
    void ask_for_proofs(const kinds_found& kinds) {
        auto cards = readers_of(begun_.request.cards);
        for (std::size_t i = 0; i < cards.size(); ++i)
            cards[i].proof = asked_[begun_.request.cards[i].reader] = first_question(i, kinds);
        read_cards(std::move(cards));
    }

    process::proof_request first_question(std::size_t card, const kinds_found& kinds) const {
        const model::card_parameters usual;
        const auto& hint = card < kinds.hints.size() ? kinds.hints[card] : std::nullopt;
        process::proof_request q;
        q.aid = hint ? hint->aid : usual.tsm_sd_aid;
        q.challenge_octets =
            static_cast<std::size_t>(hint && hint->scp03_mode != 0 ? hint->scp03_mode : usual.scp03_mode);
        if (!counts_updates(begun_.request.cards[card].atr))
            q.key_versions = {hint ? hint->key_version : usual.tsm_rotated_version};
        return q;
    }

    /// Before a card has told what it is, its ATR alone says which profiles it may have.
    bool counts_updates(const std::string& atr) const {
        return std::ranges::any_of(survey_.profiles, [&](const model::card_profile& profile) {
            const auto& known = profile.recognised_by.atr;
            return profile.card.initialize_update_counts &&
                   (known.empty() || atr.empty() ||
                    std::ranges::any_of(known, [&](const auto& prefix) { return model::has_prefix(atr, prefix); }));
        });
    }

    void read_cards(std::vector<process::card_to_read> cards) {
        reading_ = std::make_unique<card_reading<enquiry>>(
            *this, around_, begun_.session, begun_.request.cards, std::move(cards),
            [this](cards_seen seen) { cards_are_read(std::move(seen)); });
        reading_->start();
    }

    /// True if the call has ended with it.
    bool ends_with(const std::string& bug, bool phone_lost) {
        if (!bug.empty()) {
            around_->log({severity::error, "reading the cards broke: " + bug});
            finish(failure(model::error_category::internal_error, "the secure components could not be read"));
        } else if (phone_lost) {
            finish(failure(model::error_category::execution_interrupted, "the connection to the handset was lost"));
        }
        return !bug.empty() || phone_lost;
    }

    void cards_are_read(cards_seen seen) {
        if (ends_with(seen.bug, seen.phone_lost))
            return;
        seen_ = std::move(seen.cards);
        facts_ = std::move(seen.facts);
        std::visit(overloaded{[this](const check_deployment& f) { check(f); },
                              [this](const model::create_service_instance&) { find_rows(); },
                              [this](const model::get_service_instances&) { find_rows(); },
                              [](const check_update&) {}}, // it has been refused
                   what_);
    }

    void find_rows() {
        find_cards wanted;
        wanted.service_id = service_id();
        wanted.cards = seen_;
        request(around_->store, actor_deadline, wanted)
            .then(
                [this](cards_found& found) {
                    known_ = std::move(found);
                    known_.cards.resize(seen_.size());
                    proving_ ? choose_rows() : prove();
                },
                fail_on_error());
    }

    void prove() {
        std::vector<process::card_to_prove> cards;
        std::vector<std::size_t> which;
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            const auto& seen = seen_[i];
            if (!seen.accessible || seen.fell_silent)
                continue;
            process::card_to_prove card;
            card.reader = seen.reader;
            card.asked = asked_[seen.reader];
            card.answers = facts_[i].proof;
            const auto* profile = model::profile_of(seen, survey_.profiles);
            card.expected_aid = profile ? profile->card.tsm_sd_aid : card.asked.aid;
            card.update_counts = counts_updates(seen.atr);
            card.rows = known_.cards[i].proven;
            cards.push_back(std::move(card));
            which.push_back(i);
        }
        proving_ = std::make_unique<proving>(
            *this, around_, begun_.session, process::prove_cards(std::move(cards)),
            [this, which](const std::vector<process::card_proof>* proofs, const std::string& bug, bool phone_lost) {
                if (ends_with(bug, phone_lost))
                    return;
                for (std::size_t i = 0; i < which.size(); ++i)
                    note_proof(which[i], proofs->at(i));
                choose_rows();
            });
        proving_->start();
    }

    void note_proof(std::size_t card, const process::card_proof& proof) {
        auto& seen = seen_[card];
        if (proof.silent) {
            seen.fell_silent = true;
            seen.problem = proof.silent->problem;
            seen.problem_details = proof.silent->details;
        }
        if (proof.row)
            proven_[seen.reader] = known_.cards[card].proven.at(*proof.row).id;
    }

    /// Each card has one row: the one that it has proven to be, else the one of all that claim to be it (AMB-239).
    void choose_rows() {
        rows_.assign(seen_.size(), std::nullopt);
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            const auto& known = known_.cards[i];
            const auto proven = proven_.find(seen_[i].reader);
            if (proven == proven_.end()) {
                rows_[i] = known.claimed;
                continue;
            }
            const auto row = std::ranges::find(known.proven, proven->second, &model::secure_component::id);
            if (row != known.proven.end())
                rows_[i] = *row;
        }
        decide();
    }

    const model::seen_card* card_of(const model::service_instance& instance) const {
        for (std::size_t i = 0; i < seen_.size(); ++i)
            if (rows_[i] && rows_[i]->id == instance.secure_component_id)
                return &seen_[i];
        return nullptr;
    }

    void decide() {
        std::erase_if(known_.instances, [this](const model::service_instance& i) { return !card_of(i); });
        if (std::holds_alternative<model::get_service_instances>(what_))
            std::erase_if(known_.instances,
                          [this](const model::service_instance& i) { // the service may be gone, its provider is not
                              const auto& owner = i.target.service_provider_id;
                              return model::refuse_caller(begun_.request.provider, owner,
                                                          known_.providers_with_apps.contains(owner), {})
                                  .has_value();
                          });
        for (auto& seen : seen_)
            seen.has_service = std::ranges::any_of(
                known_.instances, [&](const model::service_instance& i) { return card_of(i) == &seen; });
        for (const auto& seen : seen_)
            if (!seen.accessible || seen.fell_silent)
                around_->log({severity::info, "reader ‘" + seen.reader + "’ could not be looked at: " +
                                                  (seen.fell_silent ? seen.problem_details : "not accessible")});
        std::visit(overloaded{[this](const model::get_service_instances&) { list(); },
                              [this](const model::create_service_instance& f) { create(f); },
                              [](const check_deployment&) {}, // looks at no instance
                              [](const check_update&) {}},    // it has been refused
                   what_);
    }

    // -- what the app is told --

    void list() {
        const auto silent = model::could_not_look(seen_);
        if (!survey_.service && known_.instances.empty() && !silent)
            return finish(failure(model::error_category::invalid_request, unknown_service().details));
        model::get_service_instances_result r;
        if (silent) // what the others hold is told all the same (AMB-240)
            r.outcome = model::failed_execution(silent->category, silent->details);
        for (const auto& instance : known_.instances) {
            auto view = model::view_of(instance);
            view.reader = card_of(instance)->reader; // its name of today
            r.service_instances.push_back(std::move(view));
        }
        finish(r);
    }

    /// App and SPOS hear that the card is not eligible, the operator what can be done (DIV-056).
    void name_remedy(const model::seen_card& card) {
        if (const auto why = model::why_unknowable(card); !why.empty())
            around_->log({severity::warning, "reader ‘" + card.reader + "’, service " + service_id() + ": the card " +
                                                 why +
                                                 "; no service goes onto it. Its issuer can give it a CPLC with a "
                                                 "serial number, or an IIN and CIN of its own"});
    }

    void check(const check_deployment& c) {
        const auto choice = model::find_deployment(*survey_.service, c.version, seen_, survey_.profiles);
        if (!choice) {
            if (const auto silent = model::could_not_look(seen_))
                return finish(failure(silent->category, silent->details));
            return finish(model::service_deployment_available_result{});
        }
        request(around_->catalog, catalog_deadline, find_target{c.service_id, choice->version_tag, choice->profile_id})
            .then(
                [this](const target_found& found) {
                    model::service_deployment_available_result r;
                    if (found.target) {
                        r.deployment_available = true;
                        r.version = found.target->version_tag;
                        r.new_technical = model::technical_information_of(*found.target, true);
                    }
                    finish(r);
                },
                fail_on_error());
    }

    void create(const model::create_service_instance& c) {
        for (const auto& card : seen_)
            if (card.accessible)
                name_remedy(card);
        const auto decision = model::choose_card(*survey_.service, c.version, seen_, survey_.profiles);
        for (const auto& reason : decision.reasons)
            around_->log({severity::info, "eligibility of service " + c.service_id + ": " + reason});
        if (const auto* refusal = std::get_if<model::refusal>(&decision.outcome))
            return not_eligible(*refusal);
        choice_ = std::get<model::choice>(decision.outcome);
        request(around_->catalog, catalog_deadline, find_target{c.service_id, c.version, choice_.profile_id})
            .then(
                [this](target_found& found) {
                    if (!found.target)
                        return not_eligible(
                            {model::error_category::no_eligible_sc, "the Flavor is not published any more"});
                    store_instance(std::move(*found.target));
                },
                fail_on_error());
    }

    void store_instance(model::deployment_target target) {
        const auto& seen = seen_[choice_.card];
        create_row row;
        if (rows_[choice_.card]) {
            row.card = *rows_[choice_.card];
        } else {
            row.card.id = around_->random->uuid();
            row.card.identity = model::identity_of(seen).value().text(); // else it was not eligible
        }
        if (model::rests_on_claims(row.card)) {
            take_claims(row.card, seen, known_.issuers);
            row.card.profile_id = choice_.profile_id;
            row.card.claimed = iso8601(store::clock::now());
        }
        if (!proven_.contains(seen.reader))
            if (const auto later = charge(*around_, payer_for(begun_.request.address, row.card), cost_of_trace))
                return finish(failure(model::error_category::tsm_not_available, text_of(*later)));
        row.instance.id = around_->random->uuid();
        row.instance.secure_component_id = row.card.id;
        row.instance.reader = seen.reader;
        row.instance.atr = seen.atr;
        row.instance.target = std::move(target);
        row.instance.created = iso8601(store::clock::now());
        request(around_->store, actor_deadline, timely(*around_, row))
            .then([this, view = model::view_of(row.instance)](const row_created& r) { stored(view, r.outcome); },
                  fail_on_error());
    }

    void stored(const model::service_instance_info& view, store::creation outcome) {
        switch (outcome) {
        case store::creation::created:
            around_->log({severity::info, "instance " + view.id + " created, reader ‘" + view.reader + "’"});
            return finish(model::create_service_instance_result{view, {}});
        case store::creation::has_service: // another call was faster (AMB-115)
            return not_eligible({model::error_category::no_eligible_sc, "service is already deployed"});
        case store::creation::card_changed:
            if (++attempts_ < most_attempts)
                return find_rows();
            return finish(failure(model::error_category::tsm_not_available,
                                  "the secure component is being changed, please try again later"));
        }
    }

    /// AMB-140: the one failure without a process that the SPOS is told.
    void not_eligible(const model::refusal& refusal) {
        const auto& c = std::get<model::create_service_instance>(what_);
        const bool told = refusal.category == model::error_category::no_eligible_sc && survey_.service->spos;
        // Nothing proves who asks: beyond the budget he alone is told (DIV-061).
        if (told && may_tell_of_failed_creation(*around_, begun_.request.address)) {
            model::process_result r;
            r.status = refusal.category;
            r.message = model::error_message(refusal.category, refusal.details);
            r.start_date = started_;
            r.end_date = iso8601(store::clock::now());
            r.service_id = c.service_id;
            r.version_tag = c.version;
            enqueue_delivery e;
            e.delivery.spos = *survey_.service->spos;
            e.delivery.body = around_->spos->encode(r);
            e.delivery.provider = survey_.service->provider;
            e.delivery.created = store::clock::now();
            request(around_->store, actor_deadline, timely(*around_, e))
                .then(
                    [this, refusal](const process_ended& stored) {
                        if (stored.delivery)
                            send(around_->outbox, deliver_result{*stored.delivery});
                        finish(failure(refusal.category, refusal.details));
                    },
                    fail_on_error());
            return;
        }
        finish(failure(refusal.category, refusal.details));
    }

    result failure(model::error_category category, const std::string& details) const {
        return model::refusal_of(begun_.request.what, model::failed_execution(category, details),
                                 iso8601(store::clock::now()));
    }

    std::function<void(caf::error&)> fail_on_error() {
        return [this](caf::error& e) {
            around_->log({severity::error, "a call could not be answered: " + text_of(e)});
            finish(failure(model::error_category::tsm_not_available, internal_problem));
        };
    }

    void finish(result outcome) {
        if (admission_.pending())
            admission_.deliver(call_begun{std::move(outcome)});
        else
            send(begun_.session, finish_session{std::move(outcome), std::nullopt});
        quit();
    }

    std::shared_ptr<const surroundings> around_;
    begin_call begun_;
    model::enquiry_function what_; ///< of the call
    std::string started_;
    caf::typed_response_promise<call_begun> admission_;
    service_surveyed survey_;
    using proving = card_dialogue<enquiry, std::vector<process::card_proof>>;
    static constexpr int most_attempts = 3; ///< to create on a card whose row is being changed
    int attempts_ = 0;
    std::map<std::string, process::proof_request> asked_; ///< by reader, with the reads
    std::map<std::string, std::string> proven_;           ///< by reader, the id of the row
    std::unique_ptr<card_reading<enquiry>> reading_;
    std::unique_ptr<proving> proving_;
    std::vector<model::seen_card> seen_;                       ///< in the order of the call's cards
    std::vector<process::card_facts> facts_;                   ///< likewise
    std::vector<std::optional<model::secure_component>> rows_; ///< likewise: the row of each
    cards_found known_;
    model::choice choice_;
};

} // namespace

conductor_actor spawn_enquiry(caf::actor_system& system, std::shared_ptr<const surroundings> around) {
    return system.spawn<enquiry>(std::move(around));
}

} // namespace tsms::actors
