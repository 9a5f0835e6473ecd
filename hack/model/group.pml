/*
 * The protocol of one group: sealing, election, catch-up, change of a voter, restarts. README.md says what corresponds
 * to which code, what is left out and why that is sound.
 *
 * There is one process, and every step of the protocol is one indivisible step of it: what the real programs do between
 * two steps that others can see is nobody else's business. Requests are not queued. Once a request is recorded it may
 * arrive at any time later, again and again, or never: that is delay, repetition and loss.
 *
 * Members 0, 1, 2 are the first voters; 3 is the newcomer, at first a learner, which may take the vote of 2.
 *
 * RESTORE is another group: a leader was forced, so that in epoch 1 member 0 alone votes. 1 and 2 voted before and are back,
 * with logs of their own of what was before epoch 1; they get their votes one after the other. There is no member 3.
 *
 * REMOVE is a group that gets smaller: 0, 1 and 2 vote, and first 2 loses its vote, then 1. There is no member 3.
 *
 * SEAT is the rebuild of a member: 3 is the next life of 2, and takes its seat without an election.
 */

#ifndef EPOCHS
#define EPOCHS 3    /* the newest epoch that is elected; at most 4 */
#endif
#ifndef ENTRIES
#define ENTRIES 4   /* the length of a log; at most 4 */
#endif

/* ---- Logs -----------------------------------------------------------------------------------------------------------
 * A log is a number, four bits an entry, the oldest lowest. An entry is epoch * 2 + life. Its place is its sequence, so
 * (epoch, place) is its GTID. The life is not in the GTID: it tells two entries apart that a leader wrote with the same
 * GTID, which only the broken rule RESTARTED_LEADER_LEADS_ON brings about.
 */
#if ENTRIES <= 3 || (ENTRIES == 4 && EPOCHS <= 3)
#define LOG short    /* half the memory, where it is enough */
#else
#define LOG int
#endif
#define CUT(l, n)    ((l) & ((1 << (4 * (n))) - 1))
#define LEN(l)       ((l) == 0 -> 0 : ((l) < 16 -> 1 : ((l) < 256 -> 2 : ((l) < 4096 -> 3 : 4))))
#define ENTRY(l, n)  (((l) >> (4 * ((n) - 1))) & 15)
#define LAST(l)      ((l) == 0 -> 0 : ENTRY(l, LEN(l)) >> 1)
#define ADD(l, c)    ((l) | ((c) << (4 * LEN(l))))
#define ZEROS(x)     ((x) == 0 -> 4 : ((x) & 15 -> 0 : ((x) & 240 -> 1 : ((x) & 3840 -> 2 : 3))))
#define LEAST(a, b)  ((a) < (b) -> (a) : (b))
/* How much two logs share, as members see it (by GTID) and in truth. */
#define SHARED(a, b) LEAST(LEAST(LEN(a), LEN(b)), ZEROS(((a) ^ (b)) & 61166))
#define SAME(a, b)   LEAST(LEAST(LEN(a), LEN(b)), ZEROS((a) ^ (b)))

#ifdef BROKEN_COMPARE_SEQ_ALONE
#define POSITION(l)  LEN(l)
#else
#define POSITION(l)  (LAST(l) * 8 + LEN(l))
#endif

/* ---- Members: what is on the disk of each ---------------------------------------------------------------------------*/
#define SEALED   0
#define FOLLOW   1
#define LEAD     2
#define RESIGNED 3
byte promise[4];            /* the newest epoch it has promised */
byte duty[4];               /* its part in it */
LOG log[4];
byte synced[4];             /* a leader's: up to where its own disk is known to have the log; else 0, and all of it is durable */
#ifdef BROKEN_RESTARTED_LEADER_LEADS_ON
byte life[4];
#define LIFE(m) life[m]
#else
#define LIFE(m) 0
#endif

