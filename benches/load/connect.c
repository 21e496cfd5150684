/* Connections to the server. */
#include "load.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/un.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

int open_connection(int receive_buffer, unsigned source, bool wait) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET};
    bool is_unix = strncmp(options.endpoint, "unix:", 5) == 0, is_udp = strncmp(options.endpoint, "udp://", 6) == 0;
    char host[32];
    int port, on = 1;
    if (is_unix) {
        snprintf(un.sun_path, sizeof un.sun_path, "%s", options.endpoint + 5);
    } else {
        if (sscanf(options.endpoint + 6, "%31[0-9.]:%d", host, &port) != 2 || inet_pton(AF_INET, host, &in.sin_addr) != 1)
            quit(2, "bad endpoint: %s", options.endpoint);
        in.sin_port = htons(port);
    }
    int fd = socket(is_unix ? AF_UNIX : AF_INET, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) quit(1, "socket: %s", strerror(errno));
    if (receive_buffer) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (!is_unix && !is_udp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (source) {
        struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u | source)};
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(fd, (void *)&from, sizeof from)) quit(1, "bind: %s", strerror(errno));
    }
    for (;;) {
        if (connect(fd, is_unix ? (void *)&un : (void *)&in, is_unix ? sizeof un : sizeof in) == 0) return fd;
        if (errno == EAGAIN) { /* a Unix socket with a full queue */
            usleep(1000);
            continue;
        }
        if (errno == EISCONN) return fd;
        if (errno != EINPROGRESS) quit(1, "connect: %s", strerror(errno));
        if (!wait) return fd;
        struct pollfd one = {fd, POLLOUT, 0};
        socklen_t length = sizeof errno;
        if (poll(&one, 1, 10000) < 1) quit(1, "connect: no answer within 10 s");
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &length);
        if (errno) quit(1, "connect: %s", strerror(errno));
        return fd;
    }
}

void write_whole(int fd, const char *bytes, size_t length) {
    while (length) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd one = {fd, POLLOUT, 0};
            if (poll(&one, 1, 10000) < 1) quit(3, "the server reads nothing for 10 s");
            continue;
        }
        if (sent < 0) quit(3, "the server closed a connection: %s", strerror(errno));
        bytes += sent;
        length -= sent;
    }
}

void add(int epoll, int fd, uint32_t events, uint64_t tag) {
    struct epoll_event event = {.events = events, .data.u64 = tag};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) quit(1, "epoll_ctl: %s", strerror(errno));
}
