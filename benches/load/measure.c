/* Clocks, latency distributions, and the processor time and memory of the server. */
#include "load.h"
#include <dirent.h>
#include <sys/resource.h>
#include <time.h>

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* Row 0 counts single nanoseconds up to 63. Each other row has 64 cells between two powers of two, so a cell is at most
 * 1.6 % wide. */
void record(struct histogram *histogram, uint64_t ns) {
    int row = ns < 64 ? 0 : 58 - __builtin_clzll(ns);
    int cell = row ? (ns >> (row - 1)) & 63 : ns;
    histogram->cells[row][cell]++;
    histogram->count++;
}

double percentile(const struct histogram *histogram, double share) {
    uint64_t wanted = share * histogram->count, seen = 0;
    for (int row = 0; row < 59; row++)
        for (int cell = 0; cell < 64; cell++) {
            seen += histogram->cells[row][cell];
            if (seen > wanted) return (row ? (64.5 + cell) * (1ull << (row - 1)) : cell) / 1e3;
        }
    return 0;
}

struct server look(void) {
    struct server server = {0};
    char path[64], text[1024];
    unsigned long user, system;
    long pages;
    if (!options.pid) return server;
    snprintf(path, sizeof path, "/proc/%d/stat", options.pid);
    FILE *file = fopen(path, "r");
    if (!file) quit(1, "the server has ended");
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    /* The name in parentheses may have spaces. Fields 14 and 15 are utime and stime, 24 is rss. */
    char *fields = strrchr(text, ')');
    if (!fields || sscanf(fields + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
                          &user, &system, &pages) != 3)
        quit(1, "%s: not understood", path);
    server.cpu = (double)(user + system) / sysconf(_SC_CLK_TCK);
    server.rss = pages * (sysconf(_SC_PAGESIZE) / 1024);
    return server;
}

int descriptors(void) {
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", options.pid);
    DIR *all = options.pid ? opendir(path) : NULL;
    if (!all) return 0;
    while (readdir(all)) count++;
    closedir(all);
    return count;
}

void settle(void) {
    double last = -1;
    for (int n = 0; n < 50 && options.pid; n++) {
        double cpu = look().cpu;
        if (cpu == last) return;
        last = cpu;
        usleep(100000);
    }
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void begin_window(struct window *window) {
    window->before = look();
    window->own_cpu = own_cpu();
    window->begin = now();
}

void end_window(struct window *window) {
    window->end = now();
    window->own_cpu = own_cpu() - window->own_cpu;
    window->after = look();
}

void print_window(const struct window *window, double operations) {
    double seconds = (window->end - window->begin) / 1e9, cpu = window->after.cpu - window->before.cpu;
    printf(",\"seconds\":%.4f,\"rate\":%.1f,\"own_cpu\":%.3f", seconds, operations / seconds, window->own_cpu / seconds);
    if (options.pid)
        printf(",\"server_cpu\":%.3f,\"cpu_us\":%.4f,\"rss_kib\":%ld", cpu / seconds, operations > 0 ? cpu * 1e6 / operations : 0.0,
               window->after.rss);
}

void print_latency(const char *name, const struct histogram *histogram) {
    printf(",\"%s\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", name, percentile(histogram, 0.5),
           percentile(histogram, 0.9), percentile(histogram, 0.99), percentile(histogram, 0.999), percentile(histogram, 0.9999999));
}
