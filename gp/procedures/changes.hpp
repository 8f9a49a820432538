#pragma once
// Changes of a card, each with its proof. A command that changes what a Service has on the card can only be added
// together with what the card must show afterwards (gp/procedures/expectation.hpp). So a status word alone never counts
// as an effect, and no procedure can forget a proof that another one has.
//
//     changes card(channel);
//     card.install(app);                         // INSTALL, and: the registry must list it
//     card.make_selectable(app);                 // INSTALL, and: its life cycle must say so
//     auto shown = co_await prove(std::move(card));   // one order; throws card_failure where something is not shown
//
// Proofs cost no exchange: registry listing, key information and access rules are read at the end of the same order,
// through the same channel. Behind them go the plain commands that end the channel: does the Service's own domain open
// with the keys that it was given, and can the application be selected?

#include "gp/procedures/expectation.hpp"
#include "gp/procedures/scripts.hpp"

namespace tsms::gp {

/// The security domain of a Service, below the TSM's own; or the TSM's, as its issuer creates it.
struct service_domain {
    bytes aid;
    privileges rights = privilege::security_domain;
    bytes package_aid; ///< of the card's SD package
    bytes module_aid;
    int privilege_octets = 3;
    bytes parameters; ///< content of C9: SCP option 81, acceptance rules 82 and 87
    std::uint8_t key_version = 0;
    int key_bits = 128;
    crypto::encrypted_keys keys; ///< under the static DEK of the TSM's domain
    gp::key_form key_form = gp::key_form::with_length;
};

struct load_file {
    bytes aid;
    bytes hash; ///< SHA-256 of the image
    bytes image;
};

struct application {
    instance_description instance;
    bool make_selectable = false; ///< in this procedure
};

/// What is asked at the very end with plain commands. An agent that does not let us ask, or a domain that wants a
/// challenge of the other length, proves nothing and is no failure.
struct plain_questions {
    std::optional<bytes> domain; ///< the Service's: does it have its keys?
    std::uint8_t key_version = 0;
    bytes host_challenge;
    std::vector<bytes> applications; ///< which the app shall be able to select
};

/// What the card has shown.
struct shown_contents : card_contents {
    /// The card had more to tell when the plain commands had ended the channel: this has to be shown in another one.
    std::optional<expectation> not_shown;
    /// What the Service's domain answered to INITIALIZE UPDATE with its key version: whoever has the keys checks the
    /// cryptogram. Nothing where it could not be asked.
    std::optional<initialize_update_response> domain_offer;
    std::optional<key_outcome> rotation; ///< what has become of new keys for the TSM's own domain
    script_answers scripts;              ///< of those that were run
    std::set<bytes> selected;            ///< of plain_questions::applications: the app could
    std::vector<std::string> remarks;    ///< for the operator: what could not be asked, or was refused, at the very end
};

class changes {
public:
    /// What of the registry is listed to prove them.
    enum class registry {
        of_domain, ///< everything that the channel's domain sees: the TSM's
        by_name,   ///< only what is expected: the ISD sees the whole card
    };
    /// Shares the channel.
    explicit changes(channel_ptr channel, registry listed = registry::of_domain);

    void mark(int percent, int operation) { card_.mark(percent, operation); }

    /// What is added from here on is part of this phase, its commands and its proofs; nothing: of none.
    void enter(std::optional<phase> next);

    // -- content of the card
    /// `repeated`: it may be there from an order before, which the registry shows.
    void create_domain(const service_domain& domain, bool repeated = false);
    /// Its keys, and the state PERSONALIZED without which it accepts no extradition. If the domain was not created, the
    /// keys reach the TSM's own domain: their version is disjoint from its own, so nothing is overwritten
    /// (gp/procedures, "the order to split at").
    void personalize_domain(const service_domain& domain, std::size_t block_size);
    /// The same in two orders, where nothing may reach another domain: the last command of the first one names the
    /// receiver, behind all proofs, and the second one begins with the keys.
    void name_receiver(const bytes& aid, step what = step::install_for_personalization) {
        receiver_ = {aid, what, phase_};
    }
    /// Some cards change the state with the first key set and refuse SET STATUS then: the registry shows it.
    void store_keys(const service_domain& domain, std::size_t block_size);
    void prepare_load(const load_file& file, const bytes& tsm_domain);
    /// Of the file that was prepared last.
    void load_block(command_apdu block);
    void install(const application& app);
    /// `repeated`: after a lost report some are selectable already and the card refuses (AMB-100, GPCS 11.5).
    void make_selectable(const application& app, bool repeated = false);
    void extradite_load_file(const bytes& aid, const bytes& domain);
    void extradite_application(const bytes& aid, const bytes& domain);
    /// AMB-224: with all applications in one command where the card can, else one by one; locking in reverse order
    /// (AMB-108). `instances` in order of instantiation.
    void set_lock(const bytes& domain, std::vector<bytes> instances, bool lock, bool with_applications);
    /// What is locked takes no extradition: a domain with all its applications, or one application.
    void unlock(const bytes& domain, const std::vector<bytes>& instances);
    void unlock_application(const bytes& aid);
    /// Where the card says that it has none, and only this name is listed, nothing has an R-MAC: everything is listed
    /// then.
    void remove_application(const bytes& aid);
    /// `doubtful`: a claim without proof says that it is not there. It is deleted all the same, and any refusal is
    /// accepted, because another's package may have the same AID: that the card got the command the listing proves.
    void remove_load_file(const bytes& aid, bool doubtful = false);

