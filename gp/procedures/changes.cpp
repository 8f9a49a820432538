#include "gp/procedures/changes.hpp"

#include "gp/procedures/open_channel.hpp"
#include "gp/status_words.hpp"
#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

constexpr auto any = secured_batch::tolerance::any;

std::string hex_of(std::uint16_t sw) {
    const std::uint8_t octets[] = {static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)};
    return to_hex(octets);
}

} // namespace

changes::changes(channel_ptr channel, registry listed) : channel_(channel), card_(std::move(channel)) {
    wanted_.by_name = listed == registry::by_name;
}

void changes::enter(std::optional<phase> next) {
    phase_ = next;
    phases_[card_.size()] = next;
}

std::optional<phase> changes::phase_of(std::size_t command) const {
    const auto after = phases_.upper_bound(command);
    return after == phases_.begin() ? std::nullopt : std::prev(after)->second;
}

// -- content of the card

/// GPCS 11.5.2.3.2: an instance of the card's SD package. The TSM's domain has Authorized Management, a Service's has
/// not.
void changes::create_domain(const service_domain& domain, bool repeated) {
    instance_description instance;
    instance.load_file_aid = domain.package_aid;
    instance.module_aid = domain.module_aid;
    instance.instance_aid = domain.aid;
    instance.rights = domain.rights;
    instance.privilege_octets = domain.privilege_octets;
    instance.parameters = encode_tlv(0xC9, domain.parameters);
    const auto at = card_.add(step::install_security_domain, install_and_make_selectable(instance),
                              repeated ? any : secured_batch::tolerance::table);
    if (repeated)
        created_ = at;
    auto& wanted = wanted_.applications[domain.aid];
    wanted.effect = effect(step::install_security_domain);
    wanted.is_domain = true;
    wanted.has = domain.rights;
    wanted.never_has = (privilege::authorized_management | privilege::delegated_management) & ~domain.rights;
}

void changes::personalize_domain(const service_domain& domain, std::size_t block_size) {
    card_.add(step::install_for_personalization, install_for_personalization(domain.aid));
    give_keys(domain, block_size, secured_batch::tolerance::table);
}

void changes::store_keys(const service_domain& domain, std::size_t block_size) {
    give_keys(domain, block_size, any);
}

void changes::give_keys(const service_domain& domain, std::size_t block_size, secured_batch::tolerance of_state) {
    const auto keys = key_dgis(domain.key_version, domain.key_bits, domain.keys, domain.key_form);
    card_.add_all(step::store_data,
                  store_data(keys, block_size, store_data_format::encrypted | store_data_format::dgi));
    card_.add(step::set_status, set_status(status_type::application, life_cycle::personalized, domain.aid), of_state);
    expect_domain(domain.aid);
}

void changes::prepare_load(const load_file& file, const bytes& tsm_domain) {
    card_.add(step::install_for_load, install_for_load(file.aid, tsm_domain, file.hash));
    auto& wanted = wanted_.load_files[file.aid] = {}; // one of this AID may have gone before
    wanted.effect = effect(step::load);
    load_files_[card_.size()] = file.aid;
}

void changes::load_block(command_apdu block) {
    card_.add(step::load, std::move(block));
}

void changes::install(const application& app) {
    card_.add(step::install_for_install, install_for_install(app.instance));
    auto& wanted = wanted_.applications[app.instance.instance_aid] = {}; // as in prepare_load
    wanted.effect = effect(step::install_for_install);
    wanted.load_file = app.instance.load_file_aid;
    wanted.has = app.instance.rights;
}

void changes::make_selectable(const application& app, bool repeated) {
    const auto& instance = app.instance;
    card_.add(step::make_selectable,
              install_for_make_selectable(instance.instance_aid, instance.rights, instance.privilege_octets),
              repeated ? any : secured_batch::tolerance::table);
    expect_selectable(instance.instance_aid);
}

void changes::extradite_load_file(const bytes& aid, const bytes& domain) {
    card_.add(step::extradite, install_for_extradition(domain, aid));
    auto& wanted = wanted_.load_files[aid];
    wanted.extradition = effect(step::extradite);
    wanted.below = domain;
}

