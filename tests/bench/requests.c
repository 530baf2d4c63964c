/* The scenarios. Each request is written at once; the length of the body is known first. */
#include "tests/bench/requests.h"

#include "core/random.h"

#include <stdio.h>
#include <string.h>

enum { HOT = 0, LINES_MANY = 10 };

static size_t random_below(struct stock *stock, size_t limit)
{
	return (size_t)((random_next(&stock->random) >> 32) % limit);
}

static const char *any_product(struct stock *stock)
{
	return stock->products.items[random_below(stock, stock->products.count)];
}

/* Not the administrator, unless there is no other user. */
static const char *any_token(struct stock *stock)
{
	const size_t buyers = stock->tokens.count - 1;

	return stock->tokens.items[buyers == 0 ? 0 : 1 + random_below(stock, buyers)];
}

static void get(struct stock *stock, struct buffer *request, const char *path, const char *token)
{
	buffer_format(request, "GET %s HTTP/1.1\r\nHost: %s\r\n", path, stock->host);
	if (token != NULL)
		buffer_format(request, "Authorization: Bearer %s\r\n", token);
	buffer_text(request, "\r\n");
}

struct post {
	const char *path, *token, *prefer; /* token, prefer: NULL for none */
	const char *body;
};

static void post(struct stock *stock, struct buffer *request, const struct post *post)
{
	buffer_format(request, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n", post->path,
		      stock->host);
	if (post->token != NULL)
		buffer_format(request, "Authorization: Bearer %s\r\n", post->token);
	if (post->prefer != NULL)
		buffer_format(request, "Prefer: %s\r\n", post->prefer);
	buffer_format(request, "Idempotency-Key: %s-%llu\r\nContent-Length: %zu\r\n\r\n%s", stock->run,
		      (unsigned long long)stock->number++, strlen(post->body), post->body);
}

/* ---- reads ---- */

static void get_one(struct stock *stock, struct buffer *request, const char *product)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/products/%s", product);
	get(stock, request, path, NULL);
}

static void get_product(struct stock *stock, struct buffer *request)
{
	get_one(stock, request, any_product(stock));
}

static void get_product_hot(struct stock *stock, struct buffer *request)
{
	get_one(stock, request, stock->products.items[HOT]);
}

static void list_products(struct stock *stock, struct buffer *request)
{
	get(stock, request, "/v1/products?limit=20", NULL);
}

static void own_orders(struct stock *stock, struct buffer *request)
{
	get(stock, request, "/v1/orders?limit=20", any_token(stock));
}

/* ---- orders ---- */

/* Lines of neighbouring products, so that no product occurs twice. */
static void place(struct stock *stock, struct buffer *request, size_t count, const char *prefer)
{
	char body[LINES_MANY * 80 + 20];
	const size_t first = random_below(stock, stock->products.count);
	int length = snprintf(body, sizeof(body), "{\"items\":[");

	for (size_t i = 0; i < count; i++)
		length += snprintf(body + length, sizeof(body) - (size_t)length,
				   "%s{\"product_id\":\"%s\",\"quantity\":1}", i == 0 ? "" : ",",
				   stock->products.items[(first + i) % stock->products.count]);
	snprintf(body + length, sizeof(body) - (size_t)length, "]}");
	post(stock, request,
	     &(struct post){.path = "/v1/orders", .token = any_token(stock), .prefer = prefer, .body = body});
}

static void place_one(struct stock *stock, struct buffer *request)
{
	place(stock, request, 1, NULL);
}

static void place_three(struct stock *stock, struct buffer *request)
{
	place(stock, request, 3, NULL);
}

static void place_ten(struct stock *stock, struct buffer *request)
{
	place(stock, request, LINES_MANY, NULL);
}

static void place_wait(struct stock *stock, struct buffer *request)
{
	place(stock, request, 1, "wait=5");
}

