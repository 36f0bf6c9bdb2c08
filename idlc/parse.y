%code top {
/*
 * parse.y - the grammar of IDL, as far as it is supported
 *
 * Each action is one line; what it calls is in syn.c. What is not supported yet never gets here:
 * lex.c says so and hands over one token for all of it. So do braces that do not match.
 */
}
%code requires {
#include "syn.h"
}
%code {
#include "lex.h"

static void yyerror(const struct span *at, struct parser *p, const char *message);
static int yylex(YYSTYPE *value, struct span *at, struct parser *p);

#define YYMAXDEPTH 6000

/* Nothing is where the last thing ended; something begins with its first part that is not nothing. */
#define YYLLOC_DEFAULT(now, rhs, n)                                                             \
        ((now).end = YYRHSLOC(rhs, n).end,                                                      \
         (now).begin = (n) == 0                                          ? YYRHSLOC(rhs, 0).end \
                     : (n) == 1 || YYRHSLOC(rhs, 1).begin < YYRHSLOC(rhs, 1).end                \
                                                                       ? YYRHSLOC(rhs, 1).begin \
                                                                       : YYRHSLOC(rhs, 2).begin)
}

%define api.pure full
%define api.prefix {idl_}
%define api.token.prefix {T_}
%define parse.error custom
%define parse.lac full
%locations
%define api.location.type {struct span}
%param { struct parser *p }
%expect 0

%union {
        struct syn *node;
        struct syn_list list;
        struct syn_name name;
        int number;
}

%token END 0
%token <name> NAME
%token <name> ANNOTATION
%token <node> ANNOTATION_DECL INTEGER FLOATING CHARACTER TEXT
%token <node> ANY_TYPE ANY_DECL
%token KEYWORD SCOPE SHL SHR
%token BOOLEAN CHAR CONST DOUBLE ENUM EXCEPTION FALSE_ FLOAT IN INOUT INTERFACE LONG MODULE OCTET
%token ONEWAY OUT RAISES SEQUENCE SHORT STRING STRUCT TRUE_ TYPEDEF UNSIGNED VOID
%token INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64

%type <list> definitions exports members annotations declarators dims enumerators enum_body
%type <list> params param_list args arg_list names raises parts inherits
%type <node> definition declaration export operation member annotation declarator dim enumerator
%type <node> param arg scoped_name struct_def enum_def type any_type result base value
%type <node> typedef const interface exception
%type <number> basic direction

%precedence MISSING             /* a `;` that is not there: only if nothing else is possible */
%precedence ';' SCOPE
%left '|'
%left '^'
%left '&'
%left SHL SHR
%left '+' '-'
%left '*' '/' '%'
%precedence UNARY

%%

file:
  top END
| top error END
;

top:
  %empty
| top definition                { p->file = syn_add(p->file, $2); }
| top ';'                       { lex_extra_semicolon(p->lex, @2); }
;

definitions:
  %empty                        { $$ = syn_one(NULL); }
| definitions definition        { $$ = syn_add($1, $2); }
| definitions ';'               { $$ = $1; lex_extra_semicolon(p->lex, @2); }
;

definition:
  annotations declaration semi  { $$ = syn_whole($2, $1, @$); }
| error ';'                     { $$ = lex_lost(p->lex, @$); yyerrok; }
;

declaration:
  MODULE NAME '{' definitions close     { $$ = syn_named(p, SYN_MODULE, $2, $4.first); }
| STRUCT NAME                   { $$ = syn_named(p, SYN_STRUCT_FORWARD, $2, NULL); }
| struct_def
| enum_def
| exception
| typedef
| const
| interface
| ANY_DECL
| ANNOTATION_DECL
;

close:
  '}'
| error '}'                     { yyerrok; }
;

semi:
  ';'
| %empty %prec MISSING          { lex_missing_semicolon(p->lex); }
;

/* Types */

struct_def:
  STRUCT NAME base '{' members close
        { $$ = syn_with(syn_named(p, SYN_STRUCT, $2, $5.first), $3, NULL); }
;

base:
  %empty                        { $$ = NULL; }
| ':' scoped_name               { $$ = syn_with(syn_new(p, SYN_NAMED, @2), NULL, $2); }
;

exception:
  EXCEPTION NAME '{' members close      { $$ = syn_named(p, SYN_EXCEPTION, $2, $4.first); }
;

members:
  %empty                        { $$ = syn_one(NULL); }