void changes::extradite_application(const bytes& aid, const bytes& domain) {
    card_.add(step::extradite, install_for_extradition(domain, aid));
    auto& wanted = wanted_.applications[aid];
    wanted.extradition = effect(step::extradite);
    wanted.below = domain;
}

void changes::take_application(const bytes& aid, const bytes& tsm_domain) {
    card_.add(step::extradite, install_for_extradition(tsm_domain, aid), any);
}

void changes::set_lock(const bytes& domain, std::vector<bytes> instances, bool lock, bool with_applications) {
    const std::uint8_t state = lock ? life_cycle::locked : 0x00;
    for (const auto& aid : instances)
        expect_locked(aid, lock);
    if (with_applications) {
        card_.add(step::lock, set_status(status_type::domain_with_applications, state, domain));
        return;
    }
    if (lock)
        std::reverse(instances.begin(), instances.end());
    for (const auto& aid : instances)
        card_.add(step::lock, set_status(status_type::application, state, aid));
}

void changes::unlock(const bytes& domain, const std::vector<bytes>& instances) {
    card_.add(step::unlock, set_status(status_type::domain_with_applications, 0x00, domain));
    for (const auto& aid : instances)
        expect_locked(aid, false);
}

void changes::unlock_application(const bytes& aid) {
    card_.add(step::unlock, set_status(status_type::application, 0x00, aid));
    expect_locked(aid, false);
}

void changes::remove_application(const bytes& aid) {
    removals_.push_back(card_.add(step::delete_object, delete_object(aid)));
    auto& wanted = wanted_.applications[aid];
    wanted.effect = effect(step::delete_object);
    wanted.absent = true;
}

void changes::remove_load_file(const bytes& aid, bool doubtful) {
    card_.add(step::delete_object, delete_object(aid, true), doubtful ? any : secured_batch::tolerance::table);
    if (doubtful)
        return;
    auto& wanted = wanted_.load_files[aid];
    wanted.effect = effect(step::delete_object);
    wanted.absent = true;
}

// -- keys of the TSM's own domain

void changes::rotate_keys(const key_rotation& rotation) {
    rotated_ = put_new_keys(card_, rotation);
    rotation_ = rotation;
    ask_for_keys();
}

void changes::remove_keys(std::uint8_t version) {
    card_.add(step::delete_key, delete_keys(version), any);
    ask_for_keys();
}

// -- access rules

/// Each rule names its receiver again: the last block of a STORE DATA chain ends a personalization (GPCS 7.3.3).
void changes::change_rules(const access_client& client, std::size_t block_size, step what) {
    const bool stores = what == step::access_rule;
    wanted_.rules_during = phase_;
    for (const auto& rule : client.rules) {
        if (stores) // it takes the place of another one
            std::erase_if(wanted_.rules, [&](const wanted_rule& before) {
                return !before.second && before.first.aid == rule.aid && before.first.app_hash == rule.app_hash;
            });
        card_.add(step::install_for_personalization, install_for_personalization(client.instance.instance_aid));
        card_.add_all(what, stores ? store_rule(rule, block_size) : delete_rule(rule, block_size));
        wanted_.rules.emplace_back(rule, stores);
    }
    if (client.read_back && !client.remove && !client.rules.empty())
        wanted_.client = client.instance.instance_aid;
}

/// Whether the card has our ARA-C the listing proves; an INSTALL too many is refused and changes nothing.
void changes::write_rules(const access_client& client, std::size_t block_size) {
    if (client.install)
        card_.add(step::install_for_install, install_and_make_selectable(client.instance), any);
    if (!client.of_card)
        wanted_.applications[client.instance.instance_aid].effect = effect(step::access_rule);
    change_rules(client, block_size, step::access_rule);
}

void changes::remove_rules(const access_client& client, std::size_t block_size) {
    change_rules(client, block_size, step::access_rule_removal);
    if (client.remove)
        remove_application(client.instance.instance_aid);
}

