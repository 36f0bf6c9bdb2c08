/*
 * syn.c - how a file is written: making nodes
 */
#include <string.h>
#include "lex.h"
#include "syn.h"

struct syn *syn_new(struct parser *p, enum syn_kind kind, struct span at) {
        struct syn *node = arena_new(p->arena, struct syn);

        node->kind = kind;
        node->at = node->name_at = at;
        return node;
}

struct syn *syn_named(struct parser *p, enum syn_kind kind, struct syn_name name,
                      struct syn *list) {
        struct syn *node = syn_new(p, kind, name.at);

        node->name = name.text;
        node->list = list;
        return node;
}

struct syn *syn_basic(struct parser *p, enum idl_kind kind, struct span at) {
        struct syn *node = syn_new(p, SYN_BASIC, at);

        node->number = kind;
        return node;
}

/* Follows @node down only so far: whoever writes more wants to see us fall. */
static struct syn *limit(struct parser *p, struct syn *node) {
        if (node->depth <= SYN_EXPR_DEPTH_MAX)
                return node;
        if (node->left->kind == SYN_ERROR)
                return node->left;      /* said so already */
        diag(p->diag, EXPR_TOO_DEEP, node->right ? node->right->at : node->at, SYN_EXPR_DEPTH_MAX);
        node->kind = SYN_ERROR;
        return node;
}

struct syn *syn_unary(struct parser *p, int op, struct syn *left, struct span at) {
        struct syn *node = syn_new(p, op == '(' ? SYN_PAREN : SYN_UNARY, at);

        node->number = (uint64_t)op;
        node->left = left;
        node->depth = left->depth + 1;
        return limit(p, node);
}

struct syn *syn_binary(struct parser *p, int op, struct syn *left, struct syn *right) {
        struct syn *node = syn_new(p, SYN_BINARY, (struct span){ left->at.begin, right->at.end });

        node->number = (uint64_t)op;
        node->left = left;
        node->right = right;
        node->depth = (left->depth > right->depth ? left->depth : right->depth) + 1;
        return limit(p, node);
}

struct syn *syn_scoped(struct parser *p, struct syn_list parts, bool global, struct span at) {
        struct syn *node = syn_new(p, SYN_NAME, at);

        node->list = parts.first;
        node->flag = global;
        return node;
}

struct syn *syn_annotation(struct parser *p, struct syn_name name, struct syn_list args,
                           struct span at) {
        struct syn *node = syn_named(p, SYN_ANNOTATION, name, args.first);

        node->at = at;
        return node;
}

struct syn *syn_operation(struct parser *p, struct syn *result, struct syn_name name,
                          struct syn_list params, struct syn_list raises, bool oneway) {
        struct syn *node = syn_named(p, SYN_OPERATION, name, params.first);

        node->type = result;
        node->more = raises.first;
        node->flag = oneway;
        return node;
}

struct syn *syn_param(struct parser *p, struct syn_list annotations, int direction,
                      struct syn_list more, struct syn *type, struct syn *declarator,
                      struct span at) {
        struct syn *node = syn_named(p, SYN_PARAM, (struct syn_name){ declarator->name,
                                     declarator->name_at }, NULL);

        if (declarator->list)
                lex_array_param(p->lex, declarator->list->at);
        if (direction == 0)
                lex_no_direction(p->lex, type->at, declarator->name);
        node->number = direction ? (uint64_t)direction : IDL_IN;
        node->type = type;
        if (annotations.last) {
                annotations.last->next = more.first;
                more.first = annotations.first;
        }
        return syn_whole(node, more, at);
}

struct syn *syn_with(struct syn *node, struct syn *type, struct syn *left) {
        node->type = type;
        node->left = left;
        if (left && node->kind == SYN_ARG && node->name)
                node->at.end = left->at.end;
        return node;
}

struct syn_list syn_one(struct syn *node) {
        return (struct syn_list){ node, node };
}

struct syn_list syn_add(struct syn_list list, struct syn *node) {
        if (!node)
                return list;
        if (list.last)
                list.last->next = node;
        else
                list.first = node;
        list.last = node;
        return list;
}

struct syn *syn_whole(struct syn *node, struct syn_list annotations, struct span at) {
        if (node->annotations && annotations.last)
                annotations.last->next = node->annotations;
        if (annotations.first)
                node->annotations = annotations.first;
        node->at = at;
        return node;
}
