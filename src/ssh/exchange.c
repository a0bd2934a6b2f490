#include "ssh/exchange.h"

#include "base/secret.h"
#include "ssh/transport_private.h"

#include <string.h>

void
exchange_init(struct exchange *x)
{
	*x = (struct exchange){
		.ours = buf_init(KEXINIT_BYTES_MAX),
		.theirs = buf_init(KEXINIT_BYTES_MAX),
		.server_public = buf_init(KEY_AGREEMENT_PUBLIC_MAX),
	};
}

void
exchange_free(struct exchange *x)
{
	buf_free(&x->ours);
	buf_free(&x->theirs);
	buf_free(&x->server_public);
	packet_cipher_free(&x->input);
	packet_cipher_free(&x->output);
	secret_wipe(x, sizeof(*x));
}

static int
crypto_fault(struct ssh_transport *t, int err)
{
	return transport_fail(t, err, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
	    "the key exchange failed: %s", err_text(err));
}

int
exchange_announce(struct ssh_transport *t)
{
	struct exchange *x = &t->exchange;
	int err;

	buf_clear(&x->ours);
	kexinit_write(&x->ours, t->config, t->session_id_bytes == 0);
	if ((err = buf_error(&x->ours)) == 0)
		err = packet_output_send(&t->out, buf_view(&x->ours));
	if (err != 0)
		return transport_output_fault(t, err);
	x->announced = true;
	return 0;
}

/* What the markers of the first KEXINIT switch on, for good. */
static int
note_markers(struct ssh_transport *t, const struct kexinit *client)
{
	t->strict = kexinit_is_strict(client);
	t->ext_info = kexinit_wants_ext_info(client);
	/* Nothing may have come before it: that is how sequence numbers were moved
	 * (CVE-2023-48795). The packet has been counted. */
	if (t->strict && t->in.sequence != 1)
		return transport_fail(t, ERR_PROTOCOL, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
		    "strict key exchange: KEXINIT was not the first packet");
	return 0;
}

int
exchange_client_kexinit(struct ssh_transport *t, struct view payload)
{
	struct exchange *x = &t->exchange;
	enum kexinit_list missing;
	struct kexinit client;
	int err;

	if ((err = kexinit_parse(payload, &client)) != 0)
		return transport_fail(t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "KEXINIT is malformed: %s", err_text(err));
	if (t->session_id_bytes == 0 && (err = note_markers(t, &client)) != 0)
		return err;
	buf_clear(&x->theirs);
	buf_raw(&x->theirs, payload.p, payload.n);
	if ((err = buf_error(&x->theirs)) != 0)
		return crypto_fault(t, err);
	if (!x->announced && (err = exchange_announce(t)) != 0)
		return err;
	if (kexinit_choose(&client, t->config, &x->next, &missing) != 0) {
		struct view offer = client.list[missing];

		return transport_fail(t, ERR_NO_MATCH, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
		    "no common %s; the client offers %.*s", kexinit_list_name(missing),
		    (int)(offer.n > 800 ? 800 : offer.n), (const char *)offer.p);
	}
	x->skip = client.follows && kexinit_guess_is_wrong(&client, t->config);
	x->stage = EXCHANGE_INIT;
	return 0;
}

static int
hash_str(struct digest *d, struct view v)
{
	uint8_t length[4];
	int err;

	put_u32(length, (uint32_t)v.n);
	if ((err = digest_update(d, length, sizeof(length))) != 0)
		return err;
	return digest_update(d, v.p, v.n);
}