/* ---- Kubernetes' API server: the group's status ---------------------------------------------------------------------*/
byte epoch = 1;             /* the newest recorded epoch; it stands for the resource version too, see README.md */
bool election;              /* the election for the next epoch is recorded, so voters may be sealed */
byte leader[EPOCHS + 1];    /* of each recorded epoch: who leads */
byte start[EPOCHS + 1];     /* and how many entries its log starts with */
byte changed;               /* the first epoch in which 3 votes instead of 2; 0 when there is none yet */
#if defined(RESTORE) || defined(REMOVE)
byte second;                /* changed is the first epoch in which the next one votes, or the last one does not; then this */
bool first;                 /* the election may change a vote: a transaction of the epoch before was seen to be committed */
#define CHANGED(e) ((changed != 0 && (e) >= changed) + (second != 0 && (e) >= second))
#ifdef RESTORE
#define SIZE(e) (1 + CHANGED(e))
#define RECEIVES(m, e) ((m) != 3)
#else
#define SIZE(e) (3 - CHANGED(e))
#define RECEIVES(m, e) VOTES(m, e)
#endif
#define VOTES(m, e) ((m) < SIZE(e))
#define NEEDED(e) (SIZE(e) > 1)    /* how many others a majority needs */
#elif defined(SEAT)
byte seat;                  /* 0: 2 has it; 1: it is vacant, and leaders are told to count 3; 2: 3 has it */
byte vacated;               /* the epoch in which it became vacant */
bool counts[EPOCHS + 1];    /* the leader of the epoch counts 3 and not 2 */
byte since[EPOCHS + 1];     /* where its log ended when it began to */
/* Whose answers count in elections. */
#ifdef BROKEN_SEAT_NOT_VACANT
#define VOTES(m, e) ((m) < 2 || (m) == (seat == 2 -> 3 : 2))
#else
#define VOTES(m, e) ((m) < 2 || (seat == 0 && (m) == 2) || (seat == 2 && (m) == 3))
#endif
#define NEEDED(e) 1
#define RECEIVES(m, e) (1)
#else
#define VOTES(m, e) ((changed != 0 && (e) >= changed) -> (m) != 2 : (m) != 3)
#define NEEDED(e) 1
#define RECEIVES(m, e) (VOTES(m, e) || (m) == 3)
#endif

#ifdef TWO_OPERATORS
/* ---- Operators: a decision that is made and not yet recorded: 1 + source + 4 * leader + 16 * change ------------------*/
byte decision[2];
#endif

/* ---- What is under way between the members of an epoch --------------------------------------------------------------*/
LOG sent[EPOCHS + 1];      /* the log of the epoch: what it starts with, then all that its leader has ever sent */
byte told[EPOCHS + 1];      /* up to where its leader has called it committed */
byte durable[4 * EPOCHS + 4]; /* up to where members have reported it durable */
#define REPORTED(e, m) durable[4 * (e) + (m)]
#define OPENED(e) (LEN(sent[e]) > start[e])

/* ---- For the properties alone ---------------------------------------------------------------------------------------*/
LOG committed;             /* everything that any leader has ever counted as committed; a client's write succeeds then */
byte opener[EPOCHS + 1];    /* 1 + who has opened the epoch */

/* The names are what a violation shows. */
hidden byte invariant1_committed_is_kept, invariant1_committed_is_not_cut, invariant2_one_leader_per_epoch,
    invariant2_no_success_on_an_old_leader, invariant2_literally, invariant3_applies_committed_only, one_committed_log;
hidden byte i, j, n, k;
hidden int cutlog;

/* A leader ends: nobody counts for it any more, and what it had is on its disk. */
inline leaves(m) {
    if
    :: duty[m] == LEAD ->
        for (i : 0 .. 3) { REPORTED(promise[m], i) = 0 }
        synced[m] = 0
    :: else
    fi
}

/* What is under way in an epoch that every member has left can reach nobody: it is forgotten, which changes nothing
 * but the number of states. */
inline tidy() {
    for (i : 1 .. EPOCHS) {
        if
        :: promise[0] > i && promise[1] > i && promise[2] > i && promise[3] > i ->
            sent[i] = 0; told[i] = 0; leader[i] = 0; start[i] = 0; opener[i] = 0
#ifdef SEAT
            ; counts[i] = 0; since[i] = 0
#endif
        :: else
        fi
    }
    i = 0; j = 0; n = 0; k = 0
}

