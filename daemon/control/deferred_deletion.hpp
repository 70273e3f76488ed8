// Deferred deletion: frees objects before the event loop sleeps, when none of their functions is on
// the call stack any more.
#pragma once

#include <ev.h>

#include <memory>
#include <utility>
#include <vector>

namespace conker::daemon {

class DeferredDeletion {
 public:
  explicit DeferredDeletion(struct ev_loop* loop) : loop_(loop) {
    ev_prepare_init(&prepare_, &DeferredDeletion::call);
    prepare_.data = this;
  }
  ~DeferredDeletion() { ev_prepare_stop(loop_, &prepare_); }
  DeferredDeletion(const DeferredDeletion&) = delete;
  DeferredDeletion& operator=(const DeferredDeletion&) = delete;

  template <typename T>
  void add(std::unique_ptr<T> object) {
    waiting_.push_back(std::shared_ptr<T>(std::move(object)));
    ev_prepare_start(loop_, &prepare_);
  }

 private:
  static void call(struct ev_loop* loop, ev_prepare* watcher, int) {
    ev_prepare_stop(loop, watcher);
    // A destructor may add another one.
    const auto freed = std::exchange(static_cast<DeferredDeletion*>(watcher->data)->waiting_, {});
  }

  struct ev_loop* loop_;
  ev_prepare prepare_{};
  std::vector<std::shared_ptr<void>> waiting_;
};

}  // namespace conker::daemon
