#include "ctl/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <regex>
#include <system_error>
#include <utility>

#include "ctl/client.hpp"
#include "ctl/describe.hpp"

namespace conker::ctl {
namespace {

constexpr std::chrono::milliseconds kPatience{500};
constexpr std::uint32_t kMostIds = 200;
constexpr const char* kFiles = ":files\n";

struct Candidate {
  std::string word, help;
};

/// Where the word to complete stands, by those before it.
struct Place {
  std::vector<const CLI::App*> verbs;    // from the program to the verb that is named
  const CLI::Option* awaited = nullptr;  // the option whose value stands here
  std::string key;                       // KEY of KEY=VALUE, where VALUE stands here
  std::size_t positionals = 0;           // that stand before it
  bool only_positionals = false;         // behind --
  std::string socket;

  const CLI::App& verb() const { return *verbs.back(); }
};

const CLI::Option* option_named(const Place& place, const std::string& word) {
  // An option of the program may stand behind a verb.
  for (auto at = place.verbs.rbegin(); at != place.verbs.rend(); ++at)
    for (const CLI::Option* option : options_of(**at, false))
      if (option->check_name(word)) return option;
  return nullptr;
}

const CLI::App* verb_named(const Place& place, const std::string& word) {
  if (place.positionals != 0) return nullptr;
  const auto verbs = verbs_of(place.verb());
  const auto found = std::ranges::find(verbs, word, &CLI::App::get_name);
  return found == verbs.end() ? nullptr : *found;
}

/// The value of an option that says which daemon is meant.
void note_daemon(Place& place, const CLI::Option& option, const std::string& value) {
  if (option.check_name("--socket")) place.socket = value;
  if (option.check_name("--instance")) place.socket = "/run/conker-" + value + "/conkerd.sock";
}

void walk(Place& place, const std::string& word) {
  if (word == "=") return;  // bash has cut OPTION=VALUE into three
  if (place.awaited != nullptr) {
    note_daemon(place, *place.awaited, word);
    place.awaited = nullptr;
  } else if (!place.only_positionals && word == "--") {
    place.only_positionals = true;
  } else if (!place.only_positionals && word.size() > 1 && word.starts_with('-')) {
    const std::size_t equals = word.find('=');
    const CLI::Option* option = option_named(place, word.substr(0, equals));
    if (option == nullptr || option->get_items_expected_max() == 0) return;
    if (equals == std::string::npos) {
      place.awaited = option;
    } else {
      note_daemon(place, *option, word.substr(equals + 1));
    }
  } else if (const CLI::App* verb = verb_named(place, word)) {
    place.verbs.push_back(verb);
  } else {
    ++place.positionals;
  }
}

// ---- What the daemon knows ----

/// Calls the daemon, and has no candidates where it does not answer.
template <typename V>
std::vector<Candidate> asked(const Place& place, const typename V::Parameters& parameters,
                             auto&& candidates) {
  try {
    Client client(place.socket, std::chrono::steady_clock::now() + kPatience);
    return candidates(client.call<V>(parameters).value);
  } catch (const std::exception&) {
    return {};
  }
}

std::vector<Candidate> connections(const Place& place) {
  protocol::List::Parameters few;
  few.limit = kMostIds;
  return asked<protocol::List>(place, few, [](const protocol::List::Result& list) {
    std::vector<Candidate> ids;
    for (const auto& row : list.connections)
      if (row.id)
        ids.push_back(
            {*row.id, fmt::format("{} {}", to_string(row.state), row.remote.value_or(""))});
    return ids;
  });
}

std::vector<Candidate> strikes(const Place& place) {
  return asked<protocol::StrikeList>(place, {}, [](const protocol::StrikeList::Result& list) {
    std::vector<Candidate> ids;
    for (const auto& entry : list.strikes) ids.push_back({std::to_string(entry.id), entry.target});
    return ids;
  });
}

std::vector<Candidate> links(const Place& place) {
  return asked<protocol::Status>(place, {}, [](const protocol::Status::Result& status) {
    std::vector<Candidate> names;
    for (const auto& link : status.links) names.push_back({link.name, link.device});
    return names;
  });
}

std::vector<Candidate> instances() {
  constexpr std::string_view kBefore = "conker-";
  std::vector<Candidate> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/run", error))
    if (const std::string name = entry.path().filename(); name.starts_with(kBefore))
      names.push_back({name.substr(kBefore.size()), "conkerd@" + name.substr(kBefore.size())});
  return names;
}

// ---- What may stand there ----

std::string shortened(const std::string& help) {
  constexpr std::size_t kMost = 60;
  const std::string text = help.substr(0, help.find_first_of(":;(\n"));
  return text.size() <= kMost ? text : text.substr(0, text.rfind(' ', kMost)) + " ...";
}

std::vector<Candidate> keys_of(const CLI::Option& option) {
  static const std::regex key(R"(\b([a-z]+=))");
  const std::string help = option.get_description();
  std::vector<Candidate> keys;
  for (std::sregex_iterator at(help.begin(), help.end(), key), end; at != end; ++at)
    keys.push_back({(*at)[1], ""});
  return keys;
}

/// Values of an option or a positional parameter. Sets `files` where they are names of files.
std::vector<Candidate> values(const Place& place, const CLI::Option& option, bool& files) {
  std::vector<Candidate> found;
  for (const std::string& choice : choices_of(option)) found.push_back({choice, ""});
  if (!found.empty()) return found;
  const std::string name = name_of(option), value = value_name(option);
  const bool of_strike = std::ranges::any_of(
      place.verbs, [](const CLI::App* verb) { return verb->get_name() == "strike"; });
  if (name == "ID") return of_strike ? strikes(place) : connections(place);
  if (name == "--link") return links(place);
  if (name == "--instance") return instances();
  if (name == "KEY=VALUE") return keys_of(option);
  files = value.starts_with("FILE") || value == "PATH" || value.starts_with("DIR") ||
          name.starts_with("FILE");
  return {};
}

std::vector<Candidate> verbs_below(const CLI::App& app) {
  std::vector<Candidate> found;
  for (const CLI::App* verb : verbs_of(app))
    found.push_back({verb->get_name(), shortened(verb->get_description())});
  return found;
}

/// Of positional parameters the one that stands here; the last one where it may be repeated.
const CLI::Option* positional_at(const Place& place) {
  const auto all = options_of(place.verb(), true);
  if (place.positionals < all.size()) return all[place.positionals];
  return !all.empty() && all.back()->get_items_expected_max() > 1 ? all.back() : nullptr;
}

std::vector<Candidate> operands(const Place& place, bool& files) {
  std::vector<Candidate> found;
  if (place.positionals == 0) found = verbs_below(place.verb());
  const CLI::Option* positional = positional_at(place);
  if (positional == nullptr) return found;
  if (place.verb().get_name() == "help") return verbs_below(*place.verbs.front());
  for (Candidate& value : values(place, *positional, files)) found.push_back(std::move(value));
  return found;
}

std::vector<Candidate> options(const Place& place) {
  std::vector<Candidate> found;
  for (auto at = place.verbs.rbegin(); at != place.verbs.rend(); ++at)
    for (const CLI::Option* option : options_of(**at, false)) {
      const std::string name = name_of(*option);
      if (std::ranges::find(found, name, &Candidate::word) == found.end())
        found.push_back({name, shortened(option->get_description())});
    }
  return found;
}

}  // namespace

std::string completions(const CLI::App& app, std::string socket,
                        const std::vector<std::string>& words) {
  Place place;
  place.verbs.push_back(&app);
  place.socket = std::move(socket);
  std::string before, prefix = words.empty() ? "" : words.back();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) walk(place, words[i]);
  // Of KEY=VALUE and OPTION=VALUE the value is completed, behind what stands before it.
  if (prefix == "=") prefix.clear();
  const std::size_t equals = prefix.find('=');
  if (equals != std::string::npos && place.awaited == nullptr) {
    before = prefix.substr(0, equals + 1);
    place.key = prefix.substr(0, equals);
    prefix.erase(0, equals + 1);
  } else if (words.size() >= 3 && words[words.size() - 2] == "=") {
    place.key = words[words.size() - 3];
  } else if (words.size() >= 2 && words.back() == "=") {
    place.key = words[words.size() - 2];
  }
  bool files = false;
  std::vector<Candidate> found;
  if (place.key.starts_with('-') && place.awaited == nullptr)
    place.awaited = option_named(place, place.key);
  if (place.awaited != nullptr) {
    found = values(place, *place.awaited, files);
  } else if (!place.key.empty()) {
    if (place.key == "link") found = links(place);
  } else if (prefix.starts_with('-') && !place.only_positionals) {
    found = options(place);
  } else {
    found = operands(place, files);
  }
  std::string out;
  for (const Candidate& one : found)
    if (one.word.starts_with(prefix)) out += fmt::format("{}{}\t{}\n", before, one.word, one.help);
  return files ? out + kFiles : out;
}

}  // namespace conker::ctl
