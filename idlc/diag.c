/*
 * diag.c - what is said to the person who wrote the file
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "diag.h"
#include "near.h"

#define WARNINGS_MAX 1000               /* nobody reads more */

static const struct entry {
        unsigned number;
        enum diag_severity severity;
        const char *name;               /* after -W */
} table[] = {
#define DIAG(id, number, severity, name, format) { number, DIAG_##severity, name },
#include "diagnostics.def"
#undef DIAG
};

void diag_init(struct diag *diag, struct text *text, FILE *out) {
        *diag = (struct diag){ .text = text, .out = out, .max_errors = 20 };
        for (unsigned i = 0; i < DIAG_N_IDS; i++)
                diag->level[i] = table[i].severity <= DIAG_ALL ? DIAG_OFF
                                                               : (unsigned char)table[i].severity;
}

int diag_option(struct diag *diag, const char *argument) {
        bool no = !strncmp(argument, "no-", 3), error, found = false;
        enum diag_severity group = !strcmp(argument, "all")   ? DIAG_ALL
                                   : !strcmp(argument, "extra") ? DIAG_EXTRA
                                                                : DIAG_OFF;

        argument += no ? 3 : 0;
        if (!strcmp(argument, "error")) {
                diag->werror = !no;
                return 0;
        }
        error = !strncmp(argument, "error=", 6);
        argument += error ? 6 : 0;
        for (unsigned i = 0; i < DIAG_N_IDS; i++) {
                if (table[i].severity >= DIAG_ERROR)
                        continue;
                if (group && table[i].severity >= group && table[i].severity <= DIAG_ALL)
                        diag->level[i] = DIAG_WARNING;
                if (!table[i].name || strcmp(table[i].name, argument) != 0)
                        continue;
                found = true;
                if (error)
                        diag->as_error[i] = !no;
                if (!error || !no)
                        diag->level[i] = no ? DIAG_OFF : DIAG_WARNING;
        }
        return found || group ? 0 : -ENOENT;
}

const char *diag_option_near(const char *argument) {
        struct near near;

        argument += !strncmp(argument, "no-", 3) ? 3 : 0;
        argument += !strncmp(argument, "error=", 6) ? 6 : 0;
        near = near_start(argument, strlen(argument));
        near_offer(&near, "error");
        near_offer(&near, "all");
        near_offer(&near, "extra");
        for (unsigned i = 0; i < DIAG_N_IDS; i++)
                if (table[i].name)
                        near_offer(&near, table[i].name);
        return near.best;
}

static const char *ink(const struct diag *diag, const char *color) {
        return diag->color ? color : "";
}

/* Tells how the file with @place came in, unless the last message just did. */
static void show_includes(struct diag *diag, const struct place *place) {
        const char *words = "In file included from";
        uint32_t at = place->source->included_at;
        struct place includer;

        if (at == diag->last_include)
                return;
        diag->last_include = at;
        while (text_place(diag->text, at, &includer)) {
                fprintf(diag->out, "%s %s:%u", words, includer.source->path, includer.line);
                at = includer.source->included_at;
                fputs(at ? ",\n" : ":\n", diag->out);
                words = "                 from";
        }
}

__attribute__((format(printf, 5, 0)))
static void say(struct diag *diag, struct span at, const char *color, const char *what,
                const char *format, va_list args, const char *tail) {
        struct place place;
        bool known;

        if (!diag->out)
                return;
        known = text_place(diag->text, at.begin, &place);
        if (known)
                show_includes(diag, &place);
        fputs(ink(diag, "\033[1m"), diag->out);
        if (known)
                fprintf(diag->out, "%s:%u:%u: ", place.source->path, place.line, place.column);
        else
                fputs("idlc: ", diag->out);
        fprintf(diag->out, "%s%s:%s ", ink(diag, color), what, ink(diag, "\033[0;1m"));
        vfprintf(diag->out, format, args);
        fprintf(diag->out, "%s%s\n", ink(diag, "\033[0m"), tail);
        if (known)
                diag_show(diag, &place, at);
}

/* Whether the message is to be seen at all, and as what. */
static enum diag_severity weigh(struct diag *diag, enum diag_id id, struct span at) {
        enum diag_severity severity = diag->level[id];

        if (diag->stop)
                return DIAG_OFF;
        if (severity == DIAG_WARNING && (diag->werror || diag->as_error[id]))
                severity = DIAG_ERROR;
        else if (severity == DIAG_WARNING &&
                 (diag->no_warnings || diag->n_warnings >= WARNINGS_MAX))
                return DIAG_OFF;
        if (severity == DIAG_ERROR && at.begin && at.begin == diag->last_error)
                return DIAG_OFF;
        return severity;
}

static void cap(struct diag *diag) {
        if (!diag->max_errors || diag->n_errors < diag->max_errors || diag->stop)
                return;
        diag->stop = true;
        if (diag->out)
                fprintf(diag->out, "idlc: stopped after %u errors: -fmax-errors=0 shows all\n",
                        diag->n_errors);
}

void diag_report(struct diag *diag, enum diag_id id, struct span at, const char *format, ...) {
        enum diag_severity severity;
        char tail[64];
        va_list args;

        cap(diag);                      /* late, so that the last error gets its notes */
        severity = weigh(diag, id, at);
        diag->silent = severity == DIAG_OFF;
        if (diag->silent)
                return;

        if (table[id].severity >= DIAG_ERROR)
                snprintf(tail, sizeof(tail), " [E%04u]", table[id].number);
        else
                snprintf(tail, sizeof(tail), severity == DIAG_WARNING ? " [-W%s]" : " [-Werror=%s]",
                         table[id].name);
        va_start(args, format);
        if (severity == DIAG_WARNING)
                say(diag, at, "\033[35m", "warning", format, args, tail);
        else if (severity == DIAG_ERROR)
                say(diag, at, "\033[31m", "error", format, args, tail);
        else
                say(diag, at, "\033[31m", "fatal error", format, args, tail);
        va_end(args);

        if (severity == DIAG_WARNING) {
                diag->n_warnings++;
                return;
        }
        diag->n_errors++;
        diag->last_error = at.begin;
        diag->stop = severity == DIAG_FATAL;
}

void diag_note(struct diag *diag, struct span at, const char *format, ...) {
        va_list args;

        if (diag->silent || at.begin == 0)
                return;
        va_start(args, format);
        say(diag, at, "\033[36m", "note", format, args, "");
        va_end(args);
}

void diag_help(struct diag *diag, const char *format, ...) {
        va_list args;

        if (diag->silent || !diag->out)
                return;
        fprintf(diag->out, "  %shelp:%s ", ink(diag, "\033[1;32m"), ink(diag, "\033[0m"));
        va_start(args, format);
        vfprintf(diag->out, format, args);
        va_end(args);
        fputc('\n', diag->out);
}
