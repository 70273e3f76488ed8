// The command top: a daemon's connections and strikes, drawn anew all the time.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <clocale>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/interrupt.hpp"
#include "ctl/top_view.hpp"

// After the others, as functions: its macros have common names.
#define NCURSES_NOMACROS
#include <curses.h>

namespace conker::ctl {
namespace {

struct TopOptions {
  std::string every;
  std::optional<std::uint64_t> count;
};

TopState state_of(Client& client) {
  return {client.call<protocol::Status>().value, client.call<protocol::StrikeList>().value};
}

/// The screen of a terminal, which is as before when this ends.
class Screen {
 public:
  Screen() {
    if (::newterm(nullptr, stdout, stdin) == nullptr)
      throw Failure(kExitFailed, "top: this terminal, by TERM, cannot be drawn on");
    ::cbreak();
    ::noecho();
    ::curs_set(0);
    ::keypad(stdscr, TRUE);
    const char* const no_color = std::getenv("NO_COLOR");
    colours_ = ::has_colors() && (no_color == nullptr || *no_color == '\0');
    if (!colours_) return;
    ::start_color();
    ::use_default_colors();
    ::init_pair(1, COLOR_RED, -1);
  }
  ~Screen() { ::endwin(); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Waits for a key, so long at most; ERR where none came.
  int key(std::chrono::milliseconds most) {
    ::timeout(static_cast<int>(most.count()));
    return ::getch();
  }
  std::size_t width() const { return static_cast<std::size_t>(std::max(COLS, 1)); }
  void draw(const std::vector<TopLine>& lines, const std::string& foot) {
    ::erase();
    const int room = std::max(LINES - 1, 0);
    for (int row = 0; row < room && row < static_cast<int>(lines.size()); ++row) {
      const TopLine& line = lines[static_cast<std::size_t>(row)];
      const attr_t look = look_of(line.look);
      ::attron(look);
      ::mvaddnstr(row, 0, line.text.c_str(), COLS);
      ::attroff(look);
    }
    ::attron(A_REVERSE);
    ::mvaddnstr(LINES - 1, 0, foot.c_str(), COLS);
    ::attroff(A_REVERSE);
    ::refresh();
  }

 private:
  attr_t look_of(TopLine::Look look) const {
    if (look == TopLine::Look::kTitle) return A_BOLD;
    if (look == TopLine::Look::kBad) return A_BOLD | (colours_ ? COLOR_PAIR(1) : A_UNDERLINE);
    return A_NORMAL;
  }

  bool colours_ = false;
};

/// Draws until q is pressed; a daemon that has gone is looked for again.
int draw_top(const Context& context, std::chrono::milliseconds every) {
  std::optional<Client> client(std::in_place, context.socket, Deadline());
  TopState state = state_of(*client);
  Screen screen;
  std::string trouble;
  for (bool paused = false;;) {
    const std::string foot = !trouble.empty() ? trouble
                             : paused         ? "q quits  p goes on  (paused)"
                                              : "q quits  p pauses";
    screen.draw(top_lines(state, screen.width()), foot);
    const int key = screen.key(every);
    if (key == 'q' || key == 'Q' || interrupted()) return kExitDone;
    if (key == 'p' || key == ' ') paused = !paused;
    if (key != ERR || paused) continue;
    try {
      if (!client) client.emplace(context.socket, Deadline());
      state = state_of(*client);
      trouble.clear();
    } catch (const Failure& failure) {
      client.reset();
      trouble = fmt::format("q quits  {}", failure.what());
    }
  }
}

/// A line for each strike, so often, and so many times; for ever where no count is given.
int print_top(const Context& context, std::chrono::milliseconds every,
              std::optional<std::uint64_t> count) {
  Client client = context.connect_to_wait();
  for (std::uint64_t i = 0; !interrupted() && (!count || i < *count); ++i) {
    if (i != 0) (void)client.receive(std::chrono::steady_clock::now() + every);
    if (interrupted()) break;
    const TopState state = state_of(client);
    if (context.json) {
      print_json({{"status", protocol::to_json(state.status)},
                  {"strikes", protocol::to_json(state.strikes.strikes)}});
      continue;
    }
    std::string text;
    for (const std::string& row : top_rows(state)) text += row + "\n";
    print(text);
  }
  return kExitDone;
}

int top(const Context& context, const TopOptions& options) {
  const std::chrono::milliseconds every(
      options.every.empty() ? 1000 : parse_time_ms("--every", options.every, 100, 3'600'000));
  catch_interrupt();
  std::setlocale(LC_CTYPE, "");
  const bool screen =
      !context.json && !options.count && ::isatty(STDOUT_FILENO) && ::isatty(STDIN_FILENO);
  return screen ? draw_top(context, every) : print_top(context, every, options.count);
}

}  // namespace

void add_top_verb(CLI::App& app, Context& context) {
  const auto options = std::make_shared<TopOptions>();
  CLI::App* verb = add_verb(app, context, "top",
                            "Watch connections by state, strikes, and what they find, as they "
                            "change; without a terminal, a line for each strike",
                            [&context, options] { return top(context, *options); });
  verb->add_option("--every", options->every, "how often: a time as 500ms (unless given: 1s)")
      ->type_name("TIME");
  verb->add_option("--count", options->count,
                   "print lines so many times, and end (unless given, without a terminal: until "
                   "interrupted)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
}

}  // namespace conker::ctl
