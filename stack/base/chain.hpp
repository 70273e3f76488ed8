// Chains: lists of objects that are told or asked of something one after the other, as observers
// of frames are. The objects hold the links, so that a chain takes no memory of its own.
#pragma once

namespace conker {

template <typename T>
class Chain;

/// The link to the next member; a class T whose objects are members derives from it.
template <typename T>
class ChainHook {
  friend class Chain<T>;
  T* next_ = nullptr;
};

/// Members in the order in which they were added. An object is in at most one chain of its kind,
/// and must be removed before it is destroyed.
template <typename T>
class Chain {
 public:
  void add(T& member) {
    next_of(member) = nullptr;
    *place_of(nullptr) = &member;
  }
  /// Removes a member; no effect on an object that is none.
  void remove(T& member) {
    T** place = place_of(&member);
    if (*place != nullptr) *place = next_of(member);
  }
  bool empty() const { return first_ == nullptr; }
  /// Calls f(member) for each; it may remove that member, and no other.
  void for_each(auto&& f) const {
    for (T* member = first_; member != nullptr;) {
      T* const next = next_of(*member);
      f(*member);
      member = next;
    }
  }

 private:
  static T*& next_of(ChainHook<T>& member) { return member.next_; }
  T** place_of(const T* member) {
    T** place = &first_;
    while (*place != nullptr && *place != member) place = &next_of(**place);
    return place;
  }

  T* first_ = nullptr;
};

}  // namespace conker
