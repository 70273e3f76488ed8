// Parsing of the CLI's arguments (addresses, ids, shares, times), and its formatting of numbers.
#include "ctl/args.hpp"

#include <gtest/gtest.h>

#include <string>

#include "ctl/error.hpp"
#include "ctl/format.hpp"
#include "protocol/json.hpp"

namespace conker::ctl {
namespace {

template <typename F>
std::string usage_error(F&& f) {
  try {
    f();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit(), kExitUsage);
    return failure.what();
  }
  return "none";
}

TEST(Args, Endpoints) {
  EXPECT_EQ(check_endpoint("10.77.0.1:80"), "10.77.0.1:80");
  EXPECT_EQ(check_local("10.77.0.1"), "10.77.0.1");
  EXPECT_EQ(check_local("10.77.0.1:1"), "10.77.0.1:1");
  for (const char* text :
       {"", ":", "10.77.0.1", "10.77.0.1:", "10.77.0.1:0", "10.77.0.1:65536", "10.77.0.1:x", ":80",
        "10.77.0.256:80", "10.77.0:80", "10.77.0.01:80", "10.77.0.1:80 ", "10.77.0.1:+80", "a b:80",
        "..:80", "caf\xc3\xa9.fr:80"}) {
    EXPECT_NE(usage_error([&] { check_endpoint(text); }), "none") << text;
  }
  EXPECT_EQ(check_endpoint("www.example.org.:80"), "www.example.org.:80");
  ZoneNames::of_process().learn();  // as main() has it
  EXPECT_EQ(check_endpoint("[fd00::1]:80"), "[fd00::1]:80");
  EXPECT_EQ(check_endpoint("[fe80::1%lan]:80"), "[fe80::1%lan]:80");
  EXPECT_EQ(usage_error([] { check_endpoint("fd00::1:80"); }),
            "fd00::1:80: an IPv6 address stands in brackets: write [ADDRESS]:PORT");
  EXPECT_EQ(usage_error([] { check_endpoint("0.0.0.0:70000"); }),
            "0.0.0.0:70000: write ADDRESS:PORT, the port a number from 1 to 65535");
  EXPECT_EQ(check_host("localhost"), "localhost");
  EXPECT_EQ(usage_error([] { check_endpoint("10.77.0.256:80"); }),
            "10.77.0.256: give an IP address or a name");
  EXPECT_EQ(usage_error([] { check_local("localhost"); }),
            "localhost: give an address of the stack, or ADDRESS:PORT");
  EXPECT_EQ(usage_error([] { check_endpoint("10.77.0.1"); }),
            "10.77.0.1: the port is missing: write ADDRESS:PORT");
}

TEST(Args, Ids) {
  EXPECT_EQ(check_id("3.1"), "3.1");
  for (const char* text :
       {"", "3", ".", "3.", ".1", "a.b", "3.1.2", "-3.1", "99999999999999999999.1"}) {
    EXPECT_NE(usage_error([&] { check_id(text); }), "none") << text;
  }
}

TEST(Args, Shares) {
  EXPECT_EQ(parse_share("loss", "1%"), 10'000);
  EXPECT_EQ(parse_share("loss", "0.25%"), 2'500);
  EXPECT_EQ(parse_share("loss", "0%"), 0);
  EXPECT_EQ(parse_share("loss", "100%"), 1'000'000);
  for (const char* text : {"", "1", "%", "101%", "-1%", "1 %", "1%%", "much", "nan%", "inf%"}) {
    EXPECT_NE(usage_error([&] { parse_share("loss", text); }), "none") << text;
  }
}

TEST(Args, Durations) {
  EXPECT_EQ(parse_duration("delay", "200us"), 200);
  EXPECT_EQ(parse_duration("delay", "5ms"), 5'000);
  EXPECT_EQ(parse_duration("delay", "1.5s"), 1'500'000);
  for (const char* text : {"", "5", "ms", "5 ms", "5m", "11s", "-1s", "5msx"}) {
    EXPECT_NE(usage_error([&] { parse_duration("delay", text); }), "none") << text;
  }
}

struct Written {
  const char* text;
  std::int64_t number;
};
constexpr std::int64_t kNone = -1;

TEST(Args, Times) {
  constexpr std::int64_t kDay = 86'400'000;
  for (const Written& time : std::initializer_list<Written>{{"90s", 90'000},
                                                            {"10", 10'000},
                                                            {"0.5", 500},
                                                            {"50ms", 50},
                                                            {"1500us", 2},
                                                            {"5min", 300'000},
                                                            {"5m", 300'000},
                                                            {"8h", 28'800'000},
                                                            {"1d", kDay},
                                                            {"1.5h", 5'400'000},
                                                            {"", kNone},
                                                            {"s", kNone},
                                                            {"0", kNone},
                                                            {"1us", kNone},
                                                            {"-1s", kNone},
                                                            {"1.1d", kNone},
                                                            {"25h", kNone},
                                                            {"8 h", kNone},
                                                            {"8hours", kNone},
                                                            {"1e3", kNone},
                                                            {"inf", kNone},
                                                            {"5S", kNone},
                                                            {"99999999999999999999d", kNone}}) {
    if (time.number != kNone) {
      EXPECT_EQ(parse_time_ms("--hold", time.text, 1, kDay), time.number) << time.text;
    } else {
      EXPECT_NE(usage_error([&] { (void)parse_time_ms("--hold", time.text, 1, kDay); }), "none")
          << time.text;
    }
  }
  EXPECT_EQ(usage_error([] { (void)parse_time_ms("--hold", "soon", 1, 1000); }),
            "--hold soon: write a time, like 90s, 50ms, 5min, 8h or 2d");
  EXPECT_EQ(usage_error([] { (void)parse_time_ms("", "2s", 1, 1000); }),
            "2s: must be from 1.0 ms to 1.0 s");
}

TEST(Args, Sizes) {
  constexpr std::int64_t kMost = 1 << 30;
  for (const Written& size : std::initializer_list<Written>{
           {"1", 1},          {"512", 512},        {"512B", 512},      {"64k", 65'536},
           {"64K", 65'536},   {"64KiB", 65'536},   {"64kB", 64'000},   {"1.5k", 1'536},
           {"2M", 2'097'152}, {"2MiB", 2'097'152}, {"2MB", 2'000'000}, {"1GiB", kMost},
           {"", kNone},       {"k", kNone},        {"0", kNone},       {"0.3k", kNone},
           {"1.5", kNone},    {"-1k", kNone},      {"64 k", kNone},    {"64kib", kNone},
           {"1.1GiB", kNone}, {"64KB", kNone},     {"nan", kNone}}) {
    if (size.number != kNone) {
      EXPECT_EQ(parse_size("--payload", size.text, 1, kMost), size.number) << size.text;
    } else {
      EXPECT_NE(usage_error([&] { (void)parse_size("--payload", size.text, 1, kMost); }), "none")
          << size.text;
    }
  }
  EXPECT_EQ(usage_error([] { (void)parse_size("--payload", "64q", 1, 65'536); }),
            "--payload 64q: write a size in bytes, like 512, 64KiB (or 64k) or 1MiB");
  EXPECT_EQ(usage_error([] { (void)parse_size("", "65k", 1, 65'536); }),
            "65k: must be from 1 to 65536 bytes");
}

TEST(Args, Faults) {
  FaultSet::Parameters params;
  for (const char* text : {"loss=1%", "delay=5ms", "seed=7", "link=wire=less"})
    parse_fault(text, params);
  EXPECT_EQ(protocol::parameters_json(params).dump(),
            R"({"loss":10000,"delay_us":5000,"seed":7,"link":"wire=less"})");
  for (const char* text : {"", "loss", "=", "wind=1%", "link=", "seed=-1", "seed=x", "corrupt=1",
                           "loss=2%", "delay=1s"}) {
    EXPECT_NE(usage_error([&] { parse_fault(text, params); }), "none") << text;
  }
}

TEST(Args, States) {
  EXPECT_EQ(parse_state("time_wait"), State::kTimeWait);
  EXPECT_EQ(parse_state("Fin-Wait-1"), State::kFinWait1);
  EXPECT_NE(usage_error([] { (void)parse_state("OPEN"); }), "none");
}

TEST(Format, Numbers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(bytes_to_string(1023), "1023 B");
  EXPECT_EQ(bytes_to_string(1536), "1.5 KiB");
  EXPECT_EQ(bytes_to_string(std::uint64_t{5} << 40), "5.0 TiB");
}

TEST(Format, Durations) {
  EXPECT_EQ(duration_us(0), "0 us");
  EXPECT_EQ(duration_us(850), "850 us");
  EXPECT_EQ(duration_us(12'345), "12.3 ms");
  EXPECT_EQ(duration_ms(4'200), "4.2 s");
  EXPECT_EQ(to_string(Duration(200s)), "3 min 20 s");
  EXPECT_EQ(to_string(Duration(7500s)), "2 h 5 min");
  EXPECT_EQ(to_string(Duration(24h * 3 + 4h)), "3 d 4 h");
}

TEST(Format, Tables) {
  Table table({{"NAME"}, {"SIZE", Table::Align::kRight}, {""}});
  table.add({"a", "1", ""});
  table.add({"longer", "1,000", "x"});
  EXPECT_EQ(table.to_string(),
            "NAME     SIZE\n"
            "a           1\n"
            "longer  1,000  x\n");
  EXPECT_EQ(Table({{""}, {""}}).to_string(), "");
}

}  // namespace
}  // namespace conker::ctl
