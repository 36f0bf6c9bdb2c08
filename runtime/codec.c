/*
 * codec.c - the tables that the two directions of the codec share
 */
#include "codec.h"

const struct via_form via_forms[PROTOBUF_C_TYPE_MESSAGE + 1] = {
        [PROTOBUF_C_TYPE_INT32]    = { VIA_WIRE_VARINT, 4 },
        [PROTOBUF_C_TYPE_SINT32]   = { VIA_WIRE_VARINT, 4 },
        [PROTOBUF_C_TYPE_SFIXED32] = { VIA_WIRE_32, 4 },
        [PROTOBUF_C_TYPE_INT64]    = { VIA_WIRE_VARINT, 8 },
        [PROTOBUF_C_TYPE_SINT64]   = { VIA_WIRE_VARINT, 8 },
        [PROTOBUF_C_TYPE_SFIXED64] = { VIA_WIRE_64, 8 },
        [PROTOBUF_C_TYPE_UINT32]   = { VIA_WIRE_VARINT, 4 },
        [PROTOBUF_C_TYPE_FIXED32]  = { VIA_WIRE_32, 4 },
        [PROTOBUF_C_TYPE_UINT64]   = { VIA_WIRE_VARINT, 8 },
        [PROTOBUF_C_TYPE_FIXED64]  = { VIA_WIRE_64, 8 },
        [PROTOBUF_C_TYPE_FLOAT]    = { VIA_WIRE_32, 4 },
        [PROTOBUF_C_TYPE_DOUBLE]   = { VIA_WIRE_64, 8 },
        [PROTOBUF_C_TYPE_BOOL]     = { VIA_WIRE_VARINT, sizeof(protobuf_c_boolean) },
        [PROTOBUF_C_TYPE_ENUM]     = { VIA_WIRE_VARINT, 4 },
        [PROTOBUF_C_TYPE_STRING]   = { VIA_WIRE_LEN, sizeof(char *) },
        [PROTOBUF_C_TYPE_BYTES]    = { VIA_WIRE_LEN, sizeof(ProtobufCBinaryData) },
        [PROTOBUF_C_TYPE_MESSAGE]  = { VIA_WIRE_LEN, sizeof(void *) },
};

const struct via_range via_ranges[VIA_RULE_I16 + 1] = {
        [VIA_RULE_U8]   = { 0, UINT8_MAX },
        [VIA_RULE_CHAR] = { 0, UINT8_MAX },
        [VIA_RULE_U16]  = { 0, UINT16_MAX },
        [VIA_RULE_I8]   = { INT8_MIN, INT8_MAX },
        [VIA_RULE_I16]  = { INT16_MIN, INT16_MAX },
};

const struct via_rule via_no_rule = { 0 };
