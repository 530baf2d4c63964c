/* Decisions with a guard taken out, to stand in for the real ones. What each does is its name. */
#ifndef TESTS_MODEL_MUTANTS_H
#define TESTS_MODEL_MUTANTS_H

#include "core/unit.h"

/* ---- instead of decisions of svc-products ---- */
decide_function leave_no_tombstone;              /* release_order */
decide_function release_again;                   /* release_order */
decide_function release_what_was_never_held;     /* release_order */
decide_function hold_again;                      /* reserve_order */
decide_function reserve_what_is_not_there;       /* reserve_order */
decide_function reserve_without_deadline;        /* reserve_order */
decide_function reserve_after_the_order_expired; /* reserve_order */
decide_function sell_again;                      /* sell_order */
decide_function ask_nothing_when_overdue;        /* check_overdue */

/* ---- of svc-orders ---- */
decide_function place_without_deadline;                 /* place_order */
decide_function cancel_after_the_end;                   /* cancel_order */
decide_function clear_deadline_too_early;               /* on_user_verified */
decide_function confirm_on_the_buyer_alone;             /* on_user_verified */
decide_function confirm_on_the_goods_alone;             /* on_stock_reserved */
decide_function hear_of_goods_after_the_end_in_silence; /* on_stock_reserved */
decide_function tell_the_end_to_what_moved_it;          /* on_stock_reserved */
decide_function reject_in_silence;                      /* on_user_refused */
decide_function let_overdue_be;                         /* on_reservation_overdue */

/* ---- of svc-users ---- */
decide_function verify_everybody; /* answer_order */

#endif
