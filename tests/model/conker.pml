/* conker's lifetime: turns, slots with generations, and applications that make any call at any
 * time. It follows stack/tcp/lifetime.cpp function by function, under the same names; compare the
 * two. The rest of TCP is reduced to its changes of state. Every -D that README.md lists plants a
 * fault. */

#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef GENERATIONS
#define GENERATIONS 2  /* then the slot is retired, as after 2^32 */
#endif
#define NONE 255

mtype = { Closed, SynSent, SynReceived, Established, FinWait1, FinWait2, CloseWait, Closing,
          LastAck, TimeWait, Destroy };

typedef Connection {
  mtype state;
  bool hashed;              /* the demultiplexer finds it */
  bool in_accept_queue;     /* not accepted yet */
  bool application_closed;  /* close() was called */
  bool fin_queued;
  bool events;              /* Event bits not yet drained: all but ... */
  bool last_event;          /* ... kClosed */
  bool armed;               /* a timer is in the wheel ... */
  bool due;                 /* ... and has expired */
  bool unanswered;          /* one retransmission timeout has passed */
  bool on_dirty;
  bool on_ready;
  bool on_reap;
  /* Not in the stack: state that the properties refer to. */
  bool told;    /* the last event was drained, or no application could */
  bool doomed;  /* it was in Destroy */
}

/* The table. */
Connection connections[SLOTS];
bool taken[SLOTS];
byte generation[SLOTS];
byte life[SLOTS];  /* not in the stack: how often the slot was taken */
bool waiting_for_slot;

bool input_step = true;
bool reaping;
bool link_full;
bool idle;  /* the embedder did not drain */

/* Results, valid for one atomic step. */
byte made, found, at, meant;
bool changed, busy, may_fill;

#define c connections[slot]

/* Liveness needs fairness: a link that is full has room in the next turn, an embedder that did not
 * drain does so in the next, and a timer expires. Safety holds without. */
#ifdef LIVENESS
#define remember(bit) bit = true
#define time_is_up c.due
#define time_may_be_left !c.due
#else
#define remember(bit) skip
#define time_is_up c.armed
#define time_may_be_left true
#endif

#define may_follow(from, to) \
  ((to) == Destroy && (from) != Destroy || \
   (from) == Closed && ((to) == SynSent || (to) == Established) || \
   (from) == SynSent && ((to) == SynReceived || (to) == Established) || \
   (from) == SynReceived && (to) == Established || \
   (from) == Established && ((to) == FinWait1 || (to) == CloseWait) || \
   (from) == FinWait1 && ((to) == FinWait2 || (to) == Closing) || \
   (from) == FinWait2 && (to) == TimeWait || \
   (from) == CloseWait && (to) == LastAck || \
   (from) == Closing && (to) == TimeWait || \
   (from) == LastAck && (to) == Closed)

/* The generation of an id. */
#ifdef SAME_GENERATION
#define issued(of_life) 1
#else
#define issued(of_life) of_life
#endif

/* Whether the peer has the connection. */
#define known(s) ((s) != Closed && (s) != SynSent && (s) != TimeWait && (s) != Destroy)

/* ---- lifetime.cpp ---- */

inline make_connection() {
  made = 0;
  do
  :: made == SLOTS -> made = NONE; waiting_for_slot = true; break
  :: made < SLOTS && !taken[made] && life[made] < GENERATIONS -> break
  :: else -> made++
  od;
  if
  :: made != NONE ->
     taken[made] = true;
#ifdef SAME_GENERATION
     generation[made] = 1;
#else
     generation[made]++;
#endif
     life[made]++;
     connections[made].state = Closed;
     connections[made].hashed = true;
     printf("slot %d is taken, generation %d\n", made, generation[made])
  :: else -> skip
  fi
}

inline change_state(slot, to) {
  changed = true;
#ifndef RESURRECT
  if
  :: c.state == Destroy -> changed = false
  :: else -> skip
  fi;
#endif
  if
  :: changed ->
     printf("slot %d goes from %e to %e\n", slot, c.state, to);
     assert(may_follow(c.state, to));  /* above all: none leaves Destroy */
     c.state = to
  :: else -> skip
  fi
}

inline destroy(slot) {
  change_state(slot, Destroy);
  if
  :: changed ->
     c.doomed = true;
#ifndef KEEP_HASHED
     unhash(slot);
#endif
#ifndef KEEP_TIMER
     disarm(slot);
#endif
     if
     :: c.in_accept_queue ->
        c.in_accept_queue = false;
        c.events = false;
        c.told = true  /* its application never had the id */
     :: else ->
#ifndef NO_LAST_EVENT
        post(slot, false, true)
#else
        skip
#endif
     fi;
#ifdef FREE_IN_PLACE
     free(slot)
#else
     offer_to_reaper(slot)
#endif
  :: else -> skip
  fi
}

