/*
 * openapi.h - the description of the REST API: the bytes of docs/api/openapi.yaml, which the build
 * puts into the program.
 */
#ifndef WORKER_OPENAPI_H
#define WORKER_OPENAPI_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t openapi_document[];
extern const size_t openapi_document_size;

#endif
