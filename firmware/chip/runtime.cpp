// What the language and its library ask of a runtime where nothing is thrown and nothing unwinds.
// With our own, neither the unwinder nor the heap that it wants gets into the image.
#include <bits/functexcept.h>

#include "firmware/chip/panic.hpp"

// std::string_view::substr() beyond the end.
void std::__throw_out_of_range_fmt(const char* what, ...) {
  conker::chip::panic(what);
}

extern "C" {

[[noreturn]] void __cxa_pure_virtual() {
  conker::chip::panic("a pure virtual function was called");
}

// libgcc's divisions are compiled so that they could be unwound, and name these.
void __aeabi_unwind_cpp_pr0() {}
void __aeabi_unwind_cpp_pr1() {}

}  // extern "C"
