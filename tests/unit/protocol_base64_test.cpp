#include <gtest/gtest.h>

#include <string>

#include "protocol/base64.hpp"

namespace conker::protocol {
namespace {

std::string encoded(std::string_view bytes) {
  std::string text;
  encode_base64(bytes, text);
  return text;
}

// RFC 4648, 10
TEST(Base64, TestVectorsOfRfc4648) {
  for (const auto& [bytes, text] :
       std::initializer_list<std::pair<const char*, const char*>>{{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(encoded(bytes), text);
    std::string back;
    EXPECT_TRUE(decode_base64(text, back));
    EXPECT_EQ(back, bytes);
  }
}

TEST(Base64, EveryByteRoundTrips) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  std::string back;
  EXPECT_TRUE(decode_base64(encoded(all), back));
  EXPECT_EQ(back, all);
}

TEST(Base64, RefusesInvalidText) {
  for (const char* text :
       {"a", "ab", "abc", "ab=c", "a===", "====", "ab c", "ab-_", "Zh==", "Zm9=", "Zg==Zg=="}) {
    std::string bytes;
    EXPECT_FALSE(decode_base64(text, bytes)) << text;
  }
}

}  // namespace
}  // namespace conker::protocol
