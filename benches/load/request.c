/* Echo, datagrams, and connections that come and go: requests that are answered with their own bytes. */
#include "load.h"

static const char HEX[] = "0123456789abcdef";

static void put_hex(char *to, int digits, uint64_t value) {
    while (digits--) {
        to[digits] = HEX[value & 15];
        value >>= 4;
    }
}

/* Writes the text of a request, without prefix and line end: numbers that are its own, and filler. */
static size_t make_text(char *out, unsigned connection, uint64_t number) {
    size_t length = options.size - 1;
    put_hex(out, 6, connection);
    out[6] = '-';
    put_hex(out + 7, 12, number);
    for (size_t n = 19; n < length; n++) out[n] = 'a' + n % 26;
    return length;
}

size_t make_request(char *out, unsigned connection, uint64_t number) {
    size_t before = strlen(options.prefix), length;
    memcpy(out, options.prefix, before);
    length = before + make_text(out + before, connection, number);
    if (options.crlf) out[length++] = '\r';
    out[length++] = '\n';
    return length;
}

/* Returns true if the line, which may have more before it, ends with the text of the request. */
bool is_answer(const char *line, size_t length, unsigned connection, uint64_t number) {
    char head[19];
    size_t text = options.size - 1;
    if (length && line[length - 1] == '\n') length--;
    if (length && options.crlf && line[length - 1] == '\r') length--;
    if (length < text) return false;
    line += length - text;
    put_hex(head, 6, connection);
    head[6] = '-';
    put_hex(head + 7, 12, number);
    if (memcmp(line, head, sizeof head)) return false;
    for (size_t n = sizeof head; n < text; n++)
        if (line[n] != (char)('a' + n % 26)) return false;
    return true;
}

struct connection {
    int fd, answered, newlines; /* answers of the batch so far, and line feeds of the current answer */
    uint64_t number, sent;      /* first request of the batch, time of its write */
    size_t kept;
    char *start; /* an unfinished line */
};

static void send_batch(struct connection *connection, unsigned index) {
    static char out[256 * (SIZE_LIMIT + 256)];
    size_t length = 0;
    for (int n = 0; n < options.pipeline; n++) length += make_request(out + length, index, connection->number + n);
    connection->answered = connection->newlines = 0;
    connection->sent = now();
    write_whole(connection->fd, out, length);
}

/* Takes received bytes. Returns the number of answers that they end, or -1 for a wrong one. */
static int take(struct connection *connection, unsigned index, char *bytes, size_t length) {
    char *at = bytes, *end = bytes + length, *feed;
    int answers = 0;
    while ((feed = memchr(at, '\n', end - at))) {
        if (++connection->newlines == options.newlines) {
            connection->newlines = 0;
            if (connection->answered == options.pipeline) return -1;
            if (!is_answer(at, feed + 1 - at, index, connection->number + connection->answered)) return -1;
            connection->answered++;
            answers++;
        }
        at = feed + 1;
    }
    connection->kept = end - at;
    if (connection->kept) {
        if (connection->kept > 2 * SIZE_LIMIT) return -1;
        connection->start = grow(connection->start, 2 * SIZE_LIMIT);
        memmove(connection->start, at, connection->kept);
    }
    return answers;
}

