#pragma once
/*
 * ast.h - what an .idl file says, once it has been read and checked
 *
 * Everything hangs off one struct idl_unit and lives in its arena: nothing in here is freed by
 * itself, strings are NUL-terminated, and pointers stay good until the arena goes. A generator
 * only ever sees a unit without errors: names are resolved, typedefs can be stripped, constants
 * are values, ids are assigned, bases come before what derives from them.
 *
 * It says nothing of C or of protobuf: how a thing is called there is the generators' business.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "text.h"

struct idl_module;
struct idl_struct;
struct idl_enum;
struct idl_typedef;
struct idl_const;
struct idl_interface;
struct idl_operation;
struct syn;                     /* how it was written: the front end's own */

/* Types */

enum idl_kind {
        IDL_ERROR,              /* already complained about; never generated from */
        IDL_VOID,               /* only as the result of an operation */
        IDL_BOOLEAN,
        IDL_CHAR,
        IDL_OCTET,              /* `octet` and `uint8` both keep their spelling; same width */
        IDL_INT8,
        IDL_UINT8,
        IDL_INT16,
        IDL_UINT16,
        IDL_INT32,
        IDL_UINT32,
        IDL_INT64,
        IDL_UINT64,
        IDL_FLOAT,
        IDL_DOUBLE,
        IDL_STRING,
        IDL_SEQUENCE,
        IDL_ARRAY,
        IDL_STRUCT,             /* .decl is a struct idl_struct that is not an exception */
        IDL_ENUM,               /* .decl is a struct idl_enum */
        IDL_TYPEDEF,            /* .decl is a struct idl_typedef; idl_strip() sees through */
};

struct idl_type {
        enum idl_kind kind;
        struct span at;
        uint64_t bound;                 /* string, sequence: most bytes or items, 0: no bound */
        const struct idl_type *elem;    /* sequence, array: of what; may be a typedef */
        const uint32_t *dims;           /* array: T[2][3] has dims {2, 3} */
        unsigned n_dims;
        uint32_t count;                 /* array: the product of dims, 1 to 2^31-1 */
        struct idl_decl *decl;          /* struct, enum, typedef */
};

/* Values */

struct idl_value {
        /*
         * The type it was brought to, typedefs stripped: a scalar, string or enum. Of a value that
         * has no type to go to: boolean, char, string, double, int64, or uint64 if int64 is too
         * small.
         */
        enum idl_kind kind;
        union {
                bool boolean;
                int64_t i;              /* int8 to int64 */
                uint64_t u;             /* octet, char (0 to 255), uint8 to uint64 */
                double d;               /* float (already rounded to one), double */
                const struct idl_enumerator *e;
                struct {
                        const char *text;       /* UTF-8, no NUL inside, NUL-terminated */
                        size_t len;
                } string;
        };
};

/*
 * Annotations. What is understood is also a field of its declaration; the rest is here to look
 * at.
 */

struct idl_annotation_arg {
        const char *name;               /* NULL: the one without a name */
        struct syn *expr;
        struct idl_value value;         /* kind IDL_ERROR: a name only its reader knows */
        struct span at;
};

struct idl_annotation {
        const char *name;               /* "key", "M::mine"; of an alias the one it is for */
        struct idl_annotation_arg *args;
        unsigned n_args;
        struct span at;
        struct idl_annotation *next;
};

/* Declarations: each of the structures below begins with one */

enum idl_decl_kind {
        IDL_DECL_MODULE,
        IDL_DECL_STRUCT,                /* exceptions too: idl_struct.is_exception */
        IDL_DECL_ENUM,
        IDL_DECL_TYPEDEF,
        IDL_DECL_CONST,
        IDL_DECL_INTERFACE,
        IDL_DECL_ENUMERATOR,
        IDL_DECL_MEMBER,
        IDL_DECL_OPERATION,
        IDL_DECL_PARAM,
        IDL_DECL_ANNOTATION,            /* @annotation name { ... }: nothing to generate */
        IDL_DECL_POISON,                /* a declaration that failed; only in scopes */
};

struct idl_decl {
        enum idl_decl_kind kind;
        const char *name;               /* without the escaping underscore */
        /* "hello::Greeter", "hello::Greeter::greet", "hello::Point::x" */
        const char *path;
        struct span at;                 /* of the name, for diagnostics */
        struct idl_decl *parent;        /* the module, interface, struct, enum, operation around */
        const struct idl_file *file;    /* where it is defined */
        /* the comment without markers, '\n' between lines; NULL: none */
        const char *doc;
        struct idl_annotation *annotations;
        struct idl_decl *next;          /* the parent's next child, in order of appearance */
        struct scope *scope;            /* the front end's own */
        bool case_told;                 /* likewise: that it is written in another case elsewhere */
};

struct idl_module {
        struct idl_decl decl;
        struct idl_decl *children;      /* from every file: reopened modules are one */
        struct idl_decl **tail;
};

struct idl_member {
        struct idl_decl decl;
        struct idl_type *type;
        uint32_t id;                    /* 1 to 2^29-1, never 19000 to 19999, unique in members[] */
        bool optional;
        bool key;
        bool has_default;
        struct idl_value def;           /* @default, brought to the member's type */
        bool has_min, has_max;          /* @range, @min, @max, brought to the member's type */
        struct idl_value min, max;
        const char *unit;               /* @unit, or NULL */
};

struct idl_struct {
        struct idl_decl decl;
        bool is_exception;
        bool complete;                  /* false while only declared forward */
        struct idl_struct *base;        /* or NULL */
        struct idl_member **own;        /* without the base's */
        unsigned n_own;
        struct idl_member **members;    /* all, the base's first: what there is on the wire */
        unsigned n_members;
};

