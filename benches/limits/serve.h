/* Listening, the line that announces it, and a clock string made once a second: the part that both limits share. */
#ifndef SERVE_H
#define SERVE_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 512 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* Raises the limit of descriptors, and ignores SIGPIPE. */
static void prepare(void) {
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Returns a non-blocking socket that listens on tcp://A.B.C.D:PORT, unix:PATH, or is bound to udp://A.B.C.D:PORT, and
 * prints the endpoint with the real port. */
static int serve_on(const char *endpoint) {
    int udp = strncmp(endpoint, "udp://", 6) == 0, on = 1;
    if (strncmp(endpoint, "unix:", 5) == 0) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        snprintf(name.sun_path, sizeof name.sun_path, "%s", endpoint + 5);
        unlink(name.sun_path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (void *)&name, sizeof name) || listen(fd, 4096)) fail(endpoint);
        printf("listening on %s\n", endpoint);
        fflush(stdout);
        return fd;
    }
    char host[32];
    int port;
    if (sscanf(endpoint, udp ? "udp://%31[0-9.]:%d" : "tcp://%31[0-9.]:%d", host, &port) != 2) {
        fprintf(stderr, "bad endpoint: %s\n", endpoint);
        exit(2);
    }
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof name;
    inet_pton(AF_INET, host, &name.sin_addr);
    int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (void *)&name, sizeof name) || (!udp && listen(fd, 4096))) fail(endpoint);
    getsockname(fd, (void *)&name, &length);
    printf("listening on %s://%s:%d\n", udp ? "udp" : "tcp", host, ntohs(name.sin_port));
    fflush(stdout);
    return fd;
}

/* Returns the local time in `format`, formatted again when the second has changed. */
static const char *clock_text(const char *format, size_t *length) {
    static char text[64];
    static size_t size;
    static time_t shown = -1;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != shown) {
        struct tm parts;
        shown = now.tv_sec;
        localtime_r(&shown, &parts);
        size = strftime(text, sizeof text, format, &parts);
    }
    *length = size;
    return text;
}

#endif