int echo(void) {
    static char buffer[BUFFER + 2 * SIZE_LIMIT];
    static struct histogram latency;
    struct connection *all = grow(NULL, options.connections * sizeof *all);
    struct epoll_event ready[EVENTS];
    struct window window = {0};
    int epoll = epoll_create1(EPOLL_CLOEXEC), wrong = 0, closed = 0, waiting = options.connections;
    uint64_t requests = 0, total = 0;
    for (int n = 0; n < options.connections; n++) {
        all[n].fd = open_connection(0, 0, true);
        add(epoll, all[n].fd, EPOLLIN, n);
    }
    settle();
    for (int n = 0; n < options.connections; n++) send_batch(&all[n], n);
    uint64_t measured = now() + options.warmup * 1e9, stop = UINT64_MAX, last = now();
    bool over = false;
    while (!over || waiting) {
        int found = epoll_wait(epoll, ready, EVENTS, 100);
        uint64_t time = now();
        if (!window.begin && time >= measured) {
            begin_window(&window);
            memset(&latency, 0, sizeof latency);
            requests = 0;
            stop = window.begin + options.seconds * 1e9;
        }
        if (!over && (time >= stop || (window.begin && requests >= (uint64_t)options.messages))) {
            end_window(&window);
            over = true;
        }
        if (found) last = time;
        else if (time - last > 3000000000u) break;
        for (int n = 0; n < found; n++) {
            unsigned index = ready[n].data.u64;
            struct connection *connection = &all[index];
            size_t kept = connection->kept;
            if (kept) memcpy(buffer, connection->start, kept);
            ssize_t got = recv(connection->fd, buffer + kept, BUFFER, 0);
            if (got < 0 && errno == EAGAIN) continue;
            int answers = got <= 0 ? -1 : take(connection, index, buffer, kept + got);
            if (answers < 0) {
                if (got <= 0) closed++;
                else wrong++;
                close(connection->fd);
                waiting--;
                continue;
            }
            total += answers;
            if (!over) requests += answers;
            if (connection->answered < options.pipeline) continue;
            record(&latency, now() - connection->sent);
            connection->number += options.pipeline;
            if (over) waiting--;
            else send_batch(connection, index);
        }
        if (wrong || closed) break;
    }
    if (!window.end) end_window(&window);
    bool right = !wrong && !closed && !waiting;
    printf("{\"mode\":\"echo\",\"ok\":%s,\"wrong\":%d,\"closed\":%d,\"unanswered\":%d,\"operations\":%lu,\"total\":%lu", right ? "true" : "false",
           wrong, closed, waiting, requests, total);
    print_window(&window, requests);
    print_latency("latency_us", &latency);
    puts("}");
    return right ? 0 : 3;
}

enum { LOST_AFTER = 250000000 };

int udp(void) {
    static char buffer[65536], out[SIZE_LIMIT + 256];
    static struct histogram latency;
    struct place { uint64_t number, sent; } *all = grow(NULL, (size_t)options.connections * options.window * sizeof *all);
    int *fds = grow(NULL, options.connections * sizeof *fds), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ready[EVENTS];
    struct window window = {0};
    uint64_t answers = 0, lost = 0, late = 0, wrong = 0, places = (uint64_t)options.connections * options.window;
    /* A datagram's number is its place plus a multiple of the window. */
    for (int n = 0; n < options.connections; n++) {
        fds[n] = open_connection(0, 0, true);
        add(epoll, fds[n], EPOLLIN, n);
        for (int k = 0; k < options.window; k++) {
            struct place *place = &all[(size_t)n * options.window + k];
            size_t length = make_request(out, n, place->number = k);
            place->sent = now();
            send(fds[n], out, length, 0);
        }
    }
    uint64_t measured = now() + options.warmup * 1e9, stop = UINT64_MAX, swept = now();
    for (;;) {
        int found = epoll_wait(epoll, ready, EVENTS, 50);
        uint64_t time = now();
        if (!window.begin && time >= measured) {
            begin_window(&window);
            memset(&latency, 0, sizeof latency);
            answers = lost = late = 0;
            stop = window.begin + options.seconds * 1e9;
        }
        if (time >= stop || wrong) break;
        for (int n = 0; n < found; n++) {
            unsigned index = ready[n].data.u64;
            for (int k = 0; k < options.window; k++) {
                ssize_t got = recv(fds[index], buffer, sizeof buffer, 0);
                if (got < 0) break;
                uint64_t number = 0;
                char *text = buffer + got - options.size - (options.crlf ? 1 : 0);
                if (text >= buffer && got > 19) number = strtoull(text + 7, NULL, 16);
                struct place *place = &all[(size_t)index * options.window + number % options.window];
                if (!is_answer(buffer, got, index, number)) {
                    wrong++;
                } else if (number != place->number) {
                    late++;
                } else {
                    time = now();
                    record(&latency, time - place->sent);
                    answers++;
                    size_t length = make_request(out, index, place->number += options.window);
                    place->sent = time;
                    send(fds[index], out, length, 0);
                }
            }
        }
        if (time - swept < 50000000) continue;
        swept = time;
        for (uint64_t n = 0; n < places; n++) {
            if (time < all[n].sent + LOST_AFTER) continue;
            unsigned index = n / options.window;
            lost++;
            size_t length = make_request(out, index, all[n].number += options.window);
            all[n].sent = time;
            send(fds[index], out, length, 0);
        }
    }
    if (!window.begin) begin_window(&window);
    end_window(&window);
    bool right = !wrong && answers;
    printf("{\"mode\":\"udp\",\"ok\":%s,\"wrong\":%lu,\"late\":%lu,\"lost\":%lu,\"lost_percent\":%.3f,\"operations\":%lu", right ? "true" : "false",
           wrong, late, lost, 100.0 * lost / (answers + lost + 1e-9), answers);
    print_window(&window, answers);
    print_latency("latency_us", &latency);
    puts("}");
    return right ? 0 : 3;
}

