#pragma once
/*
 * syn.h - how a file is written: what the parser makes and check.c reads
 *
 * One kind of node for everything, linked into lists. Names are text here; nobody has asked yet
 * what they mean.
 */
#include "ast.h"
#include "buf.h"
#include "diag.h"

enum syn_kind {
        SYN_ERROR,                      /* did not parse, or is not supported; .name may be known */
        SYN_MODULE,                     /* name, list: body */
        SYN_STRUCT,                     /* name, type: base or NULL, list: members */
        SYN_STRUCT_FORWARD,
        SYN_EXCEPTION,
        SYN_ENUM,                       /* list: SYN_ENUMERATOR */
        SYN_ENUMERATOR,
        SYN_TYPEDEF,                    /* type, list: SYN_DECLARATOR */
        SYN_CONST,                      /* type, left: value */
        SYN_INTERFACE,                  /* more: bases, list: body */
        SYN_INTERFACE_FORWARD,
        /* type: result, list: SYN_PARAM, more: raises, flag: oneway */
        SYN_OPERATION,
        SYN_PARAM,                      /* type, number: enum idl_direction */
        SYN_MEMBER,                     /* type, list: SYN_DECLARATOR */
        SYN_DECLARATOR,                 /* name, list: SYN_DIM */
        SYN_DIM,                        /* left: size */
        SYN_ANNOTATION,                 /* name, list: SYN_ARG */
        SYN_ARG,                        /* name or NULL, left: value */
        SYN_ANNOTATION_DECL,            /* name */
        SYN_NAME,                       /* list: SYN_PART; flag: begins with :: */
        SYN_PART,                       /* name */
        /* types */
        SYN_BASIC,                      /* number: enum idl_kind */
        SYN_NAMED,                      /* left: SYN_NAME */
        SYN_SEQUENCE,                   /* type: of what, left: bound or NULL */
        SYN_STRING,                     /* left: bound or NULL */
        SYN_INLINE,                     /* left: a struct or enum defined on the spot */
        /* values */
        SYN_INTEGER,                    /* number */
        SYN_FLOAT,                      /* real */
        SYN_CHAR,                       /* number; flag: wide */
        SYN_TEXT,                       /* name, len; flag: wide */
        SYN_BOOLEAN,                    /* number */
        SYN_VALUE_NAME,                 /* left: SYN_NAME */
        SYN_UNARY,                      /* number: operator, left */
        SYN_BINARY,                     /* number: operator, left, right */
        SYN_PAREN,                      /* left */
};

struct syn {
        enum syn_kind kind;
        unsigned depth;                 /* of an expression */
        bool flag;
        struct span at;                 /* all of it, annotations and `;` included */
        struct span name_at;
        const char *name;
        size_t len;
        uint64_t number;
        double real;
        struct syn *next;
        struct syn *annotations;
        struct syn *type;
        struct syn *list, *more;
        struct syn *left, *right;
};

struct syn_name {
        const char *text;
        struct span at;
};

static const struct syn_name syn_no_name;

/* A list while it is being built. */
struct syn_list {
        struct syn *first, *last;
};

enum { SYN_SHL = 256, SYN_SHR };        /* operators that are no single character */

#define SYN_EXPR_DEPTH_MAX 400

struct lex;

/* One run of the parser. */
struct parser {
        struct arena *arena;
        struct diag *diag;
        struct lex *lex;
        struct syn_list file;           /* what there is in it */
};

/* Reads everything lex has into parser->file. Errors are reported; what could be read is there. */
void parse(struct parser *parser);

/* What the grammar's actions call */
struct syn *syn_new(struct parser *p, enum syn_kind kind, struct span at);
struct syn *syn_named(struct parser *p, enum syn_kind kind, struct syn_name name, struct syn *list);
struct syn *syn_basic(struct parser *p, enum idl_kind kind, struct span at);
struct syn *syn_unary(struct parser *p, int op, struct syn *left, struct span at);
struct syn *syn_binary(struct parser *p, int op, struct syn *left, struct syn *right);
struct syn *syn_scoped(struct parser *p, struct syn_list parts, bool global, struct span at);
struct syn *syn_annotation(struct parser *p, struct syn_name name, struct syn_list args,
                           struct span at);
struct syn *syn_operation(struct parser *p, struct syn *result, struct syn_name name,
                          struct syn_list params, struct syn_list raises, bool oneway);
struct syn *syn_param(struct parser *p, struct syn_list annotations, int direction,
                      struct syn_list more, struct syn *type, struct syn *declarator,
                      struct span at);
struct syn *syn_with(struct syn *node, struct syn *type, struct syn *left);
struct syn_list syn_one(struct syn *node);
struct syn_list syn_add(struct syn_list list, struct syn *node);
/* Gives @node its annotations and its whole extent. */
struct syn *syn_whole(struct syn *node, struct syn_list annotations, struct span at);
