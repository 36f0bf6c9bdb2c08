/*
 * names.c - what things are called in C
 */
#include <string.h>
#include "names.h"

struct name {
        const struct idl_decl *decl;    /* because of whom; NULL: private */
        const char *suffix;             /* "": the thing itself */
        bool macro;
};

void names_init(struct names *names, struct arena *arena, struct diag *diag) {
        *names = (struct names){ .arena = arena, .diag = diag };
}

void names_fini(struct names *names) {
        map_fini(&names->taken);
}

static const char *join(struct arena *arena, const char *path, const char *glue) {
        char *joined = arena_strdup(arena, path), *to = joined;

        for (const char *from = path; *from; from++) {
                if (from[0] == ':' && from[1] == ':') {
                        *to++ = *glue;
                        from++;
                } else {
                        *to++ = *from;
                }
        }
        *to = '\0';
        return joined;
}

const char *names_clear(struct arena *arena, const char *name) {
        while (word_taken(name))
                name = arena_printf(arena, "%s_", name);
        return name;
}

const char *names_of(struct arena *arena, const struct idl_decl *decl) {
        const char *name;

        if (decl->kind == IDL_DECL_ENUMERATOR)
                return names_clear(arena,
                                   arena_printf(arena, "%s_%s", names_of(arena, decl->parent),
                                                decl->name));
        name = join(arena, decl->path, "_");
        if (decl->kind == IDL_DECL_INTERFACE)
                return name;            /* only ever the beginning of another name */
        name = names_clear(arena, name);
        while ((decl->kind == IDL_DECL_TYPEDEF && word_function(name)) ||
               (decl->kind == IDL_DECL_CONST && word_ours(name)))
                name = arena_printf(arena, "%s_", name);
        return name;
}

const char *names_dotted(struct arena *arena, const struct idl_decl *decl) {
        return join(arena, decl->path, ".");
}

const char *names_package(struct arena *arena, const struct idl_decl *decl) {
        for (decl = decl->parent; decl && decl->kind != IDL_DECL_MODULE; decl = decl->parent)
                ;
        return decl ? names_dotted(arena, decl) : "";
}

static const char *describe(struct arena *arena, const struct name *name) {
        if (!*name->suffix)
                return arena_printf(arena, "`%s`", name->decl->path);
        return arena_printf(arena, "`%s` of `%s`", name->suffix, name->decl->path);
}

static bool is_reserved(const struct names *names, const char *full) {
        if (!strncmp(full, "via_", 4) || !strncmp(full, "VIA_", 4))
                return !names->library;
        return !strncmp(full, "protobuf_c_", 11) || !strncmp(full, "PROTOBUF_C_", 11) ||
               !strncmp(full, "ProtobufC", 9);
}

static void enter(struct names *names, const char *base, const char *suffix,
                  const struct idl_decl *decl, bool macro) {
        const char *full = arena_printf(names->arena, "%s%s", base, suffix);
        struct name *first = map_get(&names->taken, full, strlen(full));
        struct name *name = arena_new(names->arena, struct name);

        *name = (struct name){ .decl = decl, .suffix = suffix, .macro = macro };
        if (first) {
                diag(names->diag, C_NAME_CLASH, decl->at, describe(names->arena, name),
                     describe(names->arena, first), full);
                diag_note(names->diag, first->decl->at, "`%s` is declared here", first->decl->path);
                return;
        }
        if (is_reserved(names, full)) {
                diag(names->diag, C_NAME_RESERVED, decl->at, decl->path, full);
                diag_help(names->diag,
                          "give it another name, or put it into a module of another name");
        }
        map_put(&names->taken, full, strlen(full), name);
        names->n_macros += macro;
}

void names_enter(struct names *names, const char *name, const char *suffix,
                 const struct idl_decl *decl) {
        enter(names, name, suffix, decl, false);
}

void names_enter_macro(struct names *names, const char *name, const char *suffix,
                       const struct idl_decl *decl) {
        enter(names, name, suffix, decl, true);
}

const char *names_private(struct names *names, const char *name) {
        while (map_get(&names->taken, name, strlen(name)))
                name = arena_printf(names->arena, "%s_", name);
        map_put(&names->taken, name, strlen(name), arena_new(names->arena, struct name));
        return name;
}

void pool_init(struct pool *pool, struct names *names) {
        *pool = (struct pool){ .names = names };
}

void pool_fini(struct pool *pool) {
        map_fini(&pool->taken);
}

static bool is_typedef(const struct name *name) {
        size_t len = strlen(name->suffix);

        if (!len)
                return name->decl->kind == IDL_DECL_TYPEDEF;
        return len >= 8 && !strcmp(name->suffix + len - 8, "_done_fn");
}

bool pool_may_be(const struct pool *pool, const char *name) {
        const struct name *global = map_get(&pool->names->taken, name, strlen(name));

        if (word_taken(name))
                return false;
        if (!global || !global->decl)
                return true;
        /* A macro is replaced wherever it is; a typedef would be hidden, which some warn of. */
        if (pool->arguments && is_typedef(global))
                return false;
        return !global->macro;
}

bool pool_free(const struct pool *pool, const char *name) {
        return pool_may_be(pool, name) && !map_get(&pool->taken, name, strlen(name));
}

void pool_take(struct pool *pool, const char *name, const struct idl_decl *decl) {
        map_put(&pool->taken, name, strlen(name),
                (void *)(decl ? (uintptr_t)decl : (uintptr_t)pool));
}

const struct idl_decl *pool_owner(const struct pool *pool, const char *name) {
        void *owner = map_get(&pool->taken, name, strlen(name));

        return owner == pool ? NULL : owner;
}

const char *pool_pick(struct pool *pool, const char *name, const char *prefix,
                      const struct idl_decl *decl) {
        struct arena *arena = pool->names->arena;
        const char *both = prefix ? arena_printf(arena, "%s%s", prefix, name) : name;

        while (!pool_free(pool, name) || !pool_free(pool, both)) {
                name = arena_printf(arena, "%s_", name);
                both = prefix ? arena_printf(arena, "%s%s", prefix, name) : name;
        }
        pool_take(pool, name, decl);
        pool_take(pool, both, decl);
        return name;
}
