// The functions that look at the handset's cards and change nothing on them: checkServiceDeploymentAvailable,
// createServiceInstance, getServiceInstances (TR 4.2.5.1, 4.2.5.2, 4.2.5.7). One actor a call.

#include "actors/framework/card_reading.hpp"
#include "actors/framework/stranger.hpp"
#include "actors/framework/timely.hpp"

#include <caf/all.hpp>

namespace tsms::actors {

namespace {

class enquiry final : public conductor_actor::base {
public:
    enquiry(caf::actor_config& config, std::shared_ptr<const surroundings> around)
        : conductor_actor::base(config), around_(std::move(around)) {}

    const char* name() const override { return "enquiry"; }

    behavior_type make_behavior() override {
        return {
            [this](const begin_call& b) -> caf::result<call_begun> {
                begun_ = b;
                started_ = store::iso8601(store::clock::now());
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
        begun_.session = nullptr;
    }

private:
    const std::string& service_id() const {
        if (const auto* c = std::get_if<create_instance>(&begun_.request.what))
            return c->service_id;
        if (const auto* g = std::get_if<get_instances>(&begun_.request.what))
            return g->service_id;
        return std::get<check_deployment>(begun_.request.what).service_id;
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
        const auto& what = begun_.request.what;
        const auto* service = survey_.service ? &*survey_.service : nullptr;
        if (refusal)
            return finish(failure(refusal->category, refusal->details));
        if (const auto* c = std::get_if<create_instance>(&what))
            refusal = model::refuse_create(service, c->service_id, c->version);
        else if (const auto* d = std::get_if<check_deployment>(&what))
            refusal = model::refuse_check(service, d->service_id, d->version);
        if (refusal) // for getServiceInstances a deleted service may still have instances (AMB-068, AMB-144)
            return finish(failure(refusal->category, refusal->details));
        admission_.deliver(call_begun{std::nullopt});
        read_cards();
    }

    model::refusal unknown_service() const {
        return {model::error_category::invalid_request, "service ‘" + service_id() + "’ does not exist"};
    }

    void read_cards() {
        reading_ = std::make_unique<card_reading<enquiry>>(
            *this, begun_.session, begun_.request.cards, session_answers_within(around_->sessions),
            [this](cards_seen seen) { cards_are_read(std::move(seen)); });
        reading_->start();
    }

    void cards_are_read(cards_seen seen) {
        if (!seen.bug.empty()) {
            around_->log(severity::error, "reading the cards broke: " + seen.bug);
            return finish(failure(model::error_category::internal_error, "the secure components could not be read"));
        }
        if (seen.phone_lost)
            return finish(
                failure(model::error_category::execution_interrupted, "the connection to the handset was lost"));
        seen_ = std::move(seen.cards);
        find_cards wanted;
        wanted.service_id = service_id();
        wanted.cards = seen_;
        request(around_->store, actor_deadline, wanted)
            .then([this](cards_found& found) { decide(std::move(found)); }, fail_on_error());
    }

    void decide(cards_found found) {
        known_ = std::move(found);
        if (std::holds_alternative<get_instances>(begun_.request.what))
            std::erase_if(known_.instances,
                          [this](const model::service_instance& i) { // the service may be gone, its provider is not
                              const auto& owner = i.target.service_provider_id;
                              return model::refuse_caller(begun_.request.provider, owner,
                                                          known_.providers_with_apps.contains(owner), {})
                                  .has_value();
                          });
        for (std::size_t i = 0; i < seen_.size(); ++i)
            for (const auto& instance : known_.instances)
                seen_[i].has_service =
                    seen_[i].has_service || (known_.cards[i] && known_.cards[i]->id == instance.secure_component_id);
        const auto& what = begun_.request.what;
        if (std::holds_alternative<get_instances>(what))
            return list();
        for (const auto& card : seen_)
            if (card.accessible)
                name_remedy(card);
        if (const auto* c = std::get_if<check_deployment>(&what))
            return check(*c);
        create(std::get<create_instance>(what));
    }

    void list() {
        if (!survey_.service && known_.instances.empty())
            return finish(failure(model::error_category::invalid_request, unknown_service().details));
        model::get_service_instances_result r;
        for (const auto& instance : known_.instances) {
            auto view = view_of(instance);
            for (std::size_t i = 0; i < seen_.size(); ++i) // the reader's name of today
                if (known_.cards[i] && known_.cards[i]->id == instance.secure_component_id)
                    view.reader = seen_[i].reader;
            r.service_instances.push_back(std::move(view));
        }
        finish(r);
    }

    /// App and SPOS hear that the card is not eligible, the operator what can be done (DIV-056).
    void name_remedy(const model::seen_card& card) {
        if (const auto why = model::why_unknowable(card); !why.empty())
            around_->log(severity::warning, "reader ‘" + card.reader + "’, service " + service_id() + ": the card " +
                                                why +
                                                "; no service goes onto it. Its issuer can give it a CPLC with a "
                                                "serial number, or an IIN and CIN of its own");
    }

    void check(const check_deployment& c) {
        const auto choice = model::find_deployment(*survey_.service, c.version, seen_, survey_.profiles);
        if (!choice)
            return finish(model::service_deployment_available_result{});
        request(around_->catalog, catalog_deadline, find_target{c.service_id, choice->version_tag, choice->profile_id})
            .then(
                [this](const target_found& found) {
                    model::service_deployment_available_result r;
                    if (found.target) {
                        r.deployment_available = true;
                        r.version = found.target->version_tag;
                        r.new_technical = technical_information(*found.target, true);
                    }
                    finish(r);
                },
                fail_on_error());
    }

    void create(const create_instance& c) {
        const auto decision = model::choose_card(*survey_.service, c.version, seen_, survey_.profiles);
        for (const auto& reason : decision.reasons)
            around_->log(severity::info, "eligibility of service " + c.service_id + ": " + reason);
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
        if (known_.cards[choice_.card]) {
            row.card = *known_.cards[choice_.card];
        } else {
            row.card.id = around_->random->uuid();
            row.card.identity = model::identity_of(seen).value().text(); // else it was not eligible
        }
        if (model::rests_on_claims(row.card)) {
            take_claims(row.card, seen, known_.issuers);
            row.card.profile_id = choice_.profile_id;
            row.card.claimed = store::iso8601(store::clock::now());
        }
        const payer who{begun_.request.address, row.card.identity, !model::is_unproven(row.card)};
        if (const auto later = charge(*around_, who, cost_of_trace))
            return finish(failure(model::error_category::tsm_not_available, text_of(*later)));
        row.instance.id = around_->random->uuid();
        row.instance.secure_component_id = row.card.id;
        row.instance.reader = seen.reader;
        row.instance.atr = seen.atr;
        row.instance.target = std::move(target);
        row.instance.created = store::iso8601(store::clock::now());
        request(around_->store, actor_deadline, timely(*around_, row))
            .then(
                [this, view = view_of(row.instance)](const row_created& r) {
                    if (!r.created) // another call was faster (AMB-115)
                        return not_eligible({model::error_category::no_eligible_sc, "service is already deployed"});
                    around_->log(severity::info, "instance " + view.id + " created, reader ‘" + view.reader + "’");
                    finish(model::create_service_instance_result{view, {}});
                },
                fail_on_error());
    }

    /// AMB-140: the one failure without a process that the SPOS is told.
    void not_eligible(const model::refusal& refusal) {
        const auto& c = std::get<create_instance>(begun_.request.what);
        const bool told = refusal.category == model::error_category::no_eligible_sc && survey_.service->spos;
        // Nothing proves who asks: beyond the budget he alone is told (DIV-061).
        if (told && may_tell_of_failed_creation(*around_, begun_.request.address)) {
            model::process_result r;
            r.status = refusal.category;
            r.message = model::error_message(refusal.category, refusal.details);
            r.start_date = started_;
            r.end_date = store::iso8601(store::clock::now());
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
        return refused(begun_.request.what, model::failed_execution(category, details),
                       store::iso8601(store::clock::now()));
    }

    std::function<void(caf::error&)> fail_on_error() {
        return [this](caf::error& e) {
            around_->log(severity::error, "a call could not be answered: " + text_of(e));
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
    std::string started_;
    caf::typed_response_promise<call_begun> admission_;
    service_surveyed survey_;
    std::unique_ptr<card_reading<enquiry>> reading_;
    std::vector<model::seen_card> seen_; ///< in the order of the call's cards
    cards_found known_;
    model::choice choice_;
};

} // namespace

conductor_actor spawn_enquiry(caf::actor_system& system, std::shared_ptr<const surroundings> around) {
    return system.spawn<enquiry>(std::move(around));
}

} // namespace tsms::actors
