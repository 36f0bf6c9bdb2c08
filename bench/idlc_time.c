/*
 * idlc_time.c - how long idlc takes for a long .idl file
 *
 * The file is made here: modules of structs, enums, exceptions and interfaces as people write
 * them, each using what stands before it, until there are enough lines. The time is that of the
 * whole process, from fork to exit, as a build pays it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"
#include "idlc_time.h"

static const char module[] =
        "/** Part %1$u of a long file. */\n"
        "module part%1$u {\n"
        "        const long LIMIT = %1$u * 4 + 1;\n"
        "        enum Kind { NONE, SMALL, LARGE };\n"
        "        typedef sequence<string, LIMIT> Names;\n"
        "\n"
        "        /** What is known of a thing. */\n"
        "        struct Thing {\n"
        "                unsigned long long id;\n"
        "                string<64> name;         // as people call it\n"
        "                Kind kind;\n"
        "                Names aliases;\n"
        "                @optional double weight;\n"
        "                long position[3];\n"
        "        };\n"
        "\n"
        "        struct Box {\n"
        "                Thing best;\n"
        "                sequence<Thing> things;\n"
        "                sequence<octet> picture;\n"
        "        };\n"
        "\n"
        "        exception NoSuchThing { unsigned long long id; string why; };\n"
        "\n"
        "        /** Keeps things. */\n"
        "        interface Store {\n"
        "                Thing get(in unsigned long long id) raises (NoSuchThing);\n"
        "                Box all(in string filter, in Kind kind, out unsigned long total);\n"
        "                void put(in Thing thing);\n"
        "        };\n"
        "};\n"
        "\n";

static unsigned lines_of(const char *text) {
        unsigned n = 0;

        for (; *text; text++)
                n += *text == '\n';
        return n;
}

static int write_idl(const char *path, size_t lines) {
        FILE *file = fopen(path, "we");
        unsigned n = lines_of(module);

        if (!file)
                return -errno;
        for (unsigned i = 0; i * n < lines; i++)
                fprintf(file, module, i);
        return fclose(file) ? -errno : 0;
}

static int compile(const char *idlc, const char *path, const char *dir) {
        int status;
        pid_t pid = fork();

        if (pid < 0)
                return -errno;
        if (pid == 0) {
                execl(idlc, idlc, "-o", dir, path, (char *)NULL);
                _exit(127);
        }
        if (waitpid(pid, &status, 0) < 0)
                return -errno;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOEXEC;
}

int idlc_time_drive(struct bench_side *side) {
        struct timespec from, to;
        char path[160], out[160];
        int r;

        if (!side->idlc)
                return side_fail(side, -ENOENT, "which idlc? see --idlc");
        snprintf(path, sizeof(path), "%s/long.idl", side->dir);
        snprintf(out, sizeof(out), "%s/out-%d", side->dir, (int)getpid());
        r = write_idl(path, side->kind->size);
        if (r == 0 && mkdir(out, 0700) < 0)
                r = -errno;
        if (r < 0)
                return side_fail(side, r, "cannot write the .idl file");

        clock_gettime(CLOCK_MONOTONIC, &from);
        r = compile(side->idlc, path, out);
        clock_gettime(CLOCK_MONOTONIC, &to);
        if (r < 0)
                return side_fail(side, r, "idlc did not compile it");
        side->value[BENCH_SECONDS] = (double)(to.tv_sec - from.tv_sec) +
                                     (double)(to.tv_nsec - from.tv_nsec) / 1e9;
        return 0;
}
