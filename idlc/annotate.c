/*
 * annotate.c - annotations: which there are, where they can stand, what they are given
 *
 * What none of this knows is reported and otherwise ignored, so that files written for other
 * compilers can be read.
 */
#include <string.h>
#include <strings.h>
#include "check.h"
#include "near.h"

static const struct known {
        const char *name, *where, *unnamed, *others;
} known[] = {
#define ANNOTATION(name, where, unnamed, others) { name, where, unnamed, others },
#include "annotations.def"
#undef ANNOTATION
};

#define N_KNOWN (sizeof(known) / sizeof(*known))

static const struct known *find(const char *name, bool fold) {
        for (unsigned i = 0; i < N_KNOWN; i++)
                if (!(fold ? strcasecmp(known[i].name, name) : strcmp(known[i].name, name)))
                        return &known[i];
        return NULL;
}

/* @feed is another name for @stream. */
static const char *real_name(const struct known *k) {
        return strcmp(k->name, "feed") ? k->name : "stream";
}

static char letter(const struct idl_decl *decl) {
        static const char letters[] = "MSETCILFOP";
        static const enum idl_decl_kind kinds[] = {
                IDL_DECL_MODULE,    IDL_DECL_STRUCT,     IDL_DECL_ENUM,   IDL_DECL_TYPEDEF,
                IDL_DECL_CONST,     IDL_DECL_INTERFACE,  IDL_DECL_ENUMERATOR, IDL_DECL_MEMBER,
                IDL_DECL_OPERATION, IDL_DECL_PARAM,
        };

        if (decl->kind == IDL_DECL_STRUCT && ((const struct idl_struct *)decl)->is_exception)
                return 'X';
        for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
                if (kinds[i] == decl->kind)
                        return letters[i];
        return '?';
}

static void unknown(struct checker *c, const struct syn *node) {
        const char *name = strrchr(node->name, ':') ? strrchr(node->name, ':') + 1 : node->name;
        struct near near = near_start(name, strlen(name));

        if (map_get(&c->annotations, name, strlen(name)))
                return;                 /* @annotation defined it: whoever did will read it */
        diag(c->diag, UNKNOWN_ANNOTATION, node->at, node->name);
        if (c->diag->silent)
                return;
        for (unsigned i = 0; i < N_KNOWN; i++)
                near_offer(&near, known[i].name);
        for (uint32_t i = 0; i < c->annotations.n; i++)
                near_offer(&near, c->annotations.entries[i].key);
        if (near.best)
                diag_help(c->diag, "did you mean `@%s`?", near.best);
}

static bool listed(const char *list, const char *word) {
        size_t len = strlen(word);

        for (const char *at = list; (at = strstr(at, word)); at += len)
                if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
                        return true;
        return false;
}

/* Evaluates one argument as far as that is possible without knowing what it is for. */
static bool check_arg(struct checker *c, const struct syn *node, const struct syn *arg, char kind,
                      struct idl_annotation_arg *ret) {
        static const struct {
                char kind;
                enum idl_kind type;
        } types[] = { { 'b', IDL_BOOLEAN }, { 'n', IDL_INT64 }, { 's', IDL_STRING } };
        unsigned i = 0;

        ret->name = arg->name;
        ret->expr = arg->left;
        ret->at = arg->at;
        if (kind == 'v' || kind == 'w') {       /* whoever understands it evaluates it */
                if (arg->left->kind == SYN_TEXT || arg->left->kind == SYN_INTEGER ||
                    arg->left->kind == SYN_BOOLEAN)
                        value_eval(c, arg->left, IDL_ERROR, &ret->value);
                return true;
        }
        while (i < 2 && types[i].kind != kind)
                i++;
        if (value_eval(c, arg->left, types[i].type, &ret->value))
                return true;
        diag_help(c->diag, "`@%s` takes %s", node->name, kind == 'b'   ? "TRUE or FALSE"
                                                        : kind == 'n' ? "a number" : "a string");
        return false;
}

