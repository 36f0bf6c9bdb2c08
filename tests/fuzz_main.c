/*
 * fuzz_main.c - gives a harness each file of its corpus, without libFuzzer: fuzz_… FILE|FOLDER…
 *
 * Each input lies in memory of exactly its size, so that a sanitizer sees a byte read past it. A
 * corpus that is missing or empty is a failure: it would prove nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "fuzz.h"

static unsigned n_inputs;

static int run_file(const char *path) {
        FILE *file = fopen(path, "re");
        uint8_t *data = NULL;
        size_t size = 0;
        int c;

        if (!file)
                return perror(path), 1;
        while ((c = getc(file)) != EOF) {
                data = realloc(data, size + 1);
                if (!data)
                        abort();
                data[size++] = (uint8_t)c;
        }
        fclose(file);

        fprintf(stderr, "%s\n", path);          /* the last line tells which one did it */
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        n_inputs++;
        return 0;
}

static int run_path(const char *path) {
        DIR *dir = opendir(path);
        struct dirent *entry;
        char name[4096];
        int r = 0;

        if (!dir)
                return run_file(path);
        while ((entry = readdir(dir))) {
                if (entry->d_name[0] == '.')
                        continue;
                snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
                r |= run_path(name);
        }
        closedir(dir);
        return r;
}

int main(int argc, char **argv) {
        int r = 0;

        for (int i = 1; i < argc; i++)
                r |= run_path(argv[i]);
        printf("%u inputs\n", n_inputs);
        return r || n_inputs == 0;
}
