/* svc-orders: orders and their saga. */
#include "orders/service.h"

int main(int argc, char **argv)
{
	return service_run(&orders_service, argc, argv);
}