inline reset_and_destroy(slot) {
  if
  :: known(c.state) -> mark_dirty(slot)  /* a RST is pending */
  :: else -> skip
  fi;
  destroy(slot)
}

inline enter_time_wait(slot) {
#ifdef RESURRECT
  if
  :: c.application_closed -> destroy(slot)
  :: else -> skip
  fi;
#endif
  change_state(slot, TimeWait);
  if
  :: changed ->
     unhash(slot);
     disarm(slot);
     if
     :: c.application_closed -> destroy(slot)
     :: else -> skip
     fi
  :: else -> skip
  fi
}

inline finish_closed(slot) {
  if
  :: c.application_closed -> destroy(slot)
  :: else ->
     change_state(slot, Closed);
     unhash(slot);
     disarm(slot)
  fi
}

inline unhash(slot) {
  c.hashed = false
}

inline mark_dirty(slot) {
  if
  :: c.state == Destroy -> skip
  :: else -> c.on_dirty = true
  fi
}

inline post(slot, some, last) {
  c.events = (c.events || some) && !c.application_closed;  /* after close() only the end is told */
  c.last_event = c.last_event || last;
  if
  :: (c.events || c.last_event) && !c.on_ready && !c.in_accept_queue -> c.on_ready = true
  :: else -> skip
  fi
}

/* Any ready connection: the stack's order, by age, is one of these. */
inline next_event(slot) {
  if
  :: c.last_event -> printf("the last event of slot %d is drained\n", slot)
  :: else -> printf("an event of slot %d is drained\n", slot)
  fi;
  assert(!c.told);  /* nothing follows the last event */
  c.told = c.last_event;
  c.events = false;
  c.last_event = false;
  c.on_ready = false;
#ifndef FORGET_AFTER_EVENT
  offer_to_reaper(slot)
#endif
}

inline offer_to_reaper(slot) {
  if
#ifdef FREE_BEFORE_EVENT
  :: c.state != Destroy || c.on_dirty || c.on_reap -> skip
#else
#ifdef FREE_BEFORE_FINAL_SEGMENT
  :: c.state != Destroy || c.on_ready || c.on_reap -> skip
#else
  :: c.state != Destroy || c.on_ready || c.on_dirty || c.on_reap -> skip
#endif
#endif
  :: else -> c.on_reap = true
  fi
}

inline reap() {
  printf("reap\n");
  reaping = true;
  for (at : 0 .. SLOTS - 1) {
    if
    :: connections[at].on_reap ->
#ifndef REAP_TWICE
       connections[at].on_reap = false;  /* reap_.take() */
#endif
       free(at)
    :: else -> skip
    fi
  }
  if
  :: waiting_for_slot ->
     waiting_for_slot = false;
     for (at : 0 .. SLOTS - 1) {
       if
       :: connections[at].on_ready && connections[at].state == Destroy &&
         !connections[at].on_dirty ->
          connections[at].on_ready = false;
          connections[at].last_event = false;
          connections[at].events = false;
          connections[at].told = true;  /* counted: events_lost */
          free(at)
       :: else -> skip
       fi
     }
  :: else -> skip
  fi;
  reaping = false
}

inline free(slot) {
  printf("slot %d is freed\n", slot);
  assert(reaping);  /* nothing is freed outside of reap() */
  assert(taken[slot] && c.state == Destroy);
  assert(c.told);  /* the last event precedes the reaper */
  assert(!c.on_dirty && !c.on_ready && !c.in_accept_queue);
  taken[slot] = false;
  forget(slot)
}

/* Clear the record already here, so that free slots do not differ by their contents. */
inline forget(slot) {
  c.state = Closed;
  c.application_closed = false;
  c.fin_queued = false;
  c.unanswered = false;
  c.told = false;
  c.doomed = false
}

/* ---- expiry.cpp, transmit.cpp ---- */

inline arm(slot) {
  if
  :: c.state == Destroy -> skip
  :: else -> c.armed = true
  fi
}

inline disarm(slot) {
  c.armed = false;
  c.due = false
}

/* Retransmission, connect, FIN-WAIT-2 and linger. */
inline connection_timer(slot) {
  printf("a timer of slot %d runs out\n", slot);
  c.due = false;
  if
  :: c.state != FinWait2 && !c.unanswered ->
     c.unanswered = true;
     mark_dirty(slot)
#ifndef NEVER_GIVE_UP
  :: destroy(slot)
  :: c.application_closed -> reset_and_destroy(slot)
#else
  :: else -> skip
#endif
  fi
}

