/* Currencies of ISO 4217 and their minor units. An amount is a whole number of minor units: 1500 JPY is 1500 yen, and
 * 1500 EUR is 15.00 euros. */
#ifndef CORE_MONEY_CURRENCY_H
#define CORE_MONEY_CURRENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of decimal digits of the minor unit: 0 to 4. -1: no currency in use has this code. Codes without a minor
 * unit, such as XAU for gold and XXX for none, are not money. */
int currency_digits(const char *code);

enum { MONEY_TEXT = 40 };

/* "15.00 EUR", "1500 JPY", "-1.234 KWD". A code that is not in the table is shown with two digits. */
void money_text(int64_t minor_units, const char *code, char ret_text[static MONEY_TEXT]);

#endif