struct idl_enumerator {
        struct idl_decl decl;           /* .parent is the enum, its scope is the one around that */
        int32_t value;
        struct syn *expr;          /* of @value, or NULL */
};

struct idl_enum {
        struct idl_decl decl;
        struct idl_enumerator **values; /* at least one; their numbers are unique */
        unsigned n_values;
        const struct idl_enumerator *def;       /* @default_literal, or the first: what init sets */
};

struct idl_typedef {
        struct idl_decl decl;
        struct idl_type *type;          /* arrays included: typedef long A[2] is an IDL_ARRAY */
};

struct idl_const {
        struct idl_decl decl;
        struct idl_type *type;          /* scalar, string or enum, perhaps through typedefs */
        struct syn *expr;
        struct idl_value value;         /* brought to the type */
};

enum idl_direction {
        IDL_IN = 1,
        IDL_OUT = 2,
        IDL_INOUT = IDL_IN | IDL_OUT,
};

struct idl_param {
        struct idl_decl decl;
        enum idl_direction dir;
        struct idl_type *type;
};

struct idl_operation {
        struct idl_decl decl;           /* .parent is the interface that declares it */
        struct idl_type *result;        /* never NULL; kind IDL_VOID for void */
        struct idl_param **params;
        unsigned n_params;
        struct idl_struct **raises;     /* exceptions, no duplicates */
        unsigned n_raises;
        bool oneway;                    /* then: void, only in parameters, no raises */
        bool stream_out;                /* @stream: the result is one item of many */
        const struct idl_param *stream_in;      /* likewise this parameter, an `in`; or NULL */
        bool idempotent;
        uint32_t deadline;              /* @deadline, ms; 0: none given */
};

struct idl_interface {
        struct idl_decl decl;
        bool complete;
        struct idl_interface **bases;
        unsigned n_bases;
        /* types, constants, exceptions and operations declared inside */
        struct idl_decl *children;
        struct idl_decl **tail;
        struct idl_operation **own;     /* without the bases' */
        unsigned n_own;
        struct idl_operation **ops;     /* all: bases' first in order, each once */
        unsigned n_ops;
};

/* Files and the unit */

struct idl_file {
        const char *path;               /* as opened: for diagnostics and dependencies */
        /*
         * As an #include would have it, "dir/hello.idl": the path under the -I it lies in, else
         * its last part; of a file beside the one that includes it the string written there.
         */
        const char *name;
        bool main;                      /* generate for this one */
        bool inner;                     /* included within braces: a part of .parent, no header */
        const struct idl_file *parent;  /* who included it first; NULL: main */
        const char *doc;                /* the comment the file opens with, or NULL */
        struct idl_file *next;          /* in order of first inclusion; main is first */
};

struct idl_unit {
        struct arena *arena;            /* more memory with the same life */
        struct idl_file *files;         /* main first, then every file reached, each once */
        /* What main includes itself, in order, each once: whose headers the output needs. */
        const struct idl_file **includes;
        unsigned n_includes;
        /* the global scope, in order of appearance, from every file */
        struct idl_decl *children;
        struct idl_decl **tail;
        /*
         * Main's own struct, enum, typedef, const and interface declarations, wherever nested, in
         * order of definition: what is needed by value is before what needs it, an interface after
         * what is declared inside it.
         */
        struct idl_decl **decls;
        unsigned n_decls;
        struct idl_decl **all;          /* the same for every file, in order: to look for clashes */
        unsigned n_all;
        bool library;                   /* it is one of Via's own: module `via` is allowed */
};

/* Sees through typedefs: never returns an IDL_TYPEDEF. */
static inline const struct idl_type *idl_strip(const struct idl_type *type) {
        while (type->kind == IDL_TYPEDEF)
                type = ((const struct idl_typedef *)type->decl)->type;
        return type;
}

/* Is @decl to be generated for, rather than only known from an #include? */
static inline bool idl_is_main(const struct idl_decl *decl) {
        const struct idl_file *file = decl->file;

        while (file->inner && file->parent)
                file = file->parent;
        return file->main;
}

/* Each is NULL when @decl is something else. */
#define IDL_AS(kind_, type_)                                                          \
        static inline struct type_ *idl_as_##type_(const struct idl_decl *decl) {     \
                return decl && decl->kind == kind_ ? (struct type_ *)(uintptr_t)decl  \
                                                   : NULL;                            \
        }
IDL_AS(IDL_DECL_MODULE, idl_module)
IDL_AS(IDL_DECL_STRUCT, idl_struct)
IDL_AS(IDL_DECL_ENUM, idl_enum)
IDL_AS(IDL_DECL_TYPEDEF, idl_typedef)
IDL_AS(IDL_DECL_CONST, idl_const)
IDL_AS(IDL_DECL_INTERFACE, idl_interface)
IDL_AS(IDL_DECL_OPERATION, idl_operation)
IDL_AS(IDL_DECL_ENUMERATOR, idl_enumerator)
#undef IDL_AS

/* Finds @name (without the '@') among @decl's annotations, or NULL. */
const struct idl_annotation *idl_annotation(const struct idl_decl *decl, const char *name);

/* "unsigned long", "sequence<string<8>, 4>", "M::Point": for messages and comments. In @arena. */
const char *idl_type_name(struct arena *arena, const struct idl_type *type);

/*
 * What a generator offers. Writes the two texts of the main file into buffers that are empty before
 * and stay the caller's; complains through @diag, after which the buffers are not used.
 * The file names are unit->files->name with ".idl" (or else any last suffix) replaced by ".h"
 * and ".c".
 *
 * Returns 0, or a negative errno.
 */
struct buf;
struct diag;
int idlc_gen_c(const struct idl_unit *unit, struct diag *diag, struct buf *header,
               struct buf *source);
