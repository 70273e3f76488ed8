/* Nut/Net before r5541: a thread that is done with a socket frees it at once, also while the state
 * machine, in the middle of its list, waits for a segment to leave. Each -D asks for one
 * counterexample:
 *
 *   ITERATION  the walk over the list comes back to a socket that is gone: the race of January 2014
 *   INPUT      so does the processing of a segment */

#ifdef ITERATION
#define LOOK_IN_LIST(s) assert(allocated[s])
#else
#define LOOK_IN_LIST(s) assume(allocated[s])
#endif

#ifdef INPUT
#define LOOK_IN_INPUT(s) assert(allocated[s])
#else
#define LOOK_IN_INPUT(s) assume(allocated[s])
#endif

#define LOOK_IN_CALL(s) skip
#define CHECK_RETRANSMISSION(s) skip

inline NutTcpStateChange(s, to) {
  so_state[s] = to
}

/* Stands for eight places in the sources. */
inline NutTcpDestroySocket(s) {
  printf("%d frees socket %d\n", _pid, s);
  free_socket(s)
}

#include "nutnet.inc"

/* Each thread opens a connection and closes it. */
active [2] proctype Application() {
  byte mine;
  atomic {
    mine = _pid - THREAD_A;
    (running == _pid);
    NutTcpCreateSocket(mine);
    NutTcpConnect(mine);
    if
    :: allocated[mine] -> NutTcpCloseSocket(mine)
    :: else -> skip
    fi;
    end_thread()
  }
}
