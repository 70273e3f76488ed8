// Target: the byte stream of the control socket's sessions. Steps are what clients write, in pieces
// cut anywhere, and read; the owner of the sessions echoes each line.
#include "daemon/control/session.hpp"

#include <ev.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/verb.hpp"
#include "tests/fuzz/records.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return conker::fuzz::mutate_records(data, size, most, seed, 1);
}

namespace conker::fuzz {
namespace {

using daemon::Session;

constexpr std::size_t kClients = 3;
constexpr std::string_view kRequest = R"({"jsonrpc":"2.0","id":1,"method":"version"})";

/// The number that the next descriptor gets: it shows whether one was left open.
int next_descriptor() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(fd);
  return fd;
}

/// One client, and what must hold of its session.
struct Talk {
  daemon::Descriptor socket;
  std::unique_ptr<Session> session;
  std::string written, read;          // by the client
  std::string answered;               // by the owner
  std::vector<std::string> lines;     // that the owner was told
  std::optional<Session::End> ended;  // as the owner was told
  bool long_line = false, closed = false;

  void write(std::string_view bytes) {
    if (closed) return;
    const ssize_t n = ::send(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) written.append(bytes.substr(0, static_cast<std::size_t>(n)));
  }
  void pass(std::size_t count) {
    if (closed) return;
    std::array<int, 4> fds{};
    count = std::min(count, fds.size());
    for (std::size_t i = 0; i < count; ++i) fds[i] = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
    char byte = ' ';
    iovec vector{&byte, 1};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), count * sizeof(int));
    if (::sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) written += byte;
    for (std::size_t i = 0; i < count; ++i) ::close(fds[i]);
  }
  /// True when there was something to read.
  bool take(std::size_t most) {
    std::array<char, 65536> bytes;
    if (closed) return false;
    const ssize_t n =
        ::recv(socket.get(), bytes.data(), std::min(most, bytes.size()), MSG_DONTWAIT);
    if (n <= 0) return false;
    read.append(bytes.data(), static_cast<std::size_t>(n));
    return true;
  }
  void close() {
    closed = true;
    socket.reset();
  }
};

class Talks final : public Session::Owner {
 public:
  Talks() {
    for (std::size_t i = 0; i < kClients; ++i) {
      std::array<int, 2> ends{};
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        found("no socket pair");
      talks_[i].socket.reset(ends[0]);
      talks_[i].session = std::make_unique<Session>(loop_, daemon::Descriptor(ends[1]), i, *this);
    }
  }
  ~Talks() {
    for (Talk& talk : talks_) {
      if (!talk.ended) talk.session->end(Session::End::kByDaemon);
    }
  }

  Talk& of(std::size_t client) { return talks_[client % kClients]; }
  void step() {
    ev_run(loop_, EVRUN_NOWAIT);
    for (Talk& talk : talks_)
      check(talk.session->unsent() <= Session::kMaxOutput, "more is kept than may be");
  }
  /// Lets all that is under way arrive.
  void settle() {
    for (bool any = true; any;) {
      any = false;
      step();
      for (Talk& talk : talks_) {
        while (talk.take(65536)) any = true;
      }
      for (const Talk& talk : talks_) any = any || (!talk.closed && talk.session->unsent() != 0);
    }
    for (int i = 0; i < 64; ++i) step();  // 16 KiB of input at a time
    for (Talk& talk : talks_) {
      while (talk.take(65536)) step();
      verify(talk);
    }
  }

 private:
  void on_line(Session& session, std::string_view line) override {
    Talk& talk = talks_[session.id()];
    check(!talk.ended && !talk.long_line, "a line after the end");
    check(line.find('\n') == std::string_view::npos, "two lines in one");
    check(line.size() <= protocol::kMaxRequestBytes, "a line beyond the limit");
    talk.lines.emplace_back(line);
    std::string answer = std::string(line) + "\n";
    talk.answered += answer;
    session.send(std::move(answer));
  }
  void on_long_line(Session& session) override {
    Talk& talk = talks_[session.id()];
    check(!talk.long_line, "a line is too long twice");
    talk.long_line = true;
    talk.answered += "long\n";
    session.send("long\n");
  }
  void on_end(Session& session, Session::End end) override {
    Talk& talk = talks_[session.id()];
    check(!talk.ended, "an end after the end");
    talk.ended = end;
  }

  static void verify(const Talk& talk) {
    std::string_view rest = talk.written;
    for (const std::string& line : talk.lines) {
      check(rest.substr(0, line.size()) == line && rest.size() > line.size() &&
                rest[line.size()] == '\n',
            "a line that the client has not written");
      rest.remove_prefix(line.size() + 1);
    }
    check(talk.answered.starts_with(talk.read), "an answer that was not given");
    if (talk.long_line)
      check(std::min(rest.find('\n'), rest.size()) > protocol::kMaxRequestBytes,
            "a line within the limit is too long");
    if (talk.closed) return;
    if (!talk.ended) {
      check(rest.find('\n') == std::string_view::npos, "a line that nobody was told of");
      check(talk.read == talk.answered, "an answer that has not arrived");
    } else if (*talk.ended == Session::End::kLineTooLong) {
      check(talk.long_line && talk.read == talk.answered, "an end without its reason");
    } else {
      check(*talk.ended == Session::End::kDoesNotRead && talk.answered.size() > Session::kMaxOutput,
            "a client is disconnected without a reason");
    }
  }

  struct ev_loop* loop_ = ev_default_loop(EVFLAG_AUTO);
  std::array<Talk, kClients> talks_;
};

void play(Talks& talks, Records steps) {
  for (Record step; steps.next(step);) {
    Talk& talk = talks.of(step[1]);
    switch (step[0] % 8) {
      case 0: {
        const Input bytes = steps.take(step[2] % 8);
        talk.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        break;
      }
      case 1:
        talk.write(std::string(step.word16(2), 'x'));
        break;
      case 2:
        talk.write("\n");
        break;
      case 3:
        talk.write(kRequest.substr(0, step[2]));
        break;
      case 4:
        (void)talk.take(step.word16(2));
        break;
      case 5:
        talk.pass(1 + step[2] % 4);
        break;
      case 6:
        talk.write(std::string(kRequest) + "\n" + std::string(kRequest) + "\n");
        break;
      default:
        if (step[2] % 8 == 0) talk.close();
        break;
    }
    for (int i = step[7] % 3; i > 0; --i) talks.step();
  }
}

}  // namespace

void run(Input input) {
  static const bool kMade = ev_default_loop(EVFLAG_AUTO) != nullptr;  // with its descriptors
  check(kMade, "no event loop");
  // What the loop opens with its first watcher stays.
  {
    Talks first;
    first.step();
  }
  const int before = next_descriptor();
  {
    Talks talks;
    play(talks, Records(input, 1));
    talks.settle();
  }
  check(next_descriptor() == before, "a descriptor was left open");
}

}  // namespace conker::fuzz
