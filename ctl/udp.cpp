// The commands udp send, udp listen, resolve.
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

namespace conker::ctl {
namespace {

/// Reads a file, or standard input for "-"; a Failure when it exceeds the largest datagram.
std::string read_payload(const std::string& path) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    throw Failure(kExitFailed, fmt::format("{}: {}", path, std::strerror(errno)));
  std::string data(kMaxDatagramBytes + 1, '\0');
  data.resize(std::fread(data.data(), 1, data.size(), file));
  const bool failed = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (failed) throw Failure(kExitFailed, fmt::format("{}: cannot be read", path));
  return data;
}

int udp_send(const Context& context, UdpSend::Parameters parameters, const std::string& text,
             const std::string& file) {
  check_endpoint(parameters.remote);
  const std::string data = !file.empty() ? read_payload(file)
                           : text == "-" ? read_payload("-")
                                         : text;
  if (data.size() > kMaxDatagramBytes) {
    throw Failure(kExitUsage,
                  fmt::format("a datagram carries at most {} bytes here", kMaxDatagramBytes));
  }
  encode_base64(data, parameters.data);
  return show(context, context.connect_to_wait().call<UdpSend>(parameters),
              [](const UdpSend::Result& result) {
                return fmt::format("{} bytes to {} from port {}\n", result.bytes, result.remote,
                                   result.port);
              });
}

/// The payload with unprintable characters replaced, for a terminal.
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

void print_datagram(const Context& context, const Datagram& datagram) {
  if (context.json) return print_json(protocol::to_json(datagram));
  std::string data;
  (void)decode_base64(datagram.data, data);
  print(fmt::format("{}  {} bytes  {}\n", datagram.from, datagram.bytes, printable(data)));
}

int udp_listen(const Context& context, const UdpListen::Parameters& parameters) {
  Client client = context.connect_to_wait();
  catch_interrupt();
  const int id = client.send<UdpListen>(parameters);
  while (!interrupted()) {
    const auto message = client.receive(std::nullopt);
    if (!message) continue;
    if (Client::result_in(*message, id)) return kExitDone;
    if (const auto datagram = Client::notification<Datagram>(*message)) {
      print_datagram(context, *datagram);
    }
    const auto listening = Client::notification<Listening>(*message);
    if (listening && !context.json) {
      std::fprintf(stderr, "conkerctl: listening on UDP port %d\n", listening->port);
    }
  }
  return kExitDone;
}

int resolve(const Context& context, const std::string& name) {
  return show(context, context.connect_to_wait().call<Resolve>({check_host(name)}),
              [](const Resolve::Result& result) {
                std::string text;
                for (const std::string& address : result.addresses) text += address + "\n";
                return text;
              });
}

}  // namespace

void add_udp_verbs(CLI::App& app, Context& context) {
  struct Values {
    UdpSend::Parameters send;
    UdpListen::Parameters listen;
    std::string text, file, name;
  };
  const auto values = std::make_shared<Values>();

  CLI::App* udp = add_verb(app, context, "udp", "Send and receive UDP datagrams", {});
  udp->require_subcommand(1);
  CLI::App* verb = add_verb(*udp, context, "send", UdpSend::kHelp, [&context, values] {
    return udp_send(context, values->send, values->text, values->file);
  });
  verb->add_option("HOST:PORT", values->send.remote, help_of(&UdpSend::Parameters::remote))
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
  verb->add_option("--port", values->send.port, help_of(&UdpSend::Parameters::port))
      ->type_name("N")
      ->check(range_of(&UdpSend::Parameters::port));
  verb->add_flag("--broadcast", values->send.broadcast, help_of(&UdpSend::Parameters::broadcast));

  verb = add_verb(*udp, context, "listen", UdpListen::kHelp,
                  [&context, values] { return udp_listen(context, values->listen); });
  verb->add_option("PORT", values->listen.port, help_of(&UdpListen::Parameters::port))
      ->required()
      ->check(range_of(&UdpListen::Parameters::port))
      ->type_name("");
  verb->add_option("-c", values->listen.count, help_of(&UdpListen::Parameters::count))
      ->type_name("N");
  verb->add_flag("--broadcast", values->listen.broadcast,
                 help_of(&UdpListen::Parameters::broadcast));

  verb = add_verb<Resolve>(app, context,
                           [&context, values] { return resolve(context, values->name); });
  verb->add_option("NAME", values->name, help_of(&Resolve::Parameters::name))
      ->required()
      ->type_name("");
}

}  // namespace conker::ctl
