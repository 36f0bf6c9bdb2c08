#pragma once
/*
 * check.h - from how it is written to what it means
 *
 * Walks the nodes of syn.h once, in order, and makes the declarations of ast.h of them. Reports all
 * that is wrong; what failed becomes poison, which never causes a second message.
 */
#include "map.h"
#include "syn.h"

#define MODULE_DEPTH_MAX  200           /* modules within modules */
#define PATH_MAX_LEN 65536
#define INHERIT_MAX       255           /* bases of bases */
#define MEMBERS_MAX       65535         /* of one struct, one interface */
#define ID_MAX            536870911u    /* 2^29 - 1, protobuf's */

struct scope {
        struct map names;               /* to struct idl_decl */
        struct scope *outer;
        struct idl_decl *owner;         /* module, interface or enum; NULL: global */
        struct scope *next;             /* all there are, to free the maps */
        /* of an interface: all it inherits, directly or not */
        struct idl_interface **ancestors;
        unsigned n_ancestors;
};

struct ptrs {
        void   **v;
        unsigned n, room;
};

struct checker {
        struct arena *arena;
        struct diag *diag;
        struct text *text;
        struct idl_unit *unit;
        struct scope *scope, *global, *scopes;
        const struct syn *root;
        struct ptrs decls, all;
        struct ptrs forwards;           /* declared, perhaps not defined yet */
        struct map annotations;         /* defined by @annotation */
        bool case_sensitive;
        bool missing;                   /* an #include failed: unknown names are no surprise */
        unsigned depth;
        const struct idl_struct *open;  /* being defined */
        struct span doc_at;             /* asked for last, and ... */
        char *doc;                      /* ... answered: declarators share one */
        unsigned n_guesses;             /* of did-you-mean, which costs */
};

/* Checks @root into c->unit. */
void check(struct checker *c, const struct syn *root);

void  ptrs_add(struct arena *arena, struct ptrs *ptrs, void *pointer);

/* scope.c: names */
struct scope *scope_new(struct checker *c, struct scope *outer, struct idl_decl *owner);
/* What @name is in @scope itself and what it inherits; NULL: nothing. */
struct idl_decl *scope_find(struct checker *c, struct scope *scope, const char *name,
                            struct span at);
/* Enters @decl, or complains that the name is taken. */
bool scope_declare(struct checker *c, struct scope *scope, struct idl_decl *decl);
/* What a SYN_NAME names, seen from c->scope. NULL: reported, or poison. @what: "type", "value". */
struct idl_decl *scope_resolve(struct checker *c, const struct syn *name, const char *what);
void scope_poison(struct checker *c, const struct syn *node);
const char *decl_what(const struct idl_decl *decl);     /* "struct", "module" … */
void note_declared(struct checker *c, const struct idl_decl *decl);

/* guess.c: tells what @part might have been, among what is in @within, or everywhere if NULL */
void guess(struct checker *c, const struct syn *part, const struct scope *within, bool type);

/* decl.c: what all declarations share */
void decl_init(struct checker *c, struct idl_decl *decl, enum idl_decl_kind kind,
               struct idl_decl *parent, const char *name, struct span name_at,
               const struct syn *node);
/* Enters @decl among the children of the scope that is open, and among those to generate. */
void decl_child(struct checker *c, struct idl_decl *decl);
void decl_done(struct checker *c, struct idl_decl *decl);
char *doc_find(struct checker *c, struct span at);
const char *doc_opening(struct checker *c, const struct source *source);

/* type.c */
struct idl_type *type_of(struct checker *c, const struct syn *type);
/* @type with the dimensions of @declarator. */
struct idl_type *type_declared(struct checker *c, const struct syn *type, struct idl_type *base,
                               const struct syn *declarator);
/* Complains of a type whose size is not known yet. */
bool type_complete(struct checker *c, const struct idl_type *type, struct span at, bool pointer);
struct idl_type *type_new(struct checker *c, enum idl_kind kind, struct span at);

/* consteval.c: values. False: reported. @kind says what it is for, IDL_ERROR: anything. */
bool value_eval(struct checker *c, const struct syn *expr, enum idl_kind kind,
                struct idl_value *ret_value);
bool value_of_type(struct checker *c, const struct syn *expr, const struct idl_type *type,
                   struct idl_value *ret_value);
/* A bound or a dimension: 1 to @max. 0: reported. */
uint64_t value_size(struct checker *c, const struct syn *expr, const char *what, uint64_t max);
/* For ordered values of one kind: like strcmp(). */
int value_compare(const struct idl_value *a, const struct idl_value *b);
const char *value_name(struct checker *c, const struct idl_value *value);

/* annotate.c */
void annotate(struct checker *c, struct idl_decl *decl, const struct syn *annotations);
bool annotation_flag(const struct idl_decl *decl, const char *name);
void annotations_exclude(struct checker *c, const struct idl_decl *decl, const char *first,
                         const char *second);
void annotate_member(struct checker *c, struct idl_member *member);
/* The @default that is meant by an @value(default=...), or @node. */
const struct syn *annotation_default(struct checker *c, const struct idl_decl *decl,
                                     const struct syn *node);
/* Whether the unnamed argument of @annotation is the word @word. */
bool annotation_word(const struct idl_annotation *annotation, const char *word);
const struct syn *annotation_value(const struct syn *annotations, const char *name);

/* member_id.c: the id of @member, which follows one with the id @previous */
uint32_t member_id(struct checker *c, const struct idl_struct *decl,
                   const struct idl_member *member, const struct syn *node, uint32_t previous);
void member_ids_check(struct checker *c, const struct idl_struct *decl);

/* check_stream.c: which of its parameters, and whether its result, is a stream */
void check_streams(struct checker *c, struct idl_operation *op);

/* check_struct.c, check_interface.c, check_enum.c */
void check_struct(struct checker *c, const struct syn *node);
void check_struct_forward(struct checker *c, const struct syn *node);
void check_enum(struct checker *c, const struct syn *node);
void check_interface(struct checker *c, const struct syn *node);
void check_interface_forward(struct checker *c, const struct syn *node);
void check_forwards(struct checker *c);
void check_list(struct checker *c, const struct syn *list);