inline output() {
  printf("output\n");
  may_fill = !link_full;
  link_full = false;
  for (at : 0 .. SLOTS - 1) {
    if
    :: connections[at].on_dirty ->
       transmit(at);
       if
       :: busy -> remember(link_full)
       :: else ->
          connections[at].on_dirty = false;
#ifndef FORGET_AFTER_OUTPUT
          offer_to_reaper(at)
#endif
       fi
    :: else -> skip
    fi
  }
}

inline transmit(slot) {
  busy = false;
  if
  :: may_fill -> busy = true
  :: true ->
     if
     :: c.state == SynSent || c.state == SynReceived || c.state == FinWait1 || c.state == Closing ||
        c.state == LastAck ->
        arm(slot)
     :: else -> skip  /* a final segment, too */
     fi
  fi
}

/* ---- arrival.cpp, receive.cpp, handshake.cpp: segments that change something ---- */

inline become_established(slot) {
  change_state(slot, Established);
  disarm(slot);
  c.unanswered = false;
  post(slot, true, false);
  if
  :: c.fin_queued -> change_state(slot, FinWait1)
  :: else -> skip
  fi;
  mark_dirty(slot)
}

inline process_fin(slot) {
  mark_dirty(slot);
  post(slot, true, false);
  if
  :: c.state == Established -> change_state(slot, CloseWait)
  :: c.state == FinWait1 -> change_state(slot, Closing)
  :: c.state == FinWait2 -> enter_time_wait(slot)
  fi
}

/* The FIN is acknowledged, which is possible only after it was sent. */
inline process_ack(slot) {
  c.unanswered = false;
  if
  :: c.state == FinWait1 ->
     change_state(slot, FinWait2);
     disarm(slot);
     if
#ifndef NO_FIN_WAIT_2_TIMER
     :: c.application_closed -> arm(slot)
#endif
     :: else -> skip
     fi
  :: c.state == Closing -> enter_time_wait(slot)
  :: c.state == LastAck -> finish_closed(slot)
  fi
}

inline segment_arrives(slot) {
  printf("a segment arrives for slot %d\n", slot);
  if
  :: destroy(slot)  /* RST, or a hard ICMP error */
  :: c.state == SynSent || c.state == SynReceived -> become_established(slot)
  :: c.state == SynSent ->
     change_state(slot, SynReceived);
     mark_dirty(slot)
  :: c.state == Established || c.state == FinWait1 || c.state == FinWait2 ->
     post(slot, true, false);  /* data */
     mark_dirty(slot)
  :: c.state == Established || c.state == FinWait1 || c.state == FinWait2 -> process_fin(slot)
  :: (c.state == FinWait1 || c.state == Closing || c.state == LastAck) && c.armed ->
     process_ack(slot)
  :: c.state == FinWait1 && c.armed ->
     process_ack(slot);
     process_fin(slot)
  fi
}

/* The last ACK of a handshake makes a connection. */
inline promote() {
  make_connection();
  if
  :: made != NONE ->
     connections[made].in_accept_queue = true;
     become_established(made)
  :: else -> skip
  fi
}

/* ---- tcp.cpp: the calls ---- */

/* An id of `slot`, of any generation. */
inline find_live(slot, of_life) {
  if
#ifdef STALE_ID
  :: taken[slot] && c.state != Destroy ->
#else
  :: taken[slot] && generation[slot] == issued(of_life) && c.state != Destroy ->
#endif
     found = slot;
     assert(life[slot] == of_life)  /* a stale id finds nothing, ever */
  :: else -> found = NONE
  fi
}

inline connect() {
  make_connection();
  if
  :: made != NONE ->
     change_state(made, SynSent);
     arm(made);
     mark_dirty(made)
  :: else -> skip
  fi
}

inline accept(slot) {
  printf("slot %d is accepted\n", slot);
  c.in_accept_queue = false;
  post(slot, false, false)  /* events while it waited */
}

inline unlisten() {
  for (at : 0 .. SLOTS - 1) {
    if
    :: connections[at].in_accept_queue -> reset_and_destroy(at)
    :: else -> skip
    fi
  }
}

inline queue_fin(slot) {
  if
  :: c.fin_queued -> skip
  :: else ->
     c.fin_queued = true;
     if
     :: c.state == Established -> change_state(slot, FinWait1)
     :: c.state == CloseWait -> change_state(slot, LastAck)
     :: else -> skip
     fi;
     mark_dirty(slot)
  fi
}

inline shutdown(slot) {
  if
  :: !c.fin_queued && !c.application_closed -> queue_fin(slot)
  :: else -> skip
  fi
}

inline close(slot) {
  if
  :: c.application_closed -> skip
  :: else ->
     c.in_accept_queue = false;
     if
     :: known(c.state) -> reset_and_destroy(slot)  /* unread data */
     :: true ->
        c.application_closed = true;
        c.events = false;
        if
        :: c.state == SynSent || c.state == TimeWait || c.state == Closed -> destroy(slot)
        :: c.state == FinWait2 -> arm(slot)
        :: else -> queue_fin(slot)
        fi
     fi
  fi
}

