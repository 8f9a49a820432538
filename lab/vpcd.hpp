#pragma once
// The simulated card in a virtual PC/SC reader: pcscd's driver "vpcd" of the vsmartcard project.

#include <stdexcept>
#include <string>

namespace tsms::lab {

class stored_card;

/// No reader to connect to. The text names cause and remedy.
class vpcd_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Connects to vpcd (by default 127.0.0.1, port 35963) and answers until the reader closes the connection. A card whose
/// faults take its power away or let it fall silent leaves the reader and comes back after a moment. Throws vpcd_error,
/// or card_error if the card's file cannot be written.
void serve_vpcd(stored_card& card, const std::string& host, const std::string& port);

} // namespace tsms::lab
