/* Fan-out: publishers say lines, and each receiver gets all of them, once, and in one order.
 *
 * A message counts as complete when the last connection that should get it has it. A publisher has `--window` messages
 * under way, so the state of a message fits a ring of that size. Where everybody gets everything, each connection's n-th
 * message is compared with the n-th message of all; elsewhere the numbers of each publisher have to follow one another.
 * The first fault ends the run. */
#include "message.h"

struct state {
    uint64_t sent; /* ns */
    unsigned got;
};

struct publisher {
    int fd;
    unsigned next, under_way, expected;
    struct state *ring;
    char *out; /* bytes that the socket has not taken */
    size_t out_length;
};

struct client {
    int fd;
    bool reads, welcome, closed;
    uint64_t position;
    size_t kept;
    char *start; /* an unfinished message */
};

static struct client *clients;
static struct publisher *publishers;
static unsigned *next_numbers; /* of each client and publisher */
static struct message *order;  /* a ring of `places` messages, in the order in which anybody got them first */
static uint64_t places, newest;
static int total, epoll;

static struct {
    uint64_t deliveries, completed, reads, changed, disordered, closed, last_complete, longest_pause;
} counts;
static struct histogram delivery, complete;

static void send_messages(struct publisher *publisher, unsigned index) {
    while (publisher->under_way < (unsigned)options.window) {
        publisher->ring[publisher->next % options.window] = (struct state){.sent = now()};
        publisher->out_length += make_message(publisher->out + publisher->out_length, index, publisher->next++);
        publisher->under_way++;
    }
}

static void flush(struct publisher *publisher) {
    if (!publisher->out_length) return;
    ssize_t sent = send(publisher->fd, publisher->out, publisher->out_length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) counts.closed++;
    if (sent <= 0) return;
    publisher->out_length -= sent;
    memmove(publisher->out, publisher->out + sent, publisher->out_length);
}

static bool in_order(int index, struct message message) {
    struct client *client = &clients[index];
    if (options.sender == ALL) {
        if (client->position == newest) order[newest++ % places] = message;
        struct message *expected = &order[client->position++ % places];
        return expected->publisher == message.publisher && expected->number == message.number;
    }
    return next_numbers[(size_t)index * options.publishers + message.publisher]++ == message.number;
}

/* All receivers have a message at `time`, or the run ends there. */
static void end_pause(uint64_t time) {
    if (time - counts.last_complete > counts.longest_pause) counts.longest_pause = time - counts.last_complete;
    counts.last_complete = time;
}

static void take_message(int index, struct message message, uint64_t time) {
    if (message.publisher == HELLO) {
        clients[index].welcome = true;
        return;
    }
    if (message.publisher >= (unsigned)options.publishers || !in_order(index, message)) {
        counts.disordered++;
        return;
    }
    struct publisher *publisher = &publishers[message.publisher];
    struct state *state = &publisher->ring[message.number % options.window];
    if (message.number >= publisher->next || publisher->next - message.number > (unsigned)options.window || state->got == publisher->expected) {
        counts.disordered++;
        return;
    }
    counts.deliveries++;
    record(&delivery, time - state->sent);
    if (++state->got < publisher->expected) return;
    record(&complete, time - state->sent);
    counts.completed++;
    publisher->under_way--;
    end_pause(time);
}

/* Reads once. Returns the number of bytes, 0 at the end. */
static ssize_t hear(int index) {
    static char buffer[BUFFER + SIZE_LIMIT];
    struct client *client = &clients[index];
    if (client->kept) memcpy(buffer, client->start, client->kept);
    ssize_t got = recv(client->fd, buffer + client->kept, BUFFER, 0);
    if (got < 0 && errno == EAGAIN) return -1;
    if (got <= 0) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, client->fd, NULL);
        client->closed = true;
        counts.closed += client->reads;
        return 0;
    }
    const char *at = buffer, *end = buffer + client->kept + got;
    struct message message;
    uint64_t time = now(), before = counts.deliveries;
    while (next_message(&at, end, &message, &counts.changed)) take_message(index, message, time);
    counts.reads += counts.deliveries != before;
    client->kept = end - at;
    if (client->kept) {
        client->start = grow(client->start, SIZE_LIMIT);
        memcpy(client->start, at, client->kept);
    }
    return got;
}

