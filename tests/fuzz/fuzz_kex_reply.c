/* The client's public value: byte 0 chooses the method, the rest is the message. */
#include "ssh_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct key_agreement_algorithm *kex;
	struct ssh_transport *t;
	size_t methods = 0;
	int fds[2], err;

	if (size < 2)
		return 0;
	t = fuzz_transport(fds);
	while (key_agreement_at(methods) != NULL)
		methods++;
	kex = key_agreement_at(data[0] % methods);
	t->exchange.next = (struct kex_choice){
		.kex = kex,
		.key = &t->config->host_keys[0],
		.key_algorithm = view_of("ssh-ed25519"),
		.cipher_in = packet_cipher_find(view_of("aes128-gcm@openssh.com")),
		.cipher_out = packet_cipher_find(view_of("aes256-ctr")),
		.mac_out = packet_mac_find(view_of("hmac-sha2-512")),
	};
	t->exchange.stage = EXCHANGE_INIT;
	err = exchange_client_value(t, (struct view){ data + 1, size - 1 });
	if (err == 0) {
		FUZZ_CHECK(t->exchange.stage == EXCHANGE_SIGN);
		FUZZ_CHECK(exchange_hash(t).n == digest_bytes(kex->digest));
		FUZZ_CHECK(t->session_id_bytes == exchange_hash(t).n);
		err = exchange_answer(t, (struct view){ fuzz_signature, sizeof(fuzz_signature) });
		FUZZ_CHECK(err == 0 && t->exchange.stage == EXCHANGE_NEWKEYS);
	} else {
		FUZZ_CHECK(t->exchange.stage == EXCHANGE_INIT);
		FUZZ_CHECK(t->told);
	}
	ssh_transport_free(&t);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