inline abort(slot) {
  c.in_accept_queue = false;
  reset_and_destroy(slot)
}

/* ---- audit.cpp ---- */

inline audit() {
  d_step {
    for (at : 0 .. SLOTS - 1) {
      if
      :: !taken[at] ->
         /* A freed slot is on no list. */
         assert(!connections[at].on_dirty && !connections[at].on_ready && !connections[at].on_reap);
         assert(!connections[at].in_accept_queue && !connections[at].hashed &&
                !connections[at].armed)
      :: taken[at] && connections[at].doomed ->
         assert(connections[at].state == Destroy);
         assert(!connections[at].armed && !connections[at].hashed &&
                !connections[at].in_accept_queue);
         /* It waits for something, or is reaped. */
         assert(connections[at].on_dirty || connections[at].on_ready || connections[at].on_reap)
      :: else ->
         assert(!connections[at].on_reap);
         /* Segments find it unless it is in Destroy. */
         assert(connections[at].hashed ==
                (connections[at].state != TimeWait && connections[at].state != Closed));
         assert(connections[at].hashed || !connections[at].application_closed)
      fi
    }
    made = 0;
    found = 0;
    meant = 0;
    at = 0;
    changed = false;
    busy = false;
    may_fill = false
  }
}

/* ---- Processes ---- */

#if SLOTS == 1
#define each_slot(option) option(0)
#define any_slot(condition) condition(0)
#endif
#if SLOTS == 2
#define each_slot(option) option(0) option(1)
#define any_slot(condition) (condition(0) || condition(1))
#endif
#if SLOTS == 3
#define each_slot(option) option(0) option(1) option(2)
#define any_slot(condition) (condition(0) || condition(1) || condition(2))
#endif

#define is_ready(slot) connections[slot].on_ready
#define drain(slot) \
  :: atomic { connections[slot].on_ready -> next_event(slot); audit() }

/* A turn, from Stack::begin to Stack::reap; applications act between its steps, peers before the
 * timers. */
active proctype Turn() {
  byte slot;
  do
  :: atomic {
       printf("timers\n");
       input_step = false;
       for (slot : 0 .. SLOTS - 1) {
         if
         :: time_is_up -> connection_timer(slot)
         :: time_may_be_left -> skip
         fi
       }
       slot = 0;
       audit()
     }
     if
     :: !idle -> remember(idle)
     :: idle = false;
        do
        each_slot(drain)
        :: atomic { !any_slot(is_ready) -> break }
        od
     fi;
     atomic { output(); audit() }
     atomic { reap(); audit(); input_step = true }
  od
}

/* The peer of each slot's connection. */
active [SLOTS] proctype Peer() {
  do
  :: atomic {
       input_step && connections[_pid - 1].hashed -> segment_arrives(_pid - 1);
       audit()
     }
  od
}

/* Peers that connect to the stack. */
active proctype Callers() {
  do
  :: atomic { input_step -> promote(); audit() }
  od
}

#define was_used(slot) (life[slot] > 0)
#define accepts(slot) \
  :: connections[slot].in_accept_queue -> accept(slot)
#define picks(slot) \
  :: life[slot] > 0 -> any_life(slot); find_live(slot, meant)

inline any_life(slot) {
  meant = 1;
  do
  :: meant < life[slot] -> meant++
  :: break
  od
}

/* Calls with an id. */
inline call() {
  if
  :: found == NONE -> skip
  :: else ->
     if
     :: true -> printf("send on slot %d\n", found); mark_dirty(found)
     :: true -> printf("shutdown of slot %d\n", found); shutdown(found)
     :: true -> printf("close of slot %d\n", found); close(found)
     :: true -> printf("abort of slot %d\n", found); abort(found)
     fi
  fi
}

/* All possible applications: any call, with any id that was ever given out. */
active proctype Applications() {
  do
  :: atomic { !waiting_for_slot -> connect(); audit() }
  :: atomic {
       if
       each_slot(accepts)
       :: any_slot(was_used) ->
          if
          each_slot(picks)
          fi;
          call()
       :: unlisten()
       fi;
       audit()
     }
  od
}

#ifdef LIVENESS
/* The timers of each slot: an armed one expires eventually. */
#define timer connections[_pid - 3 - SLOTS]
active [SLOTS] proctype Clock() {
  do
  :: atomic { timer.armed && !timer.due -> timer.due = true }
  od
}

#ifndef WATCHED
#define WATCHED 0
#endif
#define over \
  (taken[WATCHED] && \
   (connections[WATCHED].application_closed || connections[WATCHED].state == Destroy))
#define freed (!taken[WATCHED])
ltl every_closed_connection_is_freed { [] (over -> <> freed) }
#endif
