/* The table of ISO 4217, list one: codes in order, without those that have no minor unit. */
#include "core/money/currency.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CODE = 3, DIGITS_UNKNOWN = 2, DIGITS_MAX = 4 };

/* clang-format off */
static const struct {
	int digits;
	const char *codes; /* of three letters each, with a space between them */
} table[] = {
	{0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"},
	{2, "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF"
	    " CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL"
	    " HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU"
	    " MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR"
	    " SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED"
	    " VES WST XCD XCG YER ZAR ZMW ZWG"},
	{3, "BHD IQD JOD KWD LYD OMR TND"},
	{4, "CLF UYW"},
};
/* clang-format on */

int currency_digits(const char *code)
{
	if (strlen(code) != CODE || strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != CODE)
		return -1;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strstr(table[i].codes, code) != NULL)
			return table[i].digits;
	return -1;
}

void money_text(int64_t minor_units, const char *code, char ret_text[static MONEY_TEXT])
{
	const int known = currency_digits(code), digits = known < 0 ? DIGITS_UNKNOWN : known;
	const uint64_t amount = minor_units < 0 ? -(uint64_t)minor_units : (uint64_t)minor_units;
	const char *sign = minor_units < 0 ? "-" : "";
	char decimals[DIGITS_MAX + 1] = "";
	uint64_t rest = amount;

	for (int i = digits; i-- > 0; rest /= 10)
		decimals[i] = (char)('0' + rest % 10);
	snprintf(ret_text, MONEY_TEXT, "%s%" PRIu64 "%s%s %.8s", sign, rest, digits == 0 ? "" : ".", decimals, code);
}
