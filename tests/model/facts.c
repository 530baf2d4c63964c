/* Facts and bags of facts. */
#include <assert.h>
#include <string.h>

#include "tests/model/model.h"

number_t number_of(size_t value)
{
	assert(value <= UINT16_MAX);
	return (number_t)value;
}

static number_t fact_number(struct model *model, struct fact fact)
{
	bool is_new;
	const uint32_t number = table_number(&model->facts, &fact, sizeof(fact), &is_new);

	if (is_new)
		*(struct fact *)table_value(&model->facts, number) = fact;
	return number_of(number);
}

static void insert(struct bag *bag, number_t number)
{
	unsigned place = bag->count;

	assert(bag->count < BAG_MAX);
	for (; place > 0 && bag->facts[place - 1] > number; place--)
		bag->facts[place] = bag->facts[place - 1];
	bag->facts[place] = number;
	bag->count++;
}

void bag_add(struct model *model, struct bag *bag, struct fact fact)
{
	insert(bag, fact_number(model, fact));
}

static bool take(struct bag *bag, number_t number)
{
	for (unsigned i = 0; i < bag->count; i++) {
		if (bag->facts[i] != number)
			continue;
		bag->count--;
		memmove(&bag->facts[i], &bag->facts[i + 1], (bag->count - i) * sizeof(number_t));
		return true;
	}
	return false;
}

void bag_drop(struct bag *bag, number_t number)
{
	const bool was_there = take(bag, number);

	assert(was_there);
	(void)was_there;
}

bool bag_spend(const struct model *model, struct bag *bag, enum fact_kind kind)
{
	for (unsigned i = 0; i < bag->count; i++)
		if (fact_of(model, bag->facts[i]).kind == kind)
			return take(bag, bag->facts[i]);
	return false;
}

bool bag_has(struct model *model, const struct bag *bag, struct fact fact)
{
	const number_t number = fact_number(model, fact);

	for (unsigned i = 0; i < bag->count; i++)
		if (bag->facts[i] == number)
			return true;
	return false;
}

void bag_set(struct model *model, struct bag *bag, struct fact fact)
{
	if (!bag_has(model, bag, fact))
		bag_add(model, bag, fact);
}

void bag_clear(struct model *model, struct bag *bag, struct fact fact)
{
	take(bag, fact_number(model, fact));
}

unsigned bag_count(const struct model *model, const struct bag *bag, enum fact_kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < bag->count; i++)
		count += fact_of(model, bag->facts[i]).kind == kind;
	return count;
}

unsigned bag_next(const struct bag *bag, unsigned index)
{
	while (index > 0 && index < bag->count && bag->facts[index] == bag->facts[index - 1])
		index++;
	return index;
}

enum phase bag_phase(const struct model *model, const struct bag *bag)
{
	for (unsigned i = 0; i < bag->count; i++) {
		const struct fact fact = fact_of(model, bag->facts[i]);

		if (fact.kind == FACT_CLOCK)
			return (enum phase)fact.a;
	}
	assert(false && "a state has a clock");
	return PHASE_OPEN;
}

void bag_set_phase(struct model *model, struct bag *bag, enum phase phase)
{
	bag_spend(model, bag, FACT_CLOCK);
	bag_add(model, bag, (struct fact){.kind = FACT_CLOCK, .a = (number_t)phase});
}

static number_t row_fact(const struct model *model, const struct bag *bag, number_t aggregate)
{
	for (unsigned i = 0; i < bag->count; i++) {
		const struct fact fact = fact_of(model, bag->facts[i]);

		if (fact.kind == FACT_ROW && fact.a == aggregate)
			return bag->facts[i];
	}
	return 0;
}

number_t bag_row(const struct model *model, const struct bag *bag, number_t aggregate)
{
	const number_t number = row_fact(model, bag, aggregate);

	return number == 0 ? 0 : fact_of(model, number).b;
}

void bag_set_row(struct model *model, struct bag *bag, number_t aggregate, number_t row)
{
	const number_t before = row_fact(model, bag, aggregate);

	if (before != 0)
		bag_drop(bag, before);
	if (row != 0)
		bag_add(model, bag, (struct fact){.kind = FACT_ROW, .a = aggregate, .b = row});
}