inline promises(m, e, d) {
    leaves(m);
    promise[m] = e;
    duty[m] = d;
    tidy()
}

/* Invariant 3: the server of a member that follows is fed what the leader has called committed, as far as the member
 * has it, once the logs match. */
#ifdef BROKEN_FEED_BEFORE_LOGS_MATCH
#define MATCHES(m, e) (1)
#else
#define MATCHES(m, e) (SHARED(log[m], sent[e]) == LEN(log[m]))
#endif
inline feeds(m, e) {
    if
    :: promise[m] == e && duty[m] == FOLLOW && MATCHES(m, e) ->
        n = LEAST(LEN(log[m]), told[e]);
        invariant3_applies_committed_only = SAME(log[m], committed) >= n;
        assert(invariant3_applies_committed_only)
    :: else
    fi
}

/* ---- What a member does ---------------------------------------------------------------------------------------------*/

/* A seal arrives. Its answer is the log, which cannot change before an epoch of this number or a newer one is recorded;
 * so an operator may be taken to read it later. A seal that arrives when its epoch is recorded already is left out: the
 * member then does nothing until its next request, which is what a slow member does too. */
#define SEAL(m) \
    :: d_step { election && promise[m] <= epoch -> promises(m, epoch + 1, SEALED) }

/* The request to follow: to every member of the epoch but its leader. */
#define BEGIN_TO_FOLLOW(m, e) \
    :: d_step { e <= epoch && leader[e] != m && RECEIVES(m, e) \
        && (promise[m] < e || (promise[m] == e && duty[m] == SEALED)) -> promises(m, e, FOLLOW); feeds(m, e) }

#define BEGIN_TO_LEAD(m, e) \
    :: d_step { e <= epoch && leader[e] == m \
        && (promise[m] < e || (promise[m] == e && duty[m] == SEALED)) -> promises(m, e, LEAD) }

/* Both the pull of a leader that lacks a part of its start, and the follower's stream, begin by cutting what the two
 * logs do not share. Nothing goes that a leader of this epoch or an older one has called committed. (A member that is
 * still in an old epoch may cut what a newer one has committed elsewhere: nobody counts on its copy.)
 */
inline cuts(m, e) {
    cutlog = CUT(log[m], SHARED(log[m], sent[e]));
    n = 0;
    for (j : 1 .. EPOCHS) {
        if
        :: j <= e && told[j] > n -> n = told[j]
        :: else
        fi
    }
    invariant1_committed_is_not_cut = LEAST(SAME(log[m], committed), n) <= LEN(cutlog);
    assert(invariant1_committed_is_not_cut);
    log[m] = cutlog;
    cutlog = 0; n = 0; j = 0
}

#define PULL(m) \
    :: d_step { duty[m] == LEAD && !OPENED(promise[m]) && log[m] != sent[promise[m]] -> k = promise[m]; \
        if \
        :: SHARED(log[m], sent[k]) < LEN(log[m]) -> cuts(m, k) \
        :: else -> log[m] = CUT(sent[k], LEN(log[m]) + 1) \
        fi; k = 0 }

/* The epoch's first entry, by the leader's agent. */
#define OPEN(m) \
    :: d_step { duty[m] == LEAD && opener[promise[m]] != m + 1 && log[m] == CUT(sent[promise[m]], start[promise[m]]) \
        && LEN(log[m]) < ENTRIES -> k = promise[m]; \
        invariant2_one_leader_per_epoch = (opener[k] == 0); \
        assert(invariant2_one_leader_per_epoch); \
        opener[k] = m + 1; \
        synced[m] = LEN(log[m]); \
        log[m] = ADD(log[m], k * 2 + LIFE(m)); \
        sent[k] = log[m]; k = 0 }

/* A follower's stream: it cuts, reports, and appends one entry after the other, each durable before it is reported.
 * Reports of what is committed already tell nothing and are not kept. */
