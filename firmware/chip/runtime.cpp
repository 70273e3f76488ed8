// Functions that the C++ library requires in an image without exceptions. With these definitions
// neither the unwinder nor the heap that it needs is linked.
#include <bits/functexcept.h>

#include "firmware/chip/panic.hpp"

// For std::string_view::substr() beyond the end.
void std::__throw_out_of_range_fmt(const char* what, ...) {
  conker::chip::panic(what);
}

extern "C" {

[[noreturn]] void __cxa_pure_virtual() {
  conker::chip::panic("a pure virtual function was called");
}

// libgcc's divisions are compiled with unwind tables, which name these.
void __aeabi_unwind_cpp_pr0() {}
void __aeabi_unwind_cpp_pr1() {}

}  // extern "C"
