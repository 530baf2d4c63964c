/* svc-orders: takes orders and walks each through its saga. */
#include "orders/service.h"

int main(int argc, char **argv)
{
	return service_run(&orders_service, argc, argv);
}
