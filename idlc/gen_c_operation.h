#pragma once
/*
 * gen_c_operation.h - an operation as C sees it: two messages, and the arguments of its functions
 *
 * What goes in is the request: in and inout parameters, in order. What comes out is the
 * response: the result, then out and inout parameters. The client's functions and the server's
 * differ only in how they hand over what comes out.
 */
#include "emit.h"
#include "gen_c_fields.h"

struct operation {
        const struct idl_operation *idl;
        const char *name;               /* the member of the struct of operations */
        const char *full;               /* of the client's function, "hello_Greeter_greet" */
        const char *wire;               /* "hello.Greeter/greet" */
        struct message request, response;
        const char **rets;              /* "ret_x" for each field of the response */
        const char **n_rets;            /* "ret_n_x", where there is one */
        /* the names of its arguments, for locals to keep clear of */
        struct pool pool;
};

/* The operations of an interface, its bases' included; and their end. */
struct operation *operations_of(struct gen *gen, const struct idl_interface *interface);
void operations_fini(struct operation *ops, const struct idl_interface *interface);

/* A name for a local variable, this one or one like it. */
const char *operation_local(struct operation *op, const char *name);

/*
 * Whether a result field is handed to a handler in place, not through a variable of another
 * type.
 */
bool field_is_direct(const struct field *field);
/* The C type of an element as an argument that comes out: "uint8_t ", "char *". */
const char *field_out_type(const struct field *field);

/* Adds what goes in; what comes out of a call; what a handler fills in. */
void list_ins(struct list *list, const struct operation *op);
void list_client_rets(struct list *list, const struct operation *op);
void list_server_rets(struct list *list, const struct operation *op);

/* What an interface becomes, in the header and in the source; there the tables come first. */
void gen_client_header(struct gen *gen, struct operation *ops, unsigned n);
void gen_server_header(struct gen *gen, const struct idl_interface *interface,
                       struct operation *ops);
void gen_client_source(struct gen *gen, const struct idl_interface *interface,
                       struct operation *ops);
void gen_server_source(struct gen *gen, const struct idl_interface *interface,
                       struct operation *ops);

/* The function @invoke of the source, which via_method.invoke points to. */
void gen_thunk(struct gen *gen, const struct idl_interface *interface, const struct operation *op,
               const char *invoke);
