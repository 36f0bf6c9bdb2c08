#pragma once
/*
 * gen_c.h - what the parts of the C generator share
 *
 * They write two texts, the header and the source, declaration by declaration. They know the
 * public headers of the runtime and protobuf-c's structs; what IDL is they know only through
 * ast.h.
 */
#include "ast.h"
#include "buf.h"
#include "diag.h"
#include "map.h"
#include "names.h"

enum { GEN_WIDTH = 96 };                /* of a line, where it can be chosen */

struct gen {
        const struct idl_unit *unit;
        struct arena *arena;
        struct diag  *diag;
        struct buf   *h, *c;            /* the header and the source */
        struct names  names;
        struct map    wrappers;         /* C name to struct wrapper */
        /* paths of typedefs that have a message of their own name */
        struct map    wrapped;
        struct map    wrappers_of;      /* path of a declaration to its first wrapper */
        struct map    known;            /* C names of structs that the header has mentioned */
        bool          grouped;          /* the last thing in the header was one line of its kind */
};

struct message;
struct field;

/* Each writes what one declaration becomes, in both texts. */
void gen_const(struct gen *gen, const struct idl_const *c);
void gen_typedef(struct gen *gen, const struct idl_typedef *t);
void gen_enum(struct gen *gen, const struct idl_enum *e);
void gen_struct(struct gen *gen, const struct idl_struct *s);
void gen_wrappers(struct gen *gen, const struct idl_decl *decl);
void gen_interface(struct gen *gen, const struct idl_interface *i);

/* Each enters the names that the above will use. */
void gen_enter_enum(struct gen *gen, const struct idl_enum *e);
void gen_enter_struct(struct gen *gen, const struct idl_struct *s);
void gen_enter_wrappers(struct gen *gen, const struct idl_decl *decl);
void gen_enter_typedef(struct gen *gen, const struct idl_typedef *t);
void gen_enter_interface(struct gen *gen, const struct idl_interface *i);

/* What the header says of itself and of all that is in it. @name is the .idl's. */
const char *gen_opening(struct gen *gen, const char *name);

/* Whether the header has mentioned the struct @name before; from now on it has. */
bool gen_know(struct gen *gen, const char *name);

/*
 * The name and value of the #define that tells the bound or length of what @decl is; NULL: it
 * has none.
 */
const char *gen_bound(struct gen *gen, const struct field *field, const struct idl_decl *decl,
                      uint32_t *ret_bound);

/* The tables of a message: a struct via_type, of which everything but the name is private. */
void gen_message_tables(struct gen *gen, const struct message *message);
/* `struct NAME { ... };` */
void gen_message_struct(struct gen *gen, struct buf *out, const struct message *message);