static bool check_args(struct checker *c, const struct syn *node, const struct known *k,
                       struct idl_annotation *annotation) {
        char kind = k->unnamed[0] | 32;
        bool given = false, fine = true;
        unsigned n = 0;

        for (const struct syn *arg = node->list; arg; arg = arg->next)
                n++;
        annotation->args = arena_array(c->arena, struct idl_annotation_arg, n);
        annotation->n_args = n;
        n = 0;
        for (const struct syn *arg = node->list; arg; arg = arg->next, n++) {
                bool value = k->unnamed[0] && (!arg->name || !strcmp(arg->name, "value"));

                annotation->args[n].at = arg->at;
                annotation->args[n].name = arg->name;
                if (value && given) {
                        diag(c->diag, ANNOTATION_ARGS, arg->at, k->name);
                        return false;
                }
                given |= value;
                if (value) {
                        fine &= check_arg(c, node, arg, kind, &annotation->args[n]);
                } else if (arg->name && listed(k->others, arg->name)) {
                        check_arg(c, node, arg, 'v', &annotation->args[n]);
                } else if (arg->name) {
                        diag(c->diag, ANNOTATION_ARG, arg->name_at, k->name, arg->name);
                        fine = false;
                } else {
                        diag(c->diag, ANNOTATION_ARGS, arg->at, k->name);
                        fine = false;
                }
        }
        if (!given && k->unnamed[0] && k->unnamed[0] < 'a') {
                diag(c->diag, ANNOTATION_NO_VALUE, node->at, k->name);
                fine = false;
        }
        return fine;
}

/* A positional argument means the only one, whoever defined the annotation. */
static bool check_order(struct checker *c, const struct syn *node) {
        for (const struct syn *arg = node->list; arg; arg = arg->next)
                if (!arg->name && (arg != node->list || arg->next)) {
                        diag(c->diag, ANNOTATION_MIXED, arg->at, node->name);
                        diag_help(c->diag, "give a name to each: `@%s(name=value, ...)`",
                                  node->name);
                        return false;
                }
        return true;
}

/* Returns what is known of @node where it stands, or NULL. */
static const struct known *look_up(struct checker *c, const struct idl_decl *decl,
                                   const struct syn *node) {
        const char *name = node->name + (node->name[0] == ':' ? 2 : 0);
        const struct known *k = find(name, false);

        if (!k && !map_get(&c->annotations, name, strlen(name)) && (k = find(name, true)))
                diag(c->diag, ANNOTATION_CASE, node->at, name, k->name);
        if (!k) {
                unknown(c, node);
                return NULL;
        }
        if (k->where[0] != '*' && !strchr(k->where, letter(decl))) {
                diag(c->diag, ANNOTATION_TARGET, node->at, k->name, decl_what(decl), decl->name);
                if (!strcmp(real_name(k), "stream"))
                        diag_help(c->diag,
                                  "it goes before an operation or one of its `in` parameters");
                return NULL;
        }
        if (decl->kind == IDL_DECL_PARAM &&
            (!strcmp(k->name, "optional") || !strcmp(k->name, "default"))) {
                diag(c->diag, NOT_YET, node->at, k->name[0] == 'o' ? "@optional parameters"
                                                                 : "@default of parameters");
                return NULL;
        }
        return k;
}

bool annotation_flag(const struct idl_decl *decl, const char *name) {
        const struct idl_annotation *a = idl_annotation(decl, name);

        return a && (a->n_args == 0 || a->args[0].value.kind != IDL_BOOLEAN ||
                     a->args[0].value.boolean);
}

static bool same_args(const struct idl_annotation *a, const struct idl_annotation *b) {
        bool x = a->n_args == 0 || a->args[0].value.kind != IDL_BOOLEAN || a->args[0].value.boolean;
        bool y = b->n_args == 0 || b->args[0].value.kind != IDL_BOOLEAN || b->args[0].value.boolean;

        if (a->n_args != b->n_args || a->n_args == 0)
                return x == y && a->n_args + b->n_args < 2;
        for (unsigned i = 0; i < a->n_args; i++)
                if (a->args[i].value.kind != b->args[i].value.kind ||
                    a->args[i].value.kind == IDL_STRING || a->args[i].value.u != b->args[i].value.u)
                        return false;
        return true;
}

static void check_twice(struct checker *c, const struct idl_decl *decl,
                        const struct idl_annotation *annotation) {
        const struct idl_annotation *other = idl_annotation(decl, annotation->name);

        if (!other || !strcmp(annotation->name, "verbatim"))
                return;
        if (same_args(annotation, other))
                diag(c->diag, ANNOTATION_TWICE, annotation->at, annotation->name);
        else
                diag(c->diag, ANNOTATION_CONFLICT, annotation->at, annotation->name);
        diag_note(c->diag, other->at, "the other one is here");
}

