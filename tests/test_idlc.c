/*
 * test_idlc.c - what a generator is told of an .idl file
 *
 * The files of tests/idl show what is accepted and what is said of the rest; here is what
 * becomes of what was accepted.
 */
#include "test.h"
#include "check.h"
#include "hashid.h"
#include "unit.h"

static struct unit unit;

/* Reads @text, which must be without errors. */
static void read_text(const char *text) {
        struct unit_options options = { .no_files = true };

        unit_init(&unit, stderr);
        unit_read_text(&unit, &options, "test.idl", text, strlen(text));
        REQUIRE(unit.diag.n_errors == 0);
}

static struct idl_decl *find(const char *path) {
        for (unsigned i = 0; i < unit.idl.n_decls; i++)
                if (!strcmp(unit.idl.decls[i]->path, path))
                        return unit.idl.decls[i];
        fprintf(stderr, "there is no %s\n", path);
        REQUIRE(false);
        return NULL;
}

static const struct idl_value *value(const char *path) {
        return &idl_as_idl_const(find(path))->value;
}

static const struct idl_member *member(const char *path, unsigned i) {
        const struct idl_struct *decl = idl_as_idl_struct(find(path));

        REQUIRE(decl && i < decl->n_members);
        return decl->members[i];
}

TEST(constants_have_the_values_they_are_written_with) {
        read_text("const long long least = -9223372036854775808;\n"
                  "const unsigned long long most = 18446744073709551615;\n"
                  "const octet all = ~0; const unsigned long wide = ~0; const long minus = ~0;\n"
                  "const char c = '\\377'; const float f = 0.1; const double d = 0.1;\n"
                  "const string s = \"a\" \"\\x41\\101\\u00e9\";\n"
                  "const short mixed = (1 << 4 | 3) % 7 - 2 * -3;\n"
                  "enum E { @value(-7) A, B }; const E one = E::B;\n");
        CHECK_INT(value("least")->i, ==, INT64_MIN);
        CHECK(value("most")->u == UINT64_MAX);
        CHECK_INT(value("all")->u, ==, 255);
        CHECK_INT(value("wide")->u, ==, 4294967295);
        CHECK_INT(value("minus")->i, ==, -1);
        CHECK_INT(value("c")->u, ==, 255);
        CHECK(value("f")->d == (double)0.1f);
        CHECK(value("d")->d == 0.1);
        CHECK_STR(value("s")->string.text, "aAA\xc3\xa9");
        CHECK_INT(value("s")->string.len, ==, 5);
        CHECK_INT(value("mixed")->i, ==, 11);
        CHECK_STR(value("one")->e->decl.name, "B");
        CHECK_INT(value("one")->e->value, ==, -6);
        unit_fini(&unit);
}

TEST(ids_go_on_from_the_one_before_and_from_the_base) {
        read_text("struct A { long a; @id(18999) long b; long c; };\n"
                  "struct B : A { long d; @id(3) long e; long f; };\n"
                  "struct C { @hashid(\"color\") long a; @hashid long b; };\n");
        CHECK_INT(member("A", 0)->id, ==, 1);
        CHECK_INT(member("A", 2)->id, ==, 20000);
        CHECK_INT(idl_as_idl_struct(find("B"))->n_members, ==, 6);
        CHECK_STR(member("B", 1)->decl.path, "A::b");
        CHECK_INT(member("B", 3)->id, ==, 20001);
        CHECK_INT(member("B", 5)->id, ==, 4);
        CHECK_INT(member("C", 0)->id, ==, 0x0fa5dd70);
        unit_fini(&unit);
}

TEST(hashes_are_those_of_dds_xtypes) {
        CHECK_INT(hashid("color"), ==, 0x0fa5dd70);
        CHECK_INT(hashid("shapesize"), ==, 0x047790da);
        CHECK_INT(
                hashid("a name that takes more than one block of 64 bytes, as it is this long"),
                ==,
                hashid("a name that takes more than one block of 64 bytes, as it is this long"));
}

TEST(comments_go_to_what_they_stand_at) {
        read_text(
                "// licence\n\n"
                "/**\n * Where something\n *   is.\n */\n"
                "@final struct Point {\n"
                "        long x;         // to the right\n"
                "        /// up\n        /// or down\n        long y; // not this\n"
                "        /* nor this */ long z;\n"
                "\n        // nor this, there is a line between\n\n        long t;\n"
                "        long u; //@key\n"
                "};\n"
                "enum E { A, // first\n B /**< second */ };\n"
                "@verbatim(language=\"comment\", text=\"as ROS\" \"\\n\" \"does\") struct R { long a; };\n"
                "interface I {\n"
                "        void f(in long a,       // one\n"
                "               in long b);      // two, and the operation\n"
                "};\n");
        CHECK_STR(unit.idl.files->doc, "licence");
        CHECK_STR(find("Point")->doc, "Where something\n  is.");
        CHECK_STR(member("Point", 0)->decl.doc, "to the right");
        CHECK_STR(member("Point", 1)->decl.doc, "up\nor down");
        CHECK(!member("Point", 2)->decl.doc);
        CHECK(!member("Point", 3)->decl.doc);
        CHECK(!member("Point", 4)->decl.doc);
        CHECK_STR(idl_as_idl_enum(find("E"))->values[0]->decl.doc, "first");
        CHECK_STR(idl_as_idl_enum(find("E"))->values[1]->decl.doc, "second");
        CHECK_STR(find("R")->doc, "as ROS\ndoes");
        CHECK_STR(idl_as_idl_interface(find("I"))->ops[0]->params[0]->decl.doc, "one");
        unit_fini(&unit);
}