void changes::register_client(const access_client& master, const bytes& client, std::size_t block_size) {
    card_.add(step::install_for_personalization, install_for_personalization(master.instance.instance_aid));
    card_.add_all(step::access_rule, gp::register_client(client, block_size));
    if (!master.read_back)
        return;
    wanted_.master = master.instance.instance_aid;
    wanted_.registered.push_back(client);
}

// -- what has to be shown

void changes::expect_domain(const bytes& aid) {
    auto& wanted = wanted_.applications[aid];
    if (wanted.effect.what == step::get_status)
        wanted.effect = effect(step::install_security_domain);
    wanted.is_domain = true;
    wanted.personalized = true;
}

void changes::expect_load_file(const bytes& aid, const bytes& domain) {
    wanted_.load_files[aid].below = domain;
}

void changes::expect_application(const bytes& aid, const std::optional<bytes>& domain) {
    auto& wanted = wanted_.applications[aid];
    if (domain)
        wanted.below = domain;
}

void changes::expect_selectable(const bytes& aid) {
    auto& wanted = wanted_.applications[aid];
    if (wanted.effect.what == step::get_status)
        wanted.effect = effect(step::make_selectable);
    wanted.selection = effect(step::make_selectable);
    wanted.selectable = true;
}

void changes::expect_locked(const bytes& aid, bool locked) {
    auto& wanted = wanted_.applications[aid];
    wanted.locking = {step::lock, phase_.value_or(phase::finalize)};
    if (wanted.effect.what == step::get_status)
        wanted.effect = wanted.locking;
    wanted.locked = locked;
}

void changes::expect_usable(const std::vector<application>& applications, const bytes& domain) {
    expect_domain(domain);
    for (const auto& app : applications) {
        expect_application(app.instance.instance_aid, domain);
        expect_locked(app.instance.instance_aid, false);
    }
}

namespace {

/// The plain commands at the end. What nobody can ask is no failure: the agent ends an order at a SELECT that the
/// phone's access control refuses (gp/procedures, hazard 3).
class last_questions {
public:
    explicit last_questions(const plain_questions& what) : what_(what) {
        if (what.domain)
            domain_.emplace(orders_, *what.domain, what.key_version, what.host_challenge);
        for (const auto& aid : what.applications)
            selects_.push_back(orders_.add_plain(step::select, select(aid), any));
    }

    batch take() { return orders_.take(); }
    std::size_t size() const { return orders_.size(); }

    void read(shown_contents& shown, const batch_answer& answer) const {
        if (what_.domain)
            read_domain(shown, answer);
        for (std::size_t k = 0; k < selects_.size(); ++k)
            read_selection(shown, answer, selects_[k], what_.applications[k]);
    }

private:
    static std::optional<std::uint16_t> status_of(const batch_answer& answer, std::size_t index) {
        if (index >= answer.responses.size())
            return std::nullopt;
        if (answer.responses[index].empty()) // SELECT without FCI (hazard 4)
            return 0x9000;
        const auto response = parse_response(answer.responses[index]);
        return response ? std::optional(response->sw) : std::nullopt;
    }

    void read_domain(shown_contents& shown, const batch_answer& answer) const {
        const auto name = "security domain " + to_hex(*what_.domain);
        const auto selected = status_of(answer, 0);
        const bool answered = answer.responses.size() >= 2 && !answer.responses[1].empty(); // hazard 4
        if (!selected || !is_success_or_warning(*selected) || !answered) {
            shown.remarks.push_back(name + " could not be asked for its keys" +
                                    (selected ? ": SELECT, status word " + hex_of(*selected) : ""));
            return;
        }
        const auto response = parse_response(answer.responses[1]);
        if (!response)
            throw card_failure(card_failure::kind::malformed, step::initialize_update, 9,
                               "the answer of " + name + " is malformed");
        if (response->sw == wrong_length) {
            shown.remarks.push_back(name + " takes a host challenge of another length than the TSM's domain");
            return;
        }
        if (response->sw != 0x9000)
            throw status_failure(step::initialize_update, response->sw);
        shown.domain_offer = parse_offer(response->data);
    }

    static initialize_update_response parse_offer(bytes_view data) {
        try {
            return parse_initialize_update(data, missing_counter::taken_as_random);
        } catch (const scp03_error& error) {
            throw channel_failure(step::initialize_update, error);
        }
    }

