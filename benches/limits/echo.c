/* The C limit of the timestamp service: one thread, one read and one write for each request.
 *
 * echo [--line] [--listen ENDPOINT]
 *
 * Each received piece (with --line: each line) is answered with `[TIME] ` and the same bytes. Datagrams are received and
 * sent in batches. */
#include "serve.h"

enum { PIECE = 65536, LINE = 4096, BATCH = 32, DATAGRAM = 2048, STAMP = 64, FILES = 65536 };

/* Bytes that a connection has not taken, or an unfinished line of it; indexed by descriptor. */
struct kept {
    char *bytes;
    size_t length;
};
static struct kept unsent[FILES], unfinished[FILES];
static int epoll, by_line;

static size_t stamp(char *to) {
    size_t length;
    const char *text = clock_text("[%a %b %e %H:%M:%S %Y] ", &length);
    memcpy(to, text, length);
    return length;
}

static void forget(struct kept *kept) {
    free(kept->bytes);
    *kept = (struct kept){0};
}

static void drop(int fd) {
    forget(&unsent[fd]);
    forget(&unfinished[fd]);
    close(fd);
}

static void keep(struct kept *kept, const char *bytes, size_t length) {
    kept->bytes = realloc(kept->bytes, kept->length + length);
    memcpy(kept->bytes + kept->length, bytes, length);
    kept->length += length;
}

static void watch(int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

static void answer(int fd, const char *bytes, size_t length) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return drop(fd);
    if (sent < 0) sent = 0;
    if ((size_t)sent == length) return;
    keep(&unsent[fd], bytes + sent, length - sent);
    watch(fd, EPOLLOUT);
}

static void flush(int fd) {
    struct kept *rest = &unsent[fd];
    ssize_t sent = send(fd, rest->bytes, rest->length, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) drop(fd);
        return;
    }
    memmove(rest->bytes, rest->bytes + sent, rest->length - sent);
    rest->length -= sent;
    if (rest->length) return;
    forget(rest);
    watch(fd, EPOLLIN);
}

static void answer_lines(int fd, const char *bytes, size_t length) {
    static char out[PIECE * STAMP];
    size_t filled = 0;
    const char *at = bytes, *end = bytes + length, *feed;
    struct kept *start = &unfinished[fd];
    while ((feed = memchr(at, '\n', end - at))) {
        filled += stamp(out + filled);
        if (start->length) {
            memcpy(out + filled, start->bytes, start->length);
            filled += start->length;
            forget(start);
        }
        memcpy(out + filled, at, feed + 1 - at);
        filled += feed + 1 - at;
        at = feed + 1;
    }
    if (start->length + (end - at) > LINE) return drop(fd);
    if (at < end) keep(start, at, end - at);
    if (filled) answer(fd, out, filled);
}

static void serve_stream(int fd) {
    static char buffer[STAMP + PIECE];
    size_t before = by_line ? 0 : stamp(buffer);
    ssize_t got = recv(fd, buffer + before, PIECE, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return drop(fd);
    if (by_line) answer_lines(fd, buffer, got);
    else answer(fd, buffer, before + got);
}

static void serve_datagrams(int fd) {
    static char bytes[BATCH][STAMP + DATAGRAM];
    static struct sockaddr_storage from[BATCH];
    struct mmsghdr message[BATCH];
    struct iovec part[BATCH];
    int got;
    do {
        for (int n = 0; n < BATCH; n++) {
            size_t before = stamp(bytes[n]);
            part[n] = (struct iovec){bytes[n] + before, DATAGRAM};
            message[n].msg_hdr = (struct msghdr){.msg_name = &from[n], .msg_namelen = sizeof from[n], .msg_iov = &part[n], .msg_iovlen = 1};
        }
        got = recvmmsg(fd, message, BATCH, MSG_DONTWAIT, NULL);
        for (int n = 0; n < got; n++) {
            size_t before = (char *)part[n].iov_base - bytes[n];
            part[n] = (struct iovec){bytes[n], before + message[n].msg_len};
        }
        if (got > 0) sendmmsg(fd, message, got, MSG_DONTWAIT);
    } while (got == BATCH);
}

int main(int count, char **words) {
    const char *endpoint = "tcp://127.0.0.1:0";
    for (int n = 1; n < count; n++) {
        if (strcmp(words[n], "--line") == 0) by_line = 1;
        else if (strcmp(words[n], "--listen") == 0 && n + 1 < count) endpoint = words[++n];
        else return fprintf(stderr, "unknown: %s\n", words[n]), 2;
    }
    prepare();
    int listener = serve_on(endpoint), udp = endpoint[0] == 'u' && endpoint[1] == 'd', on = 1;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ready[EVENTS], first = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &first);
    for (;;) {
        int found = epoll_wait(epoll, ready, EVENTS, -1);
        for (int n = 0; n < found; n++) {
            int fd = ready[n].data.fd, peer;
            if (fd == listener && udp) {
                serve_datagrams(fd);
            } else if (fd == listener) {
                while ((peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                    struct epoll_event event = {.events = EPOLLIN, .data.fd = peer};
                    if (peer >= FILES) { close(peer); continue; }
                    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    epoll_ctl(epoll, EPOLL_CTL_ADD, peer, &event);
                }
            } else if (unsent[fd].length) {
                flush(fd);
            } else {
                serve_stream(fd);
            }
        }
    }
}
