#pragma once
/*
 * methods.h - the methods a server has, found by the number they have on the wire
 *
 * Never calls one.
 */
#include <via/idl.h>

struct via_count;

struct via_served {
        const struct via_method *method;        /* NULL: a free place */
        const void              *ops;
        void                    *self;
        struct via_count        *count;         /* borrowed; NULL: nobody counts */
};

struct via_methods {
        struct via_served *places;
        size_t             mask;                /* places - 1; 0 with no places */
        size_t             n;
};

void via_methods_fini(struct via_methods *methods);
int  via_methods_add(struct via_methods *methods, const struct via_interface *interface,
                    const void *ops, void *self, struct via_error *err);
int  via_methods_copy(struct via_methods *methods, const struct via_methods *of);

/* The method with number @id, or NULL. */
static inline const struct via_served *via_methods_find(const struct via_methods *methods,
                                                        uint64_t id) {
        if (!methods->places)
                return NULL;
        for (size_t i = id;; i++) {
                const struct via_served *s = &methods->places[i & methods->mask];

                if (!s->method || s->method->id == id)
                        return s->method ? s : NULL;
        }
}
