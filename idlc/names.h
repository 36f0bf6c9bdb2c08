#pragma once
/*
 * names.h - what things are called in C
 *
 * Scopes are joined by underscores, "hello::Greeter" is hello_Greeter, and all of C is one
 * scope: so everything that is generated for a unit is entered here by its C name, and what
 * comes second under a name is an error at the place where the person who wrote it can see
 * both. Words that C has taken get an underscore, and so do names that only the generated .c
 * ever sees.
 */
#include <stdbool.h>
#include "ast.h"
#include "buf.h"
#include "diag.h"
#include "map.h"

/* Whether C, its library or the runtime's headers have @name: a keyword, a macro, a type. */
bool word_taken(const char *name);
/* Whether the C library has a function of this name: only a typedef without a module minds. */
bool word_function(const char *name);
/* Whether generated prototypes use @name: only a constant without a module minds. */
bool word_ours(const char *name);

struct names {
        struct arena *arena;
        struct diag  *diag;
        struct map    taken;            /* C name to struct name */
        unsigned      n_macros;
        bool          library;          /* via_… may be declared */
};

void names_init(struct names *names, struct arena *arena, struct diag *diag);
void names_fini(struct names *names);

/* @name, with underscores until C has not taken it. */
const char *names_clear(struct arena *arena, const char *name);
/* The C name of a declaration at any scope. */
const char *names_of(struct arena *arena, const struct idl_decl *decl);
/* Its name in protobuf's way, "hello.Greeter". */
const char *names_dotted(struct arena *arena, const struct idl_decl *decl);

/* The name of the module it is in, in the same way; "" at the top. */
const char *names_package(struct arena *arena, const struct idl_decl *decl);

/*
 * Enters what @decl is called in C, or, if @suffix is not "", something that is generated
 * because of it: "_init". Complains if it is taken.
 */
void names_enter(struct names *names, const char *name, const char *suffix,
                 const struct idl_decl *decl);
/* The same for a #define, which is in the way of members and parameters too. */
void names_enter_macro(struct names *names, const char *name, const char *suffix,
                       const struct idl_decl *decl);

/* A name that only the .c sees: @name, with underscores until it is free. */
const char *names_private(struct names *names, const char *name);

/* The names within one struct, or of the parameters of one function. */
struct pool {
        struct names *names;
        struct map    taken;            /* to struct idl_decl, or to the pool itself: nobody's */
        bool          arguments;
};

void pool_init(struct pool *pool, struct names *names);
void pool_fini(struct pool *pool);
/* Whether C lets anything in here be called @name; and whether nothing is yet. */
bool pool_may_be(const struct pool *pool, const char *name);
bool pool_free(const struct pool *pool, const char *name);
void pool_take(struct pool *pool, const char *name, const struct idl_decl *decl);
const struct idl_decl *pool_owner(const struct pool *pool, const char *name);
/*
 * @name with underscores until it, and @prefix before it if that is not NULL, is free; takes
 * both.
 */
const char *pool_pick(struct pool *pool, const char *name, const char *prefix,
                      const struct idl_decl *decl);