/* Connects everybody, and sends messages until each of them has got one. */
static void gather(void) {
    struct epoll_event ready[EVENTS];
    int *fds = grow(NULL, total * sizeof *fds), strangers = 0;
    for (int n = 0; n < total; n++) {
        clients[n] = (struct client){.fd = open_connection(n < options.stalled ? 4096 : 0, 0, true), .reads = true};
        fds[n] = clients[n].fd;
        if (n % 64 == 63) usleep(1000);
    }
    shake_hands(fds, options.receivers, 0, true);
    shake_hands(fds + options.receivers, options.publishers, options.receivers, options.sender == OTHERS);
    for (int n = 0; n < total; n++) {
        add(epoll, fds[n], EPOLLIN, n);
        clients[n].welcome = n >= options.receivers && (options.sender == NONE || (options.sender == OTHERS && n == options.receivers));
        strangers += !clients[n].welcome;
    }
    char hello[SIZE_LIMIT + 256];
    uint64_t begin = now(), next = 0, quiet = 0;
    for (unsigned number = 0; strangers || now() < quiet;) {
        if (strangers && now() >= next) {
            write_whole(fds[options.receivers], hello, make_message(hello, HELLO, number++));
            next = now() + 500000000;
        }
        if (now() - begin > 30000000000u) quit(1, "%d of %d connections get no message", strangers, total);
        int found = epoll_wait(epoll, ready, EVENTS, 20);
        for (int n = 0; n < found; n++) {
            bool knew = clients[ready[n].data.u64].welcome;
            if (hear(ready[n].data.u64) == 0) quit(1, "connection %d: closed before the start", (int)ready[n].data.u64);
            strangers -= !knew && clients[ready[n].data.u64].welcome;
        }
        /* The rest of the first messages, and notices of those who came. */
        if (found || strangers) quiet = now() + 100000000;
    }
    free(fds);
}

/* Reads the connections that had stopped, until nothing has come for a second. Returns the number of messages. */
static uint64_t catch_up(bool *closed) {
    static char buffer[BUFFER + SIZE_LIMIT];
    uint64_t found = 0, changed = 0;
    for (int n = 0; n < options.stalled; n++) {
        size_t kept = 0;
        uint64_t last = now();
        while (now() - last < 1000000000u) {
            ssize_t got = recv(clients[n].fd, buffer + kept, BUFFER, 0);
            if (got == 0 || (got < 0 && errno != EAGAIN)) {
                *closed = true;
                break;
            }
            if (got < 0) {
                usleep(1000);
                continue;
            }
            struct message message;
            const char *at = buffer, *end = buffer + kept + got;
            while (next_message(&at, end, &message, &changed)) found += message.publisher != HELLO;
            kept = end - at;
            memmove(buffer, at, kept);
            last = now();
        }
    }
    return found;
}

