/* The load generator of the benchmarks: one thread, epoll(7), one JSON object on standard output. */
#include "load.h"
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>

static const char HELP[] =
    "usage: load MODE ENDPOINT [OPTION VALUE]...\n"
    "\n"
    "Modes, and the options that each one reads:\n"
    "  echo    each connection sends lines and waits for the answers   --connections --pipeline --messages\n"
    "  udp     the same with datagrams                                 --connections --window\n"
    "  churn   connect, one request, close                             --connections (at a time)\n"
    "  fanout  publishers send lines to all receivers                  --receivers --publishers --window --messages --stalled\n"
    "  idle    connections that say nothing, then one message to all   --connections --kind chat|echo\n"
    "\n"
    "ENDPOINT is tcp://IPV4:PORT, udp://IPV4:PORT or unix:PATH. Options of all modes:\n"
    "  --pid N         the server, whose processor time and memory are measured\n"
    "  --cpu N         the core of this program\n"
    "  --size N        bytes of a message, with its line feed (64)\n"
    "  --seconds X     length of the measured time (1)\n"
    "  --warmup X      seconds before it (0.3)\n"
    "  --messages N    ends the measured time after so many messages\n"
    "  --dialect NAME  line, redis, nats, irc or mqtt (line)\n"
    "  --sender WHO    all, others or none: gets a publisher's own lines (as the dialect has it)\n"
    "  --prefix TEXT   text before each request;  --crlf 1: CR LF ends it;  --newlines N: line feeds of an answer (1)\n"
    "\n"
    "Exit status: 0 measured and checked, 1 could not measure, 2 usage, 3 the server broke a promise.\n";

struct options options = {
    .dialect = "line", .kind = "chat", .prefix = "", .cpu = -1, .connections = 64, .size = 64, .pipeline = 1, .window = 1,
    .receivers = 100, .publishers = 1, .newlines = 1, .messages = INT64_MAX, .seconds = 1, .warmup = 0.3, .sender = ALL,
};

void quit(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(code);
}

void *grow(void *memory, size_t bytes) {
    void *found = memory ? realloc(memory, bytes) : calloc(1, bytes);
    if (!found) quit(1, "out of memory");
    return found;
}

static int *number_option(const char *name) {
    static const struct { const char *name; int *value; } all[] = {
        {"--pid", &options.pid}, {"--cpu", &options.cpu}, {"--connections", &options.connections}, {"--size", &options.size},
        {"--pipeline", &options.pipeline}, {"--window", &options.window}, {"--receivers", &options.receivers},
        {"--publishers", &options.publishers}, {"--stalled", &options.stalled}, {"--newlines", &options.newlines},
        {"--crlf", &options.crlf},
    };
    for (size_t n = 0; n < sizeof all / sizeof *all; n++)
        if (strcmp(all[n].name, name) == 0) return all[n].value;
    return NULL;
}

static double number(const char *name, const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || value < 0) quit(2, "%s: not a number: %s", name, text);
    return value;
}

int main(int count, char **words) {
    const char *sender = NULL;
    if (count == 2 && strcmp(words[1], "--help") == 0) return fputs(HELP, stdout), 0;
    if (count < 3 || count % 2 == 0) return fputs(HELP, stderr), 2;
    options.mode = words[1];
    options.endpoint = words[2];
    for (int n = 3; n + 1 < count; n += 2) {
        const char *name = words[n], *value = words[n + 1];
        int *known = number_option(name);
        if (known) *known = number(name, value);
        else if (!strcmp(name, "--seconds")) options.seconds = number(name, value);
        else if (!strcmp(name, "--warmup")) options.warmup = number(name, value);
        else if (!strcmp(name, "--messages")) options.messages = number(name, value);
        else if (!strcmp(name, "--dialect")) options.dialect = value;
        else if (!strcmp(name, "--kind")) options.kind = value;
        else if (!strcmp(name, "--prefix")) options.prefix = value;
        else if (!strcmp(name, "--sender")) sender = value;
        else quit(2, "unknown option: %s", name);
    }
    if (options.size < 40 || options.size > SIZE_LIMIT) quit(2, "--size: 40 to %d", SIZE_LIMIT);
    if (options.connections < 1 || options.pipeline < 1 || options.window < 1 || options.publishers < 1 || options.receivers < 1)
        quit(2, "a count is zero");
    if (options.publishers > 4000 || options.window > 4096 || options.pipeline > 256) quit(2, "a count is too large");
    choose_dialect();
    if (sender) options.sender = !strcmp(sender, "all") ? ALL : !strcmp(sender, "others") ? OTHERS : NONE;
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (options.cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(options.cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set)) quit(1, "no core %d: %s", options.cpu, strerror(errno));
    }
    if (!strcmp(options.mode, "echo")) return echo();
    if (!strcmp(options.mode, "udp")) return udp();
    if (!strcmp(options.mode, "churn")) return churn();
    if (!strcmp(options.mode, "fanout")) return fanout();
    if (!strcmp(options.mode, "idle")) return idle();
    quit(2, "unknown mode: %s", options.mode);
}
