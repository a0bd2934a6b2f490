#include "http/http_answer.h"

#include <time.h>

const char *
http_status_text(int status)
{
	switch (status) {
	case 200: return "OK";
	case 201: return "Created";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 408: return "Request Timeout";
	case 409: return "Conflict";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 417: return "Expectation Failed";
	case 421: return "Misdirected Request";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	case 507: return "Insufficient Storage";
	default: return "";
	}
}

static void
write_date(struct buf *out, int64_t wall_ms)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	/* RFC 9110 section 5.6.7; strftime(3) would ask the locale */
	buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + 3 * tm.tm_wday,
	    tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
}

void
http_answer_write(struct buf *out, const struct http_answer *a)
{
	buf_printf(out, "HTTP/1.1 %d %s\r\n", a->status, http_status_text(a->status));
	write_date(out, a->wall_ms);
	buf_printf(out, "Content-Type: %s\r\nContent-Length: %llu\r\n", a->content_type,
	    (unsigned long long)a->length);
	/* what an API says is for its client alone, and is what it says it is */
	buf_text(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	if (a->authenticate != NULL)
		buf_printf(out, "WWW-Authenticate: %s\r\n", a->authenticate);
	if (a->cookie.n > 0)
		buf_printf(out, "Set-Cookie: %.*s\r\n", (int)a->cookie.n, (const char *)a->cookie.p);
	if (a->retry_after_seconds != 0)
		buf_printf(out, "Retry-After: %u\r\n", a->retry_after_seconds);
	if (a->request_id.n > 0)
		buf_printf(out, "X-Request-Id: %.*s\r\n", (int)a->request_id.n,
		    (const char *)a->request_id.p);
	if (!a->keep_alive)
		buf_text(out, "Connection: close\r\n");
	else if (a->is_1_0)
		buf_text(out, "Connection: keep-alive\r\n");
	buf_text(out, "\r\n");
}
