/* Messages of a fan-out: `~!PPP SSSSSSSS `, publisher and number in hexadecimal, filler, and `$`. They are found inside
 * the framing of every dialect. */
#ifndef MESSAGE_H
#define MESSAGE_H
#include "load.h"

enum { HEADER = 15, HELLO = 0xfff };

struct message {
    unsigned publisher, number;
};
size_t make_message(char *out, unsigned publisher, unsigned number); /* wrapped as the dialect has it */
/* Returns the next whole message from *at on and moves *at behind it; NULL at the end, with *at where more is needed. */
bool next_message(const char **at, const char *end, struct message *message, uint64_t *changed);
#endif
