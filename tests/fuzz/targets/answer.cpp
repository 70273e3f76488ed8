// Target: what a client reads: results, notifications and events as JSON. The first byte says as
// which structure.
#include <string>
#include <string_view>
#include <utility>

#include "protocol/json.hpp"
#include "protocol/verbs.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

using protocol::json;

template <typename T>
void read_as(const json& message) {
  T value{};
  try {
    value = protocol::from_json<T>(message);
  } catch (const protocol::Unreadable& why) {
    const std::string_view text = why.what();
    check(!text.empty() && text.find('\n') == std::string_view::npos,
          "a message is refused without a word, or in more than one line");
    return;
  }
  const json written = protocol::to_json(value);
  check(protocol::to_json(protocol::from_json<T>(written)) == written,
        "a message is not read as it was written");
}

template <typename... T>
struct Readable {
  static void read(std::size_t which, const json& message) {
    std::size_t i = 0;
    const std::size_t wanted = which % sizeof...(T);
    ((i++ == wanted ? read_as<T>(message) : void()), ...);
  }
};

using All = Readable<protocol::Status::Result, protocol::Stats::Result, protocol::List::Result,
                     protocol::StrikeList::Result, protocol::Schema::Result, protocol::Open::Result,
                     protocol::Show::History, protocol::Progress, protocol::ConnectionEvent,
                     protocol::LinkEvent, protocol::AddressEvent, protocol::StrikeEvent,
                     protocol::FindingEvent, protocol::ConfigurationEvent, protocol::Forwarded>;

}  // namespace

void run(Input input) {
  if (input.empty()) return;
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  const json message = json::parse(text.substr(1), nullptr, false);
  if (!message.is_discarded()) All::read(std::to_integer<std::size_t>(input[0]), message);
}

}  // namespace conker::fuzz
