/* A mail server that receives one e-mail on 127.0.0.1 and prints the input of the client (RFC 5321). */
#include "app/base.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int
listen_on(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0 || listen(fd, 1) != 0) {
		perror("listen");
		exit(EXIT_FAILURE);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	bool in_text = false;
	char line[2048];
	FILE *peer;

	if (argc != 2)
		return 2;

	peer = fdopen(accept(listen_on(argv[1]), NULL, NULL), "r+");
	if (!peer)
		return 1;

	setvbuf(peer, NULL, _IONBF, 0);
	fputs("220 sink\r\n", peer);
	while (fgets(line, sizeof(line), peer)) {
		bool end_of_text = strcmp(line, ".\r\n") == 0;

		fputs(line, stdout);
		fflush(stdout);
		if (in_text && !end_of_text)
			continue;
		if (strncasecmp(line, "QUIT", 4) == 0)
			break;
		in_text = strncasecmp(line, "DATA", 4) == 0;
		fputs(in_text ? "354 go on\r\n" : "250 ok\r\n", peer);
	}
	fputs("221 bye\r\n", peer);
	fclose(peer);
	return 0;
}
