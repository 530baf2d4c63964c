/* svc-products: the catalogue, its stock, and the reservations of orders. */
#include "products/service.h"

int main(int argc, char **argv)
{
	return service_run(&products_service, argc, argv);
}
