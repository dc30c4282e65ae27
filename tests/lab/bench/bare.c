/* A minimal FastCGI program, the peer of /health/live. */
#include <fcgiapp.h>

int
main(void)
{
	FCGX_Request r;

	FCGX_Init();
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) >= 0)
		FCGX_FPrintF(
		    r.out,
		    "Status: 200 OK\r\nContent-Type: application/json\r\n"
		    "Content-Length: 15\r\nX-Request-ID: %s\r\n"
		    "X-Content-Type-Options: nosniff\r\n"
		    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
		    "Cache-Control: no-store\r\n\r\n{\"status\":\"ok\"}",
		    FCGX_GetParam("REQUEST_ID", r.envp));
	return 0;
}