#define LEADS(e) (duty[leader[e]] == LEAD && promise[leader[e]] == e)
#define REPORTS(m, e) (LEADS(e) && LEN(log[m]) > told[e] && LEN(log[m]) > REPORTED(e, m))
inline reports(m, e) {
    if
    :: REPORTS(m, e) -> REPORTED(e, m) = LEN(log[m])
    :: else
    fi;
    feeds(m, e)
}
#define STREAM(m) \
    :: d_step { duty[m] == FOLLOW && OPENED(promise[m]) \
        && (log[m] != sent[promise[m]] || REPORTS(m, promise[m])) -> k = promise[m]; \
        if \
        :: SHARED(log[m], sent[k]) < LEN(log[m]) -> cuts(m, k) \
        :: else -> \
            if \
            :: !REPORTS(m, k) && LEN(log[m]) < LEN(sent[k]) -> \
                log[m] = ADD(log[m], ENTRY(sent[k], LEN(log[m]) + 1)) \
            :: else \
            fi \
        fi; \
        reports(m, k); n = 0; k = 0 }

/* A client's write: the server takes it once the epoch's first entry is committed. */
#define WRITE(m) \
    :: d_step { duty[m] == LEAD && told[promise[m]] > start[promise[m]] && LEN(log[m]) < ENTRIES -> k = promise[m]; \
        log[m] = ADD(log[m], k * 2 + LIFE(m)); \
        sent[k] = log[m]; k = 0 }

#ifdef SEAT
#define COUNTS(f, e) ((f) < 2 || (f) == (counts[e] -> 3 : 2))
#else
#define COUNTS(f, e) VOTES(f, e)
#endif
#define HAS(m, e, f, p) (f != m && COUNTS(f, e) && REPORTED(e, f) >= p)
#define OTHERS(m, e, p) (HAS(m, e, 0, p) + HAS(m, e, 1, p) + HAS(m, e, 2, p) + HAS(m, e, 3, p))
#ifdef BROKEN_COMMIT_WITHOUT_OWN_ENTRY
#define COUNTABLE(e, p) (1)
#else
#define COUNTABLE(e, p) (p > start[e])
#endif

/* The leader counts p entries as committed, tells so, and acknowledges them to its server: clients see success. Its own
 * disk is asked for only where it is needed for the majority, so that it may lose the rest with its power. */
#define COMMIT(m, p) \
    :: d_step { duty[m] == LEAD && opener[promise[m]] == m + 1 && p <= LEN(log[m]) \
        && p > told[promise[m]] && COUNTABLE(promise[m], p) && OTHERS(m, promise[m], p) >= NEEDED(promise[m]) -> k = promise[m]; \
        if :: OTHERS(m, k, p) < 2 && synced[m] < p -> synced[m] = p :: else fi; \
        cutlog = CUT(log[m], p); \
        one_committed_log = SAME(committed, cutlog) == LEAST(LEN(committed), p); \
        assert(one_committed_log); \
        if \
        :: k < epoch -> \
            invariant2_no_success_on_an_old_leader = (p <= start[k + 1] && CUT(sent[k + 1], p) == cutlog); \
            assert(invariant2_no_success_on_an_old_leader) \
        :: else \
        fi; \
        LITERALLY(k, p); \
        if :: p > LEN(committed) -> committed = cutlog :: else fi; \
        cutlog = 0; \
        told[k] = p; \
        for (j : 0 .. 3) { \
            feeds(j, k); \
            if :: REPORTED(k, j) <= p -> REPORTED(k, j) = 0 :: else fi \
        } \
        j = 0; n = 0; k = 0 }

#ifdef LITERAL_INVARIANT_2
#define LITERALLY(e, p) \
        invariant2_literally = (p <= start[e] + 1 || LAST(committed) <= e); /* the first entry is no client's */ \
        assert(invariant2_literally)
#else
#define LITERALLY(e, p) skip
#endif

