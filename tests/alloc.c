/*
 * alloc.c - counts what is allocated, and lets the n-th allocation fail, for every n
 *
 * The linker sends malloc() and its like here (--wrap), and what is here passes them on.
 */
#include "alloc.h"
#include "test.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *p);
char *__wrap_strdup(const char *s);
int __real_vasprintf(char **ret, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));
int __wrap_vasprintf(char **ret, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

static struct {
        unsigned long n, fail_at;               /* fail_at: by n; 0: none */
        long live;
        bool failed;
} state;

static bool fails(void) {
        if (__atomic_add_fetch(&state.n, 1, __ATOMIC_RELAXED) != state.fail_at)
                return false;
        state.failed = true;
        errno = ENOMEM;
        return true;
}

static void *counted(void *p) {
        if (p)
                __atomic_add_fetch(&state.live, 1, __ATOMIC_RELAXED);
        return p;
}

void *__wrap_malloc(size_t size) {
        return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size) {
        return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
        return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

void *__wrap_realloc(void *p, size_t size) {
        if (fails())
                return NULL;
        return p ? __real_realloc(p, size) : counted(__real_malloc(size));
}

void __wrap_free(void *p) {
        if (p)
                __atomic_sub_fetch(&state.live, 1, __ATOMIC_RELAXED);
        __real_free(p);
}

char *__wrap_strdup(const char *s) {
        size_t n = strlen(s) + 1;
        char *copy = __wrap_malloc(n);

        return copy ? memcpy(copy, s, n) : NULL;
}

int __wrap_vasprintf(char **ret, const char *format, va_list args) {
        int n;

        if (fails())
                return -1;
        n = __real_vasprintf(ret, format, args);
        if (n >= 0)
                counted(*ret);
        return n;
}

int __wrap_asprintf(char **ret, const char *format, ...) {
        va_list args;
        int n;

        va_start(args, format);
        n = __wrap_vasprintf(ret, format, args);
        va_end(args);
        return n;
}

void alloc_fail(unsigned long nth) {
        state.fail_at = nth ? state.n + nth : 0;
        state.failed = false;
}

bool alloc_failed(void) {
        return state.failed;
}

unsigned long alloc_count(void) {
        return state.n;
}

long alloc_live(void) {
        return state.live;
}

bool alloc_turn(struct alloc_turns *turns) {
        bool more = turns->n == 0 || state.failed;

        if (turns->n == 0)
                turns->live = state.live;
        if (state.live != turns->live)
                test_fail(__FILE__, __LINE__, "allocation %lu fails: %ld are left behind", turns->n,
                          state.live - turns->live);
        turns->live = state.live;
        alloc_fail(more ? ++turns->n : 0);
        return more;
}
