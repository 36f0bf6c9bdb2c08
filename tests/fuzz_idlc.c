/*
 * fuzz_idlc.c - any bytes at all, as the text of an .idl file
 *
 * Must never crash, leak or hang. #include is off: what is on the disk is nobody's input.
 */
#include "buf.h"
#include "fuzz.h"
#include "unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct unit_options options = { .no_files = true };
        struct buf header = { 0 }, source = { 0 };
        static FILE *nowhere;           /* printing is a part of it */
        struct unit unit;

        if (!nowhere)
                nowhere = fopen("/dev/null", "w");
        unit_init(&unit, nowhere);
        unit_read_text(&unit, &options, "fuzz.idl", (const char *)data, size);
        if (unit.diag.n_errors == 0)
                idlc_gen_c(&unit.idl, &unit.diag, &header, &source);
        buf_fini(&header);
        buf_fini(&source);
        unit_fini(&unit);
        return 0;
}