    void read_selection(shown_contents& shown, const batch_answer& answer, std::size_t at, const bytes& aid) const {
        const auto sw = status_of(answer, at);
        if (sw && is_success_or_warning(*sw)) {
            shown.selected.insert(aid);
            return;
        }
        shown.remarks.push_back("the app could not select application " + to_hex(aid) +
                                (sw ? ": status word " + hex_of(*sw) : ""));
    }

    const plain_questions& what_;
    secured_batch orders_;
    std::optional<channel_request> domain_;
    std::vector<std::size_t> selects_;
};

procedure<void> name_receiver_again(channel_ptr channel, step what, bytes aid) {
    channel_batch card(channel);
    card.add(what, install_for_personalization(aid));
    card.accept(co_await card.take());
}

} // namespace

std::vector<response_apdu> changes::accept(const batch_answer& answer) {
    try {
        return card_.accept(answer);
    } catch (const card_failure& thrown) {
        auto failure = scripts_.in_words(thrown);
        failure.during = phase_of(failure.index);
        if (const auto next = load_files_.upper_bound(failure.index);
            failure.what == step::load && next != load_files_.begin())
            failure.object = std::prev(next)->second;
        throw failure;
    }
}

/// A success of DELETE has an R-MAC. "Not found" has none, and a listing by name that ends with 6A88 has none either:
/// whoever carries the answers can make both of any card.
bool changes::only_claims_absence(const std::vector<response_apdu>& answers) const {
    return wanted_.by_name &&
           std::ranges::any_of(removals_, [&](auto index) { return !is_success_or_warning(answers[index].sw); });
}

procedure<shown_contents> prove(changes what, std::size_t others) {
    what.enter(std::nullopt); // a proof carries the phase of what it proves
    const auto at = ask(what.card_, what.wanted_, others);
    std::optional<std::size_t> named;
    if (what.receiver_)
        named = what.card_.add(what.receiver_->what, install_for_personalization(what.receiver_->aid), any);
    const auto questions = what.questions_.value_or(plain_questions{});
    last_questions last(questions);
    const auto count = what.card_.size();
    auto order = what.card_.take();
    order.append(last.take());
    const auto sent = co_await std::move(order);
    const bool too_many = sent.responses.size() > count + last.size(); // nobody knows whose they are
    auto answers = what.accept(too_many ? sent : part_of(sent, 0, count));
    const auto status_at = [&](const std::optional<std::size_t>& index) {
        return index ? answers[*index].sw : std::uint16_t{0x9000};
    };
    const auto creation = status_at(what.created_), naming = status_at(named);

    shown_contents shown;
    shown.scripts = what.scripts_.answers(answers);
    if (what.rotated_)
        shown.rotation =
            outcome_of(answers[*what.rotated_], *what.rotation_, key_versions(answers[at.registry.keys.value()]));
    const bool complete = is_complete(at, answers);
    const bool claimed = what.only_claims_absence(answers);
    if (claimed)
        what.wanted_.by_name = false;
    if ((what.closes_ || last.size() != 0) && (!complete || claimed)) {
        shown.not_shown = std::move(what.wanted_);
    } else if (claimed) {
        static_cast<card_contents&>(shown) = co_await show_again(what.channel_, what.wanted_);
    } else {
        try {
            static_cast<card_contents&>(shown) = co_await show(what.channel_, what.wanted_, at, std::move(answers));
        } catch (const card_failure& failure) {
            if (failure.what != step::install_security_domain || creation == 0x9000)
                throw;
            throw status_failure(step::install_security_domain, creation, *what.created_); // why it is not there
        }
    }
    if (naming != 0x9000) {
        auto failure = status_failure(what.receiver_->what, naming, *named);
        failure.during = what.receiver_->during;
        throw failure;
    }
    if (named && !complete) // what was asked behind it has made the card forget it
        co_await name_receiver_again(what.channel_, what.receiver_->what, what.receiver_->aid);
    last.read(shown, part_of(sent, count, last.size()));
    co_return shown;
}

} // namespace tsms::gp
