// Target: Base64 in the control protocol.
#include "protocol/base64.hpp"

#include <string>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  std::string bytes, again;
  if (protocol::decode_base64(text, bytes)) {
    protocol::encode_base64(bytes, again);
    check(again == text, "two texts stand for the same bytes");
  }
  bytes.clear();
  again.clear();
  protocol::encode_base64(text, again);
  check(protocol::decode_base64(again, bytes) && bytes == text,
        "bytes do not come back as they went");
}

}  // namespace conker::fuzz
