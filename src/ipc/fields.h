/*
 * fields.h - the fields of every message of messages.def, for ipc.h and ipc.c to expand.
 *
 * IPC_FIELDS_<NAME>(F) holds one F(type, name, max) a field:
 *   U8 U32 U64 I64 BOOL    numbers, big-endian; max is the largest value that is accepted
 *   TEXT                   bytes without NUL, at most max
 *   BYTES                  any bytes, at most max
 */
#ifndef IPC_FIELDS_H
#define IPC_FIELDS_H

#define IPC_FIELDS_NURSERY_READY(F) F(U32, version, UINT32_MAX)
#define IPC_FIELDS_NURSERY_FORKED(F) F(U64, connection, UINT64_MAX) F(U32, pid, INT32_MAX)
#define IPC_FIELDS_NURSERY_EXITED(F) \
	F(U64, connection, UINT64_MAX) F(U32, pid, INT32_MAX) F(U32, status, UINT32_MAX)
#define IPC_FIELDS_NURSERY_SETUP(F) F(U32, version, UINT32_MAX) F(BYTES, config, 65000)
#define IPC_FIELDS_FORK_LOGIN(F) F(U64, connection, UINT64_MAX) F(TEXT, address, 64) F(U8, proxy, 3)
#define IPC_FIELDS_FORK_SESSION(F) \
	F(U64, connection, UINT64_MAX) F(TEXT, username, 255) \
	F(BOOL, change_ids, 1) F(U32, uid, UINT32_MAX) F(U32, gid, UINT32_MAX)
#define IPC_FIELDS_KILL_WORKER(F) F(U32, pid, INT32_MAX)
#define IPC_FIELDS_NURSERY_RETIRE(F)
#define IPC_FIELDS_CLIENT_ADDRESS(F) F(BOOL, known, 1) F(BYTES, address, 16) F(U32, port, 65535)
#define IPC_FIELDS_CLIENT_VERSION(F) F(TEXT, version, 255)
#define IPC_FIELDS_HOST_KEY_SIGN(F) F(TEXT, algorithm, 64) F(BYTES, exchange_hash, 64)
#define IPC_FIELDS_REKEY_SIGN(F) F(TEXT, algorithm, 64) F(BYTES, exchange_hash, 64)
#define IPC_FIELDS_AUTH_NONE(F) F(TEXT, user, 1024)
#define IPC_FIELDS_AUTH_KEY_QUERY(F) \
	F(TEXT, user, 1024) F(TEXT, algorithm, 64) F(BYTES, key, 16384)
#define IPC_FIELDS_AUTH_KEY_PROOF(F) \
	F(TEXT, user, 1024) F(TEXT, algorithm, 64) F(BYTES, key, 16384) F(BYTES, signature, 4096)
#define IPC_FIELDS_AUTH_PASSWORD(F) F(TEXT, user, 1024) F(TEXT, password, 1024)
#define IPC_FIELDS_AUTH_INTERACTIVE(F) F(TEXT, user, 1024)
#define IPC_FIELDS_AUTH_REPLIES(F) F(BYTES, answers, 16512)
#define IPC_FIELDS_LOGIN_FAILED(F) F(TEXT, error, 2048) F(BOOL, broken, 1)
#define IPC_FIELDS_HOST_KEY_SIGNED(F) F(BYTES, signature, 4096)
#define IPC_FIELDS_AUTH_ANSWER(F) F(BOOL, key_ok, 1) F(BOOL, partial, 1) F(TEXT, methods, 255)
#define IPC_FIELDS_AUTH_QUESTIONS(F) \
	F(TEXT, name, 255) F(TEXT, instruction, 4096) F(BYTES, questions, 8272)
#define IPC_FIELDS_AUTH_ACCEPTED(F)
#define IPC_FIELDS_SESSION_READY(F)
#define IPC_FIELDS_CHANNEL_OPENED(F) \
	F(U32, channel, UINT32_MAX) F(U8, protocol, 2) F(TEXT, command, 4096)
#define IPC_FIELDS_CHANNEL_CLOSED(F) F(U32, channel, UINT32_MAX)
#define IPC_FIELDS_TRANSFER_PROGRESS(F) \
	F(U64, transfer, UINT64_MAX) F(BOOL, upload, 1) F(U64, started_ms, UINT64_MAX) \
	F(U64, bytes, UINT64_MAX) F(BYTES, path, 4096)
