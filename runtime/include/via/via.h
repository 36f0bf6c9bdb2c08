#ifndef VIA_VIA_H
#define VIA_VIA_H
/*
 * via/via.h - all of Via's public API
 */
#include <via/arena.h>
#include <via/client.h>
#include <via/endpoint.h>
#include <via/error.h>
#include <via/idl.h>
#include <via/interceptor.h>
#include <via/limits.h>
#include <via/message.h>
#include <via/metadata.h>
#include <via/server.h>
#include <via/services.h>
#include <via/stream.h>
#include <via/trace.h>

#define VIA_VERSION "0.1.0"

#endif
