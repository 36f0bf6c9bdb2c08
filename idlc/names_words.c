/*
 * names_words.c - the words that C has taken already
 *
 * Keywords of C23 and C++20, the macros that a program is likely to have when it includes a
 * generated header, and the types that the header itself brings along. A member called `errno`
 * would compile until somebody includes <errno.h>; so it never is.
 */
#include <stdlib.h>
#include <string.h>
#include "names.h"

static const char *const words[] = {
        /* sorted as strcmp() does */
        "BIG_ENDIAN", "BUFSIZ", "BYTE_ORDER", "CHAR_BIT", "CHAR_MAX", "CHAR_MIN",
        "CLOCKS_PER_SEC", "DBL_DIG", "DBL_EPSILON", "DBL_MAX", "DBL_MIN", "DOMAIN", "E2BIG",
        "EACCES", "EAGAIN", "EBADF", "EBUSY", "ECHILD", "EDOM", "EEXIST", "EFAULT", "EFBIG",
        "EINTR", "EINVAL", "EIO", "EISDIR", "EMFILE", "ENFILE", "ENODEV", "ENOENT", "ENOMEM",
        "ENOSPC", "ENOSYS", "ENOTDIR", "EOF", "EPERM", "EPIPE", "ERANGE", "EROFS",
        "EXIT_FAILURE", "EXIT_SUCCESS", "FILENAME_MAX", "FLT_DIG", "FLT_EPSILON", "FLT_MAX",
        "FLT_MIN", "FOPEN_MAX", "HUGE_VAL", "I", "INFINITY", "INT16_MAX", "INT16_MIN",
        "INT32_MAX", "INT32_MIN", "INT64_C", "INT64_MAX", "INT64_MIN", "INT8_MAX", "INT8_MIN",
        "INTMAX_MAX", "INTMAX_MIN", "INTPTR_MAX", "INTPTR_MIN", "INT_MAX", "INT_MIN",
        "LINE_MAX", "LITTLE_ENDIAN", "LLONG_MAX", "LLONG_MIN", "LONG_MAX", "LONG_MIN",
        "L_tmpnam", "MB_CUR_MAX", "M_E", "M_PI", "NAME_MAX", "NAN", "NDEBUG", "NULL",
        "OVERFLOW", "PATH_MAX", "PDP_ENDIAN", "PTRDIFF_MAX", "PTRDIFF_MIN", "RAND_MAX",
        "SCHAR_MAX", "SCHAR_MIN", "SEEK_CUR", "SEEK_END", "SEEK_SET", "SHRT_MAX", "SHRT_MIN",
        "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT",
        "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSEGV", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIG_DFL",
        "SIG_ERR", "SIG_IGN", "SIZE_MAX", "SSIZE_MAX", "TMP_MAX", "UCHAR_MAX", "UINT16_MAX",
        "UINT32_MAX", "UINT64_C", "UINT64_MAX", "UINT8_MAX", "UINTMAX_MAX", "UINTPTR_MAX",
        "UINT_MAX", "ULLONG_MAX", "ULONG_MAX", "UNDERFLOW", "USHRT_MAX", "WCHAR_MAX",
        "WCHAR_MIN", "_Alignas", "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic",
        "_Imaginary", "_Noreturn", "_Static_assert", "_Thread_local", "alignas", "alignof",
        "and", "and_eq", "asm", "assert", "auto", "bitand", "bitor", "blkcnt_t", "blksize_t",
        "bool", "break", "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class",
        "clock_t", "co_await", "co_return", "co_yield", "compl", "complex", "concept", "const",
        "const_cast", "consteval", "constexpr", "constinit", "continue", "daddr_t", "decltype",
        "default", "delete", "dev_t", "div_t", "do", "double", "dynamic_cast", "else", "enum",
        "errno", "explicit", "export", "extern", "false", "fd_set", "float", "for", "friend",
        "fsid_t", "gid_t", "goto", "h_addr", "h_errno", "htobe16", "htobe32", "htobe64",
        "htole16", "htole32", "htole64", "i386", "id_t", "if", "imaginary", "inline", "ino_t",
        "int", "int16_t", "int32_t", "int64_t", "int8_t", "intmax_t", "intptr_t", "jmp_buf",
        "key_t", "ldiv_t", "linux", "lldiv_t", "long", "max_align_t", "mode_t", "mutable",
        "namespace", "new", "nlink_t", "noexcept", "noreturn", "not", "not_eq", "nullptr",
        "nullptr_t", "off_t", "offsetof", "operator", "or", "or_eq", "pid_t", "private",
        "protected", "ptrdiff_t", "public", "quad_t", "register", "reinterpret_cast",
        "requires", "restrict", "return", "s_addr", "sa_handler", "sa_sigaction", "short",
        "si_addr", "si_pid", "si_uid", "sig_atomic_t", "signed", "sigset_t", "size_t", "sizeof",
        "ssize_t", "st_atime", "st_ctime", "st_mtime", "static", "static_assert", "static_cast",
        "stderr", "stdin", "stdout", "struct", "suseconds_t", "switch", "template", "this",
        "thread_local", "throw", "time_t", "true", "try", "typedef", "typeid", "typename",
        "typeof", "typeof_unqual", "u_char", "u_int", "u_long", "u_short", "uid_t", "uint",
        "uint16_t", "uint32_t", "uint64_t", "uint8_t", "uintmax_t", "uintptr_t", "ulong",
        "union", "unix", "unsigned", "useconds_t", "ushort", "using", "va_arg", "va_copy",
        "va_end", "va_list", "va_start", "virtual", "void", "volatile", "wchar_t", "while",
        "xor", "xor_eq",
};

static int compare(const void *key, const void *word) {
        return strcmp((const char *)key, *(const char *const *)word);
}

/* Functions of the C library that a typedef at the top level would get in the way of. */
static const char *const functions[] = {
        "abort", "abs", "accept", "access", "alarm", "atexit", "atof", "atoi", "atol",
        "basename", "bind", "bsearch", "calloc", "chdir", "clock", "close", "connect", "div",
        "dup", "environ", "exit", "fork", "free", "getenv", "index", "kill", "labs", "ldiv",
        "link", "listen", "llabs", "lldiv", "malloc", "mblen", "mktime", "nice", "open",
        "pause", "pipe", "poll", "printf", "putenv", "puts", "qsort", "raise", "rand", "random",
        "read", "realloc", "recv", "remove", "rename", "rindex", "select", "send", "setenv",
        "setstate", "signal", "sleep", "socket", "srand", "srandom", "stat", "strtod", "strtol",
        "sync", "system", "time", "timezone", "truncate", "unlink", "unsetenv", "wait", "write",
        "y0", "y1", "yn",
};

/* What generated code has for names of its own: a #define must not be called so. */
static const char *const ours[] = {
        "a", "arena", "b", "base", "call", "client", "code", "data", "desc", "descriptor",
        "err", "exception", "i", "len", "message", "messages", "methods", "n", "name", "none",
        "on_done", "ops", "options", "out", "r", "request", "response", "ret_stream",
        "ret_value", "self", "server", "stream", "table", "user", "value",
};

static bool find(const char *name, const char *const *list, size_t n) {
        return bsearch(name, list, n, sizeof(*list), compare);
}

bool word_taken(const char *name) {
        return find(name, words, sizeof(words) / sizeof(*words));
}

bool word_function(const char *name) {
        return find(name, functions, sizeof(functions) / sizeof(*functions));
}

bool word_ours(const char *name) {
        return find(name, ours, sizeof(ours) / sizeof(*ours));
}
