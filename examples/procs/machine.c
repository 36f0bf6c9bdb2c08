/*
 * machine.c - what /proc says of the machine as a whole
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "machine.h"
#include "procfs.h"

/*
 * How many bytes the line "@key  N kB" of /proc/meminfo tells; 0 if there is none, as without
 * swap.
 */
static uint64_t meminfo(const char *text, const char *key) {
        const char *line = strstr(text, key);
        uint64_t kib = 0;

        if (line)
                sscanf(line + strlen(key), "%" SCNu64, &kib);
        return kib * 1024;
}

static int count_processes(int root, uint32_t *ret_n) {
        DIR *dir = procfs_open(root);
        uint32_t n = 0;

        if (!dir)
                return -errno;
        while (procfs_next(dir))
                n++;
        closedir(dir);
        *ret_n = n;
        return 0;
}

int machine_read(int root, struct machine *ret_machine) {
        struct machine m = { .cores = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN) };
        char buf[8192];
        size_t n;
        int r;

        r = procfs_read(root, "loadavg", buf, sizeof(buf), &n);
        if (!r && sscanf(buf, "%lf %lf %lf %" SCNu32 "/%" SCNu32, &m.load[0], &m.load[1],
                         &m.load[2], &m.running, &m.threads) != 5)
                r = -EPROTO;
        if (!r)
                r = procfs_read(root, "uptime", buf, sizeof(buf), &n);
        if (!r && sscanf(buf, "%lf", &m.uptime) != 1)
                r = -EPROTO;
        if (!r)
                r = procfs_read(root, "meminfo", buf, sizeof(buf), &n);
        if (!r)
                r = count_processes(root, &m.processes);
        if (r)
                return r == PROC_GONE ? -ENOENT : r;

        m.memory_total = meminfo(buf, "MemTotal:");
        m.memory_available = meminfo(buf, "MemAvailable:");
        m.swap_total = meminfo(buf, "SwapTotal:");
        m.swap_free = meminfo(buf, "SwapFree:");
        *ret_machine = m;
        return 0;
}