| members member                { $$ = syn_add($1, $2); }
| members ';'                   { $$ = $1; lex_extra_semicolon(p->lex, @2); }
;

member:
  annotations any_type declarators semi
        { $$ = syn_whole(syn_with(syn_named(p, SYN_MEMBER, syn_no_name, $3.first), $2,
                NULL), $1, @$); }
| error ';'                     { $$ = lex_lost(p->lex, @$); yyerrok; }
;

enum_def:
  ENUM NAME '{' enum_body close { $$ = syn_named(p, SYN_ENUM, $2, $4.first); }
;

enum_body:
  %empty                        { $$ = syn_one(NULL); }
| enumerators
| enumerators ','               { $$ = $1; lex_trailing_comma(p->lex, @2); }
| enumerators ';'               { $$ = $1; lex_enum_semicolon(p->lex, @2); }
;

enumerators:
  enumerator                    { $$ = syn_one($1); }
| enumerators ',' enumerator    { $$ = syn_add($1, $3); }
| enumerators ';' enumerator    { $$ = syn_add($1, $3); lex_enum_semicolon(p->lex, @2); }
;

enumerator:
  annotations NAME
        { $$ = syn_whole(syn_named(p, SYN_ENUMERATOR, $2, NULL), $1, @$); }
| annotations NAME '=' value
        { $$ = syn_whole(syn_named(p, SYN_ENUMERATOR, $2, NULL), $1,
                @$); lex_initializer(p->lex, @3, $4, "@value"); }
;

typedef:
  TYPEDEF annotations any_type declarators
        { $$ = syn_whole(syn_with(syn_named(p, SYN_TYPEDEF, syn_no_name, $4.first), $3,
                NULL), $2, @$); }
;

const:
  CONST annotations type NAME '=' value
        { $$ = syn_whole(syn_with(syn_named(p, SYN_CONST, $4, NULL), $3, $6), $2, @$); }
;

declarators:
  declarator                    { $$ = syn_one($1); }
| declarators ',' declarator    { $$ = syn_add($1, $3); }
;

declarator:
  NAME dims
        { $$ = syn_whole(syn_named(p, SYN_DECLARATOR, $1, $2.first), syn_one(NULL), @$); }
| NAME dims '=' value
        { $$ = syn_whole(syn_named(p, SYN_DECLARATOR, $1, $2.first), syn_one(NULL),
                @$); lex_initializer(p->lex, @3, $4, "@default"); }
;

dims:
  %empty                        { $$ = syn_one(NULL); }
| dims dim                      { $$ = syn_add($1, $2); }
;

dim:
  '[' value ']'                 { $$ = syn_with(syn_new(p, SYN_DIM, @2), NULL, $2); }
| '[' ']'                       { $$ = syn_new(p, SYN_DIM, @$); lex_no_size(p->lex, @$); }
;

any_type:
  type
| struct_def                    { $$ = syn_with(syn_new(p, SYN_INLINE, @$), NULL, $1); }
| enum_def                      { $$ = syn_with(syn_new(p, SYN_INLINE, @$), NULL, $1); }
| STRUCT scoped_name
        { $$ = syn_with(syn_new(p, SYN_NAMED, @2), NULL, $2); lex_elaborated(p->lex, @1,
                "struct"); }
| ENUM scoped_name
        { $$ = syn_with(syn_new(p, SYN_NAMED, @2), NULL, $2); lex_elaborated(p->lex, @1,
                "enum"); }
| ANY_DECL
;

type:
  basic                         { $$ = syn_basic(p, (enum idl_kind)$1, @$); }
| scoped_name                   { $$ = syn_with(syn_new(p, SYN_NAMED, @$), NULL, $1); }
| STRING                        { $$ = syn_new(p, SYN_STRING, @$); }
| STRING '<' value '>'          { $$ = syn_with(syn_new(p, SYN_STRING, @$), NULL, $3); }
| SEQUENCE '<' annotations type '>'
        { $$ = syn_with(syn_new(p, SYN_SEQUENCE, @$), $4, NULL); }
| SEQUENCE '<' annotations type ',' value '>'
        { $$ = syn_with(syn_new(p, SYN_SEQUENCE, @$), $4, $6); }
| ANY_TYPE
;

basic:
  BOOLEAN                       { $$ = IDL_BOOLEAN; }
