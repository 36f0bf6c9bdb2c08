/*
 * show.c - processes and machines as people read them, on standard output
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "show.h"
#include "text.h"

enum { LINE_MAX_ = 1024 };

struct size {
        char text[16];
};

/* "812K", "12.3M", "7.7G": three digits, as top has them. */
static struct size size_of(uint64_t bytes) {
        static const char units[] = "KMGTPE";
        double value = (double)bytes / 1024;
        const char *unit = units;
        struct size size;

        while (value >= 1000 && unit[1]) {
                value /= 1024;
                unit++;
        }
        snprintf(size.text, sizeof(size.text), "%.*f%c", value < 99.95 && unit > units ? 1 : 0,
                 value, *unit);
        return size;
}

/* How many columns the terminal has; where there is none, a line is as long as it is. */
static int columns(void) {
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                return size.ws_col;
        return LINE_MAX_;
}

static char state(enum procs_Activity activity) {
        static const char letters[procs_Activity_COUNT + 1] = "RSDTZI?";

        return (unsigned)activity < procs_Activity_COUNT ? letters[activity] : '?';
}

static void show_process(const struct procs_Process *p, int width) {
        char user[13], name[18], command[procs_COMMAND_MAX + 1], line[LINE_MAX_];

        text_copy(user, sizeof(user), p->user);
        text_copy(name, sizeof(name), p->name);
        if (p->command)
                snprintf(command, sizeof(command), "%s", p->command);
        else                                    /* a kernel thread or a zombie: as ps does */
                snprintf(command, sizeof(command), "[%s]", p->name);
        text_clean(command);
        snprintf(line, sizeof(line), "%7d %-12s %c %6.1f %6s %5" PRIu32 "  %-17s %s",
                 (int)p->pid, user, state(p->state), p->cpu, size_of(p->memory).text, p->threads,
                 name, command);
        printf("%.*s\n", width, line);
}

void show_processes(size_t n, struct procs_Process *const *processes) {
        int width = columns();

        printf("%.*s\n", width,
               "    PID USER         S   %CPU    MEM   THR  NAME              COMMAND");
        for (size_t i = 0; i < n; i++)
                show_process(processes[i], width);
}

void show_event(const struct procs_Event *event) {
        printf("%c ", event->change == procs_Change_STARTED ? '+' : '-');
        show_process(event->process, columns() - 2);
        fflush(stdout);
}

void show_machine(const struct procs_Machine *m) {
        char name[65], kernel[131];
        long minutes = (long)(m->uptime / 60);

        text_copy(name, sizeof(name), m->name);
        text_copy(kernel, sizeof(kernel), m->kernel);
        printf("%s, %s: up %ld days, %ld:%02ld, load %.2f %.2f %.2f\n", name, kernel,
               minutes / 1440, minutes / 60 % 24, minutes % 60, m->load_1, m->load_5, m->load_15);
        printf("%" PRIu32 " processes with %" PRIu32 " threads, %" PRIu32 " running, "
               "on %" PRIu32 " cores\n", m->processes, m->threads, m->running, m->cores);
        printf("memory %s, available %s; swap %s, free %s\n",
               size_of(m->memory_total).text, size_of(m->memory_available).text,
               size_of(m->swap_total).text, size_of(m->swap_free).text);
}