#define IPC_FIELDS_TRANSFER_DONE(F) \
	F(U64, transfer, UINT64_MAX) F(BOOL, upload, 1) F(U8, protocol, 2) F(BOOL, failed, 1) \
	F(U64, elapsed_ms, UINT64_MAX) F(U64, bytes, UINT64_MAX) F(U64, file_size, UINT64_MAX) \
	F(BYTES, path, 4096)
#define IPC_FIELDS_TRANSFERS_DONE(F) F(BYTES, records, 32768)
#define IPC_FIELDS_OPERATION_DONE(F) \
	F(U8, operation, 16) F(U8, protocol, 2) F(BYTES, path, 4096) F(BYTES, target, 4096) \
	F(U32, mode, UINT32_MAX) F(I64, uid, INT64_MAX) F(I64, gid, INT64_MAX) \
	F(I64, atime, INT64_MAX) F(I64, mtime, INT64_MAX) F(TEXT, ssh_command, 4096)
#define IPC_FIELDS_ACTIVITY(F)
#define IPC_FIELDS_SESSION_ENDED(F) F(TEXT, error, 1024)
#define IPC_FIELDS_SESSION_POLICY(F) \
	F(TEXT, username, 255) F(TEXT, connection_id, 128) F(TEXT, root_path, 4096) \
	F(U32, umask, 0377) F(BOOL, ignore_setstat, 1) F(U8, upload_mode, 2) \
	F(BOOL, upload_sync, 1) F(U64, upload_size_max, INT64_MAX) \
	F(BOOL, upload_limited, 1) F(BOOL, download_limited, 1) \
	F(BOOL, parked, 1) F(U32, park_after_ms, 86400000) F(BOOL, count, 1) \
	F(BYTES, policy, 120000)
#define IPC_FIELDS_SESSION_CLOSE(F) F(BOOL, when_idle, 1) F(TEXT, reason, 255)
#define IPC_FIELDS_BANDWIDTH_WANTED(F) F(U64, upload, UINT64_MAX) F(U64, download, UINT64_MAX)
#define IPC_FIELDS_BANDWIDTH_TAKEN(F)
#define IPC_FIELDS_SESSION_BANDWIDTH(F) \
	F(BOOL, upload_limited, 1) F(U64, upload, (uint64_t)1 << 40) \
	F(BOOL, download_limited, 1) F(U64, download, (uint64_t)1 << 40)
#define IPC_FIELDS_SESSION_POLICY_CHANGED(F) \
	F(BOOL, upload_sync, 1) F(U64, upload_size_max, INT64_MAX) F(BYTES, policy, 120000)
#define IPC_FIELDS_SESSION_RENEW(F) F(U32, within_ms, 86400000) F(TEXT, reason, 255)
#define IPC_FIELDS_LOG(F) F(U8, level, 3) F(TEXT, sender, 32) F(TEXT, message, 2048)
#define IPC_FIELDS_HTTP_READY(F) F(U32, version, UINT32_MAX)
#define IPC_FIELDS_HTTP_REQUEST(F) \
	F(U64, request, UINT64_MAX) F(TEXT, address, 64) F(TEXT, resource, 32) F(TEXT, verb, 32) \
	F(U8, credential, 3) F(TEXT, user, 1024) F(TEXT, secret, 1024) F(TEXT, code, 64) \
	F(TEXT, csrf, 96)
#define IPC_FIELDS_HTTP_BODY(F) F(U64, request, UINT64_MAX) F(BOOL, last, 1) F(BYTES, bytes, 65536)
#define IPC_FIELDS_HTTP_CANCEL(F) F(U64, request, UINT64_MAX)
#define IPC_FIELDS_HTTP_MORE(F) F(U64, request, UINT64_MAX)
#define IPC_FIELDS_HTTP_SERVED(F) \
	F(TEXT, method, 32) F(TEXT, protocol, 16) F(TEXT, address, 64) F(TEXT, request_id, 320) \
	F(BYTES, uri, 9000) F(BYTES, user_agent, 2048) F(U32, status, 999) \
	F(U64, bytes, UINT64_MAX) F(U64, elapsed_ms, UINT64_MAX)
#define IPC_FIELDS_TLS_SIGN(F) F(U64, pair, UINT64_MAX) F(U32, scheme, 65535) F(BYTES, data, 512)
#define IPC_FIELDS_HTTP_SETUP(F) \
	F(U32, version, UINT32_MAX) F(TEXT, host_name, 255) F(BOOL, foreign_hosts, 1) \
	F(BOOL, tls, 1) F(U32, connections, 100000) F(U32, connections_per_address, 100000) \
	F(U32, request_ms, 86400000) F(U32, idle_ms, 86400000) \
	F(BYTES, hosts, 30000) F(BYTES, proxies, 30000)