static void place_hot(struct stock *stock, struct buffer *request)
{
	char body[100];

	snprintf(body, sizeof(body), "{\"items\":[{\"product_id\":\"%s\",\"quantity\":1}]}",
		 stock->products.items[HOT]);
	post(stock, request, &(struct post){.path = "/v1/orders", .token = any_token(stock), .body = body});
}

static void mix(struct stock *stock, struct buffer *request)
{
	const size_t die = random_below(stock, 100);

	if (die < 90)
		get_product(stock, request);
	else if (die < 99)
		own_orders(stock, request);
	else
		place_one(stock, request);
}

/* ---- accounts, catalogue ---- */

static void register_user(struct stock *stock, struct buffer *request)
{
	char body[200];

	snprintf(body, sizeof(body), "{\"email\":\"%s-%llu@example.org\",\"name\":\"Bench\",\"password\":\"%s\"}",
		 stock->run, (unsigned long long)stock->number, "a pass phrase of some length");
	post(stock, request, &(struct post){.path = "/v1/users", .body = body});
}

/* An unknown user: the attempt still costs a password hash. */
static void sign_in(struct stock *stock, struct buffer *request)
{
	char body[200];

	snprintf(body, sizeof(body),
		 "{\"grant_type\":\"password\",\"email\":\"%s-%llu@example.com\",\"password\":\"a wrong guess\"}",
		 stock->run, (unsigned long long)stock->number);
	post(stock, request, &(struct post){.path = "/v1/auth/token", .body = body});
}

static void create_product(struct stock *stock, struct buffer *request)
{
	char body[300];

	snprintf(body, sizeof(body),
		 "{\"sku\":\"%s-%llu\",\"name\":\"Espresso beans, 1 kg, roast %llu\",\"description\":\"Whole beans.\","
		 "\"price_cents\":1890,\"currency\":\"EUR\",\"on_hand\":1000000000}",
		 stock->run, (unsigned long long)stock->number, (unsigned long long)stock->number);
	post(stock, request, &(struct post){.path = "/v1/products", .token = stock->tokens.items[0], .body = body});
}

const struct scenario scenarios[] = {
	{"get_product", "GET one of all products", get_product, 200},
	{"get_product_hot", "GET one product, always the same", get_product_hot, 200},
	{"list_products", "GET the first 20 products", list_products, 200},
	{"own_orders", "GET the first 20 orders of one's own", own_orders, 200},
	{"place_order", "POST an order of one line, any product", place_one, 202},
	{"place_order_3", "POST an order of 3 lines", place_three, 202},
	{"place_order_10", "POST an order of 10 lines", place_ten, 202},
	{"place_order_hot", "POST an order of one line, always the same product", place_hot, 202},
	{"place_order_wait", "POST an order of one line and wait for its outcome", place_wait, 201},
	{"mix", "90 % product reads, 9 % own orders, 1 % placements", mix, 0},
	{"sign_in", "POST an attempt to sign in, with the wrong password", sign_in, 401},
	{"register", "POST a new user", register_user, 201},
	{"create_product", "POST a new product", create_product, 201},
	{NULL, NULL, NULL, 0},
};

const struct scenario *scenario_find(const char *name)
{
	for (const struct scenario *scenario = scenarios; scenario->name != NULL; scenario++)
		if (strcmp(scenario->name, name) == 0)
			return scenario;
	return NULL;
}

int lines_read(const char *path, struct lines *ret_lines)
{
	FILE *file = fopen(path, "r");
	char line[4096];
	size_t room = 0;

	*ret_lines = (struct lines){NULL, 0};
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0')
			continue;
		if (ret_lines->count == room) {
			room = room == 0 ? 64 : room * 2;
			ret_lines->items = mem_grow(ret_lines->items, room * sizeof(char *));
		}
		ret_lines->items[ret_lines->count++] = mem_text(line);
	}
	fclose(file);
	return ret_lines->count > 0;
}
