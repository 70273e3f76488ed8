// Objects that ended while somebody may still be inside one of their functions. They are freed in
// one place, where nobody is: at the bottom of the event loop.
#pragma once

#include <ev.h>

#include <memory>
#include <utility>
#include <vector>

namespace conker::daemon {

class Graveyard {
 public:
  explicit Graveyard(struct ev_loop* loop) : loop_(loop) {
    ev_prepare_init(&prepare_, &Graveyard::call);
    prepare_.data = this;
  }
  ~Graveyard() { ev_prepare_stop(loop_, &prepare_); }
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  template <typename T>
  void bury(std::unique_ptr<T> object) {
    dead_.push_back(std::shared_ptr<T>(std::move(object)));
    ev_prepare_start(loop_, &prepare_);
  }

 private:
  static void call(struct ev_loop* loop, ev_prepare* watcher, int) {
    ev_prepare_stop(loop, watcher);
    // A destructor may bury another one.
    const auto dead = std::exchange(static_cast<Graveyard*>(watcher->data)->dead_, {});
  }

  struct ev_loop* loop_;
  ev_prepare prepare_{};
  std::vector<std::shared_ptr<void>> dead_;
};

}  // namespace conker::daemon