    // -- personalization scripts, which have no proof (gp/procedures/scripts.hpp)
    /// To the channel's domain, which alone can name it then; a card may refuse it as redundant. That it is there the
    /// naming shows.
    void take_application(const bytes& aid, const bytes& tsm_domain);
    void name_script_receiver(const bytes& aid) { scripts_.name_receiver(card_, aid); }
    void run_script(const application_script& script, bool named) { scripts_.store(card_, script, named); }

    // -- keys of the TSM's own domain
    void rotate_keys(const key_rotation& rotation);
    /// One that stays is told in the contents.
    void remove_keys(std::uint8_t version);

    // -- access rules in our ARA-C, or the issuer's in ARA-M (GPD_SPE_013 5.1)
    void write_rules(const access_client& client, std::size_t block_size);
    void remove_rules(const access_client& client, std::size_t block_size);
    /// At the card's ARA-M.
    void register_client(const access_client& master, const bytes& client, std::size_t block_size);

    // -- what is there already and has to be shown as well
    void expect_domain(const bytes& aid);
    void expect_load_file(const bytes& aid, const bytes& domain);
    void expect_application(const bytes& aid, const std::optional<bytes>& domain = std::nullopt);
    void expect_selectable(const bytes& aid);
    /// Where no phase says otherwise, whether something is locked is the finalization's (AMB-149).
    void expect_locked(const bytes& aid, bool locked);
    /// Of a Service that nobody has suspended: each application below its domain, none locked.
    void expect_usable(const std::vector<application>& applications, const bytes& domain);

    void ask_for_keys() { wanted_.keys = true; }                            ///< E0
    void ask_for_everything() { wanted_.keys = wanted_.everything = true; } ///< E0 and FF21
    void ask_at_the_end(plain_questions questions) { questions_ = std::move(questions); }
    /// Somebody else's commands behind this order end the channel: what the card has more to tell is not asked in it
    /// (shown_contents::not_shown).
    void close_channel() { closes_ = true; }

private:
    effect_of effect(step what) const { return {what, phase_}; }
    std::optional<phase> phase_of(std::size_t command) const;
    void give_keys(const service_domain& domain, std::size_t block_size, secured_batch::tolerance of_state);
    void change_rules(const access_client& client, std::size_t block_size, step what);
    /// Throws card_failure; one of a LOAD says of which load file.
    std::vector<response_apdu> accept(const batch_answer& answer);
    bool only_claims_absence(const std::vector<response_apdu>& answers) const;
    friend procedure<shown_contents> prove(changes what, std::size_t others);

    channel_ptr channel_;
    channel_batch card_;
    expectation wanted_;
    std::optional<phase> phase_;
    std::map<std::size_t, std::optional<phase>> phases_; ///< by the index of each one's first command
    std::optional<key_rotation> rotation_;
    std::optional<std::size_t> rotated_;
    std::optional<plain_questions> questions_;
    std::map<std::size_t, bytes> load_files_; ///< AIDs, by the index of each one's first LOAD
    std::optional<std::size_t> created_;      ///< a creation that may be refused
    std::vector<std::size_t> removals_;       ///< of applications
    struct receiver {
        bytes aid;
        step what;
        std::optional<phase> during;
    };
    std::optional<receiver> receiver_;
    sent_scripts scripts_;
    bool closes_ = false;
};

/// Sends everything in one order, and checks what the card shows of it. `others`: about how many applications the card
/// has beside those of the changes. Throws card_failure.
procedure<shown_contents> prove(changes what, std::size_t others = 0);

} // namespace tsms::gp
