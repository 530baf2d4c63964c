/* comanda-load: puts an HTTP load on the edge and prints the result as one JSON object. */
#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/timestamp.h"
#include "core/uuid.h"
#include "tests/bench/load.h"

static const struct option options[] = {
	{"address", required_argument, NULL, 'a'},
	{"scenario", required_argument, NULL, 's'},
	{"connections", required_argument, NULL, 'c'},
	{"rate", required_argument, NULL, 'r'},
	{"warm-up", required_argument, NULL, 'w'},
	{"seconds", required_argument, NULL, 'd'},
	{"requests", required_argument, NULL, 'n'},
	{"from", required_argument, NULL, 'f'},
	{"patient", no_argument, NULL, 'i'},
	{"products", required_argument, NULL, 'p'},
	{"tokens", required_argument, NULL, 't'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int usage(FILE *to, int status)
{
	fprintf(to, "Usage: comanda-load --address 127.0.0.1:8080 --scenario NAME [OPTIONS]\n"
		    "  --connections N   64       --seconds S    10     counted\n"
		    "  --rate R          open loop, requests a second;  without it: closed loop\n"
		    "  --warm-up S       2        --requests N   end after so many\n"
		    "  --products FILE   product ids, one a line\n"
		    "  --from ADDRESS    the clients', of this machine\n"
		    "  --patient         who is answered 429 or 503 waits as Retry-After says\n"
		    "  --tokens FILE     access tokens, one a line, the first an administrator's\n\n"
		    "Scenarios:\n");
	for (const struct scenario *scenario = scenarios; scenario->name != NULL; scenario++)
		fprintf(to, "  %-18s%s\n", scenario->name, scenario->about);
	return status;
}

static bool read_address(char *text, struct sockaddr_in *ret_address)
{
	char host[64];
	unsigned port = 0;

	if (sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || port == 0 || port > 65535)
		return false;
	*ret_address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	return inet_pton(AF_INET, host, &ret_address->sin_addr) == 1;
}

/* False: an argument is wrong; *ret_wrong names it. */
static bool read_option(int option, char *value, struct load_plan *plan, struct stock *stock)
{
	switch (option) {
	case 'a':
		stock->host = value;
		return read_address(value, plan->address);
	case 's':
		plan->scenario = scenario_find(value);
		return plan->scenario != NULL;
	case 'c':
		plan->connections = atoi(value);
		return plan->connections > 0;
	case 'r':
		plan->rate = atof(value);
		return plan->rate >= 0;
	case 'w':
		plan->warm_us = (int64_t)(atof(value) * 1e6);
		return plan->warm_us >= 0;
	case 'd':
		plan->count_us = (int64_t)(atof(value) * 1e6);
		return plan->count_us > 0;
	case 'n':
		plan->requests = strtoull(value, NULL, 10);
		return true;
	case 'f':
		return inet_pton(AF_INET, value, &plan->from->sin_addr) == 1;
	case 'i':
		plan->patient = true;
		return true;
	case 'p':
		return lines_read(value, &stock->products);
	case 't':
		return lines_read(value, &stock->tokens);
	default:
		return false;
	}
}

static double own_cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void print_result(const struct load_plan *plan, const struct load_result *result)
{
	static const struct {
		const char *name;
		double share;
	} points[] = {{"p50_ms", 0.5}, {"p90_ms", 0.9}, {"p99_ms", 0.99}, {"p999_ms", 0.999}};

	printf("{\"scenario\":\"%s\",\"connections\":%d,\"rate\":%.1f,\"seconds\":%.3f,\"done\":%llu,\"per_s\":%.1f",
	       plan->scenario->name, plan->connections, plan->rate, result->seconds, (unsigned long long)result->done,
	       result->seconds > 0 ? (double)result->done / result->seconds : 0);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		printf(",\"%s\":%.3f", points[i].name, histogram_at(&result->latencies, points[i].share) / 1e3);
	printf(",\"max_ms\":%.3f,\"unexpected\":%llu,\"unexpected_status\":%d,\"refused\":%llu,\"lost\":%llu,"
	       "\"missed\":%llu,"
	       "\"load_cpu_s\":%.3f}\n",
	       (double)result->latencies.largest_us / 1e3, (unsigned long long)result->unexpected,
	       result->status_of_unexpected, (unsigned long long)result->refused, (unsigned long long)result->lost,
	       (unsigned long long)result->missed, own_cpu());
}

static void name_run(struct stock *stock)
{
	const struct uuid id = uuid_new(timestamp_now());

	snprintf(stock->run, sizeof(stock->run), "%016llx", (unsigned long long)uuid_hash(&id));
}

int main(int argc, char **argv)
{
	static struct load_result result;
	struct sockaddr_in address = {.sin_family = AF_INET}, from = {.sin_family = AF_INET};
	struct stock stock = {.random = UINT64_C(0x9E3779B97F4A7C15)};
	struct load_plan plan = {.address = &address,
				 .from = &from,
				 .connections = 64,
				 .warm_us = 2 * SECOND_US,
				 .count_us = 10 * SECOND_US};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h')
			return usage(stdout, 0);
		if (option == '?')
			return usage(stderr, 2);
		if (!read_option(option, optarg, &plan, &stock)) {
			fprintf(stderr, "comanda-load: %s is not acceptable there\n", optarg);
			return 2;
		}
	}
	if (stock.host == NULL || plan.scenario == NULL)
		return usage(stderr, 2);
	static char nothing[] = "";
	static char *none[] = {nothing};
	if (stock.products.count == 0)
		stock.products = (struct lines){none, 1};
	if (stock.tokens.count == 0)
		stock.tokens = (struct lines){none, 1};
	name_run(&stock);
	load_run(&plan, &stock, &result);
	print_result(&plan, &result);
	return result.done == 0;
}
