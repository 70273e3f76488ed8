// conker_bench_memory: measures how fast connections open and close in memory, without a kernel,
// how much memory they take, and what an ACK costs.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/memory/acks.hpp"
#include "tests/bench/memory/footprint.hpp"
#include "tests/bench/memory/strike.hpp"

namespace {

using namespace conker::bench;

struct Arguments {
  std::string stack = "conker";
  std::string close = "fin";
  std::string warm = "second";
  StrikeOptions strike;
  std::uint32_t connections = 1'000'000;
  std::uint32_t time_wait = 0;
  AckOptions acks;
};

unsigned long long wide(std::uint64_t value) {
  return value;
}

void print(const Arguments& a, const std::vector<ShardReport>& shards) {
  Tally all;
  double rate = 0, cpu_seconds = 0;
  std::string rates;
  for (const ShardReport& shard : shards) {
    all += shard.tally;
    rate += shard.rate();
    cpu_seconds += shard.cpu_seconds;
    rates += (rates.empty() ? "" : ", ") + std::to_string(static_cast<std::uint64_t>(shard.rate()));
  }
  std::printf(
      "{\"stack\": \"%s\", \"close\": \"%s\", \"flight\": %u, \"shards\": %u, \"idle\": %u, "
      "\"seconds\": %.3f, \"cpu_seconds\": %.3f, \"completed\": %llu, \"failed\": %llu, "
      "\"cycles_per_second\": %.0f, \"per_shard\": [%s], "
      "\"time_wait_evicted\": %llu, \"time_wait_reused\": %llu}\n",
      a.stack.c_str(), a.close.c_str(), a.strike.flight, a.strike.shards, a.strike.idle,
      shards[0].seconds, cpu_seconds, wide(all.completed), wide(all.failed), rate, rates.c_str(),
      wide(all.time_wait_evicted), wide(all.time_wait_reused));
}

void strike(Arguments& a) {
  a.strike.close = a.close == "reset" ? Close::kReset : Close::kFin;
  a.strike.warm_until_full = a.warm == "full";
  const auto run = [&]() -> std::vector<ShardReport> {
    if (a.stack == "lwip") return {strike_lwip(a.strike)};
    return a.stack == "null" ? strike_null(a.strike) : strike_conker(a.strike);
  };
  const std::vector<ShardReport> shards = run();
  print(a, shards);
  for (const ShardReport& shard : shards) {
    if (shard.tally.completed == 0) throw std::runtime_error("not one connection was completed");
  }
}

void add_strike(CLI::App& app, Arguments& a) {
  CLI::App* command =
      app.add_subcommand("strike", "open and close connections between two ends in memory");
  const auto number = [command](const char* name, std::uint32_t& value, std::uint32_t least,
                                std::uint32_t most, const char* help) {
    return command->add_option(name, value, help)
        ->check(CLI::Range(least, most))
        ->capture_default_str();
  };
  command->add_option("--stack", a.stack, "who strikes whom")
      ->check(CLI::IsMember({"conker", "lwip", "null"}))
      ->capture_default_str();
  command
      ->add_option("--close", a.close,
                   "how the side that opened closes; by FIN, the other does, too")
      ->check(CLI::IsMember({"fin", "reset"}))
      ->capture_default_str();
  number("--flight", a.strike.flight, 1, 4096, "connections under way at once");
  command->add_option("--seconds", a.strike.seconds, "how long the clock runs")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  CLI::Option* shards =
      number("--shards", a.strike.shards, 1, 64, "threads, each with both ends of its own");
  const std::vector<CLI::Option*> of_conker{
      number("--time-wait", a.strike.time_wait, 1, 100'000'000,
             "records of the side that closes first"),
      number("--addresses", a.strike.addresses, 1, 4096, "of the side that opens, used in turn"),
      number("--idle", a.strike.idle, 0, 100'000'000,
             "connections established before and left alone"),
      number("--room", a.strike.room, 0, 100'000'000,
             "idle connections that the tables are made for, if more"),
      command
          ->add_option("--warm", a.warm,
                       "when the clock starts: after a second, or when the TIME-WAIT table is full")
          ->check(CLI::IsMember({"second", "full"}))
          ->capture_default_str(),
      command->add_flag("--huge-pages", a.strike.huge_pages, "ask for huge pages for the tables"),
  };
  command->callback([&a, shards, of_conker] {
    for (const CLI::Option* option : of_conker) {
      if (a.stack == "conker" || option->empty()) continue;
      throw CLI::ValidationError(option->get_name(), "only --stack conker has that");
    }
    if (a.stack == "lwip" && a.strike.shards > 1) {
      throw CLI::ValidationError(shards->get_name(), "there can be only one lwIP in a process");
    }
    if (a.stack == "lwip" && !has_lwip()) {
      throw CLI::ValidationError("--stack lwip",
                                 "built without lwIP: install liblwip-dev and build again");
    }
    if (a.warm == "full" && a.close == "reset") {
      throw CLI::ValidationError("--warm full",
                                 "resets leave nothing in TIME-WAIT; say --close fin");
    }
    if (a.warm == "full" && a.strike.time_wait / kPortsOfAnAddress >= a.strike.addresses) {
      throw CLI::ValidationError("--warm full",
                                 "there are fewer four-tuples than records: give more --addresses");
    }
    strike(a);
  });
}

void add_footprint(CLI::App& app, Arguments& a) {
  CLI::App* command =
      app.add_subcommand("footprint", "how much memory one stack takes for what it holds");
  CLI::Option* connections =
      command->add_option("--connections", a.connections, "established and idle")
          ->check(CLI::Range(1, 100'000'000))
          ->capture_default_str();
  command->add_option("--time-wait", a.time_wait, "records in TIME-WAIT instead")
      ->check(CLI::Range(1, 100'000'000))
      ->excludes(connections);
  command->callback([&a] {
    const Footprint f = a.time_wait != 0 ? footprint_of_time_wait(a.time_wait)
                                         : footprint_of_connections(a.connections);
    std::printf(
        "{\"records\": %u, \"bytes_of_tables\": %.1f, \"rss_bytes_per_record\": %.1f, "
        "\"rss_bytes\": %zu}\n",
        f.records, f.bytes_of_tables, f.rss_bytes_per_record, f.rss_bytes);
  });
}

void add_acks(CLI::App& app, Arguments& a) {
  CLI::App* command = app.add_subcommand(
      "acks", "what an ACK costs while much is out and its SACK blocks are an attacker's");
  command->add_option("--segments", a.acks.segments, "that are out")
      ->check(CLI::Range(16, 500'000))
      ->capture_default_str();
  command->add_option("--mss", a.acks.mss, "of the peer's SYN")
      ->check(CLI::Range(48, 1460))
      ->capture_default_str();
  command
      ->add_option("--seconds", a.acks.seconds,
                   "how long, opening connections included; one at least")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  command->callback([&a] {
    const AckReport r = measure_acks(a.acks);
    std::printf(
        "{\"segments\": %u, \"mss\": %u, \"acks\": %llu, \"ns_per_ack\": %.0f, "
        "\"ns_per_ack_worst\": %.0f}\n",
        r.segments, a.acks.mss, wide(r.acks), r.nanoseconds, r.worst);
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The stack by itself, in memory; ends with one line of JSON.",
               "conker_bench_memory");
  app.require_subcommand(1);
  Arguments arguments;
  add_strike(app, arguments);
  add_footprint(app, arguments);
  add_acks(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conker_bench_memory: %s\n", error.what());
    return 1;
  }
  return 0;
}
