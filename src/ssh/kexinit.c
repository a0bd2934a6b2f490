#include "ssh/kexinit.h"

#include <string.h>

enum { LIST_BYTES_MAX = 16 * 1024 };

static const char strict_server[] = "kex-strict-s-v00@openssh.com";
static const char strict_client[] = "kex-strict-c-v00@openssh.com";

static void
write_host_key_names(struct buf *out, const struct ssh_config *config)
{
	struct buf names = buf_init(SSH_NAME_LIST_MAX * 2);

	for (size_t i = 0; i < config->host_key_count; i++) {
		if (i > 0)
			buf_u8(&names, ',');
		buf_text(&names, config->host_keys[i].algorithms);
	}
	if (buf_error(&names) != 0)
		out->bad = buf_error(&names);
	buf_str(out, buf_view(&names));
	buf_free(&names);
}

void
kexinit_write(struct buf *out, const struct ssh_config *config, bool first)
{
	const struct ssh_algorithms *a = &config->algorithms;
	const char *kex = a->list[SSH_ALGORITHM_KEX];
	uint8_t cookie[KEXINIT_COOKIE_BYTES];
	size_t marker = first ? 1 + sizeof(strict_server) - 1 : 0;

	crypto_random(cookie, sizeof(cookie));
	buf_u8(out, SSH_MSG_KEXINIT);
	buf_raw(out, cookie, sizeof(cookie));
	buf_u32(out, (uint32_t)(strlen(kex) + marker));
	buf_text(out, kex);
	if (first) {
		buf_u8(out, ',');
		buf_text(out, strict_server);
	}
	write_host_key_names(out, config);
	buf_cstr(out, a->list[SSH_ALGORITHM_CIPHER]);
	buf_cstr(out, a->list[SSH_ALGORITHM_CIPHER]);
	buf_cstr(out, a->list[SSH_ALGORITHM_MAC]);
	buf_cstr(out, a->list[SSH_ALGORITHM_MAC]);
	buf_cstr(out, a->list[SSH_ALGORITHM_COMPRESSION]);
	buf_cstr(out, a->list[SSH_ALGORITHM_COMPRESSION]);
	buf_cstr(out, "");
	buf_cstr(out, "");
	buf_bool(out, false);
	buf_u32(out, 0);
}

int
kexinit_parse(struct view payload, struct kexinit *out)
{
	struct rd r = rd_of(payload);

	*out = (struct kexinit){ 0 };
	if (payload.n > KEXINIT_BYTES_MAX)
		rd_fail(&r, ERR_LIMIT);
	if (rd_u8(&r) != SSH_MSG_KEXINIT)
		rd_fail(&r, ERR_FORMAT);
	rd_raw(&r, KEXINIT_COOKIE_BYTES);
	for (int i = 0; i < KEXINIT_LISTS; i++)
		out->list[i] = rd_str(&r, LIST_BYTES_MAX);
	out->follows = rd_bool(&r);
	rd_u32(&r); /* reserved: must be 0, is to be ignored when it is not */
	return rd_end(&r);
}

/* The client's order decides among all signature names of all our keys. */
static bool
choose_host_key(struct view client, const struct ssh_config *config, struct kex_choice *out)
{
	struct view theirs, ours;

	while (view_next_name(&client, &theirs)) {
		for (size_t i = 0; i < config->host_key_count; i++) {
			ours = view_of(config->host_keys[i].algorithms);
			if (theirs.n > 0 && ssh_negotiate(theirs, ours, &out->key_algorithm)) {
				out->key = &config->host_keys[i];
				return true;
			}
		}
	}
	return false;
}

static bool
choose_cipher(
    struct view client, const struct ssh_config *config, const struct packet_cipher_algorithm **out)
{
	struct view name;

	*out = NULL;
	if (ssh_negotiate(client, view_of(config->algorithms.list[SSH_ALGORITHM_CIPHER]), &name))
		*out = packet_cipher_find(name);
	return *out != NULL;
}

static bool
choose_mac(struct view client, const struct ssh_config *config,
    const struct packet_cipher_algorithm *cipher, const struct packet_mac_algorithm **out)
{
	struct view name;

	*out = NULL;
	if (cipher->is_aead)
		return true;
	if (ssh_negotiate(client, view_of(config->algorithms.list[SSH_ALGORITHM_MAC]), &name))
		*out = packet_mac_find(name);
	return *out != NULL;
}

