/* svc-products: the catalogue, its stock, and what orders hold of it. */
#include "products/service.h"

int main(int argc, char **argv)
{
	return service_run(&products_service, argc, argv);
}
