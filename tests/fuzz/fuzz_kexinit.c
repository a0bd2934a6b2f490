/* A client's KEXINIT: reading it, and what both sides have in common. */
#include "ssh_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ssh_config *config = fuzz_config();
	enum kexinit_list missing;
	struct kex_choice choice;
	struct kexinit client;
	struct ssh_transport *t;
	int fds[2], err;

	if (kexinit_parse((struct view){ data, size }, &client) == 0) {
		err = kexinit_choose(&client, config, &choice, &missing);
		FUZZ_CHECK(err == 0 || err == ERR_NO_MATCH);
		if (err == 0) {
			FUZZ_CHECK(choice.kex != NULL && choice.key != NULL);
			FUZZ_CHECK(choice.cipher_in != NULL && choice.cipher_out != NULL);
			FUZZ_CHECK(choice.cipher_in->is_aead == (choice.mac_in == NULL));
			FUZZ_CHECK(choice.cipher_out->is_aead == (choice.mac_out == NULL));
		}
	}
	/* and the step that also notes markers and words for the log */
	if (size == 0)
		return 0;
	t = fuzz_transport(fds);
	t->in.sequence = 1;
	err = exchange_client_kexinit(t, (struct view){ data, size });
	FUZZ_CHECK((err == 0) == (t->exchange.stage == EXCHANGE_INIT));
	FUZZ_CHECK((err == 0) == (ssh_transport_error(t)[0] == '\0'));
	ssh_transport_free(&t);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
