#pragma once
/*
 * gen_c_operation.h - an operation as C sees it: its messages, and the arguments of its functions
 *
 * What goes in is the request: in and inout parameters, in order. What comes out is the
 * response: the result, then out and inout parameters. The client's functions and the server's
 * differ only in how they hand over what comes out. What is streamed is in neither: each item
 * is a message of its own.
 */
#include "emit.h"
#include "gen_c_fields.h"

/* What is streamed in one direction: a message of one field. */
struct item {
        struct message message;         /* name NULL: nothing is */
        const char *local, *code;       /* locals of a function that has its arguments */
};

struct operation {
        const struct idl_operation *idl;
        const char *name;               /* the member of the struct of operations */
        const char *full;               /* of the client's function, "hello_Greeter_greet" */
        const char *wire;               /* "hello.Greeter/greet" */
        const char *method;             /* its table, "hello_Greeter_interface.methods[0]" */
        struct message request, response;
        struct item in_item, out_item;
        bool streams;                   /* one of them, or both */
        /* locals of a function that has all of its arguments; and of the one that replies */
        struct {
                const char *request, *response, *code, *arena, *reply;
        } local;
};

/* The operations of an interface, its bases' included. */
struct operation *operations_of(struct gen *gen, const struct idl_interface *interface);

/* Gives its arguments and locals their names. */
void operation_names(struct gen *gen, struct operation *op);

/*
 * Whether an item is the same in C in both directions, or there is but one: then the client's
 * functions are the handler's too.
 */
bool operation_one_item(const struct operation *op);

/*
 * Whether a result field is handed to a handler in place, not through a variable of another
 * type.
 */
bool field_is_direct(const struct field *field);
/* Whether what a result field holds is memory, which somebody must free. */
bool field_is_owned(const struct field *field);
/* The C type of an element as an argument that comes out: "uint8_t ", "char *". */
const char *field_out_type(const struct field *field);

/*
 * Adds the fields of @message as what a function is given; as what it gives to a client; as what
 * a handler fills in.
 */
void list_ins(struct list *list, const struct message *message);
void list_client_rets(struct list *list, const struct message *message);
void list_server_rets(struct list *list, const struct message *message);
/* The same without types, to pass on what list_ins() and list_client_rets() have declared. */
void pass_ins(struct list *list, const struct message *message);
void pass_client_rets(struct list *list, const struct message *message);

/* Passes what is in the message that the pointer @name points to, as list_ins() has declared it. */
void pass_members(struct list *list, const struct message *message, const char *name);

/* Declares the local @name, a @message whose fields are set to the arguments of list_ins(). */
void put_arguments(struct buf *out, const struct message *message, const char *name);
/*
 * Hands the fields of the local @name to the arguments of list_client_rets(), and frees those that
 * nobody wants, where the expression @heap is true.
 */
void hand_out(struct buf *out, const struct message *message, const char *name, const char *heap);

/* What the header says above an operation's functions: the .idl's comment, and the facts. */
const char *operation_comment(struct gen *gen, const struct idl_operation *op);

/* What an interface becomes, in the header and in the source; there the tables come first. */
void gen_client_header(struct gen *gen, const struct operation *op);
void gen_client_source(struct gen *gen, const struct operation *op);
void gen_stream_header(struct gen *gen, const struct operation *op);
void gen_stream_source(struct gen *gen, const struct operation *op);
void gen_async_header(struct gen *gen, const struct operation *op);
void gen_async_source(struct gen *gen, const struct operation *op);
void gen_reply_header(struct gen *gen, const struct operation *op);
void gen_reply_source(struct gen *gen, const struct operation *op);
void gen_server_header(struct gen *gen, const struct idl_interface *interface,
                       struct operation *ops);
void gen_server_source(struct gen *gen, const struct idl_interface *interface,
                       struct operation *ops);

/* The function @invoke of the source, which via_method.invoke points to. */
void gen_thunk(struct gen *gen, const struct idl_interface *interface, const struct operation *op,
               const char *invoke);
