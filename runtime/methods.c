/*
 * methods.c - the methods a server has, found by the number they have on the wire
 *
 * Open addressing; the numbers are hashes already. At least half of the places are free, so a
 * search ends soon.
 */
#include <stdlib.h>
#include <string.h>
#include "methods.h"

void via_methods_fini(struct via_methods *methods) {
        free(methods->places);
        *methods = (struct via_methods){ 0 };
}

static void place(struct via_served *places, size_t mask, struct via_served served) {
        size_t i = served.method->id;

        while (places[i & mask].method)
                i++;
        places[i & mask] = served;
}

static int make_room(struct via_methods *methods, size_t more) {
        size_t n = methods->places ? methods->mask + 1 : 16;
        struct via_served *places;

        while (n < (methods->n + more) * 2)
                n *= 2;
        if (methods->places && n == methods->mask + 1)
                return 0;
        places = calloc(n, sizeof(*places));
        if (!places)
                return -1;
        for (size_t i = 0; methods->places && i <= methods->mask; i++)
                if (methods->places[i].method)
                        place(places, n - 1, methods->places[i]);
        free(methods->places);
        methods->places = places;
        methods->mask = n - 1;
        return 0;
}

/* Adds all methods of @interface, or none. Everything is borrowed. */
int via_methods_add(struct via_methods *methods, const struct via_interface *interface,
                    const void *ops, void *self, struct via_error *err) {
        for (unsigned i = 0; i < interface->n_methods; i++) {
                const struct via_method *m = &interface->methods[i];
                const struct via_served *s = via_methods_find(methods, m->id);

                if (s && strcmp(s->method->name, m->name) == 0)
                        return via_error_set(err, VIA_ALREADY_EXISTS,
                                             "interface %s is served already", interface->name);
                if (s)
                        return via_error_set(
                                err, VIA_ALREADY_EXISTS,
                                "%s and %s have the same number %016llx: rename one", m->name,
                                s->method->name, (unsigned long long)m->id);
        }
        if (make_room(methods, interface->n_methods) < 0)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory to serve %s",
                                     interface->name);
        for (unsigned i = 0; i < interface->n_methods; i++)
                place(methods->places, methods->mask,
                      (struct via_served){
                              .method = &interface->methods[i], .ops = ops, .self = self });
        methods->n += interface->n_methods;
        return VIA_OK;
}

/* Makes @methods, which are empty, those of @of: 0, or -1: no memory. */
int via_methods_copy(struct via_methods *methods, const struct via_methods *of) {
        if (!of->places)
                return 0;
        if (make_room(methods, of->n) < 0)
                return -1;
        for (size_t i = 0; i <= of->mask; i++)
                if (of->places[i].method)
                        place(methods->places, methods->mask, of->places[i]);
        methods->n = of->n;
        return 0;
}
