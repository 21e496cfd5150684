/* Dialects: the words that bring a client of each kind of server into the room, and those that publish a line there. */
#include "load.h"
#include <poll.h>

struct dialect {
    const char *name;
    enum echo_to sender;
    const char *before, *after; /* of a published text */
};

static const struct dialect DIALECTS[] = {
    {"line", ALL, "", "\n"},
    {"redis", NONE, NULL, "\r\n"},
    {"nats", NONE, NULL, "\r\n"},
    {"irc", OTHERS, "PRIVMSG #bench :", "\r\n"},
    {"mqtt", NONE, NULL, ""},
};
const struct dialect *dialect;

void choose_dialect(void) {
    for (size_t n = 0; n < sizeof DIALECTS / sizeof *DIALECTS; n++)
        if (strcmp(DIALECTS[n].name, options.dialect) == 0) dialect = &DIALECTS[n];
    if (!dialect) quit(2, "unknown dialect: %s", options.dialect);
    options.sender = dialect->sender;
}

size_t wrap(char *out, const char *text, size_t length) {
    size_t filled = 0;
    if (dialect->before) {
        filled = sprintf(out, "%s", dialect->before);
    } else if (dialect->name[0] == 'r') {
        filled = sprintf(out, "*3\r\n$7\r\nPUBLISH\r\n$5\r\nbench\r\n$%zu\r\n", length);
    } else if (dialect->name[0] == 'n') {
        filled = sprintf(out, "PUB bench %zu\r\n", length);
    } else { /* MQTT 3.1.1, section 3.3: PUBLISH with QoS 0, the remaining length by seven bits a byte, the topic */
        size_t remaining = 2 + 5 + length;
        out[filled++] = 0x30;
        do {
            out[filled++] = (remaining & 127) | (remaining > 127 ? 128 : 0);
            remaining >>= 7;
        } while (remaining);
        memcpy(out + filled, "\0\5bench", 7);
        filled += 7;
    }
    memcpy(out + filled, text, length);
    filled += length;
    memcpy(out + filled, dialect->after, strlen(dialect->after));
    return filled + strlen(dialect->after);
}

/* Writes the words of a step. Returns their length, 0 after the last step, and sets what ends the answer. */
static size_t step(int number, int id, bool receives, char *out, const char **answer, size_t *answer_length) {
    size_t length = 0;
    *answer_length = 0;
    switch (dialect->name[0]) {
    case 'r':
        if (number) return 0;
        *answer = receives ? ":1\r\n" : "+PONG\r\n";
        length = sprintf(out, receives ? "*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\nbench\r\n" : "PING\r\n");
        break;
    case 'n':
        if (number) return 0;
        *answer = "PONG\r\n";
        length = sprintf(out, "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"lang\":\"c\",\"version\":\"1\"}\r\n%sPING\r\n",
                         receives ? "SUB bench 1\r\n" : "");
        break;
    case 'i':
        if (number > 1) return 0;
        /* 376 ends the message of the day, and 422 says that there is none; 366 ends the names of a channel. */
        *answer = number ? " 366 " : " 376 | 422 ";
        length = number ? sprintf(out, "JOIN #bench\r\n") : sprintf(out, "NICK b%d\r\nUSER b%d 0 * :b\r\n", id, id);
        break;
    case 'm':
        if (number > receives) return 0;
        if (number) {
            *answer = "\x90\3\0\1\0";
            *answer_length = 5;
            memcpy(out, "\x82\12\0\1\0\5bench\0", length = 12);
        } else {
            char name[16];
            int size = sprintf(name, "b%d", id);
            *answer = "\x20\2\0\0";
            *answer_length = 4;
            memcpy(out, "\x10\0\0\4MQTT\4\2\0\0\0", 13);
            out[1] = 12 + size;
            out[13] = size;
            memcpy(out + 14, name, size);
            length = 14 + size;
        }
        break;
    }
    if (length && !*answer_length) *answer_length = strlen(*answer);
    return length;
}

static bool has(const char *text, size_t length, const char *answer, size_t size) {
    const char *other = size == 11 ? memchr(answer, '|', size) : NULL;
    if (other) return memmem(text, length, answer, 5) || memmem(text, length, other + 1, 5);
    return memmem(text, length, answer, size);
}

/* A server that checks its clients with PING before it admits them gets its PONG. */
static void pong(int fd, const char *text, size_t length) {
    const char *found = memmem(text, length, "PING ", 5), *end = text + length, *feed;
    char out[128];
    if (!found || !(feed = memchr(found, '\n', end - found)) || feed - found > 100) return;
    write_whole(fd, out, sprintf(out, "PONG %.*s\n", (int)(feed - found - 5), found + 5));
}

/* Connections whose opening words are under way at the same time. */
enum { TOGETHER = 200, ANSWER = 65536 };

void shake_hands(const int *fds, int count, int first_id, bool receives) {
    static char seen[TOGETHER][ANSWER];
    size_t length[TOGETHER];
    char out[256];
    const char *answer;
    size_t size, words;
    for (int begin = 0; begin < count; begin += TOGETHER) {
        int several = count - begin < TOGETHER ? count - begin : TOGETHER;
        for (int number = 0; step(number, 0, receives, out, &answer, &size); number++) {
            for (int n = 0; n < several; n++) {
                words = step(number, first_id + begin + n, receives, out, &answer, &size);
                length[n] = 0;
                write_whole(fds[begin + n], out, words);
            }
            for (int n = 0; n < several; n++) {
                int fd = fds[begin + n];
                while (!has(seen[n], length[n], answer, size)) {
                    struct pollfd one = {fd, POLLIN, 0};
                    if (poll(&one, 1, 20000) < 1) quit(1, "connection %d: no answer to its opening words", begin + n);
                    ssize_t got = recv(fd, seen[n] + length[n], ANSWER - length[n], 0);
                    if (got <= 0) quit(1, "connection %d: closed after %.*s", begin + n, (int)length[n], seen[n]);
                    if (dialect->name[0] == 'i') pong(fd, seen[n] + length[n], got);
                    length[n] += got;
                    if (length[n] < ANSWER) continue;
                    memcpy(seen[n], seen[n] + ANSWER - 1024, length[n] = 1024);
                }
            }
        }
    }
}
