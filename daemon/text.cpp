#include "daemon/text.hpp"

namespace conker::daemon {

std::string_view to_string(Owner owner) {
  switch (owner) {
    case Owner::kNobody:
      return "nobody";
    case Owner::kService:
      return "service";
    case Owner::kControl:
      return "control";
    case Owner::kStrike:
      return "strike";
    case Owner::kResolver:
      return "resolver";
    case Owner::kDhcp:
      return "dhcp";
  }
  return "nobody";
}

}  // namespace conker::daemon
