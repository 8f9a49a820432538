#pragma once
// What a card takes in one form and refuses in another: keys with a length octet or bare, commands with extended or
// short length fields. The profile says what to begin with; a card that refuses it says so, and its row keeps what it
// took.

#include "process/work.hpp"

namespace tsms::process {

/// Did the card refuse the form of a command, of which it may take another one? Then this process goes on with that
/// one, once for each. The refusal has no R-MAC: whoever goes on looks at the card first.
bool takes_another_form(work& w, const gp::card_failure& failure);

/// The card has shown that it took the keys of a Service's domain in the form of this process.
void note_key_form(work& w);
/// It has shown that it took new keys of the TSM's domain in this form. Where it also took others, those count.
void note_rotation_form(work& w, gp::key_form form);
/// It has shown an installation, with short commands only if that is what it takes.
void note_command_length(work& w);

} // namespace tsms::process