int fanout(void) {
    struct epoll_event ready[EVENTS];
    struct window window = {0};
    total = options.receivers + options.publishers;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    clients = grow(NULL, total * sizeof *clients);
    publishers = grow(NULL, options.publishers * sizeof *publishers);
    next_numbers = grow(NULL, (size_t)total * options.publishers * sizeof *next_numbers);
    places = 2 * (uint64_t)options.publishers * options.window + 2;
    order = grow(NULL, places * sizeof *order);
    gather();
    settle();
    struct server empty = look();
    for (int n = 0; n < options.stalled; n++) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, clients[n].fd, NULL);
        clients[n].reads = false;
    }
    unsigned expected = options.receivers - options.stalled + (options.sender == ALL ? options.publishers : options.sender == OTHERS ? options.publishers - 1 : 0);
    for (int n = 0; n < options.publishers; n++) {
        publishers[n] = (struct publisher){.fd = clients[options.receivers + n].fd, .expected = expected};
        publishers[n].ring = grow(NULL, options.window * sizeof *publishers[n].ring);
        publishers[n].out = grow(NULL, (size_t)options.window * (options.size + 64));
    }
    memset(&counts, 0, sizeof counts);
    uint64_t begin = now(), stop = UINT64_MAX, last = begin, probed = begin, dropped_after = 0;
    uint64_t measured = begin + options.warmup * 1e9, deliveries = 0, completed = 0, reads = 0;
    uint64_t all_completed = 0, waiting = 0, patience = options.stalled ? 12000000000u : 3000000000u;
    long most = empty.rss;
    int open = descriptors();
    bool over = false;
    counts.last_complete = begin;
    for (;;) {
        uint64_t time = now();
        if (!window.begin && time >= measured) {
            begin_window(&window);
            memset(&delivery, 0, sizeof delivery);
            memset(&complete, 0, sizeof complete);
            all_completed += counts.completed;
            counts.deliveries = counts.completed = counts.reads = counts.longest_pause = 0;
            stop = window.begin + options.seconds * 1e9;
        }
        if (window.begin && !over && (time >= stop || counts.completed >= (uint64_t)options.messages)) {
            end_window(&window);
            deliveries = counts.deliveries;
            completed = counts.completed;
            reads = counts.reads;
            over = true;
        }
        waiting = 0;
        bool unsent = false;
        for (int n = 0; n < options.publishers; n++) {
            if (!over) send_messages(&publishers[n], n);
            flush(&publishers[n]);
            waiting += publishers[n].under_way;
            unsent |= publishers[n].out_length;
        }
        if ((over && !waiting) || counts.changed || counts.disordered || counts.closed || time - last > patience) break;
        int found = epoll_wait(epoll, ready, EVENTS, unsent ? 1 : 50);
        for (int n = 0; n < found; n++) {
            int index = ready[n].data.u64;
            if (hear(index) > 0) last = now();
        }
        if (options.stalled && time - probed > 20000000) {
            long rss = look().rss;
            if (rss > most) most = rss;
            /* The end of a closed connection waits behind the unread bytes, so the server's descriptors show it. */
            if (!dropped_after && descriptors() < open) dropped_after = all_completed + counts.completed;
            probed = time;
        }
    }
    if (!window.begin) begin_window(&window);
    if (!window.end) end_window(&window);
    if (waiting) end_pause(now());
    all_completed += counts.completed;
    bool right = !waiting && !counts.changed && !counts.disordered && !counts.closed && deliveries;
    printf("{\"mode\":\"fanout\",\"ok\":%s,\"missing\":%lu,\"changed\":%lu,\"disordered\":%lu,\"closed\":%lu,\"operations\":%lu,\"messages\":%lu",
           right ? "true" : "false", waiting, counts.changed, counts.disordered, counts.closed, deliveries, completed);
    printf(",\"total\":%lu,\"per_read\":%.2f,\"longest_pause_ms\":%.2f", all_completed * expected, reads ? (double)deliveries / reads : 0.0,
           counts.longest_pause / 1e6);
    print_window(&window, deliveries);
    print_latency("latency_us", &delivery);
    print_latency("complete_us", &complete);
    if (options.stalled) {
        bool closed = false;
        uint64_t found = catch_up(&closed);
        printf(",\"stalled\":{\"closed\":%s,\"closed_after_bytes\":%lu,\"got\":%lu,\"skipped\":%lu,\"sent_bytes\":%lu,\"grew_kib\":%ld}",
               closed ? "true" : "false", dropped_after * options.size, found, all_completed > found ? all_completed - found : 0,
               all_completed * options.size, most - empty.rss);
    }
    puts("}");
    return right ? 0 : 3;
}