#define IPC_FIELDS_HTTP_CERTIFICATE(F) F(U64, pair, UINT64_MAX) F(BYTES, chain, 65536)
#define IPC_FIELDS_HTTP_GO(F) F(U64, request, UINT64_MAX)
#define IPC_FIELDS_HTTP_ANSWER(F) \
	F(U64, request, UINT64_MAX) F(U32, status, 999) F(BOOL, is_text, 1) \
	F(U64, body_bytes, UINT64_MAX) F(TEXT, message, 1200) F(U32, retry_after_seconds, 86400) \
	F(TEXT, session, 96)
#define IPC_FIELDS_HTTP_CHUNK(F) F(U64, request, UINT64_MAX) F(BYTES, bytes, 65536)
#define IPC_FIELDS_TLS_SIGNED(F) F(BYTES, signature, 1024)
#define IPC_FIELDS_PARK_ASK(F)
#define IPC_FIELDS_PARK_GRANTED(F)
#define IPC_FIELDS_PARKING_READY(F) F(U32, version, UINT32_MAX)
#define IPC_FIELDS_PARK_HELD(F) F(U64, connection, UINT64_MAX)
#define IPC_FIELDS_PARK_LOST(F) F(U64, connection, UINT64_MAX)
#define IPC_FIELDS_PARK_WOKEN(F) F(U64, connection, UINT64_MAX)
#define IPC_FIELDS_PARK_TAKE(F) F(U64, connection, UINT64_MAX)
#define IPC_FIELDS_PARK_GIVE(F) F(U64, connection, UINT64_MAX)
#define IPC_FIELDS_PARK_DROP(F) F(U64, connection, UINT64_MAX)
#define IPC_FIELDS_PROGRAM_OUTPUT(F) F(BYTES, bytes, 65536)
#define IPC_FIELDS_PROGRAM_ENDED(F) \
	F(U8, ending, 2) F(U32, status, UINT32_MAX) F(BYTES, errors, 1024)
#define IPC_FIELDS_PROGRAM_INPUT(F) F(BOOL, last, 1) F(BYTES, bytes, 16512)
#define IPC_FIELDS_SESSION_FOLDER(F) F(BOOL, counted, 1) F(BOOL, own, 1)
#define IPC_FIELDS_QUOTA_SETTLE(F) \
	F(U32, scope, UINT32_MAX) F(I64, bytes, INT64_MAX) F(I64, files, INT64_MAX) \
	F(U64, kept_bytes, 1ull << 60) F(U64, kept_files, 1ull << 60) \
	F(U64, nameless_bytes, 1ull << 60) F(U64, nameless_files, 1ull << 60) \
	F(BOOL, unsure, 1) F(BOOL, open, 1)
#define IPC_FIELDS_QUOTA_ASK(F) \
	F(U32, scope, UINT32_MAX) F(U64, bytes, 1ull << 60) F(U64, files, 1ull << 60) \
	F(BOOL, beyond, 1)
#define IPC_FIELDS_QUOTA_SHOW(F) F(U32, scope, UINT32_MAX)
#define IPC_FIELDS_QUOTA_GRANTED(F) \
	F(U32, scope, UINT32_MAX) F(BOOL, refused, 1) \
	F(U64, bytes, 1ull << 60) F(U64, files, 1ull << 60)
#define IPC_FIELDS_QUOTA_RECALL(F) F(U32, scope, UINT32_MAX)
#define IPC_FIELDS_QUOTA_SHOWN(F) \
	F(U32, scope, UINT32_MAX) F(U64, limit_bytes, 1ull << 60) F(U64, used_bytes, 1ull << 60) \
	F(U64, limit_files, 1ull << 60) F(U64, used_files, 1ull << 60)
#define IPC_FIELDS_FORK_SCAN(F) \
	F(U64, scan, UINT64_MAX) F(TEXT, username, 255) \
	F(BOOL, change_ids, 1) F(U32, uid, UINT32_MAX) F(U32, gid, UINT32_MAX)
#define IPC_FIELDS_SCAN_PROGRESS(F) F(U64, bytes, 1ull << 60) F(U64, files, 1ull << 60)
#define IPC_FIELDS_SCAN_DONE(F) \
	F(U64, bytes, 1ull << 60) F(U64, files, 1ull << 60) F(TEXT, error, 255)

#endif
