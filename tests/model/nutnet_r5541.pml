/* Nut/Net after r5541: closing only moves a socket to DESTROY and sets a flag; the collector frees,
 * at the top of the state machine's loop. ITERATION and INPUT, as in nutnet_before.pml, find no
 * counterexample any more. Each of the others asks for the counterexample of one residual fault:
 *
 *   RESURRECTION  a state change overwrites DESTROY, whose case falls through
 *   LEAK          and the collector never finds the socket
 *   DIRECT_WRITE  a direct write of the state overwrites it, too: accept's timeout
 *   WAITER        a call that waited while another thread closed comes back into freed memory
 *   DIAGNOSTICS   a listing of all sockets, which yields while it prints, walks into freed memory
 *   SYN_RECOVERY  back in LISTEN, the SYN-ACK that was sent is still on its timer
 *   BACKLOG       accept, served from the backlog, returns in SYN_RECEIVED
 *   ABORT         accept returns success when what woke it was an abort */

#define COLLECTOR

#ifdef WAITER
#define LOOK_IN_CALL(s) assert(allocated[s])
#else
#define LOOK_IN_CALL(s) assume(allocated[s])
#endif

#define LOOK_IN_LIST(s) assert(allocated[s])
#define LOOK_IN_INPUT(s) assert(allocated[s])

#ifdef SYN_RECOVERY
#define CHECK_RETRANSMISSION(s) assert(so_state[s] != LISTEN)
#else
#define CHECK_RETRANSMISSION(s) skip
#endif

bool tcp_run_gc;

/* There is a case for DESTROY; it falls through to this. */
inline NutTcpStateChange(s, to) {
#ifdef RESURRECTION
  assert(so_state[s] != DESTROY);
#endif
  if
  :: so_state[s] == DESTROY -> printf("%d takes socket %d out of DESTROY\n", _pid, s)
  :: else -> skip
  fi;
  so_state[s] = to
}

inline NutTcpDestroySocket(s) {
  printf("%d moves socket %d to DESTROY\n", _pid, s);
  so_state[s] = DESTROY;
  tcp_run_gc = true
}

inline NutTcpGarbadgeCollect() {
  if
  :: tcp_run_gc ->
     tcp_run_gc = false;
     collect(0);
     collect(1)
  :: else -> skip
  fi
}

inline collect(s) {
  if
  :: allocated[s] && so_state[s] == DESTROY ->
     printf("%d, collecting, frees socket %d\n", _pid, s);
     free_socket(s)
  :: else -> skip
  fi
}

#include "nutnet.inc"

inline NutTcpAccept(s, backlog) {
  so_posted[s] = false;
  NutTcpStateChange(s, LISTEN);
  if
  :: backlog ->
     printf("%d accepts on socket %d, from the backlog\n", _pid, s);
     NutTcpStateProcess(s);  /* in this thread */
#ifdef BACKLOG
     assert(so_state[s] != SYN_RECEIVED)
#endif
  :: else ->
     printf("%d accepts on socket %d and waits\n", _pid, s);
     NutEventWait(s);
     LOOK_IN_CALL(s);
     if
     :: so_posted[s] ->
        printf("%d: accept on socket %d succeeds\n", _pid, s);
#ifdef ABORT
        assert(so_state[s] != CLOSED)
#endif
     :: else ->
        printf("%d: accept on socket %d has timed out: CLOSED is written\n", _pid, s);
#ifdef DIRECT_WRITE
        assert(so_state[s] != DESTROY);
#endif
#ifdef LEAK
        assume(so_state[s] != DESTROY);
#endif
        so_state[s] = CLOSED
     fi
  fi
}

inline close_unless_closed(s) {
  if
  :: allocated[s] && !so_closed[s] -> NutTcpCloseSocket(s)
  :: else -> skip
  fi
}

/* This thread connects or accepts, and closes. */
active proctype Worker() {
  atomic {
    (running == _pid);
    NutTcpCreateSocket(0);
    schedule();
    if
    :: so_closed[0] -> skip
    :: !so_closed[0] -> NutTcpConnect(0)
    :: !so_closed[0] -> NutTcpAccept(0, false)
    :: !so_closed[0] -> NutTcpAccept(0, true)
    fi;
    schedule();
    close_unless_closed(0);
    end_thread()
  }
}

/* The other thread has a connection of its own, and may close the first one's. */
active proctype Other() {
  atomic {
    (running == _pid);
    if
    :: NutTcpCreateSocket(1);
       NutTcpConnect(1);
       close_unless_closed(1);
       schedule()
    :: skip
    fi;
    close_unless_closed(0);
    end_thread()
  }
}

#ifdef DIAGNOSTICS
active proctype Listing() {
  byte at;
  atomic {
    (running == _pid);
    at = tcpSocketList;
    do
    :: at == NIL -> break
    :: else ->
       printf("%d lists socket %d: a scheduling point\n", _pid, at);
       schedule();
       assert(allocated[at]);
       at = so_next[at]
    od;
    end_thread()
  }
}
#endif

#ifdef LEAK
/* Closed by an application, in a state that no part of the stack will leave. */
#define lost(s) (allocated[s] && so_closed[s] && !tcp_run_gc && !so_retran[s] && \
                 (so_state[s] == CLOSED || so_state[s] == LISTEN || so_state[s] == ESTABLISHED))

active proctype Accountant() {
  atomic {
    ended[THREAD_A] && ended[THREAD_B] && running == NOBODY ->
    assert(!lost(0) && !lost(1))
  }
}
#endif
