/* Messages of a fan-out, made and found again. */
#include "message.h"

static char *text(void) {
    static char made[SIZE_LIMIT];
    if (!made[0]) {
        for (int n = 0; n < options.size - 1; n++) made[n] = 'a' + n % 26;
        memcpy(made, "~!000 00000000 ", HEADER);
        made[options.size - 2] = '$';
    }
    return made;
}

static void put(char *to, int digits, unsigned value) {
    while (digits--) {
        to[digits] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

size_t make_message(char *out, unsigned publisher, unsigned number) {
    char *made = text();
    put(made + 2, 3, publisher);
    put(made + 6, 8, number);
    return wrap(out, made, options.size - 1);
}

static inline bool get(const char *from, int digits, unsigned *value) {
    *value = 0;
    while (digits--) {
        unsigned c = (unsigned char)*from++, digit = c - '0';
        if (digit > 9) {
            if (c - 'a' > 5) return false;
            digit = c - 'a' + 10;
        }
        *value = *value << 4 | digit;
    }
    return true;
}

bool next_message(const char **at, const char *end, struct message *message, uint64_t *changed) {
    const char *expected = text();
    const size_t length = options.size - 1;
    while (*at < end) {
        const char *mark = memchr(*at, '~', end - *at);
        *at = mark ? mark : end;
        if (!mark || (size_t)(end - mark) < length) return false;
        if (mark[1] != '!') {
            *at = mark + 1;
        } else if (get(mark + 2, 3, &message->publisher) && get(mark + 6, 8, &message->number) &&
                   memcmp(mark + HEADER, expected + HEADER, length - HEADER) == 0) {
            *at = mark + length;
            return true;
        } else {
            ++*changed;
            *at = mark + 2;
        }
    }
    return false;
}
