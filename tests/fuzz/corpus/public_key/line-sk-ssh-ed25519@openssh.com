lno-pty,command="a b" sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOtWuBedWRTVI6j4Xqfd3KhgY72+zfY07xlmAMtwKEjiAAAABHNzaDo= me@host