/* The leader's server ends, with the agent, the power, or alone. The disk keeps at least what was counted as its own. */
#ifdef BROKEN_RESTARTED_LEADER_LEADS_ON
/* The server has lost what was not acknowledged to it, and goes on as the epoch's leader from there. */
#define RESTART(m, p) \
    :: d_step { duty[m] == LEAD && opener[promise[m]] == m + 1 && life[m] == 0 && told[promise[m]] > start[promise[m]] \
        && p == told[promise[m]] && p < LEN(log[m]) -> k = promise[m]; \
        log[m] = CUT(log[m], p); sent[k] = log[m]; synced[m] = LEAST(synced[m], p); life[m] = 1; k = 0 }
#else
#define RESTART(m, p) \
    :: d_step { duty[m] == LEAD && p <= LEN(log[m]) && (p >= synced[m] || opener[promise[m]] != m + 1) \
        && (p == LEN(log[m]) || opener[promise[m]] == m + 1) -> \
        leaves(m); duty[m] = RESIGNED; log[m] = CUT(log[m], p); i = 0 }
#endif

/* A follower restarts: its promise and its log are on its disk, so the right rules have nothing to do. */
#ifdef BROKEN_ACK_BEFORE_DURABLE
#define LOSE_POWER(m) \
    :: d_step { duty[m] == FOLLOW && LAST(log[m]) == promise[m] -> log[m] = CUT(log[m], LEN(log[m]) - 1) }
#else
#define LOSE_POWER(m)
#endif

/* ---- What the operators do ------------------------------------------------------------------------------------------
 * Any operator may think at any time that the leader is lost: when it is right to think so matters for availability only.
 */
#define ANSWERED(m) (promise[m] == epoch + 1)
/* Another voter's answer that makes a majority with that of x, and is not more advanced. */
#define SECOND(x, y) (y != x && ANSWERED(y) && VOTES(y, epoch) && POSITION(log[y]) <= POSITION(log[x]))
#ifdef BROKEN_SKIP_A_SEAL
#define MAJORITY(x) (1)
#else
#define MAJORITY(x) (NEEDED(epoch) == 0 || SECOND(x, 0) || SECOND(x, 1) || SECOND(x, 2) || SECOND(x, 3))
#endif
#define ELECTS(x, l) (election && epoch < EPOCHS && ANSWERED(x) && VOTES(x, epoch) \
        && ((l == x && MAJORITY(x)) || SECOND(x, l)))
#ifdef BROKEN_COUNT_NEWCOMER_EARLY
#define CAUGHT_UP(x) (1)
#else
#define CAUGHT_UP(x) (ANSWERED(3) && POSITION(log[3]) >= POSITION(log[x]))
#endif

/* With 3 for 2: old voters give the majority, 3 has their most advanced position, and 2 does not lead. */
#ifdef RESTORE
/* With one voter more: old voters give the majority, and a transaction of their epoch is committed. How far the log of the
 * newcomer is does not matter for safety; it may lead, and completes its log first, like any other. */
#ifdef BROKEN_ADD_BEFORE_COMMIT
#define MAY_ADD (1)
#else
#define MAY_ADD (first)
#endif
#define NEW SIZE(epoch)
#define CHANGES(x, l) (SIZE(epoch) < 3 && MAY_ADD && ANSWERED(NEW) && (ELECTS(x, l) \
        || (l == NEW && ELECTS(x, x) && POSITION(log[l]) <= POSITION(log[x]))))
#elif defined(REMOVE)
/* With one voter less, which does not lead: old voters give the majority, that one among them, and a transaction of their
 * epoch is committed. */
#ifdef BROKEN_REMOVE_BEFORE_COMMIT
#define MAY_REMOVE (1)
#else
#define MAY_REMOVE (first)
#endif
#ifdef BROKEN_REMOVE_TWO
#define STAYS(l) ((l) == 0)
#else
#define STAYS(l) ((l) != SIZE(epoch) - 1)
#endif
#define CHANGES(x, l) (SIZE(epoch) > 1 && MAY_REMOVE && STAYS(l) && ELECTS(x, l))
#elif defined(WITHOUT_NEWCOMER) || defined(SEAT)
#define CHANGES(x, l) (false)
#else
#define CHANGES(x, l) (changed == 0 && ((l != 2 && l != 3 && ELECTS(x, l) && CAUGHT_UP(x)) \
        || (l == 3 && ELECTS(x, x) && ANSWERED(3) && POSITION(log[3]) == POSITION(log[x]))))