void annotations_exclude(struct checker *c, const struct idl_decl *decl, const char *first,
                         const char *second) {
        const struct idl_annotation *a = idl_annotation(decl, first),
                                    *b = idl_annotation(decl, second);
        const struct idl_annotation *later;

        if (!a || !b || !annotation_flag(decl, first) || !annotation_flag(decl, second))
                return;
        later = a->at.begin > b->at.begin ? a : b;
        diag(c->diag, ANNOTATIONS_EXCLUDE, later->at, first, second);
        diag_note(c->diag, (later == a ? b : a)->at, "the other one is here");
}

bool annotation_word(const struct idl_annotation *annotation, const char *word) {
        const struct syn *expr = annotation->n_args ? annotation->args[0].expr : NULL;

        return expr && expr->kind == SYN_VALUE_NAME && !strcmp(expr->left->list->name, word);
}

static void extensibility(struct checker *c, const struct idl_decl *decl) {
        const struct idl_annotation *a = idl_annotation(decl, "extensibility");

        annotations_exclude(c, decl, "final", "appendable");
        annotations_exclude(c, decl, "final", "mutable");
        annotations_exclude(c, decl, "appendable", "mutable");
        if (!a || !a->n_args)
                return;
        annotations_exclude(c, decl, "extensibility", "final");
        annotations_exclude(c, decl, "extensibility", "appendable");
        annotations_exclude(c, decl, "extensibility", "mutable");
        if (!annotation_word(a, "FINAL") && !annotation_word(a, "APPENDABLE") &&
            !annotation_word(a, "MUTABLE"))
                diag(c->diag, EXTENSIBILITY, a->args[0].at);
}

/* @verbatim(language="comment", text="...") is how ROS documents things. */
static void verbatim(struct idl_decl *decl, const struct idl_annotation *annotation) {
        const struct idl_value *language = NULL, *text = NULL;

        for (unsigned i = 0; i < annotation->n_args; i++) {
                if (annotation->args[i].value.kind != IDL_STRING || !annotation->args[i].name)
                        continue;
                if (!strcmp(annotation->args[i].name, "language"))
                        language = &annotation->args[i].value;
                else if (!strcmp(annotation->args[i].name, "text"))
                        text = &annotation->args[i].value;
        }
        if (!decl->doc && language && text && !strcmp(language->string.text, "comment"))
                decl->doc = text->string.text;
}

static void operation(struct checker *c, struct idl_operation *op) {
        const struct idl_annotation *deadline = idl_annotation(&op->decl, "deadline");

        op->oneway |= annotation_flag(&op->decl, "oneway");
        op->idempotent = annotation_flag(&op->decl, "idempotent");
        if (!deadline || !deadline->n_args || deadline->args[0].value.kind != IDL_INT64)
                return;
        if (deadline->args[0].value.i < 1 || deadline->args[0].value.i > INT32_MAX)
                diag(c->diag, DEADLINE, deadline->args[0].at, (long long)deadline->args[0].value.i);
        else
                op->deadline = (uint32_t)deadline->args[0].value.i;
}

void annotate(struct checker *c, struct idl_decl *decl, const struct syn *annotations) {
        struct idl_annotation **tail = &decl->annotations, *annotation;
        const struct known *k;
        bool ordered;

        while (*tail)                   /* a reopened module has some */
                tail = &(*tail)->next;
        for (const struct syn *node = annotations; node; node = node->next) {
                node = annotation_default(c, decl, node);
                ordered = check_order(c, node);
                k = look_up(c, decl, node);
                annotation = arena_new(c->arena, struct idl_annotation);
                annotation->name = k ? real_name(k) : node->name;
                annotation->at = node->at;
                if (k && (!ordered || !check_args(c, node, k, annotation)))
                        continue;
                if (k && decl->kind != IDL_DECL_MODULE)
                        check_twice(c, decl, annotation);
                if (k && !strcmp(k->name, "verbatim"))
                        verbatim(decl, annotation);
                *tail = annotation;
                tail = &annotation->next;
        }
        extensibility(c, decl);
        if (decl->kind == IDL_DECL_OPERATION)
                operation(c, (struct idl_operation *)decl);
}

const struct syn *annotation_value(const struct syn *annotations, const char *name) {
        for (const struct syn *node = annotations; node; node = node->next) {
                if (strcasecmp(node->name, name) != 0)
                        continue;
                for (const struct syn *arg = node->list; arg; arg = arg->next)
                        if (!arg->name || !strcmp(arg->name, "value"))
                                return arg->left;
        }
        return NULL;
}
