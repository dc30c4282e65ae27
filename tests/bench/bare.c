/* The least a FastCGI program can do: what /health/live is measured against. */
#include <fcgiapp.h>

int
main(void)
{
	FCGX_Request r;

	FCGX_Init();
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) >= 0)
		FCGX_PutS(
		    "Status: 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"ok\"}",
		    r.out);
	return 0;
}
