/* A transport's state, written down for another process and taken up there. */
#include "ssh/transport_private.h"

#include <stdlib.h>
#include <string.h>

enum { STATE_VERSION = 1 };

static void
write_side(struct buf *out, const struct packet_cipher *cipher, uint32_t sequence,
    uint64_t key_bytes, uint64_t key_packets, uint64_t total_bytes)
{
	packet_cipher_export(cipher, out);
	buf_u32(out, sequence);
	buf_u64(out, key_bytes);
	buf_u64(out, key_packets);
	buf_u64(out, total_bytes);
}

int
ssh_transport_export(struct ssh_transport *t, struct buf *out)
{
	const struct exchange *x = &t->exchange;
	const struct packet_input *in = &t->in;

	if (!t->authenticated || x->stage != EXCHANGE_IDLE || x->announced || t->told)
		bug("a transport is exported in the middle of something");
	if (packet_output_pending(&t->out) > 0)
		return ERR_AGAIN;
	buf_u8(out, STATE_VERSION);
	buf_str(out, ssh_transport_client_version(t));
	buf_str(out, ssh_transport_session_id(t));
	buf_bool(out, t->strict);
	buf_bool(out, t->ext_info);
	buf_cstr(out, t->agreed.kex->name);
	buf_str(out, t->agreed.key_algorithm);
	buf_bool(out, t->agreed.compress_in);
	buf_bool(out, t->agreed.compress_out);
	write_side(out, in->cipher, in->sequence, in->key_bytes, in->key_packets, in->total_bytes);
	write_side(out, t->out.cipher, t->out.sequence, t->out.key_bytes, t->out.key_packets,
	    t->out.total_bytes);
	buf_str(out, (struct view){ .p = in->bytes + in->start, .n = in->end - in->start });
	t->told = true; /* it speaks no more */
	return buf_error(out);
}

static void
copy_field(struct rd *r, uint8_t *out, size_t max, size_t *n_out)
{
	struct view v = rd_str(r, max);

	if (v.n > 0)
		memcpy(out, v.p, v.n);
	*n_out = v.n;
}

static void
read_identity(struct rd *r, struct ssh_transport *t)
{
	size_t n;

	copy_field(r, t->client_version, sizeof(t->client_version), &t->client_version_bytes);
	if (t->client_version_bytes < 4 || memcmp(t->client_version, "SSH-", 4) != 0)
		rd_fail(r, ERR_FORMAT);
	copy_field(r, t->session_id, sizeof(t->session_id), &t->session_id_bytes);
	n = t->session_id_bytes;
	if (n != digest_bytes(DIGEST_SHA1) && n != digest_bytes(DIGEST_SHA256) &&
	    n != digest_bytes(DIGEST_SHA384) && n != digest_bytes(DIGEST_SHA512))
		rd_fail(r, ERR_FORMAT);
	t->strict = rd_flag(r);
	t->ext_info = rd_flag(r);
}

/*
 * What was agreed must be something that this library has, and not "none". It need not be in the
 * present configuration: a session outlives a change of that, and meets it at its next key
 * exchange.
 */
static bool
is_known(enum ssh_algorithm_class class, const char *name)
{
	return ssh_algorithm_status(class, view_of(name)) == SSH_ALGORITHM_AVAILABLE;
}

/* The name as one of ours, which lives as long as the program; empty when it is none. */
static struct view
known_key_algorithm(struct view wanted)
{
	const char *name, *certified;

	for (size_t i = 0; (name = ssh_algorithm_name(SSH_ALGORITHM_HOST_KEY, i)) != NULL; i++) {
		if (view_is(wanted, name))
			return view_of(name);
		certified = certificate_name(view_of(name));
		if (view_is(wanted, certified))
			return view_of(certified);
	}
	return (struct view){ 0 };
}

static void
read_agreed(struct rd *r, struct ssh_transport *t)
{
	struct kex_choice *c = &t->agreed;
	struct view kex = rd_str(r, SSH_NAME_LIST_MAX), key = rd_str(r, SSH_NAME_LIST_MAX);

	if ((c->kex = key_agreement_find(kex)) == NULL ||
	    !is_known(SSH_ALGORITHM_KEX, c->kex->name))
		rd_fail(r, ERR_INVALID);
	c->key_algorithm = known_key_algorithm(key);
	if (c->key_algorithm.n == 0)
		rd_fail(r, ERR_INVALID);
	c->compress_in = rd_flag(r);
	c->compress_out = rd_flag(r);
}

static void
read_cipher(struct rd *r, bool encrypt, struct packet_cipher **cipher,
    const struct packet_cipher_algorithm **cipher_out,
    const struct packet_mac_algorithm **mac_out)
{
	struct packet_cipher *imported = NULL;
	int err;

	if (r->bad != 0)
		return;
	if ((err = packet_cipher_import(r, encrypt, &imported)) != 0) {
		rd_fail(r, err);
		return;
	}
	packet_cipher_free(cipher);
	*cipher = imported;
	*cipher_out = packet_cipher_algorithm(imported);
	*mac_out = packet_cipher_mac(imported);
	/* "none" is what a connection starts with; nobody is logged in over it. */
	if (*cipher_out == NULL || !is_known(SSH_ALGORITHM_CIPHER, (*cipher_out)->name))
		rd_fail(r, ERR_INVALID);
	else if (!(*cipher_out)->is_aead &&
		 (*mac_out == NULL || !is_known(SSH_ALGORITHM_MAC, (*mac_out)->name)))
		rd_fail(r, ERR_INVALID);
}

static void
read_unread(struct rd *r, struct packet_input *in)
{
	int err = packet_input_put(in, rd_str(r, PACKET_INPUT_LOGIN));

	if (err != 0)
		rd_fail(r, err);
}

static int
read_state(struct rd *r, struct ssh_transport *t)
{
	struct packet_input *in = &t->in;
	struct packet_output *out = &t->out;

	if (rd_u8(r) != STATE_VERSION)
		rd_fail(r, ERR_FORMAT);
	read_identity(r, t);
	read_agreed(r, t);
	read_cipher(r, false, &in->cipher, &t->agreed.cipher_in, &t->agreed.mac_in);
	in->sequence = rd_u32(r);
	in->key_bytes = rd_u64(r);
	in->key_packets = rd_u64(r);
	in->total_bytes = rd_u64(r);
	read_cipher(r, true, &out->cipher, &t->agreed.cipher_out, &t->agreed.mac_out);
	out->sequence = rd_u32(r);
	out->key_bytes = rd_u64(r);
	out->key_packets = rd_u64(r);
	out->total_bytes = rd_u64(r);
	/* Counters that could wrap would put off the next key exchange for ever. */
	if ((in->key_bytes | in->key_packets | in->total_bytes | out->key_bytes | out->key_packets |
		out->total_bytes) >>
		62 !=
	    0)
		rd_fail(r, ERR_LIMIT);
	read_unread(r, in);
	return r->bad;
}

int
ssh_transport_import(
    struct ssh_transport **out, struct rd *state, int fd, const struct ssh_config *config)
{
	struct ssh_transport *t = NULL;
	int err;

	*out = NULL;
	if ((err = ssh_transport_new(&t, fd, config, 0)) != 0)
		return err;
	t->in.capacity = PACKET_INPUT_SESSION;
	t->in.wipe = false;
	t->out.capacity = PACKET_OUTPUT_SESSION;
	if ((err = read_state(state, t)) != 0 || (err = transport_enter_session(t)) != 0) {
		ssh_transport_free(&t);
		return err;
	}
	transport_note_agreed(t);
	*out = t;
	return 0;
}