#endif

/* The record. The resource version is that of the status that was decided on, so a decision that is older than the
 * newest record is gone. */
inline records(x, l, change) {
    election = false;
    n = epoch;
    sent[n] = log[x];
    start[n] = LEN(sent[n]);
    leader[n] = l;
#if defined(RESTORE) || defined(REMOVE)
    first = false;
    if
    :: change && changed == 0 ->
        changed = n
#if defined(BROKEN_ADD_TWO) || defined(BROKEN_REMOVE_TWO)
        ; second = n
#endif
    :: change && changed != 0 -> second = n
    :: else
    fi;
#else
    if
    :: change && changed == 0 -> changed = n
    :: else
    fi;
#endif
#ifdef SEAT
    counts[n] = seat != 0;
#endif
    invariant1_committed_is_kept = SAME(sent[n], committed) == LEN(committed);
    assert(invariant1_committed_is_kept);
    n = 0
}

#ifdef SEAT
/* The seat becomes vacant, in an epoch that 2 does not lead. */
#define VACATE \
    :: d_step { seat == 0 && !election && leader[epoch] != 2 -> seat = 1; vacated = epoch }
/* A leader is told so, at once or late: it counts 3 from here on. The request has the epoch in which it was made. */
#define TELL(e) \
    :: d_step { e <= epoch && seat != 0 && e >= vacated && LEADS(e) && opener[e] == leader[e] + 1 && !counts[e] -> \
        counts[e] = true; since[e] = LEN(log[leader[e]]) }
#ifdef BROKEN_SEAT_OLD_VERSION
/* An operator that is late has it count 2 again. */
#define TELL_LATE(e) \
    :: d_step { e <= epoch && LEADS(e) && counts[e] -> counts[e] = false; since[e] = 0 }
#else
#define TELL_LATE(e)
#endif
#ifdef BROKEN_SEAT_WITHOUT_SINCE
#define HAS_PASSED(e) (1)
#else
#define HAS_PASSED(e) (LEN(log[3]) >= since[e])
#endif
/* The leader of the newest epoch counts 3, which has an entry of this epoch, and all that 2 may have been counted for. */
#define SUCCEED \
    :: d_step { seat == 1 && !election && LEADS(epoch) && counts[epoch] && promise[3] == epoch && duty[3] == FOLLOW \
        && MATCHES(3, epoch) && LAST(log[3]) == epoch && HAS_PASSED(epoch) -> seat = 2 }
#else
#define VACATE
#define TELL(e)
#define TELL_LATE(e)
#define SUCCEED
#endif

#ifdef TWO_OPERATORS
/* Each decides, and records later; meanwhile the other may do the same, or it restarts and forgets. */
inline decides(d) {
    if
    :: decision[0] == 0 -> decision[0] = d
    :: else -> decision[1] = d
    fi
}
/* The slots are kept in order, so that exchanging the two operators makes no other state. */
#define FREE(d) (decision[0] == 0 || (decision[1] == 0 && decision[0] < d))
#define DECIDE(x, l) \
    :: d_step { FREE(1 + x + 4 * l) && ELECTS(x, l) -> decides(1 + x + 4 * l) } \
    :: d_step { FREE(17 + x + 4 * l) && CHANGES(x, l) -> decides(17 + x + 4 * l) }
#ifdef BROKEN_RECORD_WITHOUT_VERSION
/* The other's decision is as good as it was: its record replaces the newest one. */
#define WRITES(o) \
        k = decision[o] - 1; decision[o] = 0; \
        if :: o == 0 -> decision[0] = decision[1]; decision[1] = 0 :: else fi; \
        if :: election -> epoch++ :: else fi
#else
#define WRITES(o) \
        k = decision[o] - 1; decision[0] = 0; decision[1] = 0; epoch++