/* RFC 4253 section 8, and the same with strings for points in RFC 5656 section 4. */
static int
compute_hash(struct ssh_transport *t, struct view client_public, struct view shared)
{
	struct exchange *x = &t->exchange;
	const struct ssh_host_key *key = x->next.key;
	struct digest *d = NULL;
	int err;

	if ((err = digest_new(x->next.kex->digest, &d)) == 0 &&
	    (err = hash_str(d, ssh_transport_client_version(t))) == 0 &&
	    (err = hash_str(d, view_of(t->config->version))) == 0 &&
	    (err = hash_str(d, buf_view(&x->theirs))) == 0 &&
	    (err = hash_str(d, buf_view(&x->ours))) == 0 &&
	    (err = hash_str(d, (struct view){ .p = key->blob, .n = key->blob_bytes })) == 0 &&
	    (err = hash_str(d, client_public)) == 0 &&
	    (err = hash_str(d, buf_view(&x->server_public))) == 0 &&
	    (err = digest_update(d, shared.p, shared.n)) == 0)
		err = digest_final(d, x->hash);
	x->hash_bytes = digest_bytes(x->next.kex->digest);
	digest_free(&d);
	return err;
}

/* RFC 4253 section 7.2: K1 = HASH(K, H, letter, session id), K2 = HASH(K, H, K1), ... */
static int
derive(struct ssh_transport *t, struct view shared, char letter, uint8_t *out, size_t n)
{
	const struct exchange *x = &t->exchange;
	size_t step = digest_bytes(x->next.kex->digest), have = 0;
	uint8_t blocks[PACKET_CIPHER_KEY_MAX + DIGEST_BYTES_MAX];
	struct digest *d = NULL;
	int err = digest_new(x->next.kex->digest, &d);

	while (err == 0 && have < n) {
		if ((err = digest_update(d, shared.p, shared.n)) != 0 ||
		    (err = digest_update(d, x->hash, x->hash_bytes)) != 0)
			break;
		if (have == 0) {
			if ((err = digest_update(d, &letter, 1)) == 0)
				err = digest_update(d, t->session_id, t->session_id_bytes);
		} else {
			err = digest_update(d, blocks, have);
		}
		if (err == 0)
			err = digest_final(d, blocks + have);
		have += step;
	}
	if (err == 0)
		memcpy(out, blocks, n);
	digest_free(&d);
	secret_wipe(blocks, sizeof(blocks));
	return err;
}

/* One direction's cipher; letters are those of its IV, key and MAC key. */
static int
make_cipher(struct ssh_transport *t, struct view shared, const char letters[static 3],
    const struct packet_cipher_algorithm *cipher, const struct packet_mac_algorithm *mac,
    bool encrypt, struct packet_cipher **out)
{
	uint8_t iv[PACKET_CIPHER_IV_MAX], key[PACKET_CIPHER_KEY_MAX], mac_key[PACKET_MAC_KEY_MAX];
	size_t mac_key_bytes = mac == NULL ? 0 : mac->key_bytes;
	int err;

	if ((err = derive(t, shared, letters[0], iv, cipher->iv_bytes)) == 0 &&
	    (err = derive(t, shared, letters[1], key, cipher->key_bytes)) == 0 &&
	    (err = derive(t, shared, letters[2], mac_key, mac_key_bytes)) == 0)
		err =
		    packet_cipher_new(cipher, mac, (struct view){ .p = iv, .n = cipher->iv_bytes },
			(struct view){ .p = key, .n = cipher->key_bytes },
			(struct view){ .p = mac_key, .n = mac_key_bytes }, encrypt, out);
	secret_wipe(iv, sizeof(iv));
	secret_wipe(key, sizeof(key));
	secret_wipe(mac_key, sizeof(mac_key));
	return err;
}

static int
make_keys(struct ssh_transport *t, struct view client_public, struct view shared)
{
	struct exchange *x = &t->exchange;
	const struct kex_choice *c = &x->next;
	int err;

	if ((err = compute_hash(t, client_public, shared)) != 0)
		return err;
	if (t->session_id_bytes == 0) {
		memcpy(t->session_id, x->hash, x->hash_bytes);
		t->session_id_bytes = x->hash_bytes;
	}
	packet_cipher_free(&x->input);
	packet_cipher_free(&x->output);
	if ((err = make_cipher(t, shared, "ACE", c->cipher_in, c->mac_in, false, &x->input)) != 0)
		return err;
	return make_cipher(t, shared, "BDF", c->cipher_out, c->mac_out, true, &x->output);
}

