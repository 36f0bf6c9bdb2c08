/*
 * shm_wake.pml - nobody sleeps over what he waits for: the protocol of transports/shm.c, for spin
 *
 * A writer puts ITEMS bytes into a ring of SIZE, a reader takes them out, each a few at a time.
 * Who finds nothing to do arms: hushes its bell, says in its word that it sleeps (a number that
 * is new each time), looks again, sleeps until the bell rings. Who has published looks at the
 * other's word and rings once for each number. The reader rings for room only when the ring is
 * free for a good part (LEAST), and the writer waits for so much.
 *
 * Each statement is one step, and steps of the two interleave in every way: that is what
 * sequentially consistent loads and stores are, which both use. If one of them could sleep for
 * ever, spin says "invalid end state". tests/shm_wake.sh lets it look, and sees it find what
 * goes wrong when a step is left out:
 *
 *      FORGET     does not look again after it said that it sleeps
 *      EARLY      looks whether the other sleeps before it publishes (what a processor does to a
 *                 store and a load that are not sequentially consistent)
 *      GREEDY     rings only when LEAST is free, but the writer waits for any room at all: this
 *                 one is no loss as long as the reader reads on, and so must pass
 */
#define SIZE  4
#define LEAST 2
#define ITEMS 9

#ifdef GREEDY
#define ROOM 1
#else
#define ROOM LEAST
#endif

#define WRITER 0
#define READER 1

byte tail, head;                        /* published: bytes written, bytes read */
byte sleeping[2];                       /* 0: awake; else which sleep this is */
byte bell[2];

/* After publishing: wakes @other if it sleeps and has not been rung for already. */
inline wake(other, word, rung) {
        if
        :: word != 0 && word != rung ->
                rung = word;
                bell[other] = 1
        :: else
        fi
}

inline publish(what, value, other, word) {
#ifdef EARLY
        word = sleeping[other];
        what = value
#else
        what = value;
        word = sleeping[other]
#endif
}

inline arm(me, number, look, seen) {
        bell[me] = 0;
        number++;
        sleeping[me] = number;
#ifndef FORGET
        seen = look
#endif
}

inline sleep(me) {
        bell[me] != 0;                  /* waits: the end, if nobody rings */
        sleeping[me] = 0
}

active proctype writer() {
        byte mine, seen, number, word, rung;

        do
        :: mine == ITEMS -> break
        :: else ->
                seen = head;
                if
                :: mine - seen < SIZE ->
                        mine++;
                        publish(tail, mine, READER, word);
                        wake(READER, word, rung)
                :: else ->
                        arm(WRITER, number, head, seen);
                        if
                        :: SIZE - (mine - seen) >= ROOM -> sleeping[WRITER] = 0
                        :: else -> sleep(WRITER)
                        fi
                fi
        od
}

active proctype reader() {
        byte mine, seen, number, word, rung;

        do
        :: mine == ITEMS -> break
        :: else ->
                if
                :: seen > mine                  /* some are known to be there */
                :: else -> seen = tail
                fi;
                if
                :: seen > mine ->
                        mine++;
                        publish(head, mine, WRITER, word);
                        if
                        :: SIZE - (seen - mine) >= LEAST -> wake(WRITER, word, rung)
                        :: else
                        fi
                :: else ->
                        arm(READER, number, tail, seen);
                        if
                        :: seen > mine -> sleeping[READER] = 0
                        :: else -> sleep(READER)
                        fi
                fi
        od
}