| CHAR                          { $$ = IDL_CHAR; }
| OCTET                         { $$ = IDL_OCTET; }
| SHORT                         { $$ = IDL_INT16; }
| LONG                          { $$ = IDL_INT32; }
| LONG LONG                     { $$ = IDL_INT64; }
| UNSIGNED SHORT                { $$ = IDL_UINT16; }
| UNSIGNED LONG                 { $$ = IDL_UINT32; }
| UNSIGNED LONG LONG            { $$ = IDL_UINT64; }
| FLOAT                         { $$ = IDL_FLOAT; }
| DOUBLE                        { $$ = IDL_DOUBLE; }
| INT8                          { $$ = IDL_INT8; }
| INT16                         { $$ = IDL_INT16; }
| INT32                         { $$ = IDL_INT32; }
| INT64                         { $$ = IDL_INT64; }
| UINT8                         { $$ = IDL_UINT8; }
| UINT16                        { $$ = IDL_UINT16; }
| UINT32                        { $$ = IDL_UINT32; }
| UINT64                        { $$ = IDL_UINT64; }
;

/* Interfaces */

interface:
  INTERFACE NAME                { $$ = syn_named(p, SYN_INTERFACE_FORWARD, $2, NULL); }
| INTERFACE NAME inherits '{' exports close
        { $$ = syn_named(p, SYN_INTERFACE, $2, $5.first); $$->more = $3.first; }
;

inherits:
  %empty                        { $$ = syn_one(NULL); }
| ':' names                     { $$ = $2; }
;

names:
  scoped_name                   { $$ = syn_one($1); }
| names ',' scoped_name         { $$ = syn_add($1, $3); }
;

exports:
  %empty                        { $$ = syn_one(NULL); }
| exports export                { $$ = syn_add($1, $2); }
| exports ';'                   { $$ = $1; lex_extra_semicolon(p->lex, @2); }
;

export:
  annotations operation semi    { $$ = syn_whole($2, $1, @$); }
| annotations STRUCT NAME semi
        { $$ = syn_whole(syn_named(p, SYN_STRUCT_FORWARD, $3, NULL), $1, @$); }
| annotations struct_def semi   { $$ = syn_whole($2, $1, @$); }
| annotations enum_def semi     { $$ = syn_whole($2, $1, @$); }
| annotations exception semi    { $$ = syn_whole($2, $1, @$); }
| annotations typedef semi      { $$ = syn_whole($2, $1, @$); }
| annotations const semi        { $$ = syn_whole($2, $1, @$); }
| annotations ANY_DECL semi     { $$ = syn_whole($2, $1, @$); }
| annotations ANNOTATION_DECL semi      { $$ = syn_whole($2, $1, @$); }
| error ';'                     { $$ = lex_lost(p->lex, @$); yyerrok; }
;

operation:
  result NAME params raises             { $$ = syn_operation(p, $1, $2, $3, $4, false); }
| ONEWAY result NAME params raises      { $$ = syn_operation(p, $2, $3, $4, $5, true); }
;

result:
  type
| VOID                          { $$ = syn_basic(p, IDL_VOID, @$); }
;

params:
  '(' ')'                       { $$ = syn_one(NULL); }
| '(' param_list ')'            { $$ = $2; }
| '(' error ')'                 { $$ = syn_one(NULL); yyerrok; }
| '(' param_list error ')'      { $$ = $2; yyerrok; }
;

param_list:
  param                         { $$ = syn_one($1); }
| param_list ',' param          { $$ = syn_add($1, $3); }
;

param:
  annotations direction annotations result declarator
        { $$ = syn_param(p, $1, $2, $3, $4, $5, @$); }
| annotations result declarator         { $$ = syn_param(p, $1, 0, syn_one(NULL), $2, $3, @$); }
;

direction:
  IN                            { $$ = IDL_IN; }
| OUT                           { $$ = IDL_OUT; }
| INOUT                         { $$ = IDL_INOUT; }
;

raises:
  %empty                        { $$ = syn_one(NULL); }
| RAISES '(' names ')'          { $$ = $3; }
;

/* Annotations */

annotations:
  %empty                        { $$ = syn_one(NULL); }
| annotations annotation        { $$ = syn_add($1, $2); }
;

annotation:
  ANNOTATION                    { $$ = syn_annotation(p, $1, syn_one(NULL), @$); }
