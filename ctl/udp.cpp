// udp send, udp listen, resolve.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"
#include "protocol/base64.hpp"
#include "protocol/table.hpp"

namespace conker::ctl {
namespace {

/// All of a file, or of standard input for "-"; a Failure when it is more than one datagram can
/// carry.
std::string read_payload(const std::string& path) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    throw Failure(kExitFailed, fmt::format("{}: {}", path, std::strerror(errno)));
  std::string data(table::kMaxDatagramBytes + 1, '\0');
  data.resize(std::fread(data.data(), 1, data.size(), file));
  const bool failed = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (failed) throw Failure(kExitFailed, fmt::format("{}: cannot be read", path));
  return data;
}

int udp_send(const Context& context, const std::string& remote, const std::string& text,
             const std::string& file, int port, bool broadcast) {
  json params{{"remote", check_endpoint(remote)}};
  const std::string data = !file.empty() ? read_payload(file)
                           : text == "-" ? read_payload("-")
                                         : text;
  if (data.size() > table::kMaxDatagramBytes) {
    throw Failure(kExitUsage, fmt::format("a datagram carries at most {} bytes here",
                                          table::kMaxDatagramBytes));
  }
  std::string coded;
  encode_base64(data, coded);
  params["data"] = coded;
  if (port != 0) params["port"] = port;
  if (broadcast) params["broadcast"] = true;
  const json result = context.connect().call("udp_send", params);
  if (context.json) {
    print_json(result);
  } else {
    print(fmt::format("{} bytes to {} from port {}\n", result.at("bytes").get<std::size_t>(),
                      result.at("remote").get<std::string>(), result.at("port").get<int>()));
  }
  return kExitDone;
}

/// What a terminal bears of a payload.
std::string printable(std::string_view data) {
  std::string text;
  for (const char c : data) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      text += c;
    } else {
      text += c == '\\'   ? "\\\\"
              : c == '\n' ? "\\n"
                          : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

void print_datagram(const Context& context, const json& datagram) {
  if (context.json) return print_json(datagram);
  std::string data;
  (void)decode_base64(datagram.at("data").get<std::string>(), data);
  print(fmt::format("{}  {} bytes  {}\n", datagram.at("from").get<std::string>(),
                    datagram.at("bytes").get<std::size_t>(), printable(data)));
}

int udp_listen(const Context& context, int port, std::uint64_t count, bool broadcast) {
  Client client = context.connect();
  catch_interrupt();
  const int id =
      client.send("udp_listen", {{"port", port}, {"count", count}, {"broadcast", broadcast}});
  while (!interrupted()) {
    const auto message = client.receive(std::nullopt);
    if (!message) continue;
    if (Client::result_in(*message, id)) return kExitDone;
    const std::string method = message->body.value("method", std::string());
    if (method == "datagram") print_datagram(context, message->body.at("params"));
    if (method == "listening" && !context.json) {
      std::fprintf(stderr, "conkerctl: listening on UDP port %d\n", port);
    }
  }
  return kExitDone;
}

int resolve(const Context& context, const std::string& name) {
  const json result = context.connect().call("resolve", {{"name", check_host(name)}});
  if (context.json) {
    print_json(result);
    return kExitDone;
  }
  std::string text;
  for (const json& address : result.at("addresses")) text += address.get<std::string>() + "\n";
  print(text);
  return kExitDone;
}

}  // namespace

void add_udp_verbs(CLI::App& app, Context& context) {
  struct Values {
    std::string remote, text, file, name;
    int send_port = 0, listen_port = 0;
    std::uint64_t count = 0;
    bool broadcast = false;
  };
  const auto values = std::make_shared<Values>();
  const CLI::Range ports(1, 65535);

  CLI::App* udp = add_verb(app, context, "udp", "Send and receive UDP datagrams", {});
  udp->require_subcommand(1);
  CLI::App* verb = add_verb(*udp, context, "send", verb_help("udp_send"), [&context, values] {
    return udp_send(context, values->remote, values->text, values->file, values->send_port,
                    values->broadcast);
  });
  verb->add_option("HOST:PORT", values->remote, parameter_help("udp_send", "remote"))
      ->required()
      ->type_name("");
  CLI::Option* text =
      verb->add_option("TEXT", values->text,
                       "the payload, as it is, without a newline; - sends standard input "
                       "(unless given: nothing)")
          ->type_name("");
  verb->add_option("--file", values->file, "the payload is what this file holds")
      ->type_name("FILE")
      ->excludes(text);
  verb->add_option("--port", values->send_port, parameter_help("udp_send", "port"))
      ->type_name("N")
      ->check(ports);
  verb->add_flag("--broadcast", values->broadcast, parameter_help("udp_send", "broadcast"));

  verb = add_verb(*udp, context, "listen", verb_help("udp_listen"), [&context, values] {
    return udp_listen(context, values->listen_port, values->count, values->broadcast);
  });
  verb->add_option("PORT", values->listen_port, parameter_help("udp_listen", "port"))
      ->required()
      ->check(ports)
      ->type_name("");
  verb->add_option("-c", values->count, parameter_help("udp_listen", "count"))->type_name("N");
  verb->add_flag("--broadcast", values->broadcast, parameter_help("udp_listen", "broadcast"));

  verb = add_verb(app, context, "resolve", verb_help("resolve"),
                  [&context, values] { return resolve(context, values->name); });
  verb->add_option("NAME", values->name, parameter_help("resolve", "name"))
      ->required()
      ->type_name("");
}

}  // namespace conker::ctl
