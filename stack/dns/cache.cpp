#include "stack/dns/cache.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace conker {

DnsCache::DnsCache(Arena& arena, std::uint32_t entries, const SipKey& key)
    : entries_(arena.take<Entry>(entries)),
      heads_(arena.take<std::uint32_t>(std::bit_ceil(std::size_t{entries} + 1))),
      key_(key) {}

// The hash is keyed, so that a peer that chooses the names cannot make a chain long.
std::uint32_t& DnsCache::bucket(const DnsName& name) {
  std::array<std::uint64_t, (DnsName::kMaxBytes + 7) / 8> words{};
  std::memcpy(words.data(), name.bytes().data(), name.bytes().size());
  const auto used = std::span(words).first((name.bytes().size() + 7) / 8);
  return heads_[static_cast<std::uint32_t>(siphash13(key_, used)) & (heads_.size() - 1)];
}

std::uint32_t DnsCache::lookup(const DnsName& name, DnsFamily family) {
  for (std::uint32_t at = bucket(name); at != 0; at = entries_[at - 1].chain) {
    const Entry& entry = entries_[at - 1];
    if (entry.family == family && entry.name == name) return at - 1;
  }
  return kNone;
}

std::uint32_t DnsCache::create(const DnsName& name, DnsFamily family) {
  std::uint32_t index = kNone;
  if (fresh_ < entries_.size()) {
    index = fresh_++;
  } else {
    index = used_.head();
    if (index == kNone) return kNone;
    std::uint32_t* link = &bucket(entries_[index].name);
    while (*link != index + 1) link = &entries_[*link - 1].chain;
    *link = entries_[index].chain;
    used_.remove(entries_, index);
  }
  entries_[index].name = name;
  entries_[index].family = family;
  std::uint32_t& head = bucket(name);
  entries_[index].chain = head;
  head = index + 1;
  used_.push(entries_, index);
  return index;
}

void DnsCache::touch(std::uint32_t index) {
  used_.remove(entries_, index);
  used_.push(entries_, index);
}

const DnsCache::Entry* DnsCache::find(const DnsName& name, DnsFamily family, Instant now) {
  const std::uint32_t index = lookup(name, family);
  if (index == kNone || entries_[index].expires <= now) return nullptr;
  touch(index);
  return &entries_[index];
}

void DnsCache::put(const DnsName& name, DnsFamily family, DnsStatus status,
                   const DnsAddresses& addresses, Instant expires) {
  std::uint32_t index = lookup(name, family);
  if (index == kNone) index = create(name, family);
  if (index == kNone) return;
  Entry& entry = entries_[index];
  entry.status = status;
  entry.addresses = addresses;
  entry.expires = expires;
  touch(index);
}

void DnsCache::clear() {
  std::ranges::fill(heads_, 0);
  used_ = {};
  fresh_ = 0;
}

}  // namespace conker