| ANNOTATION '(' args ')'       { $$ = syn_annotation(p, $1, $3, @$); }
| ANNOTATION '(' error ')'      { $$ = syn_annotation(p, $1, syn_one(NULL), @$); yyerrok; }
;

args:
  %empty                        { $$ = syn_one(NULL); }
| arg_list
;

arg_list:
  arg                           { $$ = syn_one($1); }
| arg_list ',' arg              { $$ = syn_add($1, $3); }
;

arg:
  value                         { $$ = syn_with(syn_new(p, SYN_ARG, @$), NULL, $1); }
| NAME '=' value                { $$ = syn_with(syn_named(p, SYN_ARG, $1, NULL), NULL, $3); }
;

/* Names and values */

scoped_name:
  parts %prec MISSING           { $$ = syn_scoped(p, $1, false, @$); }
| SCOPE parts %prec MISSING     { $$ = syn_scoped(p, $2, true, @$); }
;

parts:
  NAME                          { $$ = syn_one(syn_named(p, SYN_PART, $1, NULL)); }
| parts SCOPE NAME              { $$ = syn_add($1, syn_named(p, SYN_PART, $3, NULL)); }
;

value:
  INTEGER
| FLOATING
| CHARACTER
| TEXT
| TRUE_                         { $$ = syn_new(p, SYN_BOOLEAN, @$); $$->number = 1; }
| FALSE_                        { $$ = syn_new(p, SYN_BOOLEAN, @$); }
| scoped_name                   { $$ = syn_with(syn_new(p, SYN_VALUE_NAME, @$), NULL, $1); }
| '(' value ')'                 { $$ = syn_unary(p, '(', $2, @$); }
| '-' value %prec UNARY         { $$ = syn_unary(p, '-', $2, @$); }
| '+' value %prec UNARY         { $$ = syn_unary(p, '+', $2, @$); }
| '~' value %prec UNARY         { $$ = syn_unary(p, '~', $2, @$); }
| value '|' value               { $$ = syn_binary(p, '|', $1, $3); }
| value '^' value               { $$ = syn_binary(p, '^', $1, $3); }
| value '&' value               { $$ = syn_binary(p, '&', $1, $3); }
| value SHL value               { $$ = syn_binary(p, SYN_SHL, $1, $3); }
| value SHR value               { $$ = syn_binary(p, SYN_SHR, $1, $3); }
| value '+' value               { $$ = syn_binary(p, '+', $1, $3); }
| value '-' value               { $$ = syn_binary(p, '-', $1, $3); }
| value '*' value               { $$ = syn_binary(p, '*', $1, $3); }
| value '/' value               { $$ = syn_binary(p, '/', $1, $3); }
| value '%' value               { $$ = syn_binary(p, '%', $1, $3); }
;

%%

static int yylex(YYSTYPE *value, struct span *at, struct parser *p) {
        return lex_next(p->lex, value, at);
}

/* Sums up what could come here in a word or two. */
static int yyreport_syntax_error(const yypcontext_t *context, struct parser *p) {
        yysymbol_kind_t expected[YYNTOKENS];
        int n = yypcontext_expected_tokens(context, expected, YYNTOKENS);
        bool can[YYNTOKENS] = { false };
        struct lex_expected what = { 0 };

        for (int i = 0; i < n; i++)
                can[expected[i]] = true;
        what.name = can[YYSYMBOL_NAME];
        what.type = can[YYSYMBOL_OCTET];
        what.size = can[YYSYMBOL_SHORT] && !what.type;
        what.declaration = can[YYSYMBOL_INTERFACE];
        what.value = can[YYSYMBOL_INTEGER];
        what.direction = can[YYSYMBOL_INOUT];
        what.base = can[YYTRANSLATE((int)':')];
        for (const char *c = ";,{}()[]<>"; *c; c++)
                if (can[YYTRANSLATE((int)*c)] && !(*c == ';' && p->lex->in_enum))
                        what.marks[what.n_marks++] = *c;
        if (what.n_marks == 0 && can[YYTRANSLATE((int)'=')])    /* else it is one not to suggest */
                what.marks[what.n_marks++] = '=';
        lex_syntax_error(p->lex, *yypcontext_location(context), &what);
        return 0;
}

static void yyerror(const struct span *at, struct parser *p, const char *message) {
        (void)message;                  /* only ever: the stack is full */
        diag(p->diag, TOO_DEEP, *at);
}

void parse(struct parser *p) {
        yyparse(p);
}
