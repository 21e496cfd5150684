/* The load generator: options, clocks, histograms, the measured server, connections, dialects. */
#ifndef LOAD_H
#define LOAD_H
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024, BUFFER = 1 << 18, SIZE_LIMIT = 1 << 15 };

/* Receivers of a message besides the subscribers: everybody, everybody but the sender, nobody. */
enum echo_to { ALL, OTHERS, NONE };

struct options {
    const char *mode, *endpoint, *dialect, *kind, *prefix;
    int pid, cpu, connections, size, pipeline, window, receivers, publishers, stalled, newlines, crlf;
    long messages;
    double seconds, warmup;
    enum echo_to sender;
};
extern struct options options;

/* main.c */
_Noreturn void quit(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *grow(void *memory, size_t bytes); /* realloc that ends the program on failure, and clears new memory of NULL */

/* measure.c */
struct histogram {
    uint64_t count, cells[64][64];
};
struct server {
    double cpu; /* seconds, user and system */
    long rss;   /* KiB */
};
struct window {
    uint64_t begin, end; /* ns */
    struct server before, after;
    double own_cpu;
};
uint64_t now(void);
void record(struct histogram *histogram, uint64_t ns);
double percentile(const struct histogram *histogram, double share); /* in µs */
struct server look(void);
int descriptors(void); /* open ones of the server, 0 if they cannot be read */
void settle(void); /* waits until the server uses no processor time, for at most 5 s */
void begin_window(struct window *window);
void end_window(struct window *window);
void print_window(const struct window *window, double operations);
void print_latency(const char *name, const struct histogram *histogram);

/* connect.c */
int open_connection(int receive_buffer, unsigned source, bool wait); /* source: 0, or the last three bytes of 127.x.y.z */
void write_whole(int fd, const char *bytes, size_t length);
void add(int epoll, int fd, uint32_t events, uint64_t tag);

/* dialect.c */
extern const struct dialect *dialect;
void choose_dialect(void);
void shake_hands(const int *fds, int count, int first_id, bool receives);
size_t wrap(char *out, const char *text, size_t length); /* what publishes `text` */

/* request.c: lines that are answered */
size_t make_request(char *out, unsigned connection, uint64_t number);
bool is_answer(const char *line, size_t length, unsigned connection, uint64_t number);

int echo(void);
int udp(void);
int churn(void);
int fanout(void);
int idle(void);

#endif
