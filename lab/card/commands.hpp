#pragma once
// The commands of a Security Domain, one function an INS, and what they work on. Internal to lab/card/.

#include "gp/apdu.hpp"
#include "lab/card/faults.hpp"
#include "lab/card/secure_channel.hpp"
#include "lab/card/state.hpp"
#include "lab/card/status_words.hpp"

#include <algorithm>

namespace tsms::lab {

/// A load in progress (GPCS 9.3): from INSTALL [for load] to the last LOAD.
struct pending_load {
    bytes load_file;
    bytes domain;
    bytes hash;
    std::size_t next_block = 0;
    bytes image;
};

/// STORE DATA blocks collected up to the last one.
struct pending_data {
    std::size_t next_block = 0;
    bytes data;
};

/// What GET STATUS or an access rule read has still to give.
struct pending_listing {
    bytes command; ///< P1 and search criteria it continues
    std::deque<bytes> entries;
};

/// What a query of access rules by STORE DATA has still to give (GPD_SPE_013 5.1).
struct pending_rules {
    bytes ara; ///< AID of the ARA-M or ARA-C that was asked
    bytes rest;
};

/// A logical channel. Nothing of it survives a reset.
struct logical_channel {
    bytes selected; ///< AID of the selected application
    std::optional<secure_channel> session;
    bytes session_holder; ///< AID of the SD whose key set opened the session
    std::uint8_t session_key_version = 0;
    std::optional<pending_load> load;
    bytes personalizing; ///< target of INSTALL [for personalization]; empty: the selected SD itself
    std::optional<pending_data> data;
    std::optional<pending_listing> listing;
    std::optional<pending_rules> rules;

    void end_session();
    bool authenticated() const { return session && session->level(); }
};

using logical_channels = std::vector<std::optional<logical_channel>>;

struct context {
    card_state& card;
    logical_channels& channels;
    logical_channel& channel;
    crypto::random_source& random;
    deviation otherwise;                ///< a fault (faults.hpp)
    const card_state* before = nullptr; ///< the card when the faults began, where one of them looks back

    const lab::personality& personality() const { return *card.personality; }
    lab::registry& registry() const { return card.registry; }
    /// The selected Security Domain.
    application& domain() const { return *card.registry.find_application(channel.selected); }
    /// True where the SD may manage content of other SDs in its hierarchy without a token.
    bool authorized() const { return domain().has(privilege::authorized_management); }
    /// Within the selected SD's hierarchy, or anywhere if it has the global privilege.
    bool in_reach(bytes_view domain_aid, std::uint32_t global_privilege) const;
    bool selected_anywhere(bytes_view aid) const;
};

using handler = gp::response_apdu (*)(context&, const gp::command_apdu&);

gp::response_apdu initialize_update(context&, const gp::command_apdu&);
gp::response_apdu external_authenticate(context&, const gp::command_apdu&);
gp::response_apdu install(context&, const gp::command_apdu&);
gp::response_apdu load(context&, const gp::command_apdu&);
gp::response_apdu delete_object(context&, const gp::command_apdu&);
gp::response_apdu get_status(context&, const gp::command_apdu&);
gp::response_apdu set_status(context&, const gp::command_apdu&);
gp::response_apdu get_data(context&, const gp::command_apdu&);
gp::response_apdu store_data(context&, const gp::command_apdu&);
gp::response_apdu put_key(context&, const gp::command_apdu&);

/// The answers of cards that only pretend to have done a command.
gp::response_apdu pretend_put_key(context&, const gp::command_apdu&);

/// SELECT by name and MANAGE CHANNEL, which the card's runtime answers before any application.
gp::response_apdu select(context&, const gp::command_apdu&);
gp::response_apdu manage_channel(context&, const gp::command_apdu&);
/// The application that is selected where nobody selected one (GPCS 6.4.1).
bytes default_selected(const registry& r);

/// True for the ARA-M and for instances of the ARA-C module.
bool keeps_access_rules(const application& a);
/// Commands to the selected ARA-M or ARA-C.
gp::response_apdu ara_command(context&, const gp::command_apdu&);
/// STORE DATA that was directed to the ARA-M or an ARA-C (GPD_SPE_013 5.1). Throws refused.
gp::response_apdu ara_store(context& c, const application& target, bytes_view data);
/// Its rules go with an ARA-C.
void ara_client_deleted(card_state& card, bytes_view aid);

/// PUT DATA and GET DATA of a selected application that keeps data; every other command is answered 9000.
gp::response_apdu kept_data_command(context&, const gp::command_apdu&);
/// STORE DATA that was directed to an application which keeps data. Throws refused.
void keep_personalization(application& target, bytes data);

/// The data fields of INSTALL: `count` length-prefixed values and nothing behind them. Throws refused (6A80).
std::vector<bytes_view> length_values(bytes_view data, std::size_t count);

inline bool is_aid(bytes_view aid) {
    return aid.size() >= 5 && aid.size() <= 16;
}
/// Adds a key set to a Security Domain or replaces the one of the same version.
void install_keys(const lab::personality& p, application& domain, key_set set);

inline bool same(bytes_view a, bytes_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}
/// Answer of commands that may carry a confirmation, of which there is none.
inline gp::response_apdu done() {
    return {{0x00}, sw::ok};
}

} // namespace tsms::lab
