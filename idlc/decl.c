/*
 * decl.c - what all declarations share: name, place, documentation
 */
#include <string.h>
#include "check.h"

void ptrs_add(struct arena *arena, struct ptrs *ptrs, void *pointer) {
        void **grown;

        if (ptrs->n == ptrs->room) {
                ptrs->room = ptrs->room ? ptrs->room * 2 : 4;
                grown = arena_array(arena, void *, ptrs->room);
                if (ptrs->n)
                        memcpy(grown, ptrs->v, ptrs->n * sizeof(*grown));
                ptrs->v = grown;
        }
        ptrs->v[ptrs->n++] = pointer;
}

void decl_init(struct checker *c, struct idl_decl *decl, enum idl_decl_kind kind,
               struct idl_decl *parent, const char *name, struct span name_at,
               const struct syn *node) {
        struct source *source = text_source(c->text, name_at.begin);
        size_t len = strlen(name);

        decl->kind = kind;
        decl->name = name;
        decl->at = name_at;
        decl->parent = parent;
        decl->file = source && source->file ? source->file : c->unit->files;
        decl->path = name;
        if (parent && strlen(parent->path) + len + 2 > PATH_MAX_LEN)
                diag(c->diag, PATH_TOO_LONG, name_at, PATH_MAX_LEN);
        else if (parent)
                decl->path = arena_printf(c->arena, "%s::%s", parent->path, name);
        decl->doc = doc_find(c, node->at);
}

void decl_child(struct checker *c, struct idl_decl *decl) {
        struct idl_decl *owner = c->scope->owner;
        struct idl_decl ***tail = &c->unit->tail;

        if (owner && owner->kind == IDL_DECL_MODULE)
                tail = &((struct idl_module *)owner)->tail;
        else if (owner && owner->kind == IDL_DECL_INTERFACE)
                tail = &((struct idl_interface *)owner)->tail;
        **tail = decl;
        *tail = &decl->next;
}

void decl_done(struct checker *c, struct idl_decl *decl) {
        ptrs_add(c->arena, &c->all, decl);
        if (idl_is_main(decl))
                ptrs_add(c->arena, &c->decls, decl);
}

const struct idl_annotation *idl_annotation(const struct idl_decl *decl, const char *name) {
        for (const struct idl_annotation *a = decl->annotations; a; a = a->next)
                if (!strcmp(a->name, name))
                        return a;
        return NULL;
}

static const char *const basic[] = {
        [IDL_ERROR] = "?",         [IDL_VOID] = "void",           [IDL_BOOLEAN] = "boolean",
        [IDL_CHAR] = "char",       [IDL_OCTET] = "octet",         [IDL_INT8] = "int8",
        [IDL_UINT8] = "uint8",     [IDL_INT16] = "short",         [IDL_UINT16] = "unsigned short",
        [IDL_INT32] = "long",      [IDL_UINT32] = "unsigned long", [IDL_INT64] = "long long",
        [IDL_UINT64] = "unsigned long long", [IDL_FLOAT] = "float", [IDL_DOUBLE] = "double",
        [IDL_STRING] = "string",
};

static void type_print(struct buf *buf, const struct idl_type *type, unsigned depth) {
        if (depth > 32) {
                buf_puts(buf, "...");
        } else if (type->kind == IDL_SEQUENCE) {
                buf_puts(buf, "sequence<");
                type_print(buf, type->elem, depth + 1);
                if (type->bound)
                        buf_printf(buf, ", %llu", (unsigned long long)type->bound);
                buf_putc(buf, '>');
        } else if (type->kind == IDL_ARRAY) {
                type_print(buf, type->elem, depth + 1);
                for (unsigned i = 0; i < type->n_dims; i++)
                        buf_printf(buf, "[%u]", type->dims[i]);
        } else if (type->decl) {
                buf_puts(buf, type->decl->path);
        } else {
                buf_puts(buf, basic[type->kind]);
                if (type->kind == IDL_STRING && type->bound)
                        buf_printf(buf, "<%llu>", (unsigned long long)type->bound);
        }
}

const char *idl_type_name(struct arena *arena, const struct idl_type *type) {
        struct buf buf = { 0 };
        const char *name;

        type_print(&buf, type, 0);
        name = arena_strndup(arena, buf.data, buf.len);
        buf_fini(&buf);
        return name;
}
