/* Idle connections: the server's memory for each, and the time of one message to all of them. */
#include "message.h"

enum { ROUNDS = 5 };

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int idle(void) {
    static char buffer[BUFFER + SIZE_LIMIT], out[SIZE_LIMIT + 256];
    struct waiting {
        bool done;
        size_t kept;
        char *start;
    } *all = grow(NULL, options.connections * sizeof *all);
    int *fds = grow(NULL, options.connections * sizeof *fds), epoll = epoll_create1(EPOLL_CLOEXEC), speaker, missing = 0;
    bool chat = strcmp(options.kind, "chat") == 0;
    double took[ROUNDS];
    struct epoll_event ready[EVENTS];
    struct window window = {0};
    struct server empty = look();
    uint64_t begin = now();
    for (int n = 0; n < options.connections; n++) {
        fds[n] = open_connection(0, 0, true);
        add(epoll, fds[n], EPOLLIN, n);
        if (n % 64 < 63) continue;
        usleep(1000);
        /* Notices of those who come must not fill the sockets. */
        for (int found = epoll_wait(epoll, ready, EVENTS, 0); found > 0; found--)
            if (recv(fds[ready[found - 1].data.u64], buffer, BUFFER, 0) == 0) quit(1, "closed after %d connections", n);
    }
    double connecting = (now() - begin) / 1e9;
    if (chat) shake_hands(fds, options.connections, 0, true);
    speaker = fds[0];
    if (chat && options.sender == NONE) {
        speaker = open_connection(0, 0, true);
        shake_hands(&speaker, 1, options.connections, false);
    }
    settle();
    for (int found; (found = epoll_wait(epoll, ready, EVENTS, 200)) > 0;)
        while (found--)
            if (recv(fds[ready[found].data.u64], buffer, BUFFER, 0) == 0) quit(1, "a connection was closed while idle");
    settle();
    struct server quiet = look();
    begin_window(&window);
    for (unsigned round = 0; round < ROUNDS; round++) {
        int left = options.connections;
        for (int n = 0; n < options.connections; n++) {
            all[n].done = false;
            all[n].kept = 0;
        }
        if (chat && options.sender == OTHERS) {
            all[0].done = true;
            left--;
        }
        uint64_t start = now();
        if (chat) write_whole(speaker, out, make_message(out, 1, round));
        else
            for (int n = 0; n < options.connections; n++) write_whole(fds[n], out, make_request(out, n, round));
        while (left && now() - start < 10000000000u) {
            int found = epoll_wait(epoll, ready, EVENTS, 100);
            for (int n = 0; n < found; n++) {
                unsigned index = ready[n].data.u64;
                struct waiting *one = &all[index];
                if (one->kept) memcpy(buffer, one->start, one->kept);
                ssize_t got = recv(fds[index], buffer + one->kept, BUFFER, 0);
                if (got < 0 && errno == EAGAIN) continue;
                if (got <= 0) quit(3, "connection %u was closed", index);
                const char *at = buffer, *end = buffer + one->kept + got;
                struct message message;
                uint64_t changed = 0;
                bool there = false;
                if (chat) {
                    while (next_message(&at, end, &message, &changed)) there |= message.number == round;
                } else {
                    there = end[-1] == '\n' && is_answer(buffer, end - at, index, round);
                }
                if (changed) quit(3, "connection %u got another message", index);
                left -= there && !one->done;
                one->done |= there;
                one->kept = there ? 0 : end - at;
                if (!one->kept) continue;
                one->start = grow(one->start, SIZE_LIMIT);
                if (one->kept > SIZE_LIMIT) quit(3, "connection %u got %zu bytes that are no message", index, one->kept);
                memcpy(one->start, at, one->kept);
            }
        }
        missing += left;
        took[round] = (now() - start) / 1e6;
    }
    end_window(&window);
    settle();
    struct server used = look();
    double first = took[0];
    qsort(took, ROUNDS, sizeof *took, compare);
    printf("{\"mode\":\"idle\",\"ok\":%s,\"missing\":%d,\"connections\":%d,\"connecting_s\":%.3f,\"empty_kib\":%ld,\"idle_kib\":%ld", missing ? "false" : "true",
           missing, options.connections, connecting, empty.rss, quiet.rss);
    printf(",\"bytes\":%.1f,\"bytes_used\":%.1f,\"first_ms\":%.2f,\"median_ms\":%.2f,\"max_ms\":%.2f", (quiet.rss - empty.rss) * 1024.0 / options.connections,
           (used.rss - empty.rss) * 1024.0 / options.connections, first, took[ROUNDS / 2], took[ROUNDS - 1]);
    print_window(&window, (double)options.connections * ROUNDS);
    puts("}");
    return missing ? 3 : 0;
}