#endif
#define RECORD(o) \
    :: d_step { decision[o] != 0 -> WRITES(o); records(k & 3, (k >> 2) & 3, k >= 16); k = 0 }
#define OPERATORS \
    RECORD(0) RECORD(1) \
    :: d_step { decision[0] != 0 -> decision[0] = decision[1]; decision[1] = 0 } \
    :: d_step { decision[1] != 0 -> decision[1] = 0 }
#else
/* What is decided on does not change before the record, so deciding and recording may be one step. */
#define DECIDE(x, l) \
    :: d_step { ELECTS(x, l) -> epoch++; records(x, l, false) } \
    :: d_step { CHANGES(x, l) -> epoch++; records(x, l, true) }
#define OPERATORS
#endif

#define EACH(A)          A(0) A(1) A(2) A(3)
#define EACH_WITH(A, x)  A(0, x) A(1, x) A(2, x) A(3, x)
#define TO_TWO(A)        EACH_WITH(A, 1) EACH_WITH(A, 2)
#define TO_THREE(A)      TO_TWO(A) EACH_WITH(A, 3)
#define TO_FOUR(A)       TO_THREE(A) EACH_WITH(A, 4)
#if EPOCHS == 2
#define EACH_EPOCH(A)    TO_TWO(A)
#define EACH_EPOCH_ALONE(A)  A(1) A(2)
#elif EPOCHS == 3
#define EACH_EPOCH(A)    TO_THREE(A)
#define EACH_EPOCH_ALONE(A)  A(1) A(2) A(3)
#elif EPOCHS == 4
#define EACH_EPOCH(A)    TO_FOUR(A)
#define EACH_EPOCH_ALONE(A)  A(1) A(2) A(3) A(4)
#else
#error "EPOCHS is 2, 3 or 4"
#endif
#if ENTRIES == 2
#define EACH_PLACE(A)    TO_TWO(A)
#elif ENTRIES == 3
#define EACH_PLACE(A)    TO_THREE(A)
#elif ENTRIES == 4
#define EACH_PLACE(A)    TO_FOUR(A)
#else
#error "ENTRIES is 2, 3 or 4"
#endif

#if defined(WITHOUT_NEWCOMER) || defined(RESTORE) || defined(REMOVE)
#define NEWCOMER promise[3] = EPOCHS; duty[3] = RESIGNED
#else
#define NEWCOMER skip
#endif

#if defined(RESTORE) || defined(REMOVE)
#define BEGINS first = told[epoch] > start[epoch]
#else
#define BEGINS skip
#endif

init {
    /* The first epoch is recorded, and everybody has been told. A member that has not been told yet behaves like one
     * that has and is slow. */
    d_step {
        for (i : 0 .. 3) { promise[i] = 1; duty[i] = FOLLOW }
        duty[0] = LEAD;
        NEWCOMER;
        i = 0
    };
#ifdef RESTORE
    /* What 1 and 2 have may be a transaction that 0 does not have: of an epoch before, which is 0 here. */
    if
    :: log[1] = 1
    :: log[1] = 1; log[2] = 1
    :: skip
    fi;
#endif
end:
    do
    EACH(SEAL)
    EACH_EPOCH(BEGIN_TO_FOLLOW)
    EACH_EPOCH(BEGIN_TO_LEAD)
    EACH(PULL)
    EACH(OPEN)
    EACH(STREAM)
    EACH(WRITE)
    EACH_PLACE(COMMIT)
    EACH_WITH(RESTART, 0) EACH_PLACE(RESTART)
    EACH(LOSE_POWER)
    /* Recorded before the first voter is sealed. */
    :: d_step { !election && epoch < EPOCHS -> election = true; BEGINS }
    EACH_WITH(DECIDE, 0) EACH_WITH(DECIDE, 1) EACH_WITH(DECIDE, 2) EACH_WITH(DECIDE, 3)
    OPERATORS
    VACATE
    EACH_EPOCH_ALONE(TELL)
    EACH_EPOCH_ALONE(TELL_LATE)
    SUCCEED
    od
}
