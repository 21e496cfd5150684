/* The C limit of the chat: one thread, one log of all lines, and a position in it for each client.
 *
 * fanout [--raw] [--listen ENDPOINT]
 *
 * A turn reads every ready client, appends the whole lines to the log, and then sends each client all that it lacks with
 * one call. Lines that arrive while a turn sends go out together in the next one. A client whose backlog exceeds 4 MiB is
 * closed. Each line has the time and the address of its sender before it, unless --raw is given. */
#include "serve.h"

enum { PIECE = 65536, LINE = 4096, BACKLOG = 4 << 20, LOG = 2 * BACKLOG + (2 << 20) };

struct client {
    int fd, index, waits, name_length;
    uint64_t position;
    char *start; /* an unfinished line */
    size_t start_length;
    char name[32];
    struct client *next_closed;
};

static struct client **clients, *closed;
static int count, capacity, epoll, raw;
static char bytes[LOG];
static uint64_t first, end; /* positions of the log's first byte and of its end */

static void drop(struct client *client) {
    close(client->fd);
    client->fd = -1;
    clients[client->index] = clients[--count];
    clients[client->index]->index = client->index;
    /* Later events of the same batch may still name it: main() frees it after the turn. */
    client->next_closed = closed;
    closed = client;
}

/* Makes room for `length` bytes: drops the clients that are too far behind, and forgets what all others have. */
static void make_room(size_t length) {
    if (end - first + length <= LOG) return;
    uint64_t lowest = end;
    for (int n = count - 1; n >= 0; n--) {
        if (end - clients[n]->position > BACKLOG) drop(clients[n]);
        else if (clients[n]->position < lowest) lowest = clients[n]->position;
    }
    memmove(bytes, bytes + (lowest - first), end - lowest);
    first = lowest;
}

static void append(const char *from, size_t length) {
    memcpy(bytes + (end - first), from, length);
    end += length;
}

static void publish(struct client *client, const char *line, size_t length) {
    if (client->start_length + length == 1) return;
    make_room(client->start_length + length + 96);
    if (!raw) {
        size_t size;
        const char *time = clock_text("%Y-%m-%d %H:%M:%S ", &size);
        append(time, size);
        append(client->name, client->name_length);
    }
    append(client->start, client->start_length);
    append(line, length);
    client->start_length = 0;
}

static void hear(struct client *client) {
    static char piece[PIECE];
    ssize_t got = recv(client->fd, piece, PIECE, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return drop(client);
    char *at = piece, *stop = piece + got, *feed;
    while ((feed = memchr(at, '\n', stop - at))) {
        publish(client, at, feed + 1 - at);
        if (client->fd < 0) return;
        at = feed + 1;
    }
    if (at == stop) return;
    if (client->start_length + (stop - at) > LINE) return drop(client);
    if (!client->start) client->start = malloc(LINE);
    memcpy(client->start + client->start_length, at, stop - at);
    client->start_length += stop - at;
}

static void deliver(struct client *client) {
    uint64_t lacks = end - client->position;
    if (lacks > BACKLOG) return drop(client);
    ssize_t sent = send(client->fd, bytes + (client->position - first), lacks, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return drop(client);
    if (sent > 0) client->position += sent;
    int waits = client->position < end;
    if (waits == client->waits) return;
    struct epoll_event event = {.events = waits ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = client};
    client->waits = waits;
    epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void admit(int listener) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int fd, on = 1;
    while ((fd = accept4(listener, (void *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct client *client = calloc(1, sizeof *client);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        char address[INET_ADDRSTRLEN] = "unix";
        int port = 0;
        if (peer.ss_family == AF_INET) {
            struct sockaddr_in *in = (void *)&peer;
            inet_ntop(AF_INET, &in->sin_addr, address, sizeof address);
            port = ntohs(in->sin_port);
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        client->fd = fd;
        client->position = end;
        client->name_length = snprintf(client->name, sizeof client->name, "%s:%d: ", address, port);
        if (count == capacity) clients = realloc(clients, (capacity = 2 * capacity + 256) * sizeof *clients);
        client->index = count;
        clients[count++] = client;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        length = sizeof peer;
    }
}

int main(int argc, char **argv) {
    const char *endpoint = "tcp://127.0.0.1:0";
    for (int n = 1; n < argc; n++) {
        if (strcmp(argv[n], "--raw") == 0) raw = 1;
        else if (strcmp(argv[n], "--listen") == 0 && n + 1 < argc) endpoint = argv[++n];
        else return fprintf(stderr, "unknown: %s\n", argv[n]), 2;
    }
    prepare();
    int listener = serve_on(endpoint);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ready[EVENTS], own = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &own);
    for (;;) {
        int found = epoll_wait(epoll, ready, EVENTS, -1), behind = 0;
        uint64_t before = end;
        for (int n = 0; n < found; n++) {
            struct client *client = ready[n].data.ptr;
            if (!client) {
                admit(listener);
                continue;
            }
            if (client->fd >= 0 && ready[n].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) hear(client);
            if (client->fd >= 0 && ready[n].events & EPOLLOUT && client->waits) deliver(client);
        }
        if (end != before) {
            /* Backwards, because drop() puts the last client into the gap. Clients that wait for room come with EPOLLOUT. */
            for (int n = count - 1; n >= 0; n--)
                if (!clients[n]->waits && clients[n]->position < end) deliver(clients[n]);
            for (int n = 0; n < count && !behind; n++) behind = clients[n]->waits;
            /* Nobody lacks anything: the log begins again at bytes that are in the cache. */
            if (!behind) first = end;
        }
        while (closed) {
            struct client *client = closed;
            closed = client->next_closed;
            free(client->start);
            free(client);
        }
    }
}