/* Connections from one source address before the next one is taken: the closed ones keep their ports for a minute. */
enum { CYCLES_OF_A_SOURCE = 8000 };

int churn(void) {
    static char out[SIZE_LIMIT + 256];
    static struct histogram latency;
    struct slot {
        int fd;
        bool sent;
        uint64_t number, begin;
        size_t got;
        char *bytes;
    } *all = grow(NULL, options.connections * sizeof *all);
    struct epoll_event ready[EVENTS];
    struct window window = {0};
    int epoll = epoll_create1(EPOLL_CLOEXEC), failed = 0;
    bool inet = strncmp(options.endpoint, "tcp://127.", 10) == 0;
    uint64_t number = 0, cycles = 0, measured = now() + options.warmup * 1e9, stop = UINT64_MAX;
    unsigned run = (unsigned)getpid() % 200 + 1;
    for (int n = 0; n < options.connections; n++) all[n] = (struct slot){.fd = -1, .bytes = grow(NULL, 2 * SIZE_LIMIT)};
    while (!failed) {
        for (int n = 0; n < options.connections; n++) {
            if (all[n].fd >= 0) continue;
            unsigned source = inet ? run << 16 | (number / CYCLES_OF_A_SOURCE % 60000 + 2) : 0;
            all[n] = (struct slot){.number = number++, .begin = now(), .bytes = all[n].bytes};
            all[n].fd = open_connection(0, source, false);
            add(epoll, all[n].fd, EPOLLOUT, n);
        }
        int found = epoll_wait(epoll, ready, EVENTS, 3000);
        uint64_t time = now();
        if (!window.begin && time >= measured) {
            begin_window(&window);
            memset(&latency, 0, sizeof latency);
            cycles = 0;
            stop = window.begin + options.seconds * 1e9;
        }
        if (time >= stop) break;
        if (!found) failed++;
        for (int n = 0; n < found; n++) {
            struct slot *slot = &all[ready[n].data.u64];
            if (!slot->sent) {
                struct epoll_event event = {.events = EPOLLIN, .data = ready[n].data};
                slot->sent = true;
                write_whole(slot->fd, out, make_request(out, ready[n].data.u64, slot->number));
                epoll_ctl(epoll, EPOLL_CTL_MOD, slot->fd, &event);
                continue;
            }
            ssize_t got = recv(slot->fd, slot->bytes + slot->got, 2 * SIZE_LIMIT - slot->got, 0);
            int feeds = 0;
            if (got > 0) slot->got += got;
            for (size_t k = 0; k < slot->got; k++) feeds += slot->bytes[k] == '\n';
            if (got > 0 && feeds < options.newlines) continue;
            if (got <= 0 || !is_answer(slot->bytes, slot->got, ready[n].data.u64, slot->number)) {
                failed++;
                continue;
            }
            close(slot->fd);
            slot->fd = -1;
            cycles++;
            record(&latency, now() - slot->begin);
        }
    }
    if (!window.begin) begin_window(&window);
    end_window(&window);
    printf("{\"mode\":\"churn\",\"ok\":%s,\"failed\":%d,\"operations\":%lu", failed ? "false" : "true", failed, cycles);
    print_window(&window, cycles);
    print_latency("latency_us", &latency);
    puts("}");
    return failed ? 3 : 0;
}