TEST(inherited_operations_come_first_and_once) {
        const struct idl_interface *d;

        read_text(
                "interface A { void a(); }; interface B : A { void b(); }; interface C : A { void c(); };\n"
                "interface D : C, B { @deadline(50) @idempotent long d(inout long x); };\n");
        d = idl_as_idl_interface(find("D"));
        CHECK_INT(d->n_ops, ==, 4);
        CHECK_STR(d->ops[0]->decl.path, "A::a");
        CHECK_STR(d->ops[1]->decl.path, "C::c");
        CHECK_STR(d->ops[2]->decl.path, "B::b");
        CHECK_STR(d->ops[3]->decl.path, "D::d");
        CHECK_INT(d->n_bases, ==, 2);
        CHECK_INT(d->ops[3]->deadline, ==, 50);
        CHECK(d->ops[3]->idempotent);
        CHECK_INT(d->ops[3]->params[0]->dir, ==, IDL_INOUT);
        unit_fini(&unit);
}

TEST(types_are_told_apart_through_typedefs_and_arrays) {
        const struct idl_type *type;

        read_text(
                "typedef string<8> Name; typedef Name Names[2][3]; struct S { sequence<Names, 5> all; };\n");
        type = member("S", 0)->type;
        CHECK_STR(idl_type_name(&unit.arena, type), "sequence<Names, 5>");
        CHECK_INT(type->bound, ==, 5);
        CHECK_INT(type->elem->kind, ==, IDL_TYPEDEF);
        type = idl_strip(type->elem);
        CHECK_INT(type->kind, ==, IDL_ARRAY);
        CHECK_INT(type->count, ==, 6);
        CHECK_INT(type->dims[1], ==, 3);
        CHECK_INT(idl_strip(type->elem)->bound, ==, 8);
        unit_fini(&unit);
}

TEST(modules_reopened_are_one) {
        read_text("module M { struct A { long a; }; }; struct Between { M::A a; };\n"
                  "module M { struct B { A a; }; };\n");
        CHECK_INT(unit.idl.n_decls, ==, 3);
        CHECK_STR(unit.idl.decls[0]->path, "M::A");
        CHECK_STR(unit.idl.decls[2]->path, "M::B");
        CHECK(unit.idl.decls[0]->parent == unit.idl.decls[2]->parent);
        CHECK(unit.idl.children->next && !unit.idl.children->next->next);
        unit_fini(&unit);
}

TEST(members_know_their_annotations) {
        read_text(
                "enum E { A, @default_literal B };\n"
                "struct S { @optional @unit(\"m\") long a; @key @default(7) @range(min=1, max=9) octet b; "
                "@default(B) E c; @optional(FALSE) string d; };\n");
        CHECK(member("S", 0)->optional);
        CHECK_STR(member("S", 0)->unit, "m");
        CHECK(member("S", 1)->key && member("S", 1)->has_default && member("S", 1)->has_max);
        CHECK_INT(member("S", 1)->def.u, ==, 7);
        CHECK_INT(member("S", 1)->max.u, ==, 9);
        CHECK_STR(member("S", 2)->def.e->decl.name, "B");
        CHECK(!member("S", 3)->optional);
        CHECK_STR(idl_as_idl_enum(find("E"))->def->decl.name, "B");
        unit_fini(&unit);
}

/* A deep file must end in a message and not in a crash, whatever is deep in it. */
TEST(depth_ends_in_a_message) {
        static const char *const parts[] = { "module a {",
                                             "{",
                                             "typedef sequence<",
                                             "const long x = (",
                                             "struct S { sequence<",
                                             "@a(",
                                             "const long y = 1",
                                             "[",
                                             "-",
                                             "interface I { void f(",
                                             "#if 1\n",
                                             "union U {",
                                             "((" };
        struct unit_options options = { .no_files = true };
        struct buf text = { 0 };

        for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
                buf_clear(&text);
                for (unsigned k = 0; k < 10000; k++)
                        buf_puts(&text, i == 6 && k ? " + 1" : parts[i]);
                unit_init(&unit, fopen("/dev/null", "w"));
                unit_read_text(&unit, &options, "deep.idl", text.data, text.len);
                CHECK_INT(unit.diag.n_errors, >, 0);
                fclose(unit.diag.out);
                unit_fini(&unit);
        }
        buf_fini(&text);
}
