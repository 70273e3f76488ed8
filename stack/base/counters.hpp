// The counters of the stack: one list with the name and the meaning of each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace conker {

// X(name, meaning). A frame, packet or segment that is dropped is counted by exactly one drop_*
// counter.
#define CONKER_COUNTERS(X)                                                                        \
  X(frames_in, "frames taken from links")                                                         \
  X(frames_out, "frames given to links")                                                          \
  X(frames_refused, "frames that a link could not take at the moment")                            \
  X(drop_frame_runt, "frames too short for an Ethernet header")                                   \
  X(drop_frame_other_host, "frames for another link address")                                     \
  X(drop_frame_ethertype, "frames of a protocol not spoken")                                      \
  X(drop_frame_vlan, "frames of a VLAN other than 0")                                             \
  X(arp_in, "ARP packets understood")                                                             \
  X(arp_out, "ARP packets sent")                                                                  \
  X(drop_arp_malformed, "ARP packets cut short or not for IPv4 on Ethernet")                      \
  X(drop_arp_sender, "ARP packets from a sender that cannot be: group, our own, no host")         \
  X(drop_arp_unasked, "ARP packets about others, and answers nobody asked for")                   \
  X(arp_probes_out, "of them: questions whether an address is free")                              \
  X(arp_announcements_out, "of them: announcements of an address of ours")                        \
  X(arp_conflicts, "ARP packets of others that use or want an address of ours")                   \
  X(arp_defences, "announcements sent to defend an address")                                      \
  X(nd_out, "messages of neighbour discovery sent")                                               \
  X(nd_solicitations_in, "neighbour solicitations understood")                                    \
  X(nd_advertisements_in, "neighbour advertisements understood")                                  \
  X(nd_probes_out, "questions whether an IPv6 address is free")                                   \
  X(nd_probes_looped, "of them: came back over a loop of the link (RFC 7527)")                    \
  X(nd_conflicts, "messages of others that use or want an IPv6 address of ours")                  \
  X(drop_nd_malformed, "messages of neighbour discovery that are not valid (RFC 4861)")           \
  X(drop_nd_fragment, "messages of neighbour discovery in fragments (RFC 6980)")                  \
  X(drop_nd_sender, "messages of neighbour discovery from a sender that cannot be")               \
  X(drop_nd_unasked, "messages of neighbour discovery about others, and answers nobody wanted")   \
  X(addresses_given_up, "addresses of ours left to another host")                                 \
  X(neighbours_resolved, "neighbours found")                                                      \
  X(neighbours_failed, "neighbours that did not answer")                                          \
  X(neighbours_doubted, "neighbours asked again: another link address, or no progress of TCP")    \
  X(neighbours_evicted, "neighbours forgotten because the cache was full")                        \
  X(drop_neighbour_queue, "packets dropped while their neighbour was being found")                \
  X(packets_in, "IP packets taken from frames")                                                   \
  X(packets_delivered, "IP packets given to a protocol")                                          \
  X(packets_out, "IP packets sent or queued for a neighbour")                                     \
  X(drop_ip_malformed, "IP packets with a bad version, header or length")                         \
  X(drop_ip_checksum, "IP packets with a bad header checksum")                                    \
  X(drop_ip_options, "IP packets with malformed options or a source route")                       \
  X(drop_ip_ttl, "IP packets whose time to live was over")                                        \
  X(drop_ip_fragment, "IP fragments where nothing reassembles them")                              \
  X(fragments_in, "IP fragments given to reassembly")                                             \
  X(fragments_reassembled, "of them: became part of a whole packet")                              \
  X(packets_reassembled, "IP packets made whole from fragments")                                  \
  X(drop_fragment_malformed, "fragments empty, uneven, past 64 KiB, or cutting a header in two")  \
  X(drop_fragment_overlap, "fragments of packets in which fragments overlapped, all of them")     \
  X(drop_fragment_repeated, "fragments that were there already")                                  \
  X(drop_fragment_timeout, "fragments whose packet was not complete in time")                     \
  X(drop_fragment_room, "fragments given up for want of room, those of the oldest packet first")  \
  X(drop_ip_address, "IP packets not for an address of ours")                                     \
  X(drop_ip_source, "IP packets from a source that cannot be: reserved, broadcast, our own")      \
  X(drop_ip_protocol, "IP packets of a protocol not spoken")                                      \
  X(drop_ip_no_route, "packets of ours with no route")                                            \
  X(drop_ip_too_big, "packets of ours larger than the interface carries")                         \
  X(fragments_out, "fragments of packets of ours")                                                \
  X(drop_ip_fragments_lost, "packets of ours of which a fragment could not be sent")              \
  X(icmp_errors_out, "ICMP errors sent")                                                          \
  X(icmp_errors_limited, "ICMP errors withheld because there were too many")                      \
  X(icmp_echo_requests_in, "pings received and answered")                                         \
  X(icmp_echo_replies_in, "answers to our pings")                                                 \
  X(icmp_echo_requests_out, "pings sent")                                                         \
  X(icmp_unreachable_in, "destination-unreachable messages understood")                           \
  X(icmp_unreachable_accepted, "those that named a segment we had in flight")                     \
  X(drop_icmp_malformed, "ICMP messages cut short, or what they quote is")                        \
  X(drop_icmp_checksum, "ICMP messages with a bad checksum")                                      \
  X(drop_icmp_type, "ICMP messages of a type not acted upon")                                     \
  X(drop_icmp_redirect, "redirects: routes are ours to make")                                     \
  X(drop_icmp_mtu, "fragmentation needed for an MTU that no network has")                         \
  X(drop_echo_reply_queue, "answers to pings that nobody fetched in time")                        \
  X(router_solicitations_out, "questions for routers of the link sent (RFC 4861, 6.3.7)")         \
  X(router_advertisements_in, "advertisements of routers understood")                             \
  X(router_entries_refused, "routers, prefixes and routes advertised beyond what there is room")  \
  X(mld_queries_in, "questions for multicast listeners (RFC 3810)")                               \
  X(mld_reports_out, "reports of the multicast groups that are listened to")                      \
  X(segments_in, "TCP segments received")                                                         \
  X(segments_delivered, "TCP segments processed")                                                 \
  X(segments_out, "TCP segments sent")                                                            \
  X(segments_retransmitted, "TCP segments sent again")                                            \
  X(resets_in, "RST segments accepted")                                                           \
  X(resets_out, "RST segments sent")                                                              \
  X(challenge_acks_out, "ACKs in answer to segments refused, under a limit (RFC 9293, RFC 5961)") \
  X(answers_withheld, "answers to segments refused that a limit kept back (RFC 5961, 7)")         \
  X(drop_segment_malformed, "segments with a bad header or options")                              \
  X(drop_segment_checksum, "segments with a bad checksum")                                        \
  X(drop_segment_no_connection, "segments for no connection or listener")                         \
  X(drop_segment_unacceptable, "segments outside of the window")                                  \
  X(drop_segment_flags, "segments whose flags make no sense in the state")                        \
  X(drop_segment_ack, "segments that acknowledge what was never sent or long ago")                \
  X(drop_segment_reset, "RST segments not believed")                                              \
  X(drop_segment_paws, "segments with a timestamp older than the last (RFC 7323)")                \
  X(drop_segment_no_timestamps, "segments without the timestamps that were negotiated")           \
  X(drop_segment_syn_backlog, "SYNs dropped because a half-open cap was reached")                 \
  X(drop_segment_accept_queue, "final ACKs dropped because the accept queue was full")            \
  X(drop_segment_no_slot, "final ACKs dropped because the connection table was full")             \
  X(urgent_segments, "segments with urgent data, which is ordinary data here (RFC 6093)")         \
  X(keepalive_probes, "probes to silent peers")                                                   \
  X(user_timeouts_adopted, "user timeouts agreed with the peer (RFC 5482)")                       \
  X(delayed_acks, "ACKs sent because nothing came for them to go with")                           \
  X(out_of_order_segments, "segments kept beyond a hole")                                         \
  X(out_of_order_dropped, "segments beyond a hole dropped for want of room")                      \
  X(receive_no_buffer, "segments whose data was dropped because its budget was used up")          \
  X(out_of_order_discarded, "times data beyond holes was thrown away for the sake of others")     \
  X(stalled_given_up, "connections given up because the pool was full and the peer stood still")  \
  X(window_growth_refused, "receive windows not enlarged because buffers were scarce")            \
  X(opened_active, "connections opened by us")                                                    \
  X(opened_passive, "connections accepted by a listener's handshake")                             \
  X(ended_closed, "connections that ended by FIN on both sides")                                  \
  X(ended_reset, "connections that the peer reset")                                               \
  X(ended_aborted, "connections that our application reset")                                      \
  X(ended_refused, "connections refused by the peer")                                             \
  X(ended_timed_out, "connections given up because the peer did not answer")                      \
  X(ended_other, "connections that ended otherwise: unreachable, no resources")                   \
  X(syn_cookies_sent, "SYNs answered with a cookie because a half-open cap was reached")          \
  X(syn_cookies_accepted, "connections made from a cookie")                                       \
  X(syn_cookies_refused, "ACKs to listeners whose cookie was none of ours or too old")            \
  X(half_open_created, "passive handshakes begun")                                                \
  X(half_open_promoted, "passive handshakes that became a connection")                            \
  X(half_open_reset, "passive handshakes reset by the peer")                                      \
  X(half_open_timed_out, "passive handshakes never finished")                                     \
  X(half_open_dropped, "passive handshakes dropped with their listener")                          \
  X(half_open_replaced, "passive handshakes begun anew by another SYN")                           \
  X(time_wait_created, "TIME-WAIT records made")                                                  \
  X(time_wait_expired, "TIME-WAIT records that ran their time")                                   \
  X(time_wait_evicted, "TIME-WAIT records, the oldest, given up at the cap")                      \
  X(time_wait_reused, "TIME-WAIT records replaced by a new connection")                           \
  X(time_wait_reset, "TIME-WAIT records ended by an acceptable RST")                              \
  X(retransmit_timeouts, "retransmission timer expiries")                                         \
  X(fast_retransmits, "losses found by duplicate ACKs")                                           \
  X(marks_in, "segments marked on the way (RFC 3168)")                                            \
  X(ecn_reductions, "windows reduced because the peer told of a mark")                            \
  X(path_mtu_reductions, "segments made smaller because ICMP said so (RFC 1191)")                 \
  X(path_mtu_black_holes,                                                                         \
    "segments made smaller because only small ones seemed to arrive (RFC 4821)")                  \
  X(path_mtu_raised, "segments made larger again after a while (RFC 1191)")                       \
  X(tail_loss_probes, "segments sent to provoke an ACK of the tail (RFC 8985)")                   \
  X(spurious_timeouts, "timeouts that turned out to be for nothing (RFC 5682)")                   \
  X(duplicates_reported, "segments that the peer says it had twice (RFC 2883)")                   \
  X(zero_window_probes, "probes sent into a closed window")                                       \
  X(refused_transitions, "state changes, timers and segments that met a connection in Destroy")   \
  X(events_lost, "last events nobody fetched before their slot was needed")                       \
  X(reaped, "connections freed by the reaper")                                                    \
  X(ports_exhausted, "opens that found no free port among those they tried")                      \
  X(open_failed, "opens that failed at once: no port, no slot, no route")                         \
  X(datagrams_in, "UDP datagrams received")                                                       \
  X(datagrams_delivered, "UDP datagrams put into a socket's queue")                               \
  X(datagrams_received, "those that an application has read")                                     \
  X(datagrams_discarded, "those that were unread when their socket was closed")                   \
  X(datagrams_out, "UDP datagrams sent")                                                          \
  X(drop_datagram_malformed, "datagrams with a bad length or port")                               \
  X(drop_datagram_checksum, "datagrams with a bad checksum")                                      \
  X(drop_datagram_no_socket, "datagrams for no socket")                                           \
  X(drop_datagram_broadcast, "datagrams to everybody that no socket wants")                       \
  X(drop_datagram_queue, "datagrams dropped because their socket's queue was full")               \
  X(drop_datagram_no_buffer, "datagrams dropped because the pool was low")                        \
  X(drop_datagram_link_busy, "datagrams of ours that a link could not take")                      \
  X(dns_queries_out, "questions put to DNS servers")                                              \
  X(dns_queries_again, "questions put again, to the same server or another")                      \
  X(dns_queries_tcp, "questions put over TCP after a truncated answer")                           \
  X(dns_answers_in, "answers of DNS servers understood")                                          \
  X(dns_cache_hits, "names found in the cache")                                                   \
  X(drop_dns_foreign, "DNS messages that answer no question of ours")                             \
  X(drop_dns_malformed, "answers of DNS servers that are broken")                                 \
  X(dhcp_out, "DHCP messages sent")                                                               \
  X(dhcp_in, "DHCP messages received")                                                            \
  X(dhcp_leases, "leases got or made longer")                                                     \
  X(dhcp_leases_lost, "leases that ran out, were taken back or were returned")                    \
  X(dhcp_naks, "requests that a DHCP server refused")                                             \
  X(dhcp_declines, "addresses declined because another host has them")                            \
  X(dhcp_options_skipped, "options of DHCP messages that were cut, empty or useless")             \
  X(drop_dhcp_malformed, "DHCP messages cut short, without a type, or for others")                \
  X(drop_dhcp_unwanted, "DHCP messages that nobody asked for, or that cannot be true")

enum class Count : std::uint8_t {
#define CONKER_COUNTER_ENUM(name, meaning) name,
  CONKER_COUNTERS(CONKER_COUNTER_ENUM)
#undef CONKER_COUNTER_ENUM
      kSize
};
inline constexpr std::size_t kCountSize = static_cast<std::size_t>(Count::kSize);

/// Name and meaning of a counter, for output. Not linked unless used.
struct CountText {
  const char* name;
  const char* meaning;
};
inline constexpr std::array<CountText, kCountSize> kCountTexts{{
#define CONKER_COUNTER_TEXT(name, meaning) {#name, meaning},
    CONKER_COUNTERS(CONKER_COUNTER_TEXT)
#undef CONKER_COUNTER_TEXT
}};

class Counters {
 public:
  constexpr void add(Count count, std::uint64_t n = 1) {
    values_[static_cast<std::size_t>(count)] += n;
  }
  constexpr std::uint64_t operator[](Count count) const {
    return values_[static_cast<std::size_t>(count)];
  }

 private:
  std::array<std::uint64_t, kCountSize> values_{};
};

}  // namespace conker