int
exchange_client_value(struct ssh_transport *t, struct view payload)
{
	struct exchange *x = &t->exchange;
	struct buf shared = buf_init(KEY_AGREEMENT_SHARED_MAX);
	struct rd r = rd_of(payload);
	struct view client_public;
	int err;

	if (x->skip) {
		x->skip = false;
		return 0;
	}
	if (rd_u8(&r) != SSH_MSG_KEX_INIT)
		return transport_fail(t, ERR_PROTOCOL, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
		    "message %u is not part of %s", payload.p[0], x->next.kex->name);
	client_public = rd_str(&r, KEY_AGREEMENT_PUBLIC_MAX);
	if ((err = rd_end(&r)) != 0)
		return crypto_fault(t, err);
	buf_clear(&x->server_public);
	if ((err = key_agreement_respond(x->next.kex, client_public, &x->server_public, &shared)) ==
	    0)
		err = make_keys(t, client_public, buf_view(&shared));
	buf_free(&shared);
	if (err != 0)
		return crypto_fault(t, err);
	x->stage = EXCHANGE_SIGN;
	return 0;
}

struct view
exchange_hash(const struct ssh_transport *t)
{
	return (struct view){ .p = t->exchange.hash, .n = t->exchange.hash_bytes };
}

struct view
exchange_signature_name(const struct ssh_transport *t)
{
	return t->exchange.next.key_algorithm;
}

static int
send_reply(struct ssh_transport *t, struct view signature)
{
	const struct ssh_host_key *key = t->exchange.next.key;
	struct buf *m = transport_message(t, SSH_MSG_KEX_REPLY);
	int err;

	buf_str(m, (struct view){ .p = key->blob, .n = key->blob_bytes });
	buf_str(m, buf_view(&t->exchange.server_public));
	buf_str(m, signature);
	if ((err = transport_send(t)) != 0)
		return err;
	transport_message(t, SSH_MSG_NEWKEYS);
	return transport_send(t);
}

int
exchange_tell_extensions(struct ssh_transport *t)
{
	struct buf *m;

	if (!t->ext_info)
		return 0;
	m = transport_message(t, SSH_MSG_EXT_INFO);
	buf_u32(m, 2);
	buf_cstr(m, "server-sig-algs");
	buf_cstr(m, t->config->algorithms.list[SSH_ALGORITHM_USER_KEY]);
	buf_cstr(m, "ping@openssh.com");
	buf_cstr(m, "0");
	return transport_send(t);
}

int
exchange_answer(struct ssh_transport *t, struct view signature)
{
	struct exchange *x = &t->exchange;
	int err;

	if (signature.n == 0 || signature.n > SSH_SIGNATURE_MAX)
		return transport_fail(
		    t, ERR_DENIED, SSH_DISCONNECT_BY_APPLICATION, "the host key did not sign");
	if ((err = send_reply(t, signature)) != 0)
		return err;
	packet_output_rekey(&t->out, x->output, t->strict);
	x->output = NULL;
	x->announced = false;
	x->stage = EXCHANGE_NEWKEYS;
	if (t->authenticated && (err = packet_output_compress(&t->out, x->next.compress_out)) != 0)
		return transport_output_fault(t, err);
	return transport_send_held(t);
}

int
exchange_client_newkeys(struct ssh_transport *t, struct view payload)
{
	struct exchange *x = &t->exchange;
	int err;

	if (payload.n != 1)
		return transport_fail(
		    t, ERR_TRAILING, SSH_DISCONNECT_PROTOCOL_ERROR, "NEWKEYS is malformed");
	packet_input_rekey(&t->in, x->input, t->strict);
	x->input = NULL;
	x->stage = EXCHANGE_IDLE;
	t->agreed = x->next;
	transport_note_agreed(t);
	secret_wipe(x->hash, sizeof(x->hash));
	buf_free(&x->ours);
	buf_free(&x->theirs);
	buf_free(&x->server_public);
	if (t->authenticated && (err = packet_input_compress(&t->in, t->agreed.compress_in)) != 0)
		return transport_input_fault(t, err);
	return 0;
}