static bool
choose_compression(struct view client, const struct ssh_config *config, bool *out)
{
	struct view ours = view_of(config->algorithms.list[SSH_ALGORITHM_COMPRESSION]), name;

	*out = false;
	if (!ssh_negotiate(client, ours, &name))
		return false;
	*out = view_is(name, "zlib@openssh.com");
	return true;
}

int
kexinit_choose(const struct kexinit *client, const struct ssh_config *config,
    struct kex_choice *out, enum kexinit_list *missing_out)
{
	const struct view *list = client->list;
	struct view name;

	*out = (struct kex_choice){ 0 };
	*missing_out = KEXINIT_KEX;
	if (!ssh_negotiate(
		list[KEXINIT_KEX], view_of(config->algorithms.list[SSH_ALGORITHM_KEX]), &name) ||
	    (out->kex = key_agreement_find(name)) == NULL)
		return ERR_NO_MATCH;
	*missing_out = KEXINIT_HOST_KEY;
	if (!choose_host_key(list[KEXINIT_HOST_KEY], config, out))
		return ERR_NO_MATCH;
	*missing_out = KEXINIT_CIPHER_IN;
	if (!choose_cipher(list[KEXINIT_CIPHER_IN], config, &out->cipher_in))
		return ERR_NO_MATCH;
	*missing_out = KEXINIT_CIPHER_OUT;
	if (!choose_cipher(list[KEXINIT_CIPHER_OUT], config, &out->cipher_out))
		return ERR_NO_MATCH;
	*missing_out = KEXINIT_MAC_IN;
	if (!choose_mac(list[KEXINIT_MAC_IN], config, out->cipher_in, &out->mac_in))
		return ERR_NO_MATCH;
	*missing_out = KEXINIT_MAC_OUT;
	if (!choose_mac(list[KEXINIT_MAC_OUT], config, out->cipher_out, &out->mac_out))
		return ERR_NO_MATCH;
	*missing_out = KEXINIT_COMPRESSION_IN;
	if (!choose_compression(list[KEXINIT_COMPRESSION_IN], config, &out->compress_in))
		return ERR_NO_MATCH;
	*missing_out = KEXINIT_COMPRESSION_OUT;
	if (!choose_compression(list[KEXINIT_COMPRESSION_OUT], config, &out->compress_out))
		return ERR_NO_MATCH;
	return 0;
}

static struct view
first_name(struct view list)
{
	struct view name = { 0 };

	return view_next_name(&list, &name) ? name : (struct view){ 0 };
}

bool
kexinit_guess_is_wrong(const struct kexinit *client, const struct ssh_config *config)
{
	struct view kex = first_name(view_of(config->algorithms.list[SSH_ALGORITHM_KEX]));
	struct view key = { 0 };

	if (config->host_key_count > 0)
		key = first_name(view_of(config->host_keys[0].algorithms));
	return !view_eq(first_name(client->list[KEXINIT_KEX]), kex) ||
	       !view_eq(first_name(client->list[KEXINIT_HOST_KEY]), key);
}

bool
kexinit_is_strict(const struct kexinit *client)
{
	return ssh_name_list_has(client->list[KEXINIT_KEX], view_of(strict_client));
}

bool
kexinit_wants_ext_info(const struct kexinit *client)
{
	return ssh_name_list_has(client->list[KEXINIT_KEX], view_of("ext-info-c"));
}

const char *
kexinit_list_name(enum kexinit_list list)
{
	switch (list) {
	case KEXINIT_KEX: return "key exchange";
	case KEXINIT_HOST_KEY: return "host key algorithm";
	case KEXINIT_CIPHER_IN:
	case KEXINIT_CIPHER_OUT: return "cipher";
	case KEXINIT_MAC_IN:
	case KEXINIT_MAC_OUT: return "MAC";
	case KEXINIT_COMPRESSION_IN:
	case KEXINIT_COMPRESSION_OUT: return "compression";
	case KEXINIT_LANGUAGE_IN:
	case KEXINIT_LANGUAGE_OUT:
	case KEXINIT_LISTS: break;
	}
	return "language";
}
