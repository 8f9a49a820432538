#pragma once
// What createServiceInstance, getServiceInstances and checkServiceDeploymentAvailable ask the handset's cards. Nothing
// on a card is changed, and nothing is authenticated towards it.

#include "gp/scp03.hpp"
#include "process/effect.hpp"

namespace tsms::process {

/// How a card is asked to prove itself by the keys of a domain of ours (AMB-239): SELECT of the domain, and an
/// INITIALIZE UPDATE for each of these versions. Always explicit ones: an unknown version answers 6A88 and costs no
/// attempt, also where SELECT has failed and the former application gets it.
struct proof_request {
    std::string aid;                        ///< hex, of the TSM's domain
    std::vector<std::uint8_t> key_versions; ///< may be empty: only whether the domain is there
    std::size_t challenge_octets = 8;       ///< 8 (S8) or 16 (S16)
};

struct card_to_read {
    std::string reader;
    std::optional<proof_request> proof = {}; ///< travels behind the reads, in the same order
};

/// A card that answered and then did not any more (AMB-240).
struct silence {
    model::error_category problem = model::error_category::none; ///< 6, 9, 10 or 11
    std::string details;
};

/// An answer to INITIALIZE UPDATE; whose keys it proves is still to be found out.
struct card_offer {
    std::string aid; ///< hex, of the domain that was asked
    bytes host_challenge;
    gp::initialize_update_response answer;
};

struct proof_answers {
    bool domain_answers = false; ///< SELECT was successful, says the phone
    bool other_length = false;   ///< the domain wants a challenge of its other mode
    std::vector<card_offer> offers;
};

/// What a card says of itself before anybody has authenticated: a claim (AMB-226).
struct card_facts {
    std::string reader;
    bool accessible = false;
    std::optional<silence> silent; ///< also where all reads were answered, and the proof was not
    model::error_category problem = model::error_category::none; ///< why it is not accessible: 6, 9, 10 or 11
    std::string isd_aid;                                         ///< hex, from tag 84 of the FCI
    std::string cplc; ///< hex, tag 9F7F without its header; empty if the card has none, or does not tell it now
    bool without_cplc = false;              ///< it says that it has none, or tells it to nobody before authentication
    std::string iin;                        ///< hex, tag 42
    std::string cin;                        ///< hex, tag 45
    std::string card_data;                  ///< hex, tag 66
    std::optional<int> highest_level;       ///< of the SCP03 options in it
    std::optional<std::size_t> free_memory; ///< non-volatile octets, tag FF21
    proof_answers proof;
};

/// Reads each card in turn, one order a card.
process<std::vector<card_facts>> read_cards(std::vector<card_to_read> cards);

/// A card that has been read, and the rows of cards that have proven themselves before under the same identity.
struct card_to_prove {
    std::string reader;
    proof_request asked; ///< that it was asked with its reads
    proof_answers answers;
    std::string expected_aid;   ///< of the TSM's domain, by the profile that the card's claims lead to
    bool update_counts = false; ///< card parameter initializeUpdateCounts
    std::vector<model::secure_component> rows;
};

struct card_proof {
    std::optional<std::size_t> row; ///< whose keys the card has
    std::optional<silence> silent;
};

/// Which of these rows' cards they are. Where the first question does not answer that, one more order asks, and whether
/// there is one follows from what the phone says, not from what we know: a stranger does not learn whose card we know
/// (DIV-059).
process<std::vector<card_proof>> prove_cards(std::vector<card_to_prove> cards);

} // namespace tsms::process
