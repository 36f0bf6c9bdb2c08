/*
 * test_methods.c - a server's methods by their number
 */
#include "alloc.h"
#include "methods.h"
#include "test.h"

static char names[1200][32];
static struct via_method methods[1200];

/* An interface of @n methods, the first of which is number @first. */
static struct via_interface make(unsigned first, unsigned n) {
        for (unsigned i = first; i < first + n; i++) {
                snprintf(names[i], sizeof(names[i]), "test.I%u/m%u", first, i);
                methods[i] = (struct via_method){ .name = names[i],
                                                  .id = via_method_id(names[i]) };
        }
        return (struct via_interface){ .name = "test.I",
                                       .methods = &methods[first],
                                       .n_methods = n };
}

static int add(struct via_methods *m, const struct via_interface *interface,
               struct via_error *err) {
        return via_methods_add(m, interface, methods, names, err);
}

TEST(each_is_found) {
        struct via_methods m = { 0 };

        CHECK(!via_methods_find(&m, 1));
        for (unsigned first = 0; first < 1200; first += 40) {
                struct via_interface interface = make(first, 40);

                REQUIRE(add(&m, &interface, NULL) == VIA_OK);
                CHECK_INT(m.n, ==, first + 40);
        }
        for (unsigned i = 0; i < 1200; i++) {
                const struct via_served *s = via_methods_find(&m, methods[i].id);

                REQUIRE(s);
                CHECK(s->method == &methods[i] && s->ops == methods && s->self == names);
                CHECK(!via_methods_find(&m, methods[i].id + 1));
        }
        CHECK(!via_methods_find(&m, 0));
        CHECK_INT(m.mask + 1, >=, m.n * 2);
        via_methods_fini(&m);
        via_methods_fini(&m);
}

/* Numbers that all want the same place. */
TEST(each_is_found_in_a_crowd) {
        struct via_interface interface = make(0, 100);
        struct via_methods m = { 0 };

        for (unsigned i = 0; i < 100; i++)
                methods[i].id = 0xffff | (uint64_t)i << 32;
        REQUIRE(add(&m, &interface, NULL) == VIA_OK);
        for (unsigned i = 0; i < 100; i++)
                CHECK(via_methods_find(&m, methods[i].id)->method == &methods[i]);
        CHECK(!via_methods_find(&m, 0xffff | 100ull << 32));
        via_methods_fini(&m);
}

TEST(the_same_twice_is_refused) {
        struct via_interface interface = make(0, 3);
        struct via_error err = VIA_ERROR_INIT;
        struct via_methods m = { 0 };

        REQUIRE(add(&m, &interface, &err) == VIA_OK);
        CHECK_INT(add(&m, &interface, &err), ==, VIA_ALREADY_EXISTS);
        CHECK_STR(err.message, "interface test.I is served already");
        CHECK_INT(m.n, ==, 3);
        via_error_fini(&err);
        via_methods_fini(&m);
}

TEST(two_names_with_one_number) {
        struct via_interface a = make(0, 3), b = make(3, 3);
        struct via_error err = VIA_ERROR_INIT;
        struct via_methods m = { 0 };

        methods[5].id = methods[1].id = 0x1234;
        REQUIRE(add(&m, &a, &err) == VIA_OK);
        CHECK_INT(add(&m, &b, &err), ==, VIA_ALREADY_EXISTS);
        CHECK_STR(err.message, "test.I3/m5 and test.I0/m1 have the same number "
                               "0000000000001234: rename one");
        CHECK(!via_methods_find(&m, methods[3].id));    /* all or none */
        CHECK_INT(m.n, ==, 3);
        via_error_fini(&err);
        via_methods_fini(&m);
}

TEST(an_interface_without_methods) {
        struct via_interface interface = { .name = "test.Empty" };
        struct via_methods m = { 0 };

        CHECK_INT(add(&m, &interface, NULL), ==, VIA_OK);
        CHECK(!via_methods_find(&m, 0));
        via_methods_fini(&m);
}

TEST(no_memory_adds_nothing) {
        struct via_interface a = make(0, 5), b = make(5, 100);
        struct alloc_turns turns = { 0 };

        while (alloc_turn(&turns)) {
                struct via_methods m = { 0 };
                int first = add(&m, &a, NULL), second = add(&m, &b, NULL);

                CHECK(first == VIA_OK || (alloc_failed() && first == VIA_RESOURCE_EXHAUSTED));
                CHECK(second == VIA_OK || (alloc_failed() && second == VIA_RESOURCE_EXHAUSTED));
                for (unsigned i = 0; i < 105; i++)
                        CHECK(!via_methods_find(&m, methods[i].id) == !!(i < 5 ? first : second));
                via_methods_fini(&m);
        }
        CHECK_INT(turns.n, ==, 3);
}
