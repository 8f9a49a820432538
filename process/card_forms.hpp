#pragma once
// What a card takes in one form and refuses in another: keys with a length octet or bare, commands with extended or
// short length fields. The profile says what to begin with, and a card that refuses it says so. Its row keeps the form
// of keys that it took, which it has proven. That it takes no long commands is never proven, so each process finds out.

#include "process/work.hpp"

namespace tsms::process {

/// Did the card refuse the form of a command, of which it may take another one? Then this process goes on with that
/// one. It changes the form of keys once and the length of commands once. The refusal has no R-MAC: whoever goes on
/// looks at the card first.
bool takes_another_form(work& w, const gp::card_failure& failure);

/// The card has shown that it took the keys of a Service's domain in the form of this process.
void note_key_form(work& w);
/// It has shown that it took new keys of the TSM's domain in this form. Keys of a Service's domain say more, because
/// the profile is right for them: what is known from these is kept.
void note_rotation_form(work& w, gp::key_form form);
} // namespace tsms::process
