// Names of actions, for replays and stories.
#include "tests/explore/actions.hpp"

#include <array>

namespace conker::explore {
namespace {

enum class Of : std::uint8_t { kNothing, kTuple, kSlot };

struct VerbText {
  const char* name;
  const char* story;
  Of of;
};
constexpr std::array<VerbText, kVerbCount> kVerbs{{
    {"segment", "", Of::kTuple},
    {"unreachable", "ICMP says that there is no port, about the SYN of", Of::kTuple},
    {"connect", "the application connects with", Of::kTuple},
    {"close", "the application closes the connection in slot", Of::kSlot},
    {"close-soon", "the application closes, with a bound, the connection in slot", Of::kSlot},
    {"abort", "the application aborts the connection in slot", Of::kSlot},
    {"shutdown", "the application half-closes the connection in slot", Of::kSlot},
    {"send", "the application sends on the connection in slot", Of::kSlot},
    {"receive", "the application reads all from the connection in slot", Of::kSlot},
    {"abort-waiting", "somebody aborts, before it is accepted, the connection in slot", Of::kSlot},
    {"close-waiting", "somebody closes, before it is accepted, the connection in slot", Of::kSlot},
    {"listen", "the application listens", Of::kNothing},
    {"unlisten", "the application ends its listener", Of::kNothing},
    {"accept", "the application accepts", Of::kNothing},
    {"time", "time goes on to the next deadline, timers()", Of::kNothing},
    {"event", "the application takes one event", Of::kNothing},
    {"output", "output()", Of::kNothing},
    {"reap", "reap()", Of::kNothing},
    {"turn", "all events are taken, output(), reap()", Of::kNothing},
    {"link", "the link becomes busy, or free again", Of::kNothing},
    {"quiesce-by-abort", "everything is aborted, time goes on", Of::kNothing},
    {"quiesce-by-closing", "everything is closed, the peers are silent, time goes on",
     Of::kNothing},
}};

struct KindText {
  const char* name;
  const char* story;
};
constexpr std::array<KindText, kKindCount> kKinds{{
    {"syn", "a new SYN"},
    {"syn-again", "its SYN again"},
    {"syn-ack", "a SYN-ACK"},
    {"ack", "an ACK of all"},
    {"ack-old", "an ACK of nothing new"},
    {"ack-unsent", "an ACK of what was not sent"},
    {"zero-window", "an ACK that closes its window"},
    {"data", "the next data"},
    {"data-long", "twice as much data"},
    {"data-ahead", "data behind a hole"},
    {"data-old", "old data again"},
    {"fin", "its FIN, with an ACK of all"},
    {"fin-again", "its FIN again"},
    {"fin-cross", "its FIN, with an ACK of nothing new"},
    {"fin-data", "its FIN, with data"},
    {"fin-ahead", "its FIN with data, behind a hole"},
    {"rst", "a RST that must be believed"},
    {"rst-inside", "a RST inside the window"},
    {"rst-outside", "a RST outside of the window"},
    {"no-flags", "a segment without flags"},
}};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<Action> parse_action(std::string_view word) {
  Action action;
  Of of = Of::kTuple;
  std::string_view name = word;
  const bool numbered = word.size() > 2 && word[word.size() - 2] == ' ';
  if (numbered) {
    if (word.back() < '0' || word.back() > '9') return {};
    action.subject = static_cast<std::uint8_t>(word.back() - '0');
    name = word.substr(0, word.size() - 2);
  }
  bool known = false;
  for (unsigned i = 1; i < kVerbCount && !known; ++i) {
    if (name != kVerbs[i].name) continue;
    known = true;
    action.verb = static_cast<Verb>(i);
    of = kVerbs[i].of;
  }
  for (unsigned i = 0; i < kKindCount && !known; ++i) {
    if (name != kKinds[i].name) continue;
    known = true;
    action.verb = Verb::kSegment;
    action.kind = static_cast<Kind>(i);
  }
  if (!known || numbered != (of != Of::kNothing)) return {};
  return action;
}

}  // namespace

std::string name_of(const Action& action) {
  const VerbText& verb = kVerbs[static_cast<unsigned>(action.verb)];
  if (verb.of == Of::kNothing) return verb.name;
  const bool segment = action.verb == Verb::kSegment;
  const std::string name = segment ? kKinds[static_cast<unsigned>(action.kind)].name : verb.name;
  return name + ' ' + std::to_string(action.subject);
}

std::string tell(const Action& action) {
  const VerbText& verb = kVerbs[static_cast<unsigned>(action.verb)];
  if (action.verb == Verb::kSegment) {
    return "peer " + std::to_string(action.subject) + " sends " +
           kKinds[static_cast<unsigned>(action.kind)].story;
  }
  if (verb.of == Of::kNothing) return verb.story;
  return std::string(verb.story) + (verb.of == Of::kTuple ? " peer " : " ") +
         std::to_string(action.subject);
}

std::optional<std::vector<Action>> parse_actions(std::string_view text, std::string& unknown) {
  std::vector<Action> actions;
  while (!text.empty()) {
    const auto end = text.find_first_of(",\n");
    const std::string_view word = trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (word.empty()) continue;
    const auto action = parse_action(word);
    if (!action) {
      unknown = word;
      return {};
    }
    actions.push_back(*action);
  }
  return actions;
}

}  // namespace conker::explore
